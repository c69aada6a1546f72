// state/ticket/rules.h
//
// The policy's rules: what follows once from what a ticket says.
//
//   Input       the ticket after an event, or after a change of its account or policy
//   Output      TicketFacts.rules: the names of the rules that match now; what they do: Flagged,
//               TicketActionRequested, HandoverAccepted, SeverityChanged, and the facts that these
//               change
//   Invariants  1. a rule applies when it begins to match, and again only after an event left it
//                  unmatched
//               2. what one rule does may make others match; each applies at most once an event, so
//                  this ends
//   Errors      none
//   Threads     stateless; safe everywhere
#pragma once

#include "escalation/v1/state.pb.h"
#include "state/policy/compiled_policy.h"
#include "state/ticket/fact_change.h"

namespace escalation {

// A ticket that nobody opened yet has no rules.
void ApplyRules(const CompiledPolicy& policy, const v1::AccountState* account,
                v1::TicketFacts* facts, FactChange* change);

// The ticket is taken over as it stands: the rules that match count as applied.
void AdoptRules(const CompiledPolicy& policy, const v1::AccountState* account,
                v1::TicketFacts* facts);

}  // namespace escalation
