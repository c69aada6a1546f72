#include "state/policy/policy_lint.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "state/base/text.h"
#include "state/policy/policy_names.h"
#include "state/policy/problems.h"

namespace escalation {
namespace {

using Texts = google::protobuf::RepeatedPtrField<std::string>;
using Names = std::set<std::string>;

bool Has(const Texts& texts, const std::string& text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

template <typename List>
std::string Listed(const List& names) {
  std::string out;
  for (const std::string& name : names) CatTo(&out, out.empty() ? "" : ", ", name);
  return out;
}

// Why nothing can match; empty: something can.
std::string Contradiction(const v1::Matcher& when) {
  for (const std::string& name : when.entitlements()) {
    if (Has(when.without_entitlements(), name)) {
      return Cat("\"when\" asks for the entitlement ", Quoted(name),
                 " and for accounts without it");
    }
  }
  const bool none = std::all_of(when.topics().begin(), when.topics().end(), [&](const auto& topic) {
    return Has(when.other_than_topics(), topic);
  });
  if (!when.topics().empty() && none) return "\"when\" rules out each of its own topics";
  std::map<std::string, std::string> fields;
  for (const v1::FieldEquals& field : when.fields()) {
    const auto [at, added] = fields.emplace(field.name(), field.value());
    if (!added && at->second != field.value()) {
      return Cat("\"when\" asks for two values of the field ", Quoted(field.name()));
    }
  }
  return "";
}

class Linter {
 public:
  Linter(const v1::Policy& policy, const v1::CalendarSet& calendars)
      : policy_(policy), calendars_(calendars) {}

  std::vector<PolicyProblem> Run(int32_t today) {
    for (const v1::CalendarDefinition& calendar : calendars_.calendars()) {
      LintHolidays(calendar, today);
    }
    for (const v1::Plan& plan : policy_.plans()) LintPlan(plan);
    FindStarters();
    for (const v1::Escalation& escalation : policy_.escalations()) LintEscalation(escalation);
    for (int i = 0; i < policy_.triggers_size(); ++i) LintTrigger(i);
    for (int i = 0; i < policy_.rules_size(); ++i) {
      const v1::Rule& rule = policy_.rules(i);
      AddContradiction(Cat("rules[", i, "].when"), PartWhere("rule", rule.name()), rule.when());
    }
    for (int i = 0; i < policy_.announcements_size(); ++i) {
      AddContradiction(Cat("announce[", i, "].when"), Cat("announcement ", i + 1),
                       policy_.announcements(i).when());
    }
    return std::move(problems_);
  }

 private:
  void Add(std::string path, std::string_view where, std::string_view text, std::string hint = "") {
    problems_.push_back({std::move(path), Cat(where, ": ", text), std::move(hint)});
  }

  void AddContradiction(std::string path, std::string_view where, const v1::Matcher& when) {
    const std::string why = Contradiction(when);
    if (!why.empty()) Add(std::move(path), where, Cat("no ticket can match: ", why));
  }

  int RankOf(const std::string& severity) const {
    const auto& all = policy_.severities();
    return static_cast<int>(std::find(all.begin(), all.end(), severity) - all.begin());
  }

  void LintHolidays(const v1::CalendarDefinition& calendar, int32_t today) {
    if (calendar.holidays().empty()) return;
    const int32_t last = calendar.holidays().rbegin()->day();
    if (last - today >= kHolidayDaysAhead) return;
    Add(PartPath("calendars", calendar.name()), PartWhere("calendar", calendar.name()),
        Cat("its holidays end with ", DayToText(last), ", less than ", kHolidayDaysAhead,
            " days after ", DayToText(today)),
        "list those of the next year, or renew its holiday_files");
  }

  void LintPlan(const v1::Plan& plan) {
    bool told = !plan.calendar().empty() || !policy_.default_calendar().empty();
    for (int i = 0; i < plan.targets_size(); ++i) {
      const v1::Target& target = plan.targets(i);
      LintTarget(plan, i);
      const bool open = target.calendar().empty() || target.calendar() == "account";
      if (told || !open || !target.has_within()) continue;
      told = true;
      Add(PartPath("plans", plan.name()), PartWhere("plan", plan.name()),
          Cat("it has no calendar, and target ", Quoted(target.name()),
              " names none: it runs around the clock"),
          "write calendar: always if that is meant");
    }
  }

  void LintTarget(const v1::Plan& plan, int index) {
    const v1::Target& target = plan.targets(index);
    const std::string path = ItemPath(PartPath("plans", plan.name()), "targets", index);
    const std::string where = TargetWhere(plan.name(), target.name(), index);
    const auto unreachable = [&](std::string_view key, std::string_view why) {
      Add(Cat(path, ".", key), where, Cat("no ticket can have it: ", why));
    };
    AddContradiction(Cat(path, ".when"), where, target.when());
    const int ceiling = plan.severity_ceiling().empty() ? policy_.severities_size()
                                                        : RankOf(plan.severity_ceiling());
    const auto& severities = target.severities();
    if (!severities.empty() &&
        std::all_of(severities.begin(), severities.end(),
                    [&](const auto& severity) { return RankOf(severity) > ceiling; })) {
      unreachable("severity", Cat("the plan's \"severity_ceiling\" is ", plan.severity_ceiling()));
    }
    if (!target.when().plans().empty() && !Has(target.when().plans(), plan.name())) {
      unreachable("when.plans", Cat("it belongs to the plan ", Quoted(plan.name())));
    }
    const auto& levels = target.when().levels();
    if (!levels.empty() && std::none_of(levels.begin(), levels.end(), [&](const auto& level) {
          return MayReach(plan.name(), level);
        })) {
      unreachable("when.levels", "the plan's tickets reach none of these levels");
    }
  }

  bool MayReach(const std::string& plan, const std::string& name) const {
    for (const v1::Level& level : policy_.levels()) {
      if (level.name() == name) return level.plans().empty() || Has(level.plans(), plan);
    }
    return false;
  }

  Names ServedPlans() const {
    Names plans;
    for (const v1::Plan& plan : policy_.plans()) {
      if (!plan.no_tickets()) plans.insert(plan.name());
    }
    return plans;
  }

  // Which plans' tickets can start which escalation.
  void FindStarters() {
    for (const v1::Plan& plan : policy_.plans()) {
      if (plan.no_tickets()) continue;
      for (const v1::Target& target : plan.targets()) {
        starters_[target.on_warned()].insert(plan.name());
        starters_[target.on_breached()].insert(plan.name());
      }
    }
    for (const v1::Trigger& trigger : policy_.triggers()) {
      const auto& plans = trigger.when().plans();
      Names served = ServedPlans();
      std::erase_if(served, [&](const auto& plan) { return !plans.empty() && !Has(plans, plan); });
      starters_[trigger.escalation()].merge(served);
    }
    // An escalation is followed by another at most as many times as there are.
    for (int i = 0; i < policy_.escalations_size(); ++i) {
      for (const v1::Escalation& escalation : policy_.escalations()) {
        Names before = starters_[escalation.name()];
        if (!escalation.then().empty()) starters_[escalation.then()].merge(before);
      }
    }
  }

  void LintEscalation(const v1::Escalation& escalation) {
    const std::string where = PartWhere("escalation", escalation.name());
    const std::string path = PartPath("escalations", escalation.name());
    const Names& starters = starters_[escalation.name()];
    if (starters.empty()) {
      Add(path, where, "nothing in the policy starts it, only a person's request does",
          "name it in a target's warned or breached, or in a trigger");
    }
    const auto& exempt = escalation.hold_exempt();
    if (escalation.hold_ms() > 0 &&
        std::all_of(policy_.severities().begin(), policy_.severities().end(),
                    [&](const auto& severity) { return Has(exempt, severity); })) {
      Add(Cat(path, ".hold"), where, "it holds nothing: \"except\" names every severity");
    }
    for (int i = 0; i < escalation.steps_size(); ++i) {
      const std::string& level = escalation.steps(i).level();
      if (level.empty() || starters.empty()) continue;
      if (std::any_of(starters.begin(), starters.end(),
                      [&](const auto& plan) { return MayReach(plan, level); })) {
        continue;
      }
      Add(ItemPath(path, "steps", i), StepWhere(escalation.name(), i),
          Cat("it never reaches the level ", Quoted(level), ": it starts for tickets of ",
              Listed(starters), ", which may not"));
    }
  }

  void LintTrigger(int index) {
    const v1::Trigger& trigger = policy_.triggers(index);
    AddContradiction(Cat(TriggerPath(index), ".when"), TriggerWhere(index), trigger.when());
    if (trigger.on() != v1::Trigger::OPENED_WITH_SEVERITY) return;
    const auto& plans = trigger.when().plans();
    int highest = -1;
    for (const v1::Plan& plan : policy_.plans()) {
      if (plan.no_tickets() || (!plans.empty() && !Has(plans, plan.name()))) continue;
      highest =
          std::max(highest, plan.severity_ceiling().empty() ? policy_.severities_size() - 1
                                                            : RankOf(plan.severity_ceiling()));
    }
    const auto& severities = trigger.severities();
    if (!severities.empty() &&
        std::all_of(severities.begin(), severities.end(),
                    [&](const auto& severity) { return RankOf(severity) > highest; })) {
      Add(Cat(TriggerPath(index), ".severity"), TriggerWhere(index),
          Cat("it never fires: no plan's tickets are ", Listed(severities)));
    }
  }

  const v1::Policy& policy_;
  const v1::CalendarSet& calendars_;
  // By escalation.
  std::map<std::string, Names> starters_;
  std::vector<PolicyProblem> problems_;
};

}  // namespace

std::vector<PolicyProblem> LintPolicy(const v1::Policy& policy, const v1::CalendarSet& calendars,
                                      int32_t today) {
  return Linter(policy, calendars).Run(today);
}

std::vector<PolicyProblem> LintRoutes(const v1::Policy& policy,
                                      const std::vector<std::string>& configured,
                                      const std::string& config) {
  std::vector<PolicyProblem> problems;
  for (const v1::Route& route : policy.routes()) {
    if (std::find(configured.begin(), configured.end(), route.name()) != configured.end()) continue;
    problems.push_back({PartPath("routes", route.name()),
                        Cat(PartWhere("route", route.name()), ": ", config, " does not define it"),
                        configured.empty() ? "" : HintOf(route.name(), configured, "defined:")});
  }
  return problems;
}

}  // namespace escalation
