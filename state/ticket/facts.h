// state/ticket/facts.h
//
// What an event says about a ticket: changes the ticket's facts and names what it was, in the
// closed list that metrics, escalations and triggers are written in.
//
//   Input       the facts before, one event, the policy in force, the account
//   Output      the facts after; momentary facts; decisions that follow from facts alone (flags,
//               rejections, clamping, rules)
//   Invariants  1. internal messages and bots never count as an agent's answer
//               2. who may not set the severity does not set it
//   Errors      none: a value that the policy does not know is flagged, and the ticket keeps its
//               own
//   Threads     stateless; safe everywhere
#pragma once

#include <string>

#include "escalation/v1/event.pb.h"
#include "escalation/v1/state.pb.h"
#include "state/policy/compiled_policy.h"
#include "state/ticket/fact_change.h"

namespace escalation {

// Lasting facts of the ticket.
FactSet LastingFacts(const v1::TicketFacts& facts);

// `account` may be null. Observed is taken as the opening of a ticket that is taken over as it
// stands.
FactChange ApplyEvent(const CompiledPolicy& policy, const v1::AccountState* account,
                      const v1::Event& event, Instant at, v1::TicketFacts* facts);

// Plan and severity ceiling of the ticket under the policy, after a change of account, plan or
// policy.
void ResolvePlan(const CompiledPolicy& policy, const v1::AccountState* account,
                 const std::string& wished_plan, v1::TicketFacts* facts);

bool Matches(const v1::Matcher& matcher, const v1::TicketFacts& facts,
             const v1::AccountState* account);

// Value of a field; empty: absent.
const std::string& FieldValue(const v1::TicketFacts& facts, std::string_view name);

}  // namespace escalation
