// tests/simulation/reference_calendar.h
//
// Business time by brute force: every minute is asked whether it is open. Shares no code with
// state/calendar, so that the two can judge each other.
//
//   Input       a calendar's definition and its zone, as the log carries them
//   Output      open time between two instants; the instant at which an amount of it has passed
//   Invariants  1. shifts and offsets of the zone are whole minutes (Make refuses others)
//   Time        enters as arguments
//   Errors      Make: kInvalidArgument
//   Threads     one owner: days are computed when they are first asked for
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "escalation/v1/calendar.pb.h"
#include "state/base/instant.h"

namespace escalation::simulation {

class ReferenceCalendar {
 public:
  // Open at all times.
  ReferenceCalendar() = default;
  static absl::StatusOr<ReferenceCalendar> Make(const v1::CalendarDefinition& definition,
                                                const v1::ZoneDefinition& zone);

  // Zero where `to` is not after `from`.
  Duration OpenBetween(Instant from, Instant to) const;
  // The least T at which OpenBetween(from, T) is `amount`; `from` for an amount of zero or less.
  // Never: not within 400 days.
  Instant After(Instant from, Duration amount) const;

 private:
  using Stretch = std::pair<int64_t, int64_t>;  // Milliseconds, half-open.

  bool IsOpenMinute(int64_t utc_minute) const;
  int64_t OffsetMinutes(int64_t utc_minute) const;
  bool HasShift(int64_t local_day, int64_t second) const;
  const std::vector<Stretch>& OpenOnDay(int64_t utc_day) const;

  bool always_ = true;
  v1::CalendarDefinition definition_;
  v1::ZoneDefinition zone_;
  mutable std::map<int64_t, std::vector<Stretch>> days_;
};

}  // namespace escalation::simulation
