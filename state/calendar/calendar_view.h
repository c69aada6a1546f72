// state/calendar/calendar_view.h
//
// One local date of a calendar as a person reads it: its hours by the wall clock, how long they
// are, and what is particular about the date.
//
//   Input       a calendar, a local date
//   Output      text pieces
//   Errors      none
//   Threads     stateless; safe everywhere
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "state/base/instant.h"
#include "state/calendar/calendar.h"

namespace escalation {

struct DateView {
  int32_t day = 0;
  // False: the zone skips the date.
  bool exists = true;
  // Wall-clock begin and end of each open stretch, such as {"09:00", "17:00"}; up to "24:00".
  std::vector<std::pair<std::string, std::string>> shifts;
  // Elapsed time: 23 h for a whole day on which the clock goes forward.
  Duration open;
  // The holiday, the exception; empty: a regular date.
  std::string reason;
  // Changes of the clock on this date, such as "clock goes back 1h at 03:00 CEST".
  std::vector<std::string> clock_changes;
};

DateView ViewDate(const Calendar& calendar, int32_t day);

// "09:00-12:00 13:00-17:00", "closed".
std::string HoursText(const DateView& date);
// "Fri 2026-12-25"
std::string DateText(int32_t day);
// "December 2026"
std::string MonthText(int32_t year, int32_t month);
// "160h", "7h30m", "0h": open time is not counted in days.
std::string OpenText(Duration open);

struct WallClockChange {
  Instant at;
  std::string text;
};
// Changes of the clock in [from, to), oldest first.
std::vector<WallClockChange> ClockChanges(const Zone& zone, Instant from, Instant to);

}  // namespace escalation
