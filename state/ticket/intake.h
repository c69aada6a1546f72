// state/ticket/intake.h
//
// What a new ticket should have, and who may open it and take part.
//
//   Input       Opened, and who takes part later; the policy's intake, the plan's channels, the
//               account's contacts and logins
//   Output      TicketFacts.participants and contact_unconfirmed; Flagged, ParticipantRejected
//   Invariants  1. nothing is dropped for lacking something: it is served, and flagged
//               2. addresses are compared without regard to ASCII case
//   Errors      none
//   Threads     stateless; safe everywhere
#pragma once

#include <string>

#include "escalation/v1/event.pb.h"
#include "escalation/v1/state.pb.h"
#include "state/policy/compiled_policy.h"
#include "state/ticket/fact_change.h"
#include "state/ticket/sorted_list.h"

namespace escalation {

// `plan`: the ticket's; null: the policy has none. A plan that has no tickets asks for nothing.
void CheckIntake(const CompiledPolicy& policy, const CompiledPlan* plan,
                 const v1::AccountState* account, const v1::Actor& actor, const v1::Opened& opened,
                 v1::TicketFacts* facts, FactChange* change);

// Each of `people` may hold several addresses with spaces between them. `account` may be null.
void AddParticipants(const CompiledPolicy& policy, const v1::AccountState* account,
                     const WordList& people, v1::TicketFacts* facts, FactChange* change);
void RemoveParticipants(const WordList& people, v1::TicketFacts* facts);

// Takes everybody as they are.
void ImportParticipants(const WordList& people, v1::TicketFacts* facts);

// Whether the event is an agent's action that confirms a ticket of somebody who may not open any:
// an internal note or a status alone is none.
bool ConfirmsContact(const v1::Event& event, const FactChange& change);

}  // namespace escalation
