// daemon/ticker.h
//
// Decides when the owner of a partition appends a tick: a due moment is reached when a record says
// so.
//
//   Input       the earliest due moment, what became of the latest tick, the owner's clock
//   Output      whether to append a tick now, and until when it reaches; else when to look again
//   Invariants  1. one tick is in flight at most
//               2. ticks are kSpacing apart at least, and kShare times as long as the latest took:
//                  whatever ticks cost, most of the time is left for events
//               3. what a source holds back is tried again when one says how far it is, and else
//                  ever more rarely, from kRetry to kRetryMax
//               4. a tick that was cut by its bound is followed by the next one at once: what came
//                  meanwhile stands before it in the log
//               5. while a change of many tickets is folded bit by bit, ticks follow at once, too
//               6. a tick reaches to `settle` before the clock: what happened together has time
//                  to arrive together
//               7. a barrier that the owner needs to know that it still is comes at once, but for
//               the
//                  distances above
//               8. where the log's clock is behind the owner's, a moment is due when the log's says
//                  so: no tick fires ahead of the log
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
  static constexpr Duration kSpacing{25};
  static constexpr int64_t kShare = 3;
  static constexpr Duration kRetry = Duration::Seconds(1);
  static constexpr Duration kRetryMax = Duration::Seconds(15);
  // Without any due moment a tick comes this often: it finds silent sources and shows that the loop
  // is alive.
  static constexpr Duration kHeartbeat = Duration::Minutes(1);

  void set_settle(Duration settle) { settle_ = settle; }
  // Instead of kHeartbeat, where others watch for it.
  void set_heartbeat(Duration heartbeat) { heartbeat_ = heartbeat; }

  // Whether ticks are wanted now, whatever is due.
  void Hurry(bool hurry) { hurries_ = hurry; }

  // Whether a record of the owner's own is wanted now, for what waits to leave.
  void WantBarrier(bool barrier) { barrier_ = barrier; }

  // A source has said how far it is: what it held back may be due.
  void Marked() { retry_ = kRetry; }

  // The clock reads this now. If it was set back, what it spaced is spaced from here.
  void Look(Instant now) {
    if (now < latest_) behind_ = Duration{0};
    latest_ = std::min(latest_, now);
  }

  // The moment up to which a tick should reach, or nothing. `next_due`: the earliest due moment;
  // while held_back(), the earliest behind those.
  std::optional<Instant> TickNow(Instant now, Instant next_due) const {
    if (in_flight_ || now < NextLook(next_due)) return std::nullopt;
    return now - settle_;
  }

  // When TickNow may say yes if nothing else changes.
  Instant NextLook(Instant next_due) const {
    if (hurries_) return latest_;
    if (barrier_) return latest_ + std::min(spacing_, kSpacing);
    const Instant look = latest_ + (held_back() ? retry_ : heartbeat_);
    if (next_due == Instant::Never()) return look;
    return std::min(look, std::max(next_due + std::max(settle_, behind_), latest_ + spacing_));
  }

  void Appended(Instant now) {
    in_flight_ = true;
    latest_ = now;
  }
  // The time that the log gave it.
  void Stamped(Instant log_time) { behind_ = std::max(latest_ - log_time, Duration{0}); }
  // It was read back. `left`: something is due right behind the moment that it reached, where held
  // back wake-ups are.
  enum class End { kReached, kCut };
  void Landed(Instant now, bool left, End end = End::kReached) {
    in_flight_ = false;
    if (end == End::kCut) {
      spacing_ = Duration{0};
      left_ = 0;
      return;
    }
    spacing_ = std::clamp((now - latest_) * kShare, kSpacing, kRetry);
    retry_ = left && held_back() ? std::min(retry_ * 2, kRetryMax) : kRetry;
    left_ = left ? std::min(left_ + 1, kLeftCertain) : 0;
  }
  // It could not be appended.
  void Refused() { in_flight_ = false; }
  bool in_flight() const { return in_flight_; }

  // The latest ticks all left something right behind them.
  bool held_back() const { return left_ == kLeftCertain; }

 private:
  // A moment may come by chance a millisecond after a tick's; not so after each of several.
  static constexpr int kLeftCertain = 3;

  Duration settle_ = Duration::Seconds(2);
  Duration spacing_ = kSpacing;
  Duration heartbeat_ = kHeartbeat;
  bool in_flight_ = false;
  bool hurries_ = false;
  bool barrier_ = false;
  int left_ = 0;
  Duration retry_ = kRetry;
  // The log's clock, by the latest tick.
  Duration behind_;
  // Far enough in the past that sums stay in range.
  Instant latest_{0};
};

}  // namespace escalation
