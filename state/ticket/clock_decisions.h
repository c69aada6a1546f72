// state/ticket/clock_decisions.h
//
// Clock changes as decisions.
//
//   Input       a change and the clock after it
//   Output      one decision body; kFellBack becomes an Alarm, kExpired a TicketActionRequested
//   Threads     stateless; safe everywhere
#pragma once

#include <string>

#include "escalation/v1/state.pb.h"
#include "state/ticket/decision_sink.h"
#include "state/ticket/environment.h"
#include "state/ticket/timeline.h"

namespace escalation {

// Policy path of the clock's target; empty if its policy is gone.
std::string RuleOf(const Environment& environment, const v1::ClockState& clock);

enum class BreachKind { kNow, kRecordedOnly };

void DecideClock(const Environment& environment, ClockChange change, const v1::ClockState& clock,
                 Instant at, Instant due, const char* detail, int warning, BreachKind breach,
                 DecisionSink* sink);

void DecideRetraction(const Environment& environment, const v1::ClockState& clock, Instant at,
                      Instant due, DecisionSink* sink);

}  // namespace escalation
