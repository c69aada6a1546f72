#include <algorithm>
#include <set>

#include "state/base/text.h"
#include "state/policy/bounded_file.h"
#include "state/policy/holiday_file.h"
#include "state/policy/policy_names.h"
#include "state/policy/policy_walk.h"

namespace escalation {
namespace {

constexpr std::string_view kDays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr int kDayS = 86'400;
constexpr const char* kShiftHint =
    "write it such as 09:00-17:00; past midnight 22:00-06:00 or 22:00-30:00";

// "09:30" to "48:00" in seconds, -1: malformed.
int ReadClockTime(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return -1;
  for (const size_t i : {0, 1, 3, 4}) {
    if (text[i] < '0' || text[i] > '9') return -1;
  }
  const int hours = (text[0] - '0') * 10 + (text[1] - '0');
  const int minutes = (text[3] - '0') * 10 + (text[4] - '0');
  if (minutes > 59 || hours * 60 + minutes > 48 * 60) return -1;
  return hours * 3600 + minutes * 60;
}

void AddShift(int start_s, int end_s, v1::Shifts* out) {
  v1::Shift* shift = out->add_shifts();
  shift->set_start_s(start_s);
  shift->set_end_s(end_s);
}

void WalkShift(YamlMap& map, const YamlNode& node, v1::Shifts* out) {
  if (node.kind == YamlNode::Kind::kBroken) return;
  const std::string_view text = node.text;
  const size_t dash = text.find('-');
  const int start = dash == std::string_view::npos ? -1 : ReadClockTime(text.substr(0, dash));
  int end = dash == std::string_view::npos ? -1 : ReadClockTime(text.substr(dash + 1));
  if (node.kind != YamlNode::Kind::kText || start < 0 || end < 0) {
    map.Problem(node.place, Cat("a shift must be two times of day, got ", GotText(node)),
                kShiftHint);
    return;
  }
  if (start >= kDayS) {
    map.Problem(node.place, Cat("a shift must begin before 24:00, got ", Quoted(text)), kShiftHint);
    return;
  }
  if (start == end || (end < start && end > kDayS)) {
    map.Problem(node.place, Cat("a shift must end after it begins, got ", Quoted(text)),
                start == end ? "write 00:00-24:00 for the whole day" : kShiftHint);
    return;
  }
  if (end < start) end += kDayS;
  AddShift(start, end, out);
}

// "closed", one shift or a list of shifts.
void WalkShifts(YamlMap& map, const YamlNode& node, v1::Shifts* out) {
  if (node.kind == YamlNode::Kind::kList) {
    for (const YamlNode& item : node.items) WalkShift(map, item, out);
    std::stable_sort(
        out->mutable_shifts()->begin(), out->mutable_shifts()->end(),
        [](const v1::Shift& a, const v1::Shift& b) { return a.start_s() < b.start_s(); });
  } else if (node.text != "closed") {
    WalkShift(map, node, out);
  }
}

int DayIndex(std::string_view text) {
  const auto* found = std::find(std::begin(kDays), std::end(kDays), text);
  return found == std::end(kDays) ? -1 : static_cast<int>(found - std::begin(kDays));
}

// "mon", "mon-fri", "fri-mon", "mon,wed": empty if malformed.
std::vector<int> ReadDays(std::string_view text) {
  std::vector<int> days;
  while (true) {
    const size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    const size_t dash = part.find('-');
    const int first = DayIndex(part.substr(0, dash));
    const int last = dash == std::string_view::npos ? first : DayIndex(part.substr(dash + 1));
    if (first < 0 || last < 0) return {};
    for (int day = first;; day = (day + 1) % 7) {
      days.push_back(day);
      if (day == last) break;
    }
    if (comma == std::string_view::npos) return days;
    text.remove_prefix(comma + 1);
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  }
}

void WalkHours(YamlMap& map, v1::CalendarDefinition* calendar) {
  for (int day = 0; day < 7; ++day) calendar->add_week();
  const YamlNode* node = map.Find("hours", Need::kRequired);
  if (node == nullptr) return;
  if (node->kind == YamlNode::Kind::kText && (node->text == "24x7" || node->text == "24x5")) {
    for (int day = 0; day < (node->text == "24x7" ? 7 : 5); ++day) {
      AddShift(0, kDayS, calendar->mutable_week(day));
    }
    return;
  }
  if (node->kind != YamlNode::Kind::kMap) {
    map.Problem(node->place,
                Cat("\"hours\" must be 24x7, 24x5 or a map of weekdays, got ", GotText(*node)),
                "write it such as {mon-fri: \"09:00-17:00\"}");
    return;
  }
  bool given[7] = {};
  for (const YamlEntry& entry : node->entries) {
    const std::vector<int> days = ReadDays(entry.key);
    if (days.empty()) {
      map.Problem(entry.place, Cat("\"hours\" has no such day: ", Quoted(entry.key)),
                  "write it such as mon, mon-fri or sat,sun");
      continue;
    }
    v1::Shifts shifts;
    if (entry.value.kind == YamlNode::Kind::kNothing) {
      map.Problem(entry.place, Cat(Quoted(entry.key), " has no value"), "write closed or a shift");
    } else {
      WalkShifts(map, entry.value, &shifts);
    }
    for (const int day : days) {
      map.walk().positions->emplace(Cat(map.path(), ".week.", kDays[day]), entry.value.place);
      if (given[day]) {
        map.Problem(entry.place, Cat("\"hours\" gives ", kDays[day], " twice"));
        continue;
      }
      given[day] = true;
      *calendar->mutable_week(day) = shifts;
    }
  }
}

std::optional<int32_t> ReadDate(YamlMap& map, Place place, const std::string& text) {
  const absl::StatusOr<int32_t> day = ParseDay(text);
  if (day.ok()) return *day;
  map.Problem(place, std::string(day.status().message()));
  return std::nullopt;
}

// `days` are those that the calendar has.
void WalkHolidays(YamlMap& map, std::set<int32_t>* days, v1::CalendarDefinition* calendar) {
  for (const YamlNode* item : map.List("holidays")) {
    if (item->kind == YamlNode::Kind::kBroken) continue;
    v1::Holiday holiday;
    std::optional<int32_t> day;
    if (item->kind == YamlNode::Kind::kMap) {
      YamlMap entry(*item, Cat(map.where(), ", holidays"), Cat(map.path(), ".holidays"),
                    map.walk());
      const std::string date = entry.Text("date", Need::kRequired);
      if (!date.empty()) day = ReadDate(entry, entry.Find("date")->place, date);
      holiday.set_name(entry.Text("name"));
      holiday.set_substitute(entry.Flag("substitute").value_or(false));
      entry.Finish();
    } else if (item->kind == YamlNode::Kind::kText) {
      day = ReadDate(map, item->place, item->text);
    } else {
      map.Problem(item->place, Cat("a holiday must be a date or a map, got ", GotText(*item)));
    }
    if (!day) continue;
    holiday.set_day(*day);
    if (days->insert(*day).second) {
      *calendar->add_holidays() = std::move(holiday);
    } else {
      map.Problem(item->place, Cat("\"holidays\" gives ", DayToText(*day), " twice"));
    }
  }
}

void WalkHolidayFiles(YamlMap& map, const std::string& folder, std::set<int32_t>* days,
                      v1::CalendarDefinition* calendar) {
  for (const std::string& name : map.Texts("holiday_files")) {
    const absl::StatusOr<std::vector<v1::Holiday>> holidays =
        ReadHolidayFile(ResolvePath(folder, name));
    if (!holidays.ok()) {
      map.Problem(map.Find("holiday_files")->place, std::string(holidays.status().message()));
      continue;
    }
    for (const v1::Holiday& holiday : *holidays) {
      // What the policy says itself, or an earlier file, wins.
      if (days->insert(holiday.day()).second) *calendar->add_holidays() = holiday;
    }
  }
}

void WalkExceptions(YamlMap& map, v1::CalendarDefinition* calendar) {
  for (const YamlEntry* entry : map.Named("exceptions")) {
    const std::optional<int32_t> day = ReadDate(map, entry->place, entry->key);
    if (!day) continue;
    v1::SpecialDay special;
    special.set_day(*day);
    v1::Shifts shifts;
    if (entry->value.kind == YamlNode::Kind::kMap) {
      YamlMap exception(entry->value, Cat(map.where(), ", exception ", entry->key),
                        Cat(map.path(), ".exceptions.", entry->key), map.walk());
      special.set_name(exception.Text("name"));
      if (const YamlNode* hours = exception.Find("hours", Need::kRequired)) {
        WalkShifts(exception, *hours, &shifts);
      }
      exception.Finish();
    } else if (entry->value.kind == YamlNode::Kind::kNothing) {
      map.Problem(entry->place, Cat(Quoted(entry->key), " has no value"),
                  "write closed or a shift");
    } else {
      WalkShifts(map, entry->value, &shifts);
    }
    *special.mutable_shifts() = shifts.shifts();
    *calendar->add_special() = std::move(special);
  }
}

template <typename Days>
void SortByDay(Days* days) {
  std::stable_sort(days->begin(), days->end(),
                   [](const auto& a, const auto& b) { return a.day() < b.day(); });
}

}  // namespace

std::vector<v1::CalendarDefinition> WalkCalendars(YamlMap& top, const std::string& folder) {
  std::vector<v1::CalendarDefinition> out;
  for (const YamlEntry* entry : top.Named("calendars")) {
    v1::CalendarDefinition calendar;
    calendar.set_name(entry->key);
    YamlMap map(entry->value, PartWhere("calendar", entry->key), PartPath("calendars", entry->key),
                top.walk());
    calendar.set_zone(map.Text("zone", Need::kRequired));
    WalkHours(map, &calendar);
    if (const auto length = map.Length("business_day")) {
      if (length->ms < 1000 || *length > Duration::Days(1)) {
        map.Problem(map.Find("business_day")->place,
                    Cat("\"business_day\" must be from 1s to 1d, got ", *length));
      } else {
        calendar.set_business_day_s(static_cast<int32_t>(length->ms / 1000));
      }
    }
    std::set<int32_t> days;
    WalkHolidays(map, &days, &calendar);
    WalkHolidayFiles(map, folder, &days, &calendar);
    WalkExceptions(map, &calendar);
    map.Finish();
    SortByDay(calendar.mutable_holidays());
    SortByDay(calendar.mutable_special());
    out.push_back(std::move(calendar));
  }
  return out;
}

}  // namespace escalation
