// daemon/deliver/dispatch_budget.h
//
// What one budget group may still send: requests in any minute, requests at the same time, pauses
// that the provider asked for.
//
//   Input       requests that left and came back; pauses; the time
//   Output      whether another may leave now, else when to ask again
//   Invariants  1. in any 60 s at most per_minute_max requests leave. What an earlier process sent
//                  in the last minute is not known: the provider's 429 is obeyed
//               2. while pages wait, at most kClosingsInARow closings leave before one of them: a
//                  storm that ends holds up no new page
//   Time        enters as arguments; MUST NOT run backwards
//   Errors      none
//   Threads     one at a time
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>

#include "state/base/instant.h"

namespace escalation {

class DispatchBudget {
 public:
  static constexpr Duration kWindow = Duration::Minutes(1);
  static constexpr int kClosingsInARow = 3;

  // 0: no limit.
  void set_per_minute_max(int max) { per_minute_max_ = max; }
  int per_minute_max() const { return per_minute_max_; }

  // False: *next becomes the earlier of itself and when to ask again; unchanged if a reply comes
  // first.
  bool MayLeave(Instant now, size_t in_flight_max, Instant* next);
  // Whose turn it is if both wait.
  bool IsClosingsTurn() const { return closings_in_a_row_ < kClosingsInARow; }

  enum class Kind { kClosing, kOther };
  void Left(Kind kind, Instant now);
  // A reply came, or nobody waits for it any more.
  void CameBack();
  void PauseUntil(Instant until) { not_before_ = std::max(not_before_, until); }

 private:
  int per_minute_max_ = 0;
  std::deque<Instant> sent_;  // Of the last 60 s.
  Instant not_before_ = Instant::Past();
  size_t in_flight_ = 0;
  int closings_in_a_row_ = 0;
};

}  // namespace escalation
