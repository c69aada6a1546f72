// state/ticket/severity.h
//
// Who may set a ticket's severity, and how far it may rise.
//
//   Input       the wish and the actor
//   Output      TicketFacts.severity, and decisions SeverityChanged, SeverityClamped, Flagged
//   Invariants  1. the severity is always one of the policy's, at most the plan's ceiling
//               2. once a permitted role has set it, nobody else changes it
//   Errors      none: a wish that is refused is flagged
//   Threads     stateless; safe everywhere
#pragma once

#include <string>

#include "escalation/v1/event.pb.h"
#include "escalation/v1/state.pb.h"
#include "state/policy/compiled_policy.h"
#include "state/ticket/fact_change.h"

namespace escalation {

// At opening: the wish, or the policy's default. Quiet but for clamping and flags.
void OpenWithSeverity(const CompiledPolicy& policy, const v1::Actor& actor, const std::string& wish,
                      v1::TicketFacts* facts, FactChange* change);

// Somebody asks for a severity.
void RequestSeverity(const CompiledPolicy& policy, const v1::Actor& actor, const std::string& wish,
                     v1::TicketFacts* facts, FactChange* change);

// A part of the policy sets it: `rule` is its path, empty for a rule of escalationd's own.
void SetSeverity(const CompiledPolicy& policy, const std::string& severity, const char* reason,
                 const std::string& rule, v1::TicketFacts* facts, FactChange* change);

// Applies the ceiling of a plan that changed.
void ClampSeverity(const CompiledPolicy& policy, v1::TicketFacts* facts, FactChange* change);

}  // namespace escalation
