#include "daemon/api/queued_handler.h"

namespace escalation {

QueuedHandler::QueuedHandler(Answer answer, Limits limits)
    : answer_(std::move(answer)), limits_(limits), thread_([this] { Run(); }) {}

QueuedHandler::~QueuedHandler() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  thread_.join();
  for (const auto& [request, respond] : waiting_) {
    respond(ErrorResponse(absl::UnavailableError("the daemon is stopping")));
  }
}

void QueuedHandler::Handle(HttpRequest request, HttpRespond respond) {
  {
    const std::lock_guard lock(mutex_);
    const bool fits = waiting_.empty() || bytes_ + request.body.size() <= limits_.bytes_max;
    if (!stopping_ && waiting_.size() < limits_.waiting_max && fits) {
      bytes_ += request.body.size();
      waiting_.emplace_back(std::move(request), std::move(respond));
      changed_.notify_all();
      return;
    }
  }
  respond(ErrorResponse(absl::UnavailableError("too many requests wait; try again")));
}

void QueuedHandler::Run() {
  for (;;) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    auto [request, respond] = std::move(waiting_.front());
    waiting_.pop_front();
    bytes_ -= request.body.size();
    lock.unlock();
    answer_(std::move(request), std::move(respond));
  }
}

}  // namespace escalation
