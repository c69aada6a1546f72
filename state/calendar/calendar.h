// state/calendar/calendar.h
//
// A business calendar ready for arithmetic: which moments are open, and how much open time lies
// between two.
//
//   Input       a definition and its zone, both as the log holds them; instants
//   Output      instants and durations; the same for every window of compilation
//   Invariants  1. OpenBetween(t, Add(t, d)) == d unless Add gives Never
//               2. answers never depend on the window: outside it the definition is walked day by
//                  day, with the same result
//               3. searches end: after kEmptyStretchMax without an opening, or at the calendar's
//                  horizon (1970 to 2200)
//   Time        enters as arguments only
//   Errors      Compile: kInvalidArgument for what check.h calls malformed. A calendar that never
//               opens compiles: its searches give Never or Past
//   Threads     immutable; safe everywhere
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "state/base/instant.h"
#include "state/calendar/open_hours.h"
#include "state/calendar/open_table.h"

namespace escalation::v1 {
class CalendarDefinition;
class ZoneDefinition;
enum Span_Reading : int;  // Span::Reading of policy.proto.
}  // namespace escalation::v1

namespace escalation {

// [from, to): the moments for which a calendar answers fast. Cut to whole seconds.
struct Window {
  Instant from;
  Instant to;

  // From the beginning of the year before `t` to the end of the year after, in UTC.
  static Window Around(Instant t);
};

class Calendar {
 public:
  // A search that meets no opening for longer than this gives up.
  static constexpr Duration kEmptyStretchMax = Duration::Days(400);

  static absl::StatusOr<std::shared_ptr<const Calendar>> Compile(
      const v1::CalendarDefinition& definition, const v1::ZoneDefinition& zone, Window window);
  // The calendar "always": 24x7 in UTC.
  static std::shared_ptr<const Calendar> Always();

  const std::string& name() const { return name_; }
  Window window() const { return window_; }
  // The definition and the zone behind the arithmetic: dates, holidays, clock changes.
  const OpenHours& hours() const { return hours_; }
  // Length of a business day in the reading `hours`; above 0.
  Duration business_day() const { return business_day_; }

  bool IsOpen(Instant t) const;
  // Least open T >= t. Never if none within kEmptyStretchMax.
  Instant NextOpen(Instant t) const;
  // Open time in [a, b); 0 if b <= a.
  Duration OpenBetween(Instant a, Instant b) const;
  // Least T >= t with OpenBetween(t, T) == open: an exact fill ends at close. open <= 0: t. Never
  // if a stretch of more than kEmptyStretchMax without openings is met.
  Instant Add(Instant t, Duration open) const;
  // Greatest T <= t with OpenBetween(T, t) == open; open <= 0: t; Past where Add would give Never.
  Instant Subtract(Instant t, Duration open) const;
  // `days` business days after t, 1 or more (else t). A business date is a local date that holds an
  // open second.
  //   HOURS       Add(t, business_day() * days)
  //   SAME_TIME   on the days-th business date after t's date, the wall-clock time of t (skipped:
  //               later by the gap; shown twice: the first), then NextOpen
  //   END_OF_DAY  the end of the last open second of the days-th business date after the date of
  //               NextOpen(t)
  Instant AddBusinessDays(Instant t, int days, v1::Span_Reading reading) const;

  // "2026-03-11 01:00 MDT"; with seconds only where they are not 0.
  std::string FormatLocal(Instant t) const { return hours_.zone().Format(t); }

 private:
  Calendar(std::string name, OpenHours hours, Window window);

  // True if every answer within the window obeys kEmptyStretchMax, so that the table needs no
  // check.
  static bool IsDense(const std::vector<Stretch>& stretches, int64_t from_s, int64_t to_s);

  // The exact path: walks the definition, reads no table.
  Instant AddSlowly(Instant t, Duration open) const;
  Instant SubtractSlowly(Instant t, Duration open) const;
  Instant NextOpenSlowly(Instant t) const;
  Duration OpenBetweenSlowly(Instant a, Instant b) const;
  // Of an interval that the window does not hold entirely: exact outside, the table inside.
  Duration OpenBetweenAcross(Instant a, Instant b) const;
  // The days-th business date after `day`; empty if it is not met in time.
  std::optional<int32_t> BusinessDateAfter(int32_t day, int days) const;

  // First: all that the fast path reads.
  OpenTable table_;
  bool always_open_ = false;
  Duration business_day_;
  Window window_;
  OpenHours hours_;
  std::string name_;
};

}  // namespace escalation
