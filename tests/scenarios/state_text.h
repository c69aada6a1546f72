// tests/scenarios/state_text.h
//
// What is stored of a ticket, as lines that a person reads.
//
//   Output      "ticket T-1 open severity=low", then a line for each clock, escalation and page
//   Threads     stateless
#pragma once

#include <string>

#include "escalation/v1/state.pb.h"

namespace escalation::scenarios {

std::string StateText(const std::string& ticket_id, const v1::TicketState& state, int offset_s);

}  // namespace escalation::scenarios
