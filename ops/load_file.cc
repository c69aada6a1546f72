#include "ops/load_file.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "state/base/text.h"
#include "state/policy/policy_walk.h"
#include "state/policy/yaml_reader.h"
#include "state/policy/zone_source.h"

namespace escalation {
namespace {

constexpr int64_t kWeeksMax = 52;
constexpr int64_t kPerHourMilliMax = 3'600'000;
constexpr int64_t kShareMax = 1'000'000;
constexpr Duration kReactionMin = Duration::Seconds(1);

// The calendars that the file may name.
using Calendars = std::map<std::string, std::shared_ptr<const Calendar>>;

class Walker {
 public:
  Walker(YamlMap* top, const LoadedPolicy& policy) : top_(*top), policy_(policy) {}

  absl::StatusOr<Load> Read() {
    load_.name = top_.Text("load", Need::kRequired);
    load_.seed = static_cast<uint64_t>(top_.Integer("seed", 1, 1'000'000'000).value_or(1));
    load_.weeks = top_.Integer("weeks", 1, kWeeksMax, Need::kRequired).value_or(1);
    ReadStart();
    if (absl::Status status = ReadCalendars(); !status.ok()) return status;
    ReadArrivals();
    ReadTickets();
    ReadAnswers();
    load_.acknowledged = Points(top_, "acknowledged", kReactionMin);
    load_.night = CalendarOf(top_, "night", Need::kRequired);
    top_.Finish();
    return std::move(load_);
  }

 private:
  void ReadStart() {
    const std::string text = top_.Text("start", Need::kRequired);
    if (text.empty()) return;
    const absl::StatusOr<Instant> start = ParseInstant(text);
    if (start.ok()) {
      load_.start = *start;
      return;
    }
    top_.Problem(top_.Find("start")->place, Cat("\"start\" must be a time, got ", Quoted(text)),
                 "write it such as 2026-03-02T00:00:00+01:00");
  }

  absl::Status ReadCalendars() {
    calendars_["always"] = Calendar::Always();
    std::map<std::string, v1::ZoneDefinition> zones;
    const auto add = [&](const v1::CalendarDefinition& definition) -> absl::Status {
      if (zones.count(definition.zone()) == 0) {
        absl::StatusOr<v1::ZoneDefinition> zone = ReadZone(definition.zone());
        if (!zone.ok()) return zone.status();
        zones[definition.zone()] = *std::move(zone);
      }
      auto calendar =
          Calendar::Compile(definition, zones[definition.zone()], Window::Around(load_.start));
      if (!calendar.ok()) return calendar.status();
      calendars_[definition.name()] = *std::move(calendar);
      return absl::OkStatus();
    };
    for (const v1::CalendarDefinition& definition : policy_.calendars.calendars()) {
      if (absl::Status status = add(definition); !status.ok()) return status;
    }
    for (const v1::CalendarDefinition& definition : WalkCalendars(top_, "")) {
      const absl::Status status = add(definition);
      if (status.ok()) continue;
      top_.Problem(top_.Find("calendars")->place, Cat("calendar ", Quoted(definition.name()), ": ",
                                                      std::string(status.message())));
    }
    return absl::OkStatus();
  }

  std::shared_ptr<const Calendar> CalendarOf(YamlMap& map, std::string_view key, Need need) {
    const std::string name = map.Text(key, need);
    const auto found = calendars_.find(name);
    if (found != calendars_.end()) return found->second;
    if (!name.empty()) {
      std::vector<std::string> names;
      for (const auto& [known, calendar] : calendars_) names.push_back(known);
      map.Problem(map.Find(key)->place,
                  Cat(Quoted(key), " names an unknown calendar ", Quoted(name)),
                  HintOf(name, names, "known here: "));
    }
    return Calendar::Always();
  }

  LengthPoints Points(YamlMap& map, std::string_view key, Duration least) {
    std::vector<std::pair<int64_t, Duration>> points;
    bool rising = true;
    for (const auto& [percent_text, length_text] : map.Pairs(key)) {
      int64_t percent = -1;
      const char* const end = percent_text.data() + percent_text.size();
      const auto [rest, error] = std::from_chars(percent_text.data(), end, percent);
      const absl::StatusOr<Duration> length = ParseDuration(length_text);
      if (error != std::errc() || rest != end || !length.ok() || *length < least) {
        map.Problem(map.Find(key)->place,
                    Cat(Quoted(key), " must hold percentages and lengths of at least ", least,
                        ", got ", percent_text, ": ", length_text),
                    "write it such as {0: 1m, 50: 10m, 100: 3h}");
        return {};
      }
      rising = rising &&
               (points.empty() ? percent == 0
                               : points.back().first < percent && points.back().second <= *length);
      points.emplace_back(percent, *length);
    }
    if (points.empty()) return {};
    if (rising && points.back().first == 100) return LengthPoints(std::move(points));
    map.Problem(map.Find(key)->place,
                Cat(Quoted(key), " must rise from 0 to 100 percent, and its lengths may not fall"),
                "write it such as {0: 1m, 50: 10m, 100: 3h}");
    return {};
  }

  // "6" or "0.25" as thousandths.
  int64_t Rate(YamlMap& map) {
    const std::string text = map.Text("per_hour", Need::kRequired);
    if (text.empty()) return 0;
    const size_t point = text.find('.');
    std::string digits = text.substr(0, point);
    std::string decimals = point == std::string::npos ? "" : text.substr(point + 1);
    const bool short_enough = decimals.size() <= 3;
    decimals.resize(3, '0');
    digits += decimals;
    int64_t milli = -1;
    const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), milli);
    if (short_enough && error == std::errc() && rest == digits.data() + digits.size() &&
        milli >= 0 && milli <= kPerHourMilliMax) {
      return milli;
    }
    map.Problem(map.Find("per_hour")->place,
                Cat("\"per_hour\" must be a number from 0 to ", kPerHourMilliMax / 1000,
                    " with at most three decimals, got ", Quoted(text)));
    return 0;
  }

