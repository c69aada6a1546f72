// daemon/api/explain_clock.h
//
// One cycle of one clock as arithmetic: what was promised, which stretches of time were counted and
// which were not, what is used, when it is due.
//
//   Input       the clock's history, the ticket, the environment, the present moment
//   Output      lines
//   Invariants  1. the counted stretches add up to what is used
//   Time        enters as an argument
//   Errors      none
//   Threads     stateless; safe everywhere
#pragma once

#include <span>
#include <string>

#include "daemon/api/explain_history.h"
#include "daemon/api/explain_lines.h"
#include "escalation/v1/state.pb.h"
#include "state/ticket/environment.h"

namespace escalation {

struct ClockScene {
  const Environment& environment;
  const v1::TicketState& ticket;
  std::span<const v1::Entry> entries;
  // Moments of a clock that runs around the clock are shown in it.
  const Zone& zone;
  Instant now;
};

// The whole cycle.
void ExplainClock(const ClockScene& scene, const ClockHistory& history, ExplainLines* lines);

// "engagement/internal_high cycle 1: met, 20m of 2h used"
std::string ClockSummary(const Environment& environment, const v1::ClockState& clock, Instant now);

}  // namespace escalation
