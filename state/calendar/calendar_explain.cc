#include "state/calendar/calendar_explain.h"

#include <algorithm>

#include "escalation/v1/policy.pb.h"
#include "state/base/text.h"
#include "state/calendar/calendar_view.h"

namespace escalation {
namespace {

constexpr size_t kReasonsMax = 6;

std::string ReasonClosed(const DateView& date) {
  if (!date.exists) return "skipped by the zone";
  return date.reason.empty() ? "no hours" : date.reason;
}

std::string DatesText(int32_t first, int32_t last) {
  return first == last ? DateText(first) : Cat(DateText(first), " - ", DateText(last));
}

// Dates without an opening in [first, last], of which only the first and the last may have one.
// Those in a row with the same reason are one.
std::vector<ExplainedDates> ClosedDates(const Calendar& calendar, int32_t first, int32_t last) {
  std::vector<ExplainedDates> out;
  for (int32_t day = first; day <= last; ++day) {
    const DateView date = ViewDate(calendar, day);
    if (!date.shifts.empty()) continue;
    const std::string reason = ReasonClosed(date);
    if (!out.empty() && out.back().reason == reason) {
      out.back().last = day;
    } else {
      out.push_back({day, day, 0, reason});
    }
  }
  return out;
}

std::string WhyClosed(const Calendar& calendar, Instant from, Instant to) {
  const Zone& zone = calendar.hours().zone();
  const std::vector<ExplainedDates> dates =
      ClosedDates(calendar, zone.LocalDay(from), zone.LocalDay(to - Duration{1}));
  if (dates.empty()) return "outside hours";
  std::string out;
  for (size_t i = 0; i < dates.size() && i < kReasonsMax; ++i) {
    CatTo(&out, i == 0 ? "" : "; ", DatesText(dates[i].first, dates[i].last), " ", dates[i].reason);
  }
  if (dates.size() > kReasonsMax) CatTo(&out, "; and more");
  return out;
}

std::vector<std::string> ChangesOnTheWay(const Zone& zone, Instant from, Instant to) {
  std::vector<std::string> out;
  for (const WallClockChange& change : ClockChanges(zone, from, to)) {
    out.push_back(Cat(DateText(zone.LocalDay(change.at - Duration{1})), ": ", change.text));
  }
  return out;
}

}  // namespace

Explanation ExplainAdd(const Calendar& calendar, Instant from, Duration open) {
  Explanation out;
  out.due = calendar.Add(from, open);
  if (out.due == Instant::Never()) return out;
  out.clock_changes = ChangesOnTheWay(calendar.hours().zone(), from, out.due);
  std::vector<Stretch> stretches;
  calendar.hours().Collect(from.ms / 1000, (out.due.ms + 999) / 1000, &stretches);
  Instant at = from;
  Duration counted;
  for (const Stretch stretch : stretches) {
    const Instant begin = std::max(Instant::Seconds(stretch.from_s), from);
    const Instant end = std::min(Instant::Seconds(stretch.to_s), out.due);
    if (begin >= end) continue;
    if (at < begin) {
      out.stretches.push_back({at, begin, false, counted, WhyClosed(calendar, at, begin)});
    }
    counted = counted + (end - begin);
    out.stretches.push_back({begin, end, true, counted, ""});
    at = end;
  }
  return out;
}

Explanation ExplainBusinessDays(const Calendar& calendar, Instant from, int days,
                                v1::Span_Reading reading) {
  Explanation out;
  out.due = calendar.AddBusinessDays(from, days, reading);
  if (out.due == Instant::Never()) return out;
  out.clock_changes = ChangesOnTheWay(calendar.hours().zone(), from, out.due);
  const Zone& zone = calendar.hours().zone();
  const Instant begin = reading == v1::Span::SAME_TIME ? from : calendar.NextOpen(from);
  int32_t counted = zone.LocalDay(begin);  // Dates up to here are told.
  for (int number = 1; number <= days; ++number) {
    int32_t day = counted + 1;
    while (ViewDate(calendar, day).shifts.empty()) ++day;  // One comes, for `due` does.
    for (ExplainedDates& dates : ClosedDates(calendar, counted + 1, day - 1)) {
      out.dates.push_back(std::move(dates));
    }
    out.dates.push_back({day, day, number, ""});
    counted = day;
  }
  return out;
}

}  // namespace escalation
