#include "ops/calendar_print.h"

#include <iomanip>
#include <nlohmann/json.hpp>

#include "escalation/v1/policy.pb.h"
#include "state/base/text.h"
#include "state/calendar/calendar_view.h"

namespace escalation {
namespace {

using nlohmann::ordered_json;

// Of a long explanation, the begin and the end are printed.
constexpr size_t kLinesMax = 60;

int32_t FirstOfMonth(int32_t year, int32_t month) {
  return month == 13 ? DaysFromCivil({year + 1, 1, 1}) : DaysFromCivil({year, month, 1});
}

std::string Notes(const DateView& date) {
  std::string out = date.exists ? date.reason : "the zone skips this date";
  for (const std::string& change : date.clock_changes) {
    CatTo(&out, out.empty() ? "" : "; ", change);
  }
  return out;
}

ordered_json ShiftsJson(const DateView& date) {
  ordered_json out = ordered_json::array();
  for (const auto& [start, end] : date.shifts) out.push_back({start, end});
  return out;
}

void PrintJson(const ordered_json& document, std::ostream& out) {
  out << document.dump(2, ' ', false, ordered_json::error_handler_t::replace) << "\n";
}

const char* ReadingText(v1::Span_Reading reading) {
  if (reading == v1::Span::SAME_TIME) return "same_time";
  return reading == v1::Span::END_OF_DAY ? "end_of_day" : "hours";
}

// Prints `count` lines by `print`, without the middle of very many.
template <typename Print>
void PrintLines(size_t count, std::ostream& out, const Print& print) {
  for (size_t i = 0; i < count; ++i) {
    if (count > kLinesMax && i == kLinesMax / 2) {
      out << "  ... " << count - kLinesMax << " lines more ...\n";
      i = count - kLinesMax / 2;
    }
    print(i);
  }
}

void PrintStretches(const Calendar& calendar, const AddQuestion& question,
                    const Explanation& answer, std::ostream& out) {
  PrintLines(answer.stretches.size(), out, [&](size_t i) {
    const ExplainedStretch& s = answer.stretches[i];
    out << "  " << calendar.FormatLocal(s.from) << " to " << calendar.FormatLocal(s.to) << "  ";
    if (s.is_open) {
      out << "open    " << std::setw(8) << std::left << OpenText(s.to - s.from)
          << OpenText(s.counted) << " of " << OpenText(question.open) << "\n";
    } else {
      out << "closed  " << s.reason << "\n";
    }
  });
}

void PrintDates(const Calendar& calendar, const AddQuestion& question, const Explanation& answer,
                std::ostream& out) {
  PrintLines(answer.dates.size(), out, [&](size_t i) {
    const ExplainedDates& dates = answer.dates[i];
    out << "  " << DateText(dates.first);
    if (dates.last != dates.first) out << " - " << DateText(dates.last);
    if (dates.number == 0) {
      out << "  closed: " << dates.reason << "\n";
    } else {
      out << "  business day " << dates.number << ": " << HoursText(ViewDate(calendar, dates.first))
          << "\n";
    }
  });
  out << (question.reading == v1::Span::SAME_TIME
              ? "  Due when the clock shows the time of the start, or at the next opening.\n"
              : "  Due at the last close of that date.\n");
}

void PrintAddJson(const Calendar& calendar, const AddQuestion& question, const Explanation& answer,
                  std::ostream& out) {
  const auto moment = [&](Instant t) {
    return ordered_json(t == Instant::Never() ? "" : ToText(t));
  };
  ordered_json document;
  document["calendar"] = calendar.name();
  document["zone"] = calendar.hours().zone().name();
  document["from"] = moment(question.from);
  document["from_local"] = calendar.FormatLocal(question.from);
  if (!question.doubt.empty()) document["doubt"] = question.doubt;
  document["length"] = question.length;
  if (question.days > 0) document["reading"] = ReadingText(question.reading);
  const bool comes = answer.due != Instant::Never();
  document["due"] = comes ? moment(answer.due) : ordered_json(nullptr);
  document["due_local"] = comes ? ordered_json(calendar.FormatLocal(answer.due)) : nullptr;
  for (const ExplainedStretch& s : answer.stretches) {
    ordered_json stretch = {{"from", moment(s.from)}, {"to", moment(s.to)}, {"open", s.is_open}};
    stretch["counted_ms"] = s.counted.ms;
    if (!s.is_open) stretch["reason"] = s.reason;
    document["stretches"].push_back(std::move(stretch));
  }
  for (const ExplainedDates& d : answer.dates) {
    ordered_json dates = {{"first", DayToText(d.first)}, {"last", DayToText(d.last)}};
    if (d.number > 0) dates["business_day"] = d.number;
    if (d.number == 0) dates["closed"] = d.reason;
    document["dates"].push_back(std::move(dates));
  }
  if (!answer.clock_changes.empty()) document["clock_changes"] = answer.clock_changes;
  PrintJson(document, out);
}

}  // namespace

void PrintMonth(const Calendar& calendar, int32_t year, int32_t month, CalendarFormat format,
                std::ostream& out) {
  std::vector<DateView> dates;
  Duration open;
  int business_days = 0;
  size_t width = 8;
  for (int32_t day = FirstOfMonth(year, month); day < FirstOfMonth(year, month + 1); ++day) {
    dates.push_back(ViewDate(calendar, day));
    open = open + dates.back().open;
    business_days += dates.back().shifts.empty() ? 0 : 1;
    width = std::max(width, HoursText(dates.back()).size());
  }
  const std::string& zone = calendar.hours().zone().name();
  if (format == CalendarFormat::kJson) {
    ordered_json document = {{"calendar", calendar.name()}, {"zone", zone}};
    document["business_days"] = business_days;
    document["open_s"] = open.ms / 1000;
    for (const DateView& date : dates) {
      ordered_json entry = {{"date", DayToText(date.day)}, {"open", ShiftsJson(date)}};
      entry["open_s"] = date.open.ms / 1000;
      entry["note"] = Notes(date);
      document["dates"].push_back(std::move(entry));
    }
    PrintJson(document, out);
    return;
  }
  out << calendar.name() << ", " << MonthText(year, month) << ", " << zone << "\n\n";
  for (const DateView& date : dates) {
    if (WeekdayOf(date.day) == 0 && date.day != dates.front().day) out << "\n";
    std::string line = Cat("  ", DateText(date.day), "  ", HoursText(date));
    line.resize(18 + width, ' ');
    const std::string length = date.shifts.empty() ? "" : OpenText(date.open);
    CatTo(&line, "  ", std::string(length.size() < 6 ? 6 - length.size() : 0, ' '), length, "  ",
          Notes(date));
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << "\n";
  }
  out << "\n  " << business_days << " business days, " << OpenText(open) << " open\n";
}

void PrintAdd(const Calendar& calendar, const AddQuestion& question, const Explanation& answer,
              CalendarFormat format, std::ostream& out) {
  if (format == CalendarFormat::kJson) return PrintAddJson(calendar, question, answer, out);
  if (answer.due == Instant::Never()) {
    out << "never\n\n" << calendar.name() << " has no opening for more than 400 days on the way.\n";
    return;
  }
  out << calendar.FormatLocal(answer.due) << "  " << ToText(answer.due) << "\n\n"
      << calendar.name() << " (" << calendar.hours().zone().name() << "), from "
      << calendar.FormatLocal(question.from) << ", " << question.length;
  if (question.days > 0) {
    out << " read as " << ReadingText(question.reading);
    if (question.open.ms > 0) {
      out << ": " << question.days << " x " << OpenText(calendar.business_day());
    }
  }
  out << "\n\n";
  if (question.open.ms > 0) {
    PrintStretches(calendar, question, answer, out);
  } else if (question.days > 0) {
    PrintDates(calendar, question, answer, out);
  } else {
    out << "  Nothing to add: the start itself, open or closed.\n";
  }
  if (!question.doubt.empty()) out << "  note: " << question.doubt << "\n";
  for (const std::string& change : answer.clock_changes) out << "  note: " << change << "\n";
}

void PrintDifference(const Calendar& before, const Calendar& after, int32_t year,
                     CalendarFormat format, std::ostream& out) {
  std::vector<std::pair<DateView, DateView>> different;
  std::vector<Stretch> old_open, new_open;
  size_t width = 8;
  const int32_t end = DaysFromCivil({year + 1, 1, 1});
  for (int32_t day = DaysFromCivil({year, 1, 1}); day < end; ++day) {
    before.hours().CollectDate(day, &old_open);
    after.hours().CollectDate(day, &new_open);
    if (old_open == new_open) continue;
    different.emplace_back(ViewDate(before, day), ViewDate(after, day));
    width = std::max(width, HoursText(different.back().first).size());
  }
  if (format == CalendarFormat::kJson) {
    ordered_json document = {{"calendar", before.name()}, {"year", year}};
    document["dates"] = ordered_json::array();
    for (const auto& [a, b] : different) {
      document["dates"].push_back({{"date", DayToText(a.day)},
                                   {"before", ShiftsJson(a)},
                                   {"after", ShiftsJson(b)},
                                   {"before_note", Notes(a)},
                                   {"after_note", Notes(b)}});
    }
    PrintJson(document, out);
    return;
  }
  if (different.empty()) {
    out << before.name() << ": no date of " << year << " differs\n";
    return;
  }
  if (before.hours().zone().name() != after.hours().zone().name()) {
    out << "zone: " << before.hours().zone().name() << " -> " << after.hours().zone().name()
        << "\n";
  }
  for (const auto& [a, b] : different) {
    std::string old_hours = HoursText(a);
    old_hours.resize(width, ' ');
    const std::string note = Notes(b).empty() ? Notes(a) : Notes(b);
    out << DateText(a.day) << "  " << old_hours << " -> " << HoursText(b)
        << (note.empty() ? "" : "  ") << note << "\n";
  }
  out << different.size() << " dates of " << year << " differ\n";
}

}  // namespace escalation
