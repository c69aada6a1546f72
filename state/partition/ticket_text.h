// state/partition/ticket_text.h
//
// What a ticket holds in words: its events, the states of its clocks, escalations and pages, and
// why escalations start and stop.
//
//   Output      pieces of a sentence; names and values as a producer gave them, so whoever prints
//               them MUST make them harmless first
//   Errors      none: what is unknown gives its number or word
//   Threads     stateless; safe everywhere
#pragma once

#include <string>
#include <string_view>

#include "escalation/v1/event.pb.h"
#include "escalation/v1/policy.pb.h"
#include "escalation/v1/state.pb.h"

namespace escalation {

// "agent maria (tier_two)", "system"
std::string ActorText(const v1::Actor& actor);
// "customer c7 opened it: severity high, plan gold"
std::string EventText(const v1::Event& event);

// "open", "on_hold"; "" for none.
const char* StatusText(v1::StatusChanged::Status status);
// "running", "paused", "met", "cancelled", "expired".
const char* ClockStateText(v1::ClockState::State state);
// "waiting", "running", "acknowledged", "exhausted", "stopped".
const char* EscalationStateText(v1::EscalationState::State state);
// "requested", "delivered", "failed", "suppressed".
const char* PageStateText(v1::PageState::State state);

// "engagement", or "engagement/internal_high" where the promise has a name of its own.
std::string ClockName(const std::string& metric, const std::string& target);
// Why it started: "clock engagement/internal_high was breached".
std::string StartText(const v1::EscalationState& run);
// What stops it: "an acknowledgement at the pager".
const char* StopText(v1::StopOn::Kind kind);

}  // namespace escalation
