#include "daemon/api/connection_watch.h"

#include <sys/socket.h>

#include <algorithm>

namespace escalation {

ConnectionWatch::ConnectionWatch(std::chrono::milliseconds timeout)
    : timeout_(timeout), thread_([this] { Run(); }) {}

ConnectionWatch::~ConnectionWatch() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
  }
  stop_.notify_one();
  thread_.join();
}

void ConnectionWatch::Opened(int socket) {
  const std::lock_guard<std::mutex> lock(mutex_);
  deadlines_[socket] = Clock::now() + timeout_;
}

void ConnectionWatch::Answering(int socket) {
  const std::lock_guard<std::mutex> lock(mutex_);
  deadlines_[socket] = Clock::time_point::max();
}

void ConnectionWatch::Waiting(int socket) { Opened(socket); }

void ConnectionWatch::Closed(int socket) {
  const std::lock_guard<std::mutex> lock(mutex_);
  deadlines_.erase(socket);
}

void ConnectionWatch::Run() {
  // A tenth of the time-out late is early enough, and costs no list in order of time.
  const auto period =
      std::max<std::chrono::milliseconds>(timeout_ / 10, std::chrono::milliseconds(1));
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stop_.wait_for(lock, period, [this] { return stopped_; })) {
    const Clock::time_point now = Clock::now();
    for (auto& [socket, deadline] : deadlines_) {
      if (deadline > now) continue;
      shutdown(socket, SHUT_RDWR);
      deadline = Clock::time_point::max();
    }
  }
}

}  // namespace escalation
