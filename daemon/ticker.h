// daemon/ticker.h
//
// Decides when the owner of a partition appends a tick: a due moment is reached when a record says
// so.
//
//   Input       the earliest due moment, what became of the latest tick, the owner's clock
//   Output      whether to append a tick now, and until when it reaches; else when to look again
//   Invariants  1. one tick is in flight at most
//               2. ticks are kSpacing apart at least
//               3. a tick reaches to `settle` before the clock: what happened together has time
//                  to arrive together
//   Time        enters as arguments
//   Errors      none
//   Threads     one owner
#pragma once

#include <algorithm>
#include <optional>

#include "state/base/instant.h"

namespace escalation {

class Ticker {
 public:
  static constexpr Duration kSpacing = Duration::Seconds(1);
  // Without any due moment a tick comes this often: it finds silent sources and shows that the loop
  // is alive.
  static constexpr Duration kHeartbeat = Duration::Minutes(1);

  void set_settle(Duration settle) { settle_ = settle; }

  // The moment up to which a tick should reach, or nothing.
  std::optional<Instant> TickNow(Instant now, Instant next_due) const {
    if (in_flight_ || now < latest_ + kSpacing || now < NextLook(next_due)) return std::nullopt;
    return now - settle_;
  }

  // When TickNow may say yes if nothing else changes.
  Instant NextLook(Instant next_due) const {
    const Instant heartbeat = latest_ + kHeartbeat;
    if (next_due == Instant::Never()) return heartbeat;
    return std::min(heartbeat, std::max(next_due + settle_, latest_ + kSpacing));
  }

  void Appended(Instant now) {
    in_flight_ = true;
    latest_ = now;
  }
  // It was read back, or could not be appended.
  void Landed() { in_flight_ = false; }
  bool in_flight() const { return in_flight_; }

 private:
  Duration settle_ = Duration::Seconds(2);
  bool in_flight_ = false;
  // Far enough in the past that sums stay in range.
  Instant latest_{0};
};

}  // namespace escalation
