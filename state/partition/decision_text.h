// state/partition/decision_text.h
//
// A decision as one line that a person reads: scenarios, simulations and explanations print it.
//
//   Input       a decision; how times are to be shown
//   Output      "clock T-1 engagement breached used=2h at=2026-03-11T07:00:00Z", without line
//               feed
//   Time        enters as arguments only
//   Errors      none: an empty body gives "(no body)"
//   Threads     stateless; safe everywhere
//
// The first word is the subject: clock, escalation, page, digest, action, severity, handover,
// participant, notify, plan, entitlement, review, flagged, alarm. Names come next, then what
// happened, then name=value pairs; pairs that say nothing (cycle 1, an empty reason) are left out.
#pragma once

#include <string>
#include <string_view>

#include "escalation/v1/decision.pb.h"
#include "state/base/instant.h"

namespace escalation {

struct DecisionTextOptions {
  // Times are shown with this offset from UTC, in seconds.
  int offset_s = 0;
  // `at=` is left out where it is this moment. Past: it is always shown.
  Instant now = Instant::Past();
};

std::string DecisionText(const v1::Decision& decision, const DecisionTextOptions& options = {});

// "2026-03-11T01:00:00-06:00"; "Z" for offset 0; "never" and "past" for the sentinels.
std::string TextWithOffset(Instant t, int offset_s);

}  // namespace escalation
