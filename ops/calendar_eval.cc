#include "ops/calendar_eval.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "escalation/v1/policy.pb.h"
#include "ops/sla_clock.h"
#include "state/base/text.h"
#include "state/policy/zone_source.h"

namespace escalation {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr const char* kWeekdays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr std::string_view kOperations[] = {"is_open", "next_open", "elapsed",
                                            "due",     "sub",       "bdays"};
constexpr int64_t kDay_s = 86'400;
// Longer than the years of the horizon.
constexpr int64_t kDurationMax_s = 10'000'000'000;

absl::Status Wrong(const std::string& message) { return absl::InvalidArgumentError(message); }

// A field of `object`; null: missing.
const json* Find(const json& object, const char* field) {
  const auto found = object.find(field);
  return found == object.end() ? nullptr : &*found;
}

// A value for a message.
std::string Shown(const json& value) { return value.dump().substr(0, 64); }

absl::Status ReadInteger(const json& object, const char* field, int64_t min, int64_t max,
                         int64_t* out) {
  const json* value = Find(object, field);
  if (value == nullptr) return Wrong(Cat("\"", field, "\" is missing, expected an integer"));
  if (!value->is_number_integer() ||
      (value->is_number_unsigned() && value->get<uint64_t>() > static_cast<uint64_t>(max)) ||
      value->get<int64_t>() < min || value->get<int64_t>() > max) {
    return Wrong(
        Cat("\"", field, "\" is ", Shown(*value), ", expected an integer from ", min, " to ", max));
  }
  *out = value->get<int64_t>();
  return absl::OkStatus();
}

absl::Status ReadMoment(const json& object, const char* field, Instant* out) {
  int64_t seconds = 0;
  const absl::Status status = ReadInteger(object, field, OpenHours::kHorizonFirst_s,
                                          OpenHours::kHorizonEnd_s - 1, &seconds);
  *out = Instant::Seconds(seconds);
  return status;
}

absl::Status ReadDuration(const json& object, const char* field, Duration* out) {
  int64_t seconds = 0;
  const absl::Status status = ReadInteger(object, field, 0, kDurationMax_s, &seconds);
  *out = Duration::Seconds(seconds);
  return status;
}

// "HH:MM" or "HH:MM:SS" up to 48:00 in seconds; -1: malformed.
int32_t ReadWall(const json& value) {
  if (!value.is_string()) return -1;
  const std::string& text = value.get_ref<const std::string&>();
  if (text.size() != 5 && text.size() != 8) return -1;
  int32_t parts[3] = {0, 0, 0};
  for (size_t i = 0; i < text.size(); ++i) {
    if (i % 3 == 2) {
      if (text[i] != ':') return -1;
      continue;
    }
    if (text[i] < '0' || text[i] > '9') return -1;
    parts[i / 3] = parts[i / 3] * 10 + (text[i] - '0');
  }
  if (parts[1] > 59 || parts[2] > 59) return -1;
  return parts[0] * 3600 + parts[1] * 60 + parts[2];
}

template <typename ShiftList>
absl::Status ReadShifts(const json& list, const std::string& where, ShiftList* out) {
  if (!list.is_array()) return Wrong(Cat(where, " is not a list of shifts"));
  for (const json& pair : list) {
    if (!pair.is_array() || pair.size() != 2) {
      return Wrong(Cat(where, " holds a shift that is not [\"HH:MM\", \"HH:MM\"]"));
    }
    const int32_t start_s = ReadWall(pair[0]);
    const int32_t end_s = ReadWall(pair[1]);
    if (start_s < 0 || end_s < 0 || start_s >= kDay_s || end_s <= start_s || end_s > 2 * kDay_s) {
      return Wrong(Cat(where, " holds the shift ", Shown(pair),
                       ", expected start < 24:00 and start < end <= 48:00"));
    }
    v1::Shift* shift = out->Add();
    shift->set_start_s(start_s);
    shift->set_end_s(end_s);
  }
  return absl::OkStatus();
}

absl::Status ReadWeek(const json& cal, v1::CalendarDefinition* out) {
  for (int i = 0; i < 7; ++i) out->add_week();
  const json* week = Find(cal, "week");
  if (week == nullptr || !week->is_object()) return Wrong("\"cal.week\" is missing or no object");
  for (const auto& [weekday, shifts] : week->items()) {
    const auto* found = std::find(std::begin(kWeekdays), std::end(kWeekdays), weekday);
    if (found == std::end(kWeekdays)) {
      return Wrong(Cat("\"cal.week\" has \"", weekday.substr(0, 64), "\", expected mon to sun"));
    }
    const absl::Status status =
        ReadShifts(shifts, Cat("\"cal.week.", weekday, "\""),
                   out->mutable_week(static_cast<int>(found - kWeekdays))->mutable_shifts());
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status ReadDates(const json& cal, v1::CalendarDefinition* out) {
  std::map<int32_t, const json*> days;  // Sorted, unique.
  if (const json* holidays = Find(cal, "holidays")) {
    if (!holidays->is_array()) return Wrong("\"cal.holidays\" is not a list of dates");
    for (const json& text : *holidays) {
      if (!text.is_string()) return Wrong("\"cal.holidays\" holds something that is not a date");
      const absl::StatusOr<int32_t> day = ParseDay(text.get_ref<const std::string&>());
      if (!day.ok()) return day.status();
      days.emplace(*day, &text);
    }
  }
  for (const auto& [day, text] : days) out->add_holidays()->set_day(day);
  days.clear();
  if (const json* special = Find(cal, "special")) {
    if (!special->is_object()) return Wrong("\"cal.special\" is not an object");
    for (const auto& [text, shifts] : special->items()) {
      const absl::StatusOr<int32_t> day = ParseDay(text);
      if (!day.ok()) return day.status();
      days.emplace(*day, &shifts);
    }
  }
  for (const auto& [day, shifts] : days) {
    v1::SpecialDay* added = out->add_special();
    added->set_day(day);
    const absl::Status status =
        ReadShifts(*shifts, Cat("\"cal.special.", DayToText(day), "\""), added->mutable_shifts());
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// Reads the field `cal` of `object` and compiles it around `t`.
absl::StatusOr<std::shared_ptr<const Calendar>> ReadCalendar(const json& object, Instant t,
                                                             CalendarEvaluator& evaluator) {
  const json* cal = Find(object, "cal");
  if (cal == nullptr || !cal->is_object()) return Wrong("\"cal\" is missing or no object");
  const json* zone_name = Find(*cal, "tz");
  if (zone_name == nullptr || !zone_name->is_string()) {
    return Wrong("\"cal.tz\" is missing or no text");
  }
  v1::CalendarDefinition definition;
  definition.set_name("cal");
  definition.set_zone(zone_name->get<std::string>());
  if (absl::Status status = ReadWeek(*cal, &definition); !status.ok()) return status;
  if (absl::Status status = ReadDates(*cal, &definition); !status.ok()) return status;
  const absl::StatusOr<const v1::ZoneDefinition*> zone = evaluator.Zone(definition.zone());
  if (!zone.ok()) return zone.status();
  return Calendar::Compile(definition, **zone, Window::Around(t));
}

json Seconds(Instant t) {
  if (t == Instant::Never() || t == Instant::Past()) return nullptr;
  return t.ms / 1000;
}

json Seconds(std::optional<Instant> t) { return t ? Seconds(*t) : json(nullptr); }

absl::Status ReadChange(const json& event, Instant start, Instant now, SlaChange* out,
                        CalendarEvaluator& evaluator) {
  if (!event.is_object()) return Wrong("\"events\" holds something that is no object");
  if (absl::Status status = ReadMoment(event, "t", &out->at); !status.ok()) return status;
  if (out->at < start || out->at > now) {
    return Wrong(Cat("an event at ", out->at, ", expected from `start` to `now`"));
  }
  const json* kind = Find(event, "e");
  const std::string name = kind != nullptr && kind->is_string() ? kind->get<std::string>() : "";
  if (name == "pause") {
    out->kind = SlaChange::Kind::kPause;
  } else if (name == "resume") {
    out->kind = SlaChange::Kind::kResume;
  } else if (name == "stop") {
    out->kind = SlaChange::Kind::kStop;
  } else if (name == "target") {
    out->kind = SlaChange::Kind::kTarget;
    return ReadDuration(event, "dur_s", &out->target);
  } else if (name == "cal") {
    out->kind = SlaChange::Kind::kCalendar;
    auto calendar = ReadCalendar(event, out->at, evaluator);
    if (!calendar.ok()) return calendar.status();
    out->calendar = *std::move(calendar);
  } else {
    return Wrong(
        Cat("an event \"", name.substr(0, 64), "\", expected pause, resume, stop, target or cal"));
  }
  return absl::OkStatus();
}

absl::StatusOr<json> AnswerSlaQuestion(const json& object, CalendarEvaluator& evaluator) {
  SlaQuestion question;
  for (const absl::Status& status :
       {ReadMoment(object, "start", &question.start), ReadMoment(object, "now", &question.now),
        ReadDuration(object, "target_s", &question.target)}) {
    if (!status.ok()) return status;
  }
  if (question.now < question.start) return Wrong("\"now\" lies before \"start\"");
  auto calendar = ReadCalendar(object, question.start, evaluator);
  if (!calendar.ok()) return calendar.status();
  question.calendar = *std::move(calendar);
  if (const json* events = Find(object, "events")) {
    if (!events->is_array()) return Wrong("\"events\" is not a list");
    for (const json& event : *events) {
      SlaChange change;
      const absl::Status status =
          ReadChange(event, question.start, question.now, &change, evaluator);
      if (!status.ok()) return status;
      question.changes.push_back(std::move(change));
    }
  }
  std::stable_sort(question.changes.begin(), question.changes.end(),
                   [](const SlaChange& a, const SlaChange& b) { return a.at < b.at; });
  const SlaAnswer answer = AnswerSla(question);
  static constexpr const char* kStates[] = {"running", "paused", "stopped"};
  return json{{"accrued", answer.accrued.ms / 1000},
              {"breach_at", Seconds(answer.breach_at)},
              {"due", Seconds(answer.due)},
              {"state", kStates[static_cast<int>(answer.state)]}};
}

absl::StatusOr<json> AnswerBusinessDays(const json& object, const Calendar& calendar,
                                        Instant start) {
  int64_t days = 0;
  if (absl::Status status = ReadInteger(object, "n", 1, 10'000, &days); !status.ok()) return status;
  const json* mode = Find(object, "mode");
  const std::string name = mode != nullptr && mode->is_string() ? mode->get<std::string>() : "";
  const int n = static_cast<int>(days);
  if (name == "same_time") return Seconds(calendar.AddBusinessDays(start, n, v1::Span::SAME_TIME));
  if (name == "eod") return Seconds(calendar.AddBusinessDays(start, n, v1::Span::END_OF_DAY));
  if (name != "hours") {
    return Wrong(Cat("\"mode\" is \"", name.substr(0, 64), "\", expected hours, same_time or eod"));
  }
  Duration day;
  if (absl::Status status = ReadDuration(object, "day_s", &day); !status.ok()) return status;
  return Seconds(calendar.Add(start, day * days));
}

absl::StatusOr<json> AnswerQuestion(const json& object, CalendarEvaluator& evaluator) {
  const json* op = Find(object, "op");
  const std::string name = op != nullptr && op->is_string() ? op->get<std::string>() : "";
  if (name == "sla") return AnswerSlaQuestion(object, evaluator);
  if (std::find(std::begin(kOperations), std::end(kOperations), name) == std::end(kOperations)) {
    return Wrong(Cat("\"op\" is \"", name.substr(0, 64),
                     "\", expected is_open, next_open, elapsed, due, sub, bdays or sla"));
  }
  Instant at;
  const char* const field = name == "sub" ? "end" : "start";
  if (absl::Status status = ReadMoment(object, field, &at); !status.ok()) return status;
  auto read = ReadCalendar(object, at, evaluator);
  if (!read.ok()) return read.status();
  const Calendar& calendar = **read;
  if (name == "is_open") return json(calendar.IsOpen(at));
  if (name == "next_open") return Seconds(calendar.NextOpen(at));
  if (name == "bdays") return AnswerBusinessDays(object, calendar, at);
  if (name == "elapsed") {
    Instant end;
    if (absl::Status status = ReadMoment(object, "end", &end); !status.ok()) return status;
    return json(calendar.OpenBetween(at, end).ms / 1000);
  }
  Duration duration;
  if (absl::Status status = ReadDuration(object, "dur_s", &duration); !status.ok()) return status;
  return Seconds(name == "due" ? calendar.Add(at, duration) : calendar.Subtract(at, duration));
}

}  // namespace

absl::StatusOr<const v1::ZoneDefinition*> CalendarEvaluator::Zone(const std::string& name) {
  const auto found = zones_.find(name);
  if (found != zones_.end()) return &found->second;
  absl::StatusOr<v1::ZoneDefinition> zone = ReadZone(name);
  if (!zone.ok()) return zone.status();
  return &zones_.emplace(name, *std::move(zone)).first->second;
}

absl::StatusOr<std::string> CalendarEvaluator::Answer(std::string_view line) {
  if (line.size() > kLineBytesMax) {
    return Wrong(Cat("a line of ", line.size(), " bytes, expected at most ", kLineBytesMax));
  }
  const json object = json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return Wrong("not a JSON object");
  const json* id = Find(object, "id");
  if (id == nullptr || !(id->is_string() || id->is_number())) {
    return Wrong("\"id\" is missing, expected a text or a number");
  }
  const absl::StatusOr<json> result = AnswerQuestion(object, *this);
  if (!result.ok()) return result.status();
  ordered_json answer;
  answer["id"] = *id;
  answer["result"] = *result;
  return answer.dump();
}

bool CalendarEvaluator::AnswerAll(std::istream& in, const std::string& name, std::ostream& out,
                                  std::ostream& err) {
  bool all = true;
  std::string line;
  for (int64_t number = 1; std::getline(in, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const absl::StatusOr<std::string> answer = Answer(line);
    if (answer.ok()) {
      out << *answer << "\n";
      continue;
    }
    err << name << ":" << number << ": " << answer.status().message() << "\n";
    all = false;
  }
  return all;
}

}  // namespace escalation