  void ReadArrivals() {
    int index = 0;
    for (const YamlNode* node : top_.List("arrivals", Need::kRequired)) {
      YamlMap map(*node, Cat("arrivals ", index + 1), Cat("arrivals[", index, "]"), top_.walk());
      ++index;
      LoadArrivals& arrivals = load_.arrivals.emplace_back();
      arrivals.during = CalendarOf(map, "during", Need::kOptional);
      arrivals.per_hour_milli = Rate(map);
      map.Finish();
    }
  }

  void CheckName(YamlMap& map, std::string_view key, const std::string& name,
                 const std::vector<std::string>& known) {
    if (name.empty() || std::find(known.begin(), known.end(), name) != known.end()) return;
    map.Problem(map.Find(key)->place,
                Cat(Quoted(key), " is not one of the policy's: ", Quoted(name)),
                HintOf(name, known, "known here: "));
  }

  void ReadTickets() {
    std::vector<std::string> plans;
    for (const v1::Plan& plan : policy_.policy.plans()) plans.push_back(plan.name());
    int index = 0;
    for (const YamlNode* node : top_.List("tickets", Need::kRequired)) {
      YamlMap map(*node, Cat("tickets ", index + 1), Cat("tickets[", index, "]"), top_.walk());
      ++index;
      LoadTickets& tickets = load_.tickets.emplace_back();
      tickets.share = map.Integer("share", 1, kShareMax).value_or(1);
      tickets.plan = map.Text("plan");
      tickets.severity = map.Text("severity");
      tickets.account = map.Text("account");
      CheckName(map, "plan", tickets.plan, plans);
      CheckName(map, "severity", tickets.severity, Severities());
      map.Finish();
    }
  }

  void ReadAnswers() {
    int index = 0;
    for (const YamlNode* node : top_.List("answers")) {
      YamlMap map(*node, Cat("answers ", index + 1), Cat("answers[", index, "]"), top_.walk());
      ++index;
      LoadAnswers& answers = load_.answers.emplace_back();
      answers.severities = map.Texts("severity");
      for (const std::string& severity : answers.severities) {
        CheckName(map, "severity", severity, Severities());
      }
      answers.during = CalendarOf(map, "during", Need::kOptional);
      answers.after = Points(map, "after", Duration{});
      answers.resolved = Points(map, "resolved", Duration{});
      answers.never_percent = map.Integer("never", 0, 100).value_or(0);
      map.Finish();
    }
  }

  std::vector<std::string> Severities() const {
    return {policy_.policy.severities().begin(), policy_.policy.severities().end()};
  }

  YamlMap& top_;
  const LoadedPolicy& policy_;
  Load load_;
  Calendars calendars_;
};

absl::StatusOr<Load> ReadTree(const std::optional<YamlNode>& root, const LoadedPolicy& policy,
                              Problems* problems) {
  if (!root) return problems->ToStatus();
  Positions positions;
  YamlMap top(*root, "", "", {problems, &positions});
  if (root->kind != YamlNode::Kind::kMap) return problems->ToStatus();
  absl::StatusOr<Load> load = Walker(&top, policy).Read();
  if (!problems->empty()) return problems->ToStatus();
  return load;
}

}  // namespace

Duration LengthPoints::At(int64_t millionths) const {
  for (size_t i = 1; i < points_.size(); ++i) {
    const int64_t from = points_[i - 1].first * 10'000;
    const int64_t to = points_[i].first * 10'000;
    if (millionths >= to && i + 1 < points_.size()) continue;
    const int64_t rise = points_[i].second.ms - points_[i - 1].second.ms;
    return {points_[i - 1].second.ms + rise / 1'000 * (millionths - from) / (to - from) * 1'000};
  }
  return points_.empty() ? Duration{} : points_.front().second;
}

absl::StatusOr<Load> ReadLoadFile(const std::string& path, const LoadedPolicy& policy) {
  Problems problems(path);
  return ReadTree(ReadYamlFile(path, &problems), policy, &problems);
}

absl::StatusOr<Load> ReadLoadText(const std::string& name, std::string_view text,
                                  const LoadedPolicy& policy) {
  Problems problems(name);
  return ReadTree(ReadYamlText(text, &problems), policy, &problems);
}

}  // namespace escalation
