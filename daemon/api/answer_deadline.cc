#include "daemon/api/answer_deadline.h"

#include <utility>

namespace escalation {

AnswerDeadline::AnswerDeadline() : thread_([this] { Run(); }) {}

AnswerDeadline::~AnswerDeadline() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

HttpRespond AnswerDeadline::Watch(HttpRespond respond, std::chrono::milliseconds timeout) {
  const auto shared = std::make_shared<const HttpRespond>(std::move(respond));
  {
    const std::lock_guard lock(mutex_);
    watched_.emplace(Clock::now() + timeout, shared);
  }
  changed_.notify_all();
  // Answering twice does nothing, so the two need not agree.
  return [shared](HttpResponse response) { (*shared)(std::move(response)); };
}

void AnswerDeadline::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (watched_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const Clock::time_point first = watched_.begin()->first;
    if (Clock::now() < first) {
      changed_.wait_until(lock, first);
      continue;
    }
    const std::shared_ptr<const HttpRespond> late = watched_.begin()->second.lock();
    watched_.erase(watched_.begin());
    if (late == nullptr) continue;
    lock.unlock();
    (*late)(ErrorResponse(absl::UnavailableError(
        "not done in time; send it again, it counts once whatever becomes of this one")));
    lock.lock();
  }
}

}  // namespace escalation
