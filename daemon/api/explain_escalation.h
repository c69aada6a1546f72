// daemon/api/explain_escalation.h
//
// One run of an escalation: why it began, which steps it took and takes next, whom it paged, and
// what stops it.
//
//   Output      lines
//   Time        enters as an argument
//   Errors      none
//   Threads     stateless; safe everywhere
#pragma once

#include "daemon/api/explain_lines.h"
#include "escalation/v1/state.pb.h"
#include "state/ticket/environment.h"

namespace escalation {

// Moments are shown in `zone`.
void ExplainEscalation(const Environment& environment, const v1::EscalationState& run,
                       const Zone& zone, Instant now, ExplainLines* lines);

}  // namespace escalation
