// daemon/api/queued_handler.h
//
// Answers requests one after the other on a thread of its own, for handlers that wait for disks,
// brokers or processes.
//
//   Input       requests, from any thread
//   Output      the handler's answers; 503 while too much waits, and for what waits at the end
//   Invariants  1. at most waiting_max requests of bytes_max in all wait
//   Errors      none
//   Threads     Handle from any; `answer` on the own thread only
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "daemon/api/http.h"

namespace escalation {

class QueuedHandler : public HttpHandler {
 public:
  using Answer = std::function<void(HttpRequest request, HttpRespond respond)>;
  struct Limits {
    size_t waiting_max = 256;
    size_t bytes_max = size_t{16} << 20;
  };
  QueuedHandler(Answer answer, Limits limits);
  ~QueuedHandler() override;

  void Handle(HttpRequest request, HttpRespond respond) override;

 private:
  void Run();

  const Answer answer_;
  const Limits limits_;
  std::mutex mutex_;  // Guards what follows.
  std::condition_variable changed_;
  bool stopping_ = false;
  size_t bytes_ = 0;
  std::deque<std::pair<HttpRequest, HttpRespond>> waiting_;
  std::thread thread_;
};

}  // namespace escalation
