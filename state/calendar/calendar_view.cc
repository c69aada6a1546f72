#include "state/calendar/calendar_view.h"

#include <algorithm>
#include <cstdlib>

#include "state/base/text.h"

namespace escalation {
namespace {

constexpr int64_t kDay_s = 86'400;

// Seconds since midnight; 86400 is "24:00".
std::string WallText(int64_t second) {
  const auto two = [](int64_t n) { return Cat(n < 10 ? "0" : "", n); };
  std::string text = Cat(two(second / 3600), ":", two(second / 60 % 60));
  if (second % 60 != 0) CatTo(&text, ":", two(second % 60));
  return text;
}

std::string ReasonOf(const OpenHours& hours, int32_t day) {
  if (const OpenHours::Special* special = hours.SpecialOn(day)) {
    return special->name.empty() ? "exception" : special->name;
  }
  const OpenHours::Holiday* holiday = hours.HolidayOn(day);
  if (holiday == nullptr) return "";
  const std::string name = holiday->name.empty() ? "holiday" : holiday->name;
  return holiday->substitute ? Cat(name, " (substitute)") : name;
}

}  // namespace

DateView ViewDate(const Calendar& calendar, int32_t day) {
  const Zone& zone = calendar.hours().zone();
  DateView view;
  view.day = day;
  view.reason = ReasonOf(calendar.hours(), day);
  const Instant begin = zone.FirstAt(day, 0);
  view.exists = zone.LocalDay(begin) == day;
  std::vector<Stretch> open;
  calendar.hours().CollectDate(day, &open);
  for (const Stretch stretch : open) {
    // The end is read from the last open second: after it the clock may show anything.
    const int64_t first_s = zone.WallClock_ms(Instant::Seconds(stretch.from_s)) / 1000;
    const int64_t last_s = zone.WallClock_ms(Instant::Seconds(stretch.to_s - 1)) / 1000;
    view.shifts.emplace_back(WallText(first_s), WallText(last_s + 1));
    view.open = view.open + Duration::Seconds(stretch.to_s - stretch.from_s);
  }
  // A change at midnight belongs to the date that it begins.
  const Instant end = zone.FirstAt(day + 1, 0);
  for (WallClockChange& change : ClockChanges(zone, begin, end)) {
    view.clock_changes.push_back(std::move(change.text));
  }
  return view;
}

std::string HoursText(const DateView& date) {
  if (!date.exists) return "skipped";
  if (date.shifts.empty()) return "closed";
  std::string out;
  for (const auto& [start, end] : date.shifts) {
    CatTo(&out, out.empty() ? "" : " ", start, "-", end);
  }
  return out;
}

std::string DateText(int32_t day) {
  static constexpr const char* kNames[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  return Cat(kNames[WeekdayOf(day)], " ", DayToText(day));
}

std::string MonthText(int32_t year, int32_t month) {
  static constexpr const char* kNames[] = {"January",   "February", "March",    "April",
                                           "May",       "June",     "July",     "August",
                                           "September", "October",  "November", "December"};
  return Cat(kNames[month - 1], " ", year);
}

std::string OpenText(Duration open) {
  const int64_t hours = open.ms / Duration::Hours(1).ms;
  const Duration rest{open.ms % Duration::Hours(1).ms};
  if (hours == 0 && rest.ms != 0) return ToText(rest);
  return rest.ms == 0 ? Cat(hours, "h") : Cat(hours, "h", rest);
}

std::vector<WallClockChange> ClockChanges(const Zone& zone, Instant from, Instant to) {
  std::vector<WallClockChange> out;
  const auto second_at_or_after = [](Instant t) { return (t.ms + 999) / 1000; };
  for (size_t i = zone.SpanAt(second_at_or_after(from) - 1) + 1; i < zone.spans(); ++i) {
    const Zone::Span span = zone.span(i);
    if (span.from_s >= second_at_or_after(to)) break;
    const int32_t change_s = span.offset_s - zone.span(i - 1).offset_s;
    if (change_s == 0) continue;  // Another abbreviation only.
    // Read by the old offset. Midnight is the end of a date that is shown again, and else a begin.
    const int64_t local_s = span.from_s + zone.span(i - 1).offset_s;
    const int64_t wall_s = change_s < 0 ? (local_s - 1) % kDay_s + 1 : local_s % kDay_s;
    out.push_back({Instant::Seconds(span.from_s),
                   Cat("clock goes ", change_s > 0 ? "forward " : "back ",
                       OpenText(Duration::Seconds(std::abs(change_s))), " at ", WallText(wall_s),
                       " ", zone.AbbreviationAt(span.from_s - 1))});
  }
  return out;
}

}  // namespace escalation
