#include <charconv>

#include "state/base/text.h"
#include "state/policy/policy_names.h"
#include "state/policy/policy_walk.h"

namespace escalation {
namespace {

const std::vector<Choice>& StopWords() {
  static const auto& words =
      *new std::vector<Choice>{{"acknowledged", v1::StopOn::ACKNOWLEDGED},
                               {"engaged", v1::StopOn::ENGAGED},
                               {"assigned", v1::StopOn::ASSIGNED},
                               {"replied", v1::StopOn::REPLIED},
                               {"pending", v1::StopOn::PENDING},
                               {"resolved", v1::StopOn::RESOLVED},
                               {"severity_lowered", v1::StopOn::SEVERITY_LOWERED},
                               {"clock_stopped", v1::StopOn::CLOCK_STOPPED}};
  return words;
}

void WalkStep(const YamlNode& node, const v1::Escalation& escalation, int index, Walk walk,
              v1::Step* step) {
  step->set_path(ItemPath(escalation.path(), "steps", index));
  YamlMap map(node, StepWhere(escalation.name(), index), step->path(), walk);
  // Only the first step has a natural moment: the start.
  WalkSpan(map, "after", index == 0 ? Need::kOptional : Need::kRequired, step->mutable_after());
  if (step->after().text().empty()) step->mutable_after()->set_text("0m");
  step->set_calendar(map.Text("calendar"));
  step->set_level(map.Text("level"));
  step->set_assign_group(map.Text("assign_group"));
  step->set_unassign(map.Flag("unassign").value_or(false));
  Assign(map.Texts("page"), step->mutable_page());
  Assign(map.Texts("notify"), step->mutable_notify());
  map.Finish();
}

void WalkHold(YamlMap& map, v1::Escalation* escalation) {
  std::optional<YamlMap> hold = map.Map("hold", Cat(map.where(), ", hold"));
  if (!hold) return;
  if (const auto length = hold->Length("for", Need::kRequired)) escalation->set_hold_ms(length->ms);
  escalation->set_hold_calendar(hold->Text("while"));
  Assign(hold->Texts("except"), escalation->mutable_hold_exempt());
  hold->Finish();
}

void WalkRepeat(YamlMap& map, v1::Escalation* escalation) {
  std::optional<YamlMap> repeat = map.Map("repeat", Cat(map.where(), ", repeat"));
  if (!repeat) return;
  if (const auto every = repeat->Length("every", Need::kRequired)) {
    escalation->set_repeat_every_ms(every->ms);
  }
  escalation->set_repeat_times(static_cast<int32_t>(repeat->Integer("times", 1, 100).value_or(0)));
  repeat->Finish();
}

void WalkEscalation(const YamlEntry& entry, Walk walk, v1::Escalation* escalation) {
  escalation->set_name(entry.key);
  escalation->set_path(PartPath("escalations", entry.key));
  YamlMap map(entry.value, PartWhere("escalation", entry.key), escalation->path(), walk);
  int index = 0;
  for (const YamlNode* item : map.List("steps", Need::kRequired)) {
    WalkStep(*item, *escalation, index++, walk, escalation->add_steps());
  }
  WalkHold(map, escalation);
  WalkRepeat(map, escalation);
  if (!map.Has("stop_on")) {
    escalation->add_stop_on(v1::StopOn::ACKNOWLEDGED);
    escalation->add_stop_on(v1::StopOn::ENGAGED);
  }
  for (const int kind : map.Words("stop_on", StopWords())) {
    escalation->add_stop_on(static_cast<v1::StopOn::Kind>(kind));
  }
  if (const auto timeout = map.Length("ack_timeout")) escalation->set_ack_timeout_ms(timeout->ms);
  escalation->set_then(map.Text("then"));
  map.Finish();
}

// "30 per 10m"
void WalkLimit(YamlMap& map, v1::Route* route) {
  const YamlNode* node = map.Find("limit");
  if (node == nullptr) return;
  const std::string_view text = node->text;
  const size_t per = text.find(" per ");
  if (node->kind == YamlNode::Kind::kText && per != std::string_view::npos) {
    const std::string_view count = text.substr(0, per);
    int32_t pages = 0;
    const auto [rest, error] = std::from_chars(count.data(), count.data() + count.size(), pages);
    const absl::StatusOr<Duration> period = ParseDuration(text.substr(per + 5));
    if (error == std::errc() && rest == count.data() + count.size() && period.ok()) {
      route->set_pages_max(pages);
      route->set_period_ms(period->ms);
      return;
    }
  }
  map.Problem(node->place,
              Cat("\"limit\" must say how many pages in which time, got ", GotText(*node)),
              "write it such as 30 per 10m");
}

}  // namespace

void WalkEscalations(YamlMap& top, v1::Policy* policy) {
  for (const YamlEntry* entry : top.Named("escalations")) {
    WalkEscalation(*entry, top.walk(), policy->add_escalations());
  }
}

void WalkTriggers(YamlMap& top, v1::Policy* policy) {
  int index = 0;
  for (const YamlNode* item : top.List("triggers")) {
    v1::Trigger* trigger = policy->add_triggers();
    trigger->set_path(TriggerPath(index));
    YamlMap map(*item, TriggerWhere(index++), trigger->path(), top.walk());
    const auto on = map.Word("on",
                             {{"opened", v1::Trigger::OPENED_WITH_SEVERITY},
                              {"token", v1::Trigger::TOKEN},
                              {"level_entered", v1::Trigger::LEVEL_ENTERED},
                              {"unassigned", v1::Trigger::UNASSIGNED}},
                             Need::kRequired);
    trigger->set_on(static_cast<v1::Trigger::On>(on.value_or(0)));
    Assign(map.Texts("severity"), trigger->mutable_severities());
    trigger->set_token(map.Text("token"));
    WalkMatcher(map, trigger->mutable_when());
    Assign(map.Texts("level"), trigger->mutable_when()->mutable_levels());
    if (trigger->when().ByteSizeLong() == 0) trigger->clear_when();
    trigger->set_escalation(map.Text("escalation", Need::kRequired));
    map.Finish();
  }
}

void WalkLevels(YamlMap& top, v1::Policy* policy) {
  for (const YamlNode* item : top.List("levels")) {
    v1::Level* level = policy->add_levels();
    std::string where = Cat("level ", policy->levels_size());
    for (const YamlEntry& entry : item->entries) {
      if (entry.key == "name" && !entry.value.text.empty()) {
        where = PartWhere("level", entry.value.text);
        level->set_path(PartPath("levels", entry.value.text));
        top.walk().positions->emplace(level->path(), item->place);
      }
    }
    YamlMap map(*item, where, level->path(), top.walk());
    level->set_name(map.Text("name", Need::kRequired));
    Assign(map.Texts("requires"), level->mutable_required_fields());
    for (const auto& [name, value] : map.Pairs("requires_values")) {
      v1::FieldEquals* field = level->add_required_values();
      field->set_name(name);
      field->set_value(value);
    }
    level->set_calendar(map.Text("calendar"));
    Assign(map.Texts("from"), level->mutable_from());
    Assign(map.Texts("plans"), level->mutable_plans());
    map.Finish();
  }
}

void WalkRoutes(YamlMap& top, v1::Policy* policy) {
  YamlNode no_settings;
  no_settings.kind = YamlNode::Kind::kMap;
  for (const YamlEntry* entry : top.Named("routes")) {
    v1::Route* route = policy->add_routes();
    route->set_name(entry->key);
    route->set_path(PartPath("routes", entry->key));
    // A bare "name:" is a route without settings.
    const bool bare = entry->value.kind == YamlNode::Kind::kNothing;
    YamlMap map(bare ? no_settings : entry->value, PartWhere("route", entry->key), route->path(),
                top.walk());
    route->set_fallback(map.Text("fallback"));
    WalkLimit(map, route);
    const auto exempt = map.Integer("exempt", 0, 10'000);
    if (exempt && !map.Has("limit")) {
      map.Problem(map.place(), "\"exempt\" needs a \"limit\" to be exempt from");
    }
    route->set_exempt_max(static_cast<int32_t>(exempt.value_or(0)));
    map.Finish();
  }
}

}  // namespace escalation
