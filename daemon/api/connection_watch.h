// daemon/api/connection_watch.h
//
// Cuts off clients that take too long to say what they want. The library's own time-out starts
// again with every byte; this one does not.
//
//   Input       connections as they open, wait for a request, are being answered, and close
//   Output      a shut-down socket, which the library then closes as if the client had gone
//   Invariants  a socket is shut down only between Opened and Closed, so never another's
//   Time        the steady clock, on a thread of its own
//   Threads     all methods from any thread
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_map>

namespace escalation {

class ConnectionWatch {
 public:
  explicit ConnectionWatch(std::chrono::milliseconds timeout);
  ~ConnectionWatch();

  void Opened(int socket);
  // The request is complete: from here on we are the slow ones.
  void Answering(int socket);
  // The answer is out: the next request may take as long again.
  void Waiting(int socket);
  void Closed(int socket);

 private:
  using Clock = std::chrono::steady_clock;
  void Run();

  const std::chrono::milliseconds timeout_;
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopped_ = false;
  // By socket: when it is cut off; max(): never.
  std::unordered_map<int, Clock::time_point> deadlines_;
  std::thread thread_;
};

}  // namespace escalation
