#include "state/calendar/check.h"

#include <algorithm>
#include <cstdio>

#include "escalation/v1/calendar.pb.h"
#include "state/base/text.h"
#include "state/calendar/open_hours.h"

namespace escalation {
namespace {

constexpr int32_t kDay_s = 86'400;
constexpr size_t kProblemsMax = 20;
constexpr const char* kWeekdays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

using Problems = std::vector<CalendarProblem>;

void Add(std::string path, std::string message, std::string hint, Problems* out) {
  if (out->size() < kProblemsMax) {
    out->push_back({std::move(path), std::move(message), std::move(hint)});
  }
}

// "22:00", "30:00", "08:30:15".
std::string WallText(int32_t seconds) {
  char text[40];
  std::snprintf(text, sizeof(text), "%02d:%02d", seconds / 3600, seconds / 60 % 60);
  std::string out = text;
  if (seconds % 60 != 0) {
    std::snprintf(text, sizeof(text), ":%02d", seconds % 60);
    out += text;
  }
  return out;
}

std::string ShiftText(const v1::Shift& shift) {
  return Cat(WallText(shift.start_s()), "-", WallText(shift.end_s()));
}

// Bytes of the UTF-8 sequence at the front of `text`; 0: malformed, overlong, or a surrogate.
size_t SequenceBytes(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return 0;
  for (size_t i = 1; i < size; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xbf) return 0;
  }
  if ((lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xed && byte(1) > 0x9f)) return 0;
  if ((lead == 0xf0 && byte(1) < 0x90) || (lead == 0xf4 && byte(1) > 0x8f)) return 0;
  return size;
}

template <typename Shifts>
void CheckShifts(const Shifts& shifts, const std::string& path, Problems* out) {
  if (shifts.size() > kShiftsPerDayMax) {
    Add(path, Cat(shifts.size(), " shifts on a day, expected at most ", kShiftsPerDayMax), "", out);
    return;
  }
  for (int i = 0; i < shifts.size(); ++i) {
    const v1::Shift& shift = shifts[i];
    const std::string where = Cat(path, "[", i, "]");
    if (shift.start_s() < 0 || shift.start_s() >= kDay_s) {
      Add(where, Cat("starts at second ", shift.start_s(), ", expected 00:00 to 23:59:59"), "",
          out);
    } else if (shift.end_s() <= shift.start_s()) {
      Add(where, Cat("ends before it starts: ", ShiftText(shift)),
          "hours past midnight end above 24:00, such as 22:00-30:00", out);
    } else if (shift.end_s() > 2 * kDay_s) {
      Add(where, Cat("ends at second ", shift.end_s(), ", expected at most 48:00"), "", out);
    }
  }
}

template <typename Days>
void CheckDays(const Days& days, const std::string& field, Problems* out) {
  if (days.size() > kDatedDaysMax) {
    Add(field, Cat(days.size(), " dates, expected at most ", kDatedDaysMax), "", out);
    return;
  }
  const int32_t first = DaysFromCivil({1970, 1, 1});
  const int32_t last = DaysFromCivil({2200, 12, 31});
  for (int i = 0; i < days.size(); ++i) {
    const std::string where = Cat(field, "[", i, "]");
    const int32_t day = days[i].day();
    if (day < first || day > last) {
      Add(where, Cat("date out of range: day ", day, ", expected 1970 to 2200"), "", out);
      continue;
    }
    if (i > 0 && day == days[i - 1].day()) {
      Add(where, Cat("the date ", DayToText(day), " stands twice, expected once"), "", out);
    } else if (i > 0 && day < days[i - 1].day()) {
      Add(where, Cat("the date ", DayToText(day), " is out of order, expected sorted dates"), "",
          out);
    }
    if (!IsDayName(days[i].name())) {
      Add(where,
          Cat("the name of ", DayToText(day), " is too long or no plain text, expected at most ",
              kDayNameBytesMax, " bytes of UTF-8"),
          "", out);
    }
  }
}

// `list` sorted by start: the path of the first shift that begins before an earlier one ends.
template <typename Shifts>
void CheckOverlap(const Shifts& shifts, const std::string& path, Problems* out) {
  for (int i = 0; i < shifts.size(); ++i) {
    for (int j = 0; j < i; ++j) {
      if (shifts[i].start_s() < shifts[j].end_s() && shifts[j].start_s() < shifts[i].end_s()) {
        Add(Cat(path, "[", i, "]"),
            Cat("overlapping hours: ", ShiftText(shifts[i]), " and ", ShiftText(shifts[j])),
            "join them to one shift", out);
        return;
      }
    }
  }
}

void CheckOverlaps(const v1::CalendarDefinition& definition, Problems* out) {
  for (int day = 0; day < 7; ++day) {
    const auto& today = definition.week(day).shifts();
    const std::string path = Cat("week.", kWeekdays[day]);
    CheckOverlap(today, path, out);
    const int yesterday = (day + 6) % 7;
    for (const v1::Shift& night : definition.week(yesterday).shifts()) {
      for (int i = 0; i < today.size(); ++i) {
        if (today[i].start_s() >= night.end_s() - kDay_s) continue;
        Add(Cat(path, "[", i, "]"),
            Cat("overlapping hours: ", ShiftText(today[i]), " begins while ", kWeekdays[yesterday],
                "'s ", ShiftText(night), " still runs"),
            Cat("end ", kWeekdays[yesterday], "'s shift where ", kWeekdays[day], "'s begins"), out);
      }
    }
  }
  for (int i = 0; i < definition.special_size(); ++i) {
    CheckOverlap(definition.special(i).shifts(), Cat("special[", i, "].shifts"), out);
  }
}

void CheckSum(const v1::CalendarDefinition& definition, const Zone& zone, Problems* out) {
  absl::StatusOr<OpenHours> hours = OpenHours::Make(definition, zone);
  if (!hours.ok()) {
    Add("", std::string(hours.status().message()), "", out);
    return;
  }
  int64_t best_s = 0;
  std::vector<Stretch> stretches;
  for (int year = 2000; year < 2100 && best_s < kOpenPerYearMin_s; ++year) {
    const int64_t from_s = int64_t{DaysFromCivil({year, 1, 1})} * kDay_s;
    const int64_t to_s = int64_t{DaysFromCivil({year + 1, 1, 1})} * kDay_s;
    hours->Collect(from_s, to_s, &stretches);
    int64_t sum_s = 0;
    for (const Stretch stretch : stretches) sum_s += stretch.to_s - stretch.from_s;
    best_s = std::max(best_s, sum_s);
  }
  if (best_s == 0) {
    Add("", "never opens, expected at least one minute a year", "give it opening hours on some day",
        out);
  } else if (best_s < kOpenPerYearMin_s) {
    Add("", Cat("opens for only ", best_s, " s in its best year, expected at least one minute"), "",
        out);
  }
}

}  // namespace

