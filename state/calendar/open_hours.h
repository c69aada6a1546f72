// state/calendar/open_hours.h
//
// What a calendar definition means, moment by moment: the exact form from which everything else is
// built. An instant is open if its local wall-clock reading falls in a shift; nothing is ever
// computed from a wall time, so clock changes need no policy.
//
//   Input       a definition and its zone as the log holds them
//   Output      open stretches of UTC seconds, and what a person wants to know about a date
//   Invariants  1. stretches are sorted, disjoint, not empty and do not touch
//               2. a holiday closes its whole date and the night shift that starts on it; a special
//                  date wins over a holiday and over the weekday
//   Errors      Make: kInvalidArgument for what check.h calls malformed
//   Threads     immutable; safe everywhere
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "state/base/instant.h"
#include "state/calendar/zone.h"

namespace escalation::v1 {
class CalendarDefinition;
}  // namespace escalation::v1

namespace escalation {

// Half-open, UNIX seconds.
struct Stretch {
  int64_t from_s = 0;
  int64_t to_s = 0;
  friend constexpr bool operator==(Stretch, Stretch) = default;
};

// Half-open seconds since local midnight, as the wall clock shows them; at most 48 h.
struct WallShift {
  int32_t start_s = 0;
  int32_t end_s = 0;
  friend constexpr bool operator==(WallShift, WallShift) = default;
};

class OpenHours {
 public:
  // Outside of these, everything counts as closed.
  static constexpr int64_t kHorizonFirst_s = 0;            // 1970-01-01
  static constexpr int64_t kHorizonEnd_s = 7'258'118'400;  // 2200-01-01

  struct Holiday {
    int32_t day = 0;
    std::string name;
    bool substitute = false;
  };
  struct Special {
    int32_t day = 0;
    std::vector<WallShift> shifts;  // Sorted, disjoint.
    std::string name;
  };

  // `zone` is the one that the definition names.
  static absl::StatusOr<OpenHours> Make(const v1::CalendarDefinition& definition, Zone zone);
  // 24x7 in UTC.
  static OpenHours Always();

  const Zone& zone() const { return zone_; }
  // True if every moment is open.
  bool always_open() const;
  // The definition's business day length, else the longest weekday's, else the longest special
  // date's, else 24 h.
  Duration business_day() const;

  // Open stretches within [from_s, to_s) and the horizon; replaces *out.
  void Collect(int64_t from_s, int64_t to_s, std::vector<Stretch>* out) const;
  // Open stretches of one local date. A date that the zone skips has none; replaces *out.
  void CollectDate(int32_t day, std::vector<Stretch>* out) const;

  // Null: none on that date.
  const Holiday* HolidayOn(int32_t day) const;
  const Special* SpecialOn(int32_t day) const;
  // The shifts that start on a date, as the definition says: special, none on a holiday, else the
  // weekday's.
  const std::vector<WallShift>& ShiftsFrom(int32_t day) const;

 private:
  // What is open on a date as seconds of that date: its own shifts and those that run on into it.
  // Points to a weekday's list or to *scratch.
  const std::vector<WallShift>& OpenOn(int32_t day, std::vector<WallShift>* scratch) const;

  Zone zone_;
  int32_t business_day_s_ = 0;
  // Monday first. Shifts that start on the weekday: sorted, disjoint.
  std::array<std::vector<WallShift>, 7> week_;
  // What is open on a weekday if neither it nor the date before is a holiday or special.
  std::array<std::vector<WallShift>, 7> regular_;
  std::vector<Holiday> holidays_;  // Sorted by day.
  std::vector<Special> special_;   // Sorted by day.
  // Days whose open hours may differ from `regular_`: each of the above and the day after. Sorted.
  std::vector<int32_t> irregular_;
};

}  // namespace escalation
