#include <charconv>

#include "state/base/text.h"
#include "state/policy/policy_check.h"
#include "state/policy/policy_names.h"
#include "state/policy/policy_walk.h"

namespace escalation {
namespace {

// "75%" or "12.5%" as basis points; at most two decimals.
std::optional<int32_t> ReadBasisPoints(std::string_view text) {
  text.remove_suffix(1);
  const size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  std::string decimals(point == std::string_view::npos ? "" : text.substr(point + 1));
  if (decimals.size() > 2 || (point != std::string_view::npos && decimals.empty())) {
    return std::nullopt;
  }
  decimals.resize(2, '0');
  const std::string digits = Cat(whole, decimals);
  int32_t value = 0;
  const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || rest != digits.data() + digits.size() || whole.empty()) {
    return std::nullopt;
  }
  return value;
}

void WalkTarget(const YamlNode& node, const v1::Plan& plan, int index, Walk walk,
                v1::Target* target) {
  std::string name;
  for (const YamlEntry& entry : node.entries) {
    if (entry.key == "name") name = entry.value.text;
  }
  target->set_path(ItemPath(plan.path(), "targets", index));
  YamlMap map(node, TargetWhere(plan.name(), name, index), target->path(), walk);
  target->set_name(map.Text("name", Need::kRequired));
  target->set_metric(map.Text("metric", Need::kRequired));
  Assign(map.Texts("severity"), target->mutable_severities());
  WalkMatcher(map, target->mutable_when());
  if (target->when().ByteSizeLong() == 0) target->clear_when();
  // A deadline has no length of its own.
  if (!WalkSpan(map, "within", Need::kOptional, target->mutable_within())) target->clear_within();
  WalkReading(map, target->mutable_within());
  if (target->within().ByteSizeLong() == 0) target->clear_within();
  target->set_calendar(map.Text("calendar"));
  WalkWarnings(map, target->mutable_warn_at());
  target->set_on_warned(map.Text("warned"));
  target->set_on_breached(map.Text("breached"));
  target->set_overrides_pauses(map.Has("pause"));
  for (const int fact : map.Words("pause", LastingFacts())) {
    target->add_pause_while(static_cast<v1::Metric::Fact>(fact));
  }
  for (const int fact : map.Words("stop", MomentaryFacts())) {
    target->add_stop(static_cast<v1::Metric::Fact>(fact));
  }
  target->set_set(map.Text("set"));
  const auto due = map.Word("due", {{"close", 0}, {"next_opening", 1}});
  target->set_due_at_next_opening(due.value_or(0) == 1);
  target->set_due_field(map.Text("due_field"));
  map.Finish();
}

// A name, or a map of one that only some accounts have.
void WalkChannels(YamlMap& map, v1::Plan* plan) {
  int index = 0;
  for (const YamlNode* item : map.List("channels")) {
    v1::PlanChannel* const channel = plan->add_channels();
    const std::string path = ItemPath(plan->path(), "channels", index++);
    if (item->kind == YamlNode::Kind::kText) {
      channel->set_name(item->text);
      continue;
    }
    YamlMap one(*item, Cat(map.where(), ", channel ", index), path, map.walk());
    channel->set_name(one.Text("name", Need::kRequired));
    channel->set_entitlement(one.Text("entitlement"));
    one.Finish();
  }
}

void WalkEntitlements(YamlMap& map, v1::Plan* plan) {
  for (const YamlEntry* entry : map.Named("entitlements")) {
    v1::EntitlementTerms* const terms = plan->add_entitlements();
    terms->set_name(entry->key);
    terms->set_path(Cat(plan->path(), ".entitlements.", entry->key));
    YamlMap one(entry->value, Cat(map.where(), ", entitlement ", Quoted(entry->key)), terms->path(),
                map.walk());
    terms->set_per_year(static_cast<int32_t>(one.Integer("per_year", 1, 1'000'000).value_or(0)));
    terms->set_lead_ms(one.Length("lead").value_or(Duration{}).ms);
    terms->set_longest_ms(one.Length("longest").value_or(Duration{}).ms);
    terms->set_charged(one.Flag("charged").value_or(false));
    one.Finish();
  }
}

// A percentage under `key`.
int32_t WalkShare(YamlMap& map, std::string_view key) {
  const YamlNode* const node = map.Find(key, Need::kRequired);
  if (node == nullptr) return 0;
  if (node->kind == YamlNode::Kind::kText && node->text.ends_with('%')) {
    if (const std::optional<int32_t> share = ReadBasisPoints(node->text)) return *share;
  }
  map.Problem(node->place, Cat(Quoted(key), " must be a percentage, got ", GotText(*node)),
              "write it such as 5% or 99.9%");
  return 0;
}

void WalkCredits(YamlMap& map, v1::Plan* plan) {
  int index = 0;
  for (const YamlNode* item : map.List("credits")) {
    v1::CreditTerms* const terms = plan->add_credits();
    terms->set_path(ItemPath(plan->path(), "credits", index++));
    YamlMap one(*item, Cat(map.where(), ", credit ", index), terms->path(), map.walk());
    terms->set_below_bp(WalkShare(one, "attainment_below"));
    terms->set_credit_bp(WalkShare(one, "credit"));
    Assign(one.Texts("targets"), terms->mutable_targets());
    one.Finish();
  }
}

void WalkPlan(const YamlEntry& entry, Walk walk, v1::Plan* plan) {
  plan->set_name(entry.key);
  plan->set_path(PartPath("plans", entry.key));
  YamlMap map(entry.value, PartWhere("plan", entry.key), plan->path(), walk);
  plan->set_calendar(map.Text("calendar"));
  plan->set_severity_ceiling(map.Text("severity_ceiling"));
  const auto tickets = map.Word("tickets", {{"served", 0}, {"none", 1}});
  plan->set_no_tickets(tickets.value_or(0) == 1);
  plan->set_hint(map.Text("hint"));
  WalkChannels(map, plan);
  WalkEntitlements(map, plan);
  const auto term = map.Integer("minimum_term_months", 1, kTermMonthsMax);
  plan->set_minimum_term_months(static_cast<int32_t>(term.value_or(0)));
  int index = 0;
  for (const YamlNode* item : map.List("targets")) {
    WalkTarget(*item, *plan, index++, walk, plan->add_targets());
  }
  WalkCredits(map, plan);
  map.Finish();
}

}  // namespace