bool IsZoneName(std::string_view name) {
  if (name.empty() || name.size() > kZoneNameBytesMax) return false;
  bool in_segment = false;
  for (const char c : name) {
    if (c == '/') {
      if (!in_segment) return false;
      in_segment = false;
      continue;
    }
    const bool ok = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                    c == '_' || c == '+' || c == '-';
    if (!ok) return false;
    in_segment = true;
  }
  return in_segment;
}

bool IsDayName(std::string_view name) {
  if (name.size() > kDayNameBytesMax) return false;
  while (!name.empty()) {
    const auto lead = static_cast<unsigned char>(name.front());
    const size_t bytes = SequenceBytes(name);
    if (bytes == 0 || lead < 0x20 || lead == 0x7f) return false;
    name.remove_prefix(bytes);
  }
  return true;
}

std::vector<CalendarProblem> CheckForm(const v1::CalendarDefinition& definition) {
  Problems problems;
  if (!IsId(definition.name(), kNameBytesMax)) {
    Add("name",
        Cat("not a name: \"", definition.name(), "\", expected 1 to 64 characters of A-Z a-z 0-9 ",
            ". _ : -"),
        "", &problems);
  }
  if (!IsZoneName(definition.zone())) {
    Add("zone",
        Cat("not a time zone name: \"", definition.zone(), "\", expected such as Europe/Berlin"),
        "", &problems);
  }
  if (definition.week_size() != 7) {
    Add("week", Cat(definition.week_size(), " weekdays, expected 7"), "", &problems);
  }
  for (int i = 0; i < std::min(7, definition.week_size()); ++i) {
    CheckShifts(definition.week(i).shifts(), Cat("week.", kWeekdays[i]), &problems);
  }
  CheckDays(definition.holidays(), "holidays", &problems);
  CheckDays(definition.special(), "special", &problems);
  for (int i = 0; i < std::min(kDatedDaysMax, definition.special_size()); ++i) {
    CheckShifts(definition.special(i).shifts(), Cat("special[", i, "].shifts"), &problems);
  }
  if (definition.business_day_s() < 0 || definition.business_day_s() > kDay_s) {
    Add("business_day",
        Cat("a business day of ", definition.business_day_s(), " s, expected more than 0 and at ",
            "most 24h"),
        "", &problems);
  }
  return problems;
}

