#include "state/policy/holiday_file.h"

#include <libical/ical.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "state/base/text.h"
#include "state/calendar/check.h"
#include "state/policy/bounded_file.h"

namespace escalation {
namespace {

constexpr size_t kFileBytesMax = 4 << 20;
constexpr int kEventDaysMax = 31;
// Dates that the rules of one file give, over all years and with repetitions.
constexpr int kOccurrencesMax = 100'000;

struct FreeComponent {
  void operator()(icalcomponent* component) const { icalcomponent_free(component); }
};
struct FreeIterator {
  void operator()(icalrecur_iterator* iterator) const { icalrecur_iterator_free(iterator); }
};

// Replaced or removed occurrences: the event's uid and the day.
using Removed = std::set<std::pair<std::string, int32_t>>;

absl::Status Wrong(const std::string& message) { return absl::InvalidArgumentError(message); }

std::string TextOf(const char* text) { return text == nullptr ? "" : text; }

std::string Quoted(const std::string& text) {
  std::string shown = text.substr(0, 64);
  std::replace_if(
      shown.begin(), shown.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return Cat("\"", shown, "\"");
}

// The properties of a kind, before any of them is looked at: libical keeps one place per component,
// which every look at another property moves.
std::vector<icalproperty*> Properties(icalcomponent* component, icalproperty_kind kind) {
  std::vector<icalproperty*> out;
  for (icalproperty* p = icalcomponent_get_first_property(component, kind); p != nullptr;
       p = icalcomponent_get_next_property(component, kind)) {
    out.push_back(p);
  }
  return out;
}

std::string UidOf(icalcomponent* event) { return TextOf(icalcomponent_get_uid(event)); }

// For messages: what a person finds in the file.
std::string NameOf(icalcomponent* event) {
  const std::string summary = TextOf(icalcomponent_get_summary(event));
  return Cat("event ", Quoted(summary.empty() ? UidOf(event) : summary));
}

absl::StatusOr<int32_t> DayOf(icaltimetype time, const std::string& what) {
  if (icaltime_is_null_time(time) || !time.is_date) {
    return Wrong(Cat(what, " is missing or has a time of day, expected a date (VALUE=DATE)"));
  }
  const CivilDay civil{time.year, time.month, time.day};
  if (civil.year < 1 || civil.year > 9999 || CivilFromDays(DaysFromCivil(civil)) != civil) {
    return Wrong(Cat(what, " is no date of the calendar"));
  }
  return DaysFromCivil(civil);
}

bool SaysSubstitute(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text.find("substitute") != std::string::npos || text.find("observed") != std::string::npos;
}

bool IsSubstitute(icalcomponent* event) {
  if (SaysSubstitute(TextOf(icalcomponent_get_summary(event)))) return true;
  for (icalproperty* p : Properties(event, ICAL_CATEGORIES_PROPERTY)) {
    if (SaysSubstitute(TextOf(icalproperty_get_categories(p)))) return true;
  }
  return false;
}

// What the parser could not read. An empty LOCATION does no harm; a date that is lost does.
absl::Status CheckParsed(icalcomponent* component) {
  static constexpr const char* kNeeded[] = {"DTSTART",       "DTEND",   "DURATION", "RRULE",
                                            "RDATE",         "EXDATE",  "SUMMARY",  "CATEGORIES",
                                            "RECURRENCE-ID", "END tag", "STATUS"};
  for (icalproperty* p : Properties(component, ICAL_XLICERROR_PROPERTY)) {
    const std::string error = TextOf(icalproperty_get_xlicerror(p));
    for (const char* needed : kNeeded) {
      if (error.find(needed) != std::string::npos) {
        return Wrong(Cat("cannot be read: ", Quoted(error)));
      }
    }
  }
  for (icalcomponent* inner = icalcomponent_get_first_component(component, ICAL_ANY_COMPONENT);
       inner != nullptr; inner = icalcomponent_get_next_component(component, ICAL_ANY_COMPONENT)) {
    if (absl::Status status = CheckParsed(inner); !status.ok()) return status;
  }
  return absl::OkStatus();
}

// libical recurses into components; real files nest three deep.
bool IsNestedTooDeep(std::string_view text) {
  constexpr int kDepthMax = 16;
  int depth = 0;
  for (size_t at = 0; at < text.size();) {
    const std::string_view line = text.substr(at, text.find('\n', at) - at);
    const auto begins_with = [&](std::string_view word) {
      return line.size() >= word.size() &&
             std::equal(word.begin(), word.end(), line.begin(),
                        [](char a, char b) { return a == (b >= 'a' && b <= 'z' ? b - 32 : b); });
    };
    if (begins_with("BEGIN:") && ++depth > kDepthMax) return true;
    if (begins_with("END:")) --depth;
    at += line.size() + 1;
  }
  return false;
}

void CollectEvents(icalcomponent* component, std::vector<icalcomponent*>* events) {
  if (icalcomponent_isa(component) == ICAL_VEVENT_COMPONENT) events->push_back(component);
  for (icalcomponent* inner = icalcomponent_get_first_component(component, ICAL_ANY_COMPONENT);
       inner != nullptr; inner = icalcomponent_get_next_component(component, ICAL_ANY_COMPONENT)) {
    CollectEvents(inner, events);
  }
}

// Reads the holidays of one file.
class HolidayReader {
 public:
  absl::Status Read(const std::vector<icalcomponent*>& events) {
    for (icalcomponent* event : events) {
      if (absl::Status status = ReadRemoved(event); !status.ok()) return status;
    }
    for (icalcomponent* event : events) {
      if (icalcomponent_get_status(event) == ICAL_STATUS_CANCELLED) continue;
      if (absl::Status status = ReadEvent(event); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  std::vector<v1::Holiday> Take() {
    std::vector<v1::Holiday> out;
    for (auto& [day, holiday] : holidays_) out.push_back(std::move(holiday));
    return out;
  }

 private:
  // EXDATE, and RECURRENCE-ID of the event that stands in for an occurrence.
  absl::Status ReadRemoved(icalcomponent* event) {
    for (const icalproperty_kind kind : {ICAL_EXDATE_PROPERTY, ICAL_RECURRENCEID_PROPERTY}) {
      for (icalproperty* p : Properties(event, kind)) {
        const icaltimetype time = kind == ICAL_EXDATE_PROPERTY ? icalproperty_get_exdate(p)
                                                               : icalproperty_get_recurrenceid(p);
        const absl::StatusOr<int32_t> day = DayOf(
            time,
            Cat(NameOf(event), ": ", kind == ICAL_EXDATE_PROPERTY ? "EXDATE" : "RECURRENCE-ID"));
        if (!day.ok()) return day.status();
        removed_.emplace(UidOf(event), *day);
      }
    }
    return absl::OkStatus();
  }

  absl::Status ReadEvent(icalcomponent* event) {
    const std::string name = NameOf(event);
    const icaltimetype start = icalcomponent_get_dtstart(event);
    const absl::StatusOr<int32_t> first = DayOf(start, Cat(name, ": DTSTART"));
    if (!first.ok()) return first.status();
    // Without DTEND and DURATION, libical gives the day itself; an end is not part of the event.
    const absl::StatusOr<int32_t> end = DayOf(icalcomponent_get_dtend(event), Cat(name, ": DTEND"));
    if (!end.ok()) return end.status();
    const int32_t length = std::max(1, *end - *first);
    if (*end < *first || length > kEventDaysMax) {
      return Wrong(Cat(name, ": lasts ", *end - *first, " days, expected 1 to ", kEventDaysMax));
    }
    // An occurrence that stands in for another is not removed by its own RECURRENCE-ID.
    const bool stands_in = !Properties(event, ICAL_RECURRENCEID_PROPERTY).empty();
    if (stands_in || removed_.count({UidOf(event), *first}) == 0) {
      if (absl::Status status = AddDays(event, *first, length); !status.ok()) return status;
    }
    if (absl::Status status = ReadRules(event, start, length); !status.ok()) return status;
    return ReadDates(event, length);
  }

  absl::Status ReadRules(icalcomponent* event, icaltimetype start, int32_t length) {
    for (icalproperty* p : Properties(event, ICAL_RRULE_PROPERTY)) {
      const icalrecurrencetype rule = icalproperty_get_rrule(p);
      if (rule.freq != ICAL_YEARLY_RECURRENCE) {
        return Wrong(Cat(NameOf(event), ": RRULE does not repeat yearly, expected FREQ=YEARLY"));
      }
      const std::unique_ptr<icalrecur_iterator, FreeIterator> iterator(
          icalrecur_iterator_new(rule, start));
      if (iterator == nullptr) return Wrong(Cat(NameOf(event), ": RRULE cannot be read"));
      for (icaltimetype next = icalrecur_iterator_next(iterator.get());
           !icaltime_is_null_time(next) && next.year <= 2100;
           next = icalrecur_iterator_next(iterator.get())) {
        const absl::StatusOr<int32_t> day = DayOf(next, Cat(NameOf(event), ": RRULE"));
        if (!day.ok()) return day.status();
        if (absl::Status status = AddRepeated(event, *day, length); !status.ok()) return status;
      }
    }
    return absl::OkStatus();
  }

  absl::Status ReadDates(icalcomponent* event, int32_t length) {
    for (icalproperty* p : Properties(event, ICAL_RDATE_PROPERTY)) {
      const absl::StatusOr<int32_t> day =
          DayOf(icalproperty_get_rdate(p).time, Cat(NameOf(event), ": RDATE"));
      if (!day.ok()) return day.status();
      if (absl::Status status = AddRepeated(event, *day, length); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status AddRepeated(icalcomponent* event, int32_t first, int32_t length) {
    if (removed_.count({UidOf(event), first}) != 0) return absl::OkStatus();
    return AddDays(event, first, length);
  }

  absl::Status AddDays(icalcomponent* event, int32_t first, int32_t length) {
    occurrences_ += length;
    if (occurrences_ > kOccurrencesMax) {
      return Wrong(Cat("too many dates, expected at most ", kOccurrencesMax));
    }
    const std::string name = TextOf(icalcomponent_get_summary(event));
    if (!IsDayName(name)) {
      return Wrong(Cat(NameOf(event), ": SUMMARY is too long or no plain text, expected at most ",
                       kDayNameBytesMax, " bytes of UTF-8"));
    }
    const bool substitute = IsSubstitute(event);
    for (int32_t day = first; day < first + length; ++day) {
      if (day < DaysFromCivil({2000, 1, 1}) || day >= DaysFromCivil({2101, 1, 1})) continue;
      const auto [found, is_new] = holidays_.try_emplace(day);
      if (!is_new && !(found->second.substitute() && !substitute)) continue;
      found->second.set_day(day);
      found->second.set_name(name);
      found->second.set_substitute(substitute);
    }
    return absl::OkStatus();
  }

  Removed removed_;
  std::map<int32_t, v1::Holiday> holidays_;
  int occurrences_ = 0;
};

}  // namespace

absl::StatusOr<std::vector<v1::Holiday>> ReadHolidayText(const std::string& name,
                                                         const std::string& text) {
  const auto refuse = [&](const std::string& message) { return Wrong(Cat(name, ": ", message)); };
  if (text.find('\0') != std::string::npos) {
    return refuse("holds a zero byte, expected an iCalendar file");
  }
  if (IsNestedTooDeep(text)) return refuse("nests components too deep, expected at most 16");
  const std::unique_ptr<icalcomponent, FreeComponent> root(icalparser_parse_string(text.c_str()));
  if (root == nullptr || icalcomponent_count_components(root.get(), ICAL_ANY_COMPONENT) == 0) {
    return refuse(
        "holds no events, expected an iCalendar file from BEGIN:VCALENDAR to END:VCALENDAR");
  }
  if (absl::Status status = CheckParsed(root.get()); !status.ok()) {
    return refuse(std::string(status.message()));
  }
  std::vector<icalcomponent*> events;
  CollectEvents(root.get(), &events);
  HolidayReader reader;
  if (absl::Status status = reader.Read(events); !status.ok()) {
    return refuse(std::string(status.message()));
  }
  std::vector<v1::Holiday> holidays = reader.Take();
  if (holidays.empty()) return refuse("holds no holiday of the years 2000 to 2100");
  return holidays;
}

absl::StatusOr<std::vector<v1::Holiday>> ReadHolidayFile(const std::string& path) {
  absl::StatusOr<std::string> text = ReadBoundedFile(path, kFileBytesMax);
  if (!text.ok()) {
    return absl::Status(text.status().code(),
                        Cat(path, ": ", std::string(text.status().message())));
  }
  return ReadHolidayText(path, *text);
}

}  // namespace escalation