const std::vector<Choice>& LastingFacts() {
  static const auto& facts = *new std::vector<Choice>{{"pending", v1::Metric::WHILE_PENDING},
                                                      {"on_hold", v1::Metric::WHILE_ON_HOLD},
                                                      {"resolved", v1::Metric::WHILE_RESOLVED},
                                                      {"unassigned", v1::Metric::WHILE_UNASSIGNED}};
  return facts;
}

const std::vector<Choice>& MomentaryFacts() {
  static const auto& facts =
      *new std::vector<Choice>{{"opened", v1::Metric::OPENED},
                               {"opened_by_customer", v1::Metric::OPENED_BY_CUSTOMER},
                               {"customer_message", v1::Metric::CUSTOMER_MESSAGE},
                               {"agent_public_message", v1::Metric::AGENT_PUBLIC_MESSAGE},
                               {"agent_public_question", v1::Metric::AGENT_PUBLIC_QUESTION},
                               {"agent_action", v1::Metric::AGENT_ACTION},
                               {"severity_set", v1::Metric::SEVERITY_SET},
                               {"resolved", v1::Metric::RESOLVED},
                               {"reopened", v1::Metric::REOPENED},
                               {"handover_accepted", v1::Metric::HANDOVER_ACCEPTED},
                               {"level_left", v1::Metric::LEVEL_LEFT}};
  return facts;
}

void WalkReading(YamlMap& map, v1::Span* span) {
  const auto reading = map.Word("reading", {{"hours", v1::Span::HOURS},
                                            {"same_time", v1::Span::SAME_TIME},
                                            {"end_of_day", v1::Span::END_OF_DAY}});
  if (reading) span->set_reading(static_cast<v1::Span::Reading>(*reading));
}

void WalkWarnings(YamlMap& map, google::protobuf::RepeatedPtrField<v1::Warning>* warnings) {
  for (const YamlNode* item : map.List("warn_at")) {
    if (item->kind == YamlNode::Kind::kBroken) continue;
    const std::string& text = item->text;
    LengthProblem problem;
    if (item->kind == YamlNode::Kind::kText && !text.empty() && text.back() == '%') {
      if (const std::optional<int32_t> share = ReadBasisPoints(text)) {
        warnings->Add()->set_used_bp(*share);
        continue;
      }
    } else if (item->kind == YamlNode::Kind::kText) {
      const std::optional<Duration> left = ReadLength(text, "warn_at", &problem);
      if (left && text.front() == '-') {
        warnings->Add()->set_before_ms(-left->ms);
        continue;
      }
    }
    map.Problem(
        item->place,
        Cat("\"warn_at\" must hold shares or times before the due moment, got ", GotText(*item)),
        "write 75% for a share of the target, -5m for five minutes before it is due");
  }
}