std::vector<CalendarProblem> CheckDefinition(const v1::CalendarDefinition& definition,
                                             const Zone& zone) {
  Problems problems = CheckForm(definition);
  if (!problems.empty()) return problems;
  if (definition.name() == "always" || definition.name() == "account") {
    Add("name", Cat("\"", definition.name(), "\" is a built-in calendar, expected another name"),
        "", &problems);
  }
  CheckOverlaps(definition, &problems);
  CheckSum(definition, zone, &problems);
  return problems;
}

std::vector<CalendarProblem> CheckCalendarSet(const v1::CalendarSet& set) {
  Problems problems;
  if (set.calendars_size() > kCalendarsMax) {
    Add("calendars", Cat(set.calendars_size(), " calendars, expected at most ", kCalendarsMax), "",
        &problems);
    return problems;
  }
  std::vector<Zone> zones;
  for (int i = 0; i < set.zones_size(); ++i) {
    const std::string& name = set.zones(i).name();
    absl::StatusOr<Zone> zone = Zone::Make(set.zones(i));
    if (!zone.ok()) {
      Add(Cat("zones.", name), std::string(zone.status().message()), "", &problems);
      continue;
    }
    if (i > 0 && name <= set.zones(i - 1).name()) {
      Add(Cat("zones.", name), "out of order, expected zones sorted by name, each once", "",
          &problems);
    }
    zones.push_back(*std::move(zone));
  }
  for (int i = 0; i < set.calendars_size(); ++i) {
    const v1::CalendarDefinition& calendar = set.calendars(i);
    const std::string path = Cat("calendars.", calendar.name());
    if (i > 0 && calendar.name() <= set.calendars(i - 1).name()) {
      Add(path, "out of order, expected calendars sorted by name, each once", "", &problems);
    }
    const auto zone = std::find_if(zones.begin(), zones.end(), [&](const Zone& candidate) {
      return candidate.name() == calendar.zone();
    });
    if (zone == zones.end()) {
      Add(path, Cat("its zone \"", calendar.zone(), "\" is missing in the set"), "", &problems);
      continue;
    }
    for (CalendarProblem& problem : CheckDefinition(calendar, *zone)) {
      Add(problem.path.empty() ? path : Cat(path, ".", problem.path), std::move(problem.message),
          std::move(problem.hint), &problems);
    }
  }
  return problems;
}

}  // namespace escalation
