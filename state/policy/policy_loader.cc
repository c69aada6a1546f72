#include "state/policy/policy_loader.h"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <optional>

#include "state/base/instant.h"
#include "state/base/text.h"
#include "state/calendar/check.h"
#include "state/calendar/zone.h"
#include "state/policy/bounded_file.h"
#include "state/policy/policy_check.h"
#include "state/policy/policy_names.h"
#include "state/policy/policy_places.h"
#include "state/policy/policy_walk.h"
#include "state/policy/redaction_check.h"
#include "state/policy/zone_source.h"

namespace escalation {
namespace {

constexpr Duration kMaxLatenessDefault = Duration::Days(7);
constexpr Duration kHoldDefault = Duration::Minutes(5);
constexpr Duration kForgetAfterDefault = Duration::Days(30);

void WalkTime(YamlMap& top, v1::Policy* policy) {
  policy->set_max_lateness_ms(kMaxLatenessDefault.ms);
  policy->set_hold_ms(kHoldDefault.ms);
  policy->set_forget_after_ms(kForgetAfterDefault.ms);
  std::optional<YamlMap> time = top.Map("time", "time");
  if (!time) return;
  if (const auto length = time->Length("max_lateness")) policy->set_max_lateness_ms(length->ms);
  if (const auto length = time->Length("hold")) policy->set_hold_ms(length->ms);
  if (const auto length = time->Length("forget_after")) policy->set_forget_after_ms(length->ms);
  for (const YamlEntry* entry : time->Named("sources")) {
    v1::SourceTime* source = policy->add_sources();
    source->set_source(entry->key);
    YamlMap map(entry->value, PartWhere("source", entry->key), PartPath("time.sources", entry->key),
                top.walk());
    const Duration lateness{policy->max_lateness_ms()};
    source->set_max_lateness_ms(map.Length("max_lateness").value_or(lateness).ms);
    source->set_hold_ms(map.Length("hold").value_or(Duration{policy->hold_ms()}).ms);
    map.Finish();
  }
  time->Finish();
}

void WalkPermissions(YamlMap& top, v1::Policy* policy) {
  std::optional<YamlMap> map = top.Map("permissions", "permissions");
  if (!map) return;
  v1::Permissions* permissions = policy->mutable_permissions();
  Assign(map->Texts("set_severity"), permissions->mutable_set_severity());
  const auto wish = map->Word("customer_severity", {{"ignored", 0}, {"provisional", 1}});
  permissions->set_customer_severity_provisional(wish.value_or(0) == 1);
  Assign(map->Texts("downgrade"), permissions->mutable_downgrade());
  Assign(map->Texts("access"), permissions->mutable_access());
  Assign(map->Texts("follow"), permissions->mutable_follow());
  map->Finish();
}

void WalkDefaults(YamlMap& top, v1::Policy* policy) {
  policy->set_default_severity(top.Text("default_severity"));
  if (policy->default_severity().empty() && policy->severities_size() > 0) {
    policy->set_default_severity(policy->severities(0));
  }
  policy->set_default_plan(top.Text("default_plan"));
  if (policy->default_plan().empty() && policy->plans_size() == 1) {
    policy->set_default_plan(policy->plans(0).name());
  } else if (policy->default_plan().empty() && policy->plans_size() > 1) {
    top.Problem(top.place(), "\"default_plan\" is missing",
                "name the plan of tickets whose account names none");
  }
  policy->set_default_calendar(top.Text("default_calendar"));
  policy->set_display_zone(top.Text("display_zone"));
  policy->set_default_channel(top.Text("default_channel"));
}

// A trigger on opening that names no severity is for all of them.
void FillTriggers(v1::Policy* policy) {
  for (v1::Trigger& trigger : *policy->mutable_triggers()) {
    if (trigger.on() != v1::Trigger::OPENED_WITH_SEVERITY || !trigger.severities().empty())
      continue;
    *trigger.mutable_severities() = policy->severities();
  }
}

std::vector<v1::CalendarDefinition> WalkFile(YamlMap& top, const std::string& folder,
                                             v1::Policy* policy) {
  policy->set_name(top.Text("policy", Need::kRequired));
  policy->set_tenant(top.Text("tenant"));
  if (policy->tenant().empty()) policy->set_tenant("default");
  const auto revision =
      top.Integer("revision", 1, std::numeric_limits<int64_t>::max(), Need::kRequired);
  policy->set_revision(revision.value_or(1));
  Assign(top.Texts("severities", Need::kRequired), policy->mutable_severities());
  WalkTime(top, policy);
  WalkPermissions(top, policy);
  for (const auto& [name, url] : top.Pairs("links")) {
    v1::Link* link = policy->add_links();
    link->set_name(name);
    link->set_url(url);
  }
  std::vector<v1::CalendarDefinition> calendars = WalkCalendars(top, folder);
  WalkPlans(top, policy);
  WalkMetrics(top, policy);
  WalkEscalations(top, policy);
  WalkTriggers(top, policy);
  WalkLevels(top, policy);
  WalkRoutes(top, policy);
  WalkIntake(top, policy);
  WalkAnnouncements(top, policy);
  WalkUpdates(top, policy);
  WalkRules(top, policy);
  WalkPlanSetup(top, policy);
  WalkRedaction(top, policy);
  policy->set_review_after_resolution(top.Flag("review_after_resolution").value_or(false));
  Assign(top.Texts("resolution_reasons"), policy->mutable_resolution_reasons());
  for (const auto& [from, to] : top.Pairs("workarounds")) {
    v1::SeverityStep* step = policy->add_workaround_steps();
    step->set_from(from);
    step->set_to(to);
  }
  WalkDefaults(top, policy);
  FillTriggers(policy);
  top.Finish();
  return calendars;
}

// The calendar check speaks of messages; the file has other words for two of their fields.
std::string FilePath(const v1::CalendarDefinition& calendar, const std::string& path) {
  std::string out = PartPath("calendars", calendar.name());
  int index = 0;
  if (std::sscanf(path.c_str(), "special[%d]", &index) == 1 && index < calendar.special_size()) {
    return Cat(out, ".exceptions.", DayToText(calendar.special(index).day()));
  }
  return path.empty() || path == "name" ? out : Cat(out, ".", path);
}

void CheckCalendar(const v1::CalendarDefinition& calendar, const Positions& positions,
                   Problems* problems) {
  const std::string where = PartWhere("calendar", calendar.name());
  const absl::StatusOr<v1::ZoneDefinition> definition = ReadZone(calendar.zone());
  if (!definition.ok()) {
    problems->Add(PlaceOf(positions, FilePath(calendar, "zone")),
                  Cat(where, ": ", std::string(definition.status().message())));
    return;
  }
  const absl::StatusOr<Zone> zone = Zone::Make(*definition);
  if (!zone.ok()) {
    problems->Add(PlaceOf(positions, FilePath(calendar, "zone")),
                  Cat(where, ": ", std::string(zone.status().message())));
    return;
  }
  for (const CalendarProblem& problem : CheckDefinition(calendar, *zone)) {
    problems->Add(PlaceOf(positions, FilePath(calendar, problem.path)),
                  Cat(where, ": ", problem.message), problem.hint);
  }
}

// The zone in which people read due times is published with those of the calendars.
void AddDisplayZone(const std::string& name, const Positions& positions, Problems* problems,
                    v1::CalendarSet* set) {
  auto* zones = set->mutable_zones();
  const auto at = std::lower_bound(
      zones->begin(), zones->end(), name,
      [](const v1::ZoneDefinition& zone, const std::string& key) { return zone.name() < key; });
  if (at != zones->end() && at->name() == name) return;
  absl::StatusOr<v1::ZoneDefinition> zone = ReadZone(name);
  if (!zone.ok()) {
    problems->Add(PlaceOf(positions, "display_zone"),
                  Cat("\"display_zone\": ", std::string(zone.status().message())));
    return;
  }
  const auto index = at - zones->begin();
  *zones->Add() = *std::move(zone);
  std::rotate(zones->begin() + index, zones->end() - 1, zones->end());
}

void BuildCalendars(std::vector<v1::CalendarDefinition> definitions, const Positions& positions,
                    Problems* problems, LoadedPolicy* loaded) {
  if (definitions.size() > static_cast<size_t>(kCalendarsMax)) {
    problems->Add(
        PlaceOf(positions, "calendars"),
        Cat("\"calendars\" must hold at most ", kCalendarsMax, ", got ", definitions.size()));
    return;
  }
  for (const v1::CalendarDefinition& definition : definitions) {
    CheckCalendar(definition, positions, problems);
  }
  // A calendar that is refused still exists: a target that names it is not wrong.
  if (!problems->empty()) {
    for (v1::CalendarDefinition& definition : definitions) {
      *loaded->calendars.add_calendars() = std::move(definition);
    }
    return;
  }
  const v1::Policy& policy = loaded->policy;
  absl::StatusOr<v1::CalendarSet> set = MakeCalendarSet(std::move(definitions), policy.revision());
  if (!set.ok()) {
    problems->Add(PlaceOf(positions, "calendars"), std::string(set.status().message()));
    return;
  }
  loaded->calendars = *std::move(set);
  if (!policy.display_zone().empty()) {
    AddDisplayZone(policy.display_zone(), positions, problems, &loaded->calendars);
  }
}

absl::StatusOr<LoadedPolicy> Load(const std::string& folder, const std::optional<YamlNode>& root,
                                  Problems* problems, Positions* places) {
  if (!root) return problems->ToStatus();
  Positions& positions = *places;
  positions.emplace("", root->place);
  YamlMap top(*root, "", "", {problems, &positions});
  if (root->kind != YamlNode::Kind::kMap) return problems->ToStatus();
  LoadedPolicy loaded;
  std::vector<v1::CalendarDefinition> definitions = WalkFile(top, folder, &loaded.policy);
  // What the whole must satisfy is judged once each part is well formed: a part that could not be
  // read would make others look wrong.
  if (!problems->empty()) return problems->ToStatus();
  BuildCalendars(std::move(definitions), positions, problems, &loaded);
  for (const PolicyProblem& problem : CheckPolicy(loaded.policy, &loaded.calendars)) {
    problems->Add(PlaceOf(positions, problem.path), problem.text, problem.hint);
  }
  for (const PolicyProblem& problem : CheckRedactionPatterns(loaded.policy.redaction())) {
    problems->Add(PlaceOf(positions, problem.path), problem.text, problem.hint);
  }
  if (!problems->empty()) return problems->ToStatus();
  return loaded;
}

}  // namespace

Place PlaceOf(const Positions& positions, std::string path) {
  while (!path.empty()) {
    const auto found = positions.find(path);
    if (found != positions.end()) return found->second;
    const size_t cut = path.find_last_of(".[");
    path.resize(cut == std::string::npos ? 0 : cut);
  }
  const auto top = positions.find("");
  return top == positions.end() ? Place{1, 1} : top->second;
}

absl::StatusOr<LoadedPolicy> LoadPolicyFile(const std::string& path, Positions* positions) {
  Problems problems(path);
  return Load(FolderOf(path), ReadYamlFile(path, &problems), &problems, positions);
}

absl::StatusOr<LoadedPolicy> LoadPolicyText(const std::string& name, std::string_view text,
                                            Positions* positions) {
  Problems problems(name);
  return Load(FolderOf(name), ReadYamlText(text, &problems), &problems, positions);
}

absl::StatusOr<LoadedPolicy> LoadPolicyFile(const std::string& path) {
  Positions positions;
  return LoadPolicyFile(path, &positions);
}

absl::StatusOr<LoadedPolicy> LoadPolicyText(const std::string& name, std::string_view text) {
  Positions positions;
  return LoadPolicyText(name, text, &positions);
}

}  // namespace escalation
