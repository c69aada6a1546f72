// tests/state/calendar/calendar_text.h
//
// Calendars as one line of text, so that a test reads like a sentence:
//   "mon-fri 09:00-17:00; sat 10:00-14:00; holiday 2026-12-25 Christmas; special 2026-12-24 closed"
#pragma once

#include <cstdlib>
#include <memory>
#include <sstream>
#include <string>

#include "escalation/v1/calendar.pb.h"
#include "state/base/text.h"
#include "state/calendar/calendar.h"
#include "state/policy/zone_source.h"

namespace escalation {

inline void MustHold(bool condition, const std::string& what) {
  if (condition) return;
  std::fprintf(stderr, "the test itself is wrong: %s\n", what.c_str());
  std::abort();
}

inline int32_t Day(const std::string& text) {
  const auto day = ParseDay(text);
  MustHold(day.ok(), text);
  return *day;
}

inline Instant At(const std::string& text) {
  const auto t = ParseInstant(text);
  MustHold(t.ok(), text);
  return *t;
}

// "09:00-17:00" or "closed".
template <typename Shifts>
void AddShift(const std::string& text, Shifts* shifts) {
  if (text == "closed") return;
  int h1, m1, h2, m2;
  MustHold(std::sscanf(text.c_str(), "%d:%d-%d:%d", &h1, &m1, &h2, &m2) == 4, text);
  v1::Shift* shift = shifts->Add();
  shift->set_start_s(h1 * 3600 + m1 * 60);
  shift->set_end_s(h2 * 3600 + m2 * 60);
}

inline int Weekday(const std::string& text) {
  static const std::string kNames = "montuewedthufrisatsun";
  const size_t at = kNames.find(text);
  MustHold(text.size() == 3 && at != std::string::npos && at % 3 == 0, text);
  return static_cast<int>(at / 3);
}

// Dates must come sorted.
inline v1::CalendarDefinition Definition(const std::string& zone, const std::string& text) {
  v1::CalendarDefinition definition;
  definition.set_name("test");
  definition.set_zone(zone);
  for (int i = 0; i < 7; ++i) definition.add_week();
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ';');) {
    std::istringstream words(part);
    std::string key, word;
    if (!(words >> key)) continue;
    if (key == "holiday" || key == "substitute") {
      words >> word;
      v1::Holiday* holiday = definition.add_holidays();
      holiday->set_day(Day(word));
      holiday->set_substitute(key == "substitute");
      std::getline(words >> std::ws, word);
      if (words) holiday->set_name(word);
    } else if (key == "special") {
      words >> word;
      v1::SpecialDay* special = definition.add_special();
      special->set_day(Day(word));
      while (words >> word) AddShift(word, special->mutable_shifts());
    } else {
      const int first = Weekday(key.substr(0, 3));
      const int last = key.size() == 7 ? Weekday(key.substr(4)) : first;
      while (words >> word) {
        for (int i = first; i <= last; ++i) {
          AddShift(word, definition.mutable_week(i)->mutable_shifts());
        }
      }
    }
  }
  return definition;
}

inline v1::ZoneDefinition ZoneOf(const std::string& name) {
  auto zone = ReadZone(name);
  MustHold(zone.ok(), name);
  return *std::move(zone);
}

inline std::shared_ptr<const Calendar> Compiled(const v1::CalendarDefinition& definition,
                                                Window window) {
  auto calendar = Calendar::Compile(definition, ZoneOf(definition.zone()), window);
  MustHold(calendar.ok(), calendar.ok() ? "" : std::string(calendar.status().message()));
  return *std::move(calendar);
}

// Compiled for the years around `t`.
inline std::shared_ptr<const Calendar> Compiled(const std::string& zone, const std::string& text,
                                                Instant t) {
  return Compiled(Definition(zone, text), Window::Around(t));
}

}  // namespace escalation