bool WalkSpan(YamlMap& map, std::string_view key, Need need, v1::Span* span) {
  const YamlNode* node = map.Find(key, need);
  if (node == nullptr) return false;
  span->set_text(node->text);
  const std::string_view text = node->text;
  if (node->kind == YamlNode::Kind::kText && text.size() > 2 && text.ends_with("bd")) {
    const std::string_view digits = text.substr(0, text.size() - 2);
    int32_t days = 0;
    const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), days);
    if (error == std::errc() && rest == digits.data() + digits.size()) {
      span->set_business_days(days);
      return true;
    }
  }
  LengthProblem problem{Cat(Quoted(key), " must be a duration, got ", GotText(*node)), ""};
  const std::optional<Duration> length =
      node->kind == YamlNode::Kind::kText ? ReadLength(text, key, &problem) : std::nullopt;
  if (!length) {
    map.Problem(node->place, problem.text,
                problem.hint.empty() ? "write it such as 15m, 2h, 1d or 2bd" : problem.hint);
    return false;
  }
  span->set_ms(length->ms);
  return true;
}

void WalkMatcher(YamlMap& map, v1::Matcher* matcher) {
  std::optional<YamlMap> when = map.Map("when", Cat(map.where(), ", when"));
  if (!when) return;
  Assign(when->Texts("tags"), matcher->mutable_tags());
  // An empty text means that the field is absent.
  for (const auto& [name, value] : when->Pairs("fields")) {
    v1::FieldEquals* field = matcher->add_fields();
    field->set_name(name);
    field->set_value(value);
  }
  Assign(when->Texts("entitlements"), matcher->mutable_entitlements());
  Assign(when->Texts("without_entitlements"), matcher->mutable_without_entitlements());
  Assign(when->Texts("topics"), matcher->mutable_topics());
  Assign(when->Texts("channels"), matcher->mutable_channels());
  Assign(when->Texts("levels"), matcher->mutable_levels());
  Assign(when->Texts("plans"), matcher->mutable_plans());
  Assign(when->Texts("groups"), matcher->mutable_groups());
  Assign(when->Texts("other_than_topics"), matcher->mutable_other_than_topics());
  when->Finish();
}

void WalkPlans(YamlMap& top, v1::Policy* policy) {
  for (const YamlEntry* entry : top.Named("plans", Need::kRequired)) {
    WalkPlan(*entry, top.walk(), policy->add_plans());
  }
}

void WalkMetrics(YamlMap& top, v1::Policy* policy) {
  using Metric = v1::Metric;
  for (const YamlEntry* entry : top.Named("metrics")) {
    Metric* metric = policy->add_metrics();
    metric->set_name(entry->key);
    YamlMap map(entry->value, PartWhere("metric", entry->key), PartPath("metrics", entry->key),
                top.walk());
    for (const int fact : map.Words("start", MomentaryFacts())) {
      metric->add_start(static_cast<Metric::Fact>(fact));
    }
    for (const int fact : map.Words("stop", MomentaryFacts())) {
      metric->add_stop(static_cast<Metric::Fact>(fact));
    }
    for (const int fact : map.Words("cancel", MomentaryFacts())) {
      metric->add_cancel(static_cast<Metric::Fact>(fact));
    }
    for (const int fact : map.Words("pause", LastingFacts())) {
      metric->add_pause_while(static_cast<Metric::Fact>(fact));
    }
    const auto expiry =
        map.Word("expiry", {{"breach", Metric::BREACH}, {"resolve", Metric::RESOLVE}});
    metric->set_expiry(static_cast<Metric::Expiry>(expiry.value_or(Metric::BREACH)));
    const auto restart = map.Word(
        "restart",
        {{"keep", Metric::KEEP}, {"new_cycle", Metric::NEW_CYCLE}, {"replace", Metric::REPLACE}});
    metric->set_restart(static_cast<Metric::Restart>(restart.value_or(Metric::KEEP)));
    const auto reopen = map.Word("reopen", {{"stay", Metric::STAY}, {"resume", Metric::RESUME}});
    metric->set_reopen(static_cast<Metric::Reopen>(reopen.value_or(Metric::STAY)));
    metric->set_once(map.Flag("once").value_or(false));
    metric->set_explicit_due(map.Flag("explicit_due").value_or(false));
    map.Finish();
  }
}

}  // namespace escalation
