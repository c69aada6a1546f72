#include "state/ticket/severity.h"

#include <algorithm>

#include "state/base/text.h"

namespace escalation {
namespace {

constexpr char kPermissionRule[] = "permissions.set_severity";

enum class Permission { kSets, kWishes, kRefused };

Permission PermissionOf(const CompiledPolicy& policy, const v1::Actor& actor,
                        const v1::TicketFacts& facts) {
  const v1::Permissions& permissions = policy.policy().permissions();
  if (permissions.set_severity().empty()) {
    return actor.kind() == v1::Actor::AGENT ? Permission::kSets : Permission::kWishes;
  }
  for (const std::string& role : actor.roles()) {
    const auto& allowed = permissions.set_severity();
    if (std::find(allowed.begin(), allowed.end(), role) != allowed.end()) return Permission::kSets;
  }
  const bool wish = actor.kind() == v1::Actor::CUSTOMER &&
                    permissions.customer_severity_provisional() && !facts.severity_settled();
  return wish ? Permission::kWishes : Permission::kRefused;
}

// The severity at most the plan's ceiling.
std::string Clamped(const CompiledPolicy& policy, const std::string& severity,
                    const v1::TicketFacts& facts, FactChange* change) {
  const CompiledPlan* const plan = policy.FindPlan(facts.plan());
  if (plan == nullptr || policy.SeverityRank(severity) <= plan->severity_ceiling) return severity;
  const std::string& ceiling = policy.Severity(plan->severity_ceiling);
  v1::Decision& note = change->notes.emplace_back();
  note.mutable_cause()->set_rule(plan->plan->path());
  v1::SeverityClamped* const clamped = note.mutable_severity_clamped();
  clamped->set_from(severity);
  clamped->set_to(ceiling);
  return ceiling;
}

}  // namespace

void OpenWithSeverity(const CompiledPolicy& policy, const v1::Actor& actor, const std::string& wish,
                      v1::TicketFacts* facts, FactChange* change) {
  if (facts->severity_settled()) return;
  if (policy.HighestRank() < 0) {
    // No policy yet: the first one judges the wish.
    facts->set_severity(wish);
    return;
  }
  const bool known = policy.SeverityRank(wish) >= 0;
  if (!wish.empty() && !known) {
    AddFlag("unknown_severity", Cat("severity \"", wish, "\" is not in the policy"), "", change);
  }
  facts->set_severity(
      Clamped(policy, known ? wish : policy.policy().default_severity(), *facts, change));
  if (known && PermissionOf(policy, actor, *facts) == Permission::kSets) {
    facts->set_severity_settled(true);
    change->facts |= Bit(v1::Metric::SEVERITY_SET);
  }
}

void RequestSeverity(const CompiledPolicy& policy, const v1::Actor& actor, const std::string& wish,
                     v1::TicketFacts* facts, FactChange* change) {
  if (policy.SeverityRank(wish) < 0) {
    AddFlag("unknown_severity", Cat("severity \"", wish, "\" is not in the policy"), "", change);
    return;
  }
  const Permission permission = PermissionOf(policy, actor, *facts);
  if (permission == Permission::kRefused) {
    AddFlag("severity_not_permitted",
            Cat("\"", actor.id(), "\" may not set the severity to ", wish), kPermissionRule,
            change);
    return;
  }
  if (permission == Permission::kSets) {
    facts->set_severity_settled(true);
    change->facts |= Bit(v1::Metric::SEVERITY_SET);
  }
  const bool by_permission = !policy.policy().permissions().set_severity().empty();
  SetSeverity(policy, wish, permission == Permission::kSets ? "set" : "wished",
              by_permission ? kPermissionRule : "", facts, change);
}

void SetSeverity(const CompiledPolicy& policy, const std::string& severity, const char* reason,
                 const std::string& rule, v1::TicketFacts* facts, FactChange* change) {
  const std::string allowed = Clamped(policy, severity, *facts, change);
  if (allowed == facts->severity()) return;
  v1::Decision& note = change->notes.emplace_back();
  if (!rule.empty()) note.mutable_cause()->set_rule(rule);
  v1::SeverityChangeDecided* const decided = note.mutable_severity_changed();
  decided->set_from(facts->severity());
  decided->set_to(allowed);
  decided->set_reason(reason);
  facts->set_severity(allowed);
  Happened(v1::Announcement::SEVERITY, change);
  Retarget("severity", change);
}

void ClampSeverity(const CompiledPolicy& policy, v1::TicketFacts* facts, FactChange* change) {
  if (policy.SeverityRank(facts->severity()) < 0) return;
  const std::string allowed = Clamped(policy, facts->severity(), *facts, change);
  facts->set_severity(allowed);
}

}  // namespace escalation
