// state/calendar/check.h
//
// What is wrong with a calendar definition, before anybody relies on it.
//
//   Input       a definition as it came; for what it adds up to, its zone
//   Output      problems with the path of the field and the expectation, in the order of the fields
//   Errors      none: a problem is an answer
//   Threads     stateless; safe everywhere
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace escalation::v1 {
class CalendarDefinition;
class CalendarSet;
}  // namespace escalation::v1

namespace escalation {

class Zone;

// Limits.
inline constexpr int kShiftsPerDayMax = 96;
inline constexpr int kDatedDaysMax = 4000;  // Holidays; special dates.
inline constexpr int kCalendarsMax = 1024;
inline constexpr size_t kZoneNameBytesMax = 64;
inline constexpr size_t kDayNameBytesMax = 200;
inline constexpr int kOpenPerYearMin_s = 60;

struct CalendarProblem {
  // Such as "zone", "week.mon[1]", "holidays[3]"; empty: the calendar as a whole.
  std::string path;
  // What is wrong, the value, the expectation.
  std::string message;
  // What to do; may be empty.
  std::string hint;
};

// Segments of [A-Za-z0-9_+-] joined by "/": a name that is safe to look up in a file system. Says
// nothing about whether the zone exists.
bool IsZoneName(std::string_view name);

// The name of a holiday or special date: UTF-8 of at most kDayNameBytesMax, no control characters;
// may be empty.
bool IsDayName(std::string_view name);

// Malformed: Calendar::Compile refuses these. At most 20 problems.
std::vector<CalendarProblem> CheckForm(const v1::CalendarDefinition& definition);

// Malformed or unreasonable: publication refuses these. Adds to CheckForm: overlapping shifts, and
// hours that add up to less than a minute in every year.
std::vector<CalendarProblem> CheckDefinition(const v1::CalendarDefinition& definition,
                                             const Zone& zone);

// A whole set as it is to be published: names, order, zones, and every definition. Paths begin with
// "calendars.NAME".
std::vector<CalendarProblem> CheckCalendarSet(const v1::CalendarSet& set);

}  // namespace escalation
