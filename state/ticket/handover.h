// state/ticket/handover.h
//
// How a ticket gets from one level to another, and which it may reach.
//
//   Input       the wish; the ticket's plan, level and fields
//   Output      TicketFacts.level; HandoverAccepted or HandoverRejected with what is missing
//   Invariants  1. a ticket is at a level of its plan
//               2. a value that a level requires was found at the level that hands over
//   Errors      none: a level that the policy does not know is flagged
//   Threads     stateless; safe everywhere
#pragma once

#include <string>

#include "escalation/v1/state.pb.h"
#include "state/policy/compiled_policy.h"
#include "state/ticket/fact_change.h"

namespace escalation {

// Whether tickets of the plan may reach the level.
bool IsForPlan(const v1::Level& level, const std::string& plan);

// The level that a step of an escalation asks for. Null: none, or it is not for the ticket's plan.
const v1::Level* LevelOfStep(const CompiledPolicy& policy, const v1::Step& step,
                             const v1::TicketFacts& facts);

// Somebody asks for the level.
void RequestHandover(const CompiledPolicy& policy, const std::string& level, v1::TicketFacts* facts,
                     FactChange* change);

// The ticket enters the level, whatever is missing, because of the policy's `rule`. False: it is
// there already, or the level is not for its plan, which is told.
bool EnterLevel(const v1::Level& level, const std::string& rule, v1::TicketFacts* facts,
                FactChange* change);

}  // namespace escalation
