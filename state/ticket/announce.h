// state/ticket/announce.h
//
// Who is told by a message of what happened on a ticket.
//
//   Input       an event and what it changed; the policy's announcements
//   Output      one Notify for each occasion, to everybody whom an announcement names
//   Invariants  1. what is internal is announced to nobody
//               2. nobody is told of what they did themselves
//   Errors      none
//   Threads     stateless; safe everywhere
#pragma once

#include "escalation/v1/event.pb.h"
#include "escalation/v1/state.pb.h"
#include "state/policy/compiled_policy.h"
#include "state/ticket/decision_sink.h"
#include "state/ticket/fact_change.h"

namespace escalation {

// `facts`: the ticket after the event. `account` may be null.
void Announce(const CompiledPolicy& policy, const v1::AccountState* account, const v1::Event& event,
              const FactChange& change, const v1::TicketFacts& facts, Instant at,
              DecisionSink* sink);

}  // namespace escalation
