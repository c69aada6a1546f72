// The published vectors, asked of the library in several windows. Their answers were found by
// looking at every second on its own.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "escalation/v1/policy.pb.h"
#include "tests/state/calendar/calendar_text.h"

namespace escalation {
namespace {

using nlohmann::json;

int32_t Seconds(const std::string& text) {
  int h = 0, m = 0, s = 0;
  MustHold(std::sscanf(text.c_str(), "%d:%d:%d", &h, &m, &s) >= 2, text);
  return h * 3600 + m * 60 + s;
}

template <typename Shifts>
void ReadShifts(const json& list, Shifts* shifts) {
  for (const json& pair : list) {
    v1::Shift* shift = shifts->Add();
    shift->set_start_s(Seconds(pair[0]));
    shift->set_end_s(Seconds(pair[1]));
  }
}

v1::CalendarDefinition ReadCalendar(const json& cal) {
  v1::CalendarDefinition definition = Definition(cal["tz"], "");
  for (const auto& [day, shifts] : cal["week"].items()) {
    ReadShifts(shifts, definition.mutable_week(Weekday(day))->mutable_shifts());
  }
  std::map<int32_t, json> special;
  if (cal.contains("special")) {
    for (const auto& [day, shifts] : cal["special"].items()) special[Day(day)] = shifts;
  }
  for (const auto& [day, shifts] : special) {
    v1::SpecialDay* added = definition.add_special();
    added->set_day(day);
    ReadShifts(shifts, added->mutable_shifts());
  }
  std::vector<int32_t> holidays;
  if (cal.contains("holidays")) {
    for (const std::string day : cal["holidays"]) holidays.push_back(Day(day));
  }
  std::sort(holidays.begin(), holidays.end());
  for (const int32_t day : holidays) definition.add_holidays()->set_day(day);
  return definition;
}

json Result(Instant t) {
  if (t == Instant::Never() || t == Instant::Past()) return nullptr;
  return t.ms / 1000;
}

json Answer(const json& question, const Calendar& calendar) {
  const std::string op = question["op"];
  const auto at = [&](const char* field) { return Instant::Seconds(question[field]); };
  const auto length = [&](const char* field) { return Duration::Seconds(question[field]); };
  if (op == "is_open") return calendar.IsOpen(at("start"));
  if (op == "next_open") return Result(calendar.NextOpen(at("start")));
  if (op == "elapsed") return calendar.OpenBetween(at("start"), at("end")).ms / 1000;
  if (op == "due") return Result(calendar.Add(at("start"), length("dur_s")));
  if (op == "sub") return Result(calendar.Subtract(at("end"), length("dur_s")));
  const int n = question["n"];
  if (question["mode"] == "hours") return Result(calendar.Add(at("start"), length("day_s") * n));
  return Result(calendar.AddBusinessDays(
      at("start"), n, question["mode"] == "eod" ? v1::Span::END_OF_DAY : v1::Span::SAME_TIME));
}

TEST(Vectors, are_answered_exactly_in_every_window) {
  std::ifstream file(ESCALATION_SOURCE_DIR "/tests/state/calendar/vectors.jsonl");
  int asked = 0;
  for (std::string line; std::getline(file, line);) {
    const json question = json::parse(line);
    if (question["op"] == "sla") continue;  // Asked of `calendar eval`.
    const v1::CalendarDefinition definition = ReadCalendar(question["cal"]);
    const Instant t = Instant::Seconds(question[question["op"] == "sub" ? "end" : "start"]);
    for (const Window window :
         {Window::Around(t), Window{t, t}, Window{t - Duration::Hours(9), t + Duration::Hours(31)},
          Window{t + Duration::Hours(5), t + Duration::Days(100)}}) {
      EXPECT_EQ(Answer(question, *Compiled(definition, window)), question["expect"])
          << question["id"] << " in " << ToText(window.from);
    }
    ++asked;
  }
  EXPECT_EQ(asked, 345);
}

}  // namespace
}  // namespace escalation
