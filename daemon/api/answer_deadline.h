// daemon/api/answer_deadline.h
//
// Answers in the place of who has no answer yet: a pager that waits too long for one takes the
// request for lost, and after a few of them stops telling anything.
//
//   Input       requests' answers, each with how long it may take
//   Output      503 with Retry-After once the time is over; what is answered later goes nowhere
//   Invariants  1. 503 says that it may be sent again, not that nothing came of it: what landed
//                  in the log after all is dropped there the second time, by its id
//               2. holds nothing of a request that was answered
//   Time        the steady clock, on a thread of its own
//   Threads     Watch from any thread; answers come from any
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "daemon/api/http.h"

namespace escalation {

class AnswerDeadline {
 public:
  AnswerDeadline();
  // What is watched is left to whoever holds it.
  ~AnswerDeadline();

  // Whoever answers through what is returned is in time, or does nothing.
  HttpRespond Watch(HttpRespond respond, std::chrono::milliseconds timeout);

 private:
  using Clock = std::chrono::steady_clock;
  void Run();

  std::mutex mutex_;  // Guards what follows.
  std::condition_variable changed_;
  bool stopping_ = false;
  std::multimap<Clock::time_point, std::weak_ptr<const HttpRespond>> watched_;
  std::thread thread_;
};

}  // namespace escalation
