// What starts and stops a ticket's escalations: clocks, severities, tokens, levels.

#include <algorithm>

#include "state/base/text.h"
#include "state/ticket/announce.h"
#include "state/ticket/ticket.h"

namespace escalation {
namespace {

using v1::Metric;

bool Has(const FactChange& change, Metric::Fact fact) { return (change.facts & Bit(fact)) != 0; }

template <typename List>
bool Holds(const List& list, const std::string& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

template <typename List, typename Predicate>
void EraseIf(List* list, const Predicate& predicate) {
  list->erase(std::remove_if(list->begin(), list->end(), predicate), list->end());
}

EscalationFacts FactsFor(const v1::Event& event, const FactChange& change, int severity_rank) {
  EscalationFacts facts;
  facts.facts = change.facts;
  facts.assigned = event.has_assigned() && !event.assigned().assignee().empty();
  facts.pending =
      event.has_status_changed() && event.status_changed().status() == v1::StatusChanged::PENDING;
  facts.severity_rank = severity_rank;
  return facts;
}

}  // namespace

void TicketFold::TriggerOnClock(ClockChange change, const v1::ClockState& clock, Instant at) {
  const CompiledPolicy& policy = environment_.PolicyAt(clock.policy_revision());
  const CompiledPlan* const plan = policy.FindPlan(clock.plan());
  const CompiledTarget* const target = plan == nullptr ? nullptr : plan->FindTarget(clock.target());
  if (target == nullptr) return;
  const bool breached = change == ClockChange::kBreached;
  const std::string& escalation =
      breached ? target->target->on_breached() : target->target->on_warned();
  if (escalation.empty()) return;
  escalations_.Start({escalation, breached ? "clock_breached" : "clock_warned",
                      target->target->path(), policy.revision(), &clock},
                     at);
}

void TicketFold::TriggerOnFacts(const PlacedEvent& placed, const FactChange& change, Instant at) {
  const CompiledPolicy& policy = environment_.PolicyAt(placed.policy_revision);
  const v1::Event& event = placed.event;
  if (change.ended != nullptr) {
    escalations_.StopAll(change.ended, at);
    return;
  }
  if (!event.has_page_acknowledged()) {
    const int rank = policy.SeverityRank(state_.live().facts().severity());
    escalations_.OnFacts(FactsFor(event, change, rank), at);
  }
  if (Has(change, Metric::REOPENED)) state_.clear_fired();
  // Nobody is woken by who may not open tickets.
  if (state_.live().facts().contact_unconfirmed()) return;
  for (const v1::Trigger& trigger : policy.policy().triggers()) {
    const char* const reason = TriggerReason(policy, trigger, placed, change);
    if (reason == nullptr) continue;
    escalations_.Start({trigger.escalation(), reason, trigger.path(), policy.revision(), nullptr},
                       at);
  }
}

void TicketFold::AnnounceFacts(const PlacedEvent& placed, const FactChange& change, Instant at) {
  const CompiledPolicy& policy = environment_.PolicyAt(placed.policy_revision);
  if (placed.announced || policy.policy().announcements().empty()) return;
  const v1::TicketFacts& facts = state_.live().facts();
  Announce(policy, environment_.FindAccount(facts.account()), placed.event, change, facts, at,
           &sink_);
}

// Null: the trigger says nothing. Each trigger fires once until what re-arms it.
const char* TicketFold::TriggerReason(const CompiledPolicy& policy, const v1::Trigger& trigger,
                                      const PlacedEvent& placed, const FactChange& change) {
  const v1::TicketFacts& facts = state_.live().facts();
  auto* const fired = state_.mutable_fired();
  const auto matches = [&] {
    return !trigger.has_when() ||
           Matches(trigger.when(), facts, environment_.FindAccount(facts.account()));
  };
  switch (trigger.on()) {
    case v1::Trigger::OPENED_WITH_SEVERITY: {
      if (!change.retarget && !Has(change, Metric::REOPENED)) return nullptr;
      const std::string prefix = Cat(trigger.path(), '@');
      const auto is_its = [&](const std::string& old) { return old.starts_with(prefix); };
      if (!trigger.severities().empty() && !Holds(trigger.severities(), facts.severity())) {
        // Once the severity has left the list, coming back is a new reason.
        EraseIf(fired, is_its);
        return nullptr;
      }
      const CompiledPlan* const plan = policy.FindPlan(facts.plan());
      const bool served = facts.opened_ms() != 0 && facts.resolved_ms() == 0 &&
                          !facts.provisional() && (plan == nullptr || !plan->plan->no_tickets());
      const std::string key = prefix + facts.severity();
      // Where every severity will do, another one is no new reason; elsewhere only a higher one is.
      const bool any = trigger.severities().empty() ||
                       trigger.severities_size() == policy.policy().severities_size();
      const int rank = policy.SeverityRank(facts.severity());
      const bool told = std::any_of(fired->begin(), fired->end(), [&](const std::string& old) {
        return is_its(old) && (any || policy.SeverityRank(old.substr(prefix.size())) >= rank);
      });
      if (!served || told || !matches()) return nullptr;
      *fired->Add() = key;
      return "opened_with_severity";
    }
    case v1::Trigger::TOKEN: {
      const std::string& key = trigger.path();
      if (Has(change, Metric::AGENT_PUBLIC_MESSAGE)) {
        EraseIf(fired, [&](const std::string& old) { return old == key; });
      }
      const bool said = Has(change, Metric::CUSTOMER_MESSAGE) && !placed.starts_nothing &&
                        Holds(placed.event.message_added().tokens(), trigger.token());
      if (!said || Holds(*fired, key) || !matches()) return nullptr;
      *fired->Add() = key;
      return "token";
    }
    case v1::Trigger::LEVEL_ENTERED:
      return Has(change, Metric::HANDOVER_ACCEPTED) && matches() ? "level_entered" : nullptr;
    case v1::Trigger::UNASSIGNED: {
      const bool served = facts.opened_ms() != 0 && facts.resolved_ms() == 0;
      return change.unassigned && served && matches() ? "unassigned" : nullptr;
    }
    default:
      return nullptr;  // No policy with such a trigger is published.
  }
}

}  // namespace escalation
