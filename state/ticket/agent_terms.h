// state/ticket/agent_terms.h
//
// What the policy asks of agents when they answer and when they resolve.
//
//   Input       an agent's public message; a resolution
//   Output      Flagged update_incomplete and resolution_reason, ReviewDue;
//               TicketFacts.resolution_reason
//   Errors      none: what is missing is flagged, and counts all the same
//   Threads     stateless; safe everywhere
#pragma once

#include <string>

#include "escalation/v1/event.pb.h"
#include "escalation/v1/state.pb.h"
#include "state/policy/compiled_policy.h"
#include "state/ticket/fact_change.h"

namespace escalation {

void CheckUpdate(const CompiledPolicy& policy, const v1::MessageAdded& message,
                 const v1::TicketFacts& facts, FactChange* change);

// The ticket became resolved, for `reason`; empty: none was given.
void NoteResolution(const CompiledPolicy& policy, const std::string& reason, v1::TicketFacts* facts,
                    FactChange* change);

}  // namespace escalation
