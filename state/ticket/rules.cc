#include "state/ticket/rules.h"

#include <string>
#include <utility>
#include <vector>

#include "state/ticket/facts.h"
#include "state/ticket/handover.h"
#include "state/ticket/severity.h"
#include "state/ticket/sorted_list.h"

namespace escalation {
namespace {

v1::TicketActionRequested* Request(const v1::Rule& rule, const char* action, FactChange* change) {
  v1::Decision& note = change->notes.emplace_back();
  note.mutable_cause()->set_rule(rule.path());
  v1::TicketActionRequested* const requested = note.mutable_ticket_action_requested();
  requested->set_action(action);
  requested->set_reason(rule.name());
  return requested;
}

void Apply(const CompiledPolicy& policy, const v1::Rule& rule, v1::TicketFacts* facts,
           FactChange* change) {
  if (!rule.flag().empty()) AddFlag(rule.flag().c_str(), rule.hint(), rule.path(), change);
  if (!rule.group().empty() && facts->group() != rule.group()) {
    facts->set_group(rule.group());
    Request(rule, "group", change)->set_group(rule.group());
    if (policy.matches_groups()) Retarget("group", change);
  }
  const v1::Level* const level = rule.level().empty() ? nullptr : policy.FindLevel(rule.level());
  if (level != nullptr && EnterLevel(*level, rule.path(), facts, change)) {
    Request(rule, "level", change)->set_level(level->name());
  }
  if (!rule.severity().empty() && policy.SeverityRank(rule.severity()) >= 0) {
    SetSeverity(policy, rule.severity(), "rule", rule.path(), facts, change);
  }
}

// Whether there is nothing to match, now or before.
bool HasNoRules(const CompiledPolicy& policy, v1::TicketFacts* facts) {
  if (!policy.policy().rules().empty() && facts->opened_ms() != 0 && !facts->provisional()) {
    return false;
  }
  if (!facts->rules().empty()) facts->clear_rules();
  return true;
}

}  // namespace

void AdoptRules(const CompiledPolicy& policy, const v1::AccountState* account,
                v1::TicketFacts* facts) {
  if (HasNoRules(policy, facts)) return;
  facts->clear_rules();
  for (const v1::Rule& rule : policy.policy().rules()) {
    if (Matches(rule.when(), *facts, account)) AddSorted(facts->mutable_rules(), rule.name());
  }
}

void ApplyRules(const CompiledPolicy& policy, const v1::AccountState* account,
                v1::TicketFacts* facts, FactChange* change) {
  if (HasNoRules(policy, facts)) return;
  const auto& rules = policy.policy().rules();
  // Those that matched before the event do not apply again; nor do those that it applied.
  std::vector<bool> settled(static_cast<size_t>(rules.size()));
  for (int i = 0; i < rules.size(); ++i) settled[i] = Holds(facts->rules(), rules[i].name());
  for (bool applied = true; applied;) {
    applied = false;
    for (int i = 0; i < rules.size(); ++i) {
      if (settled[i] || !Matches(rules[i].when(), *facts, account)) continue;
      settled[i] = applied = true;
      Apply(policy, rules[i], facts, change);
    }
  }
  AdoptRules(policy, account, facts);
}

}  // namespace escalation
