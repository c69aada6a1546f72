// state/ticket/ticket_encoding.h
//
// A ticket as the store keeps it: TicketState in Protobuf's wire format, as the generated code
// writes it. This code does the same in a third of the time: tickets are most of what is written.
//
//   Input       the state
//   Output      its bytes; what parses a TicketState reads them
//   Invariants  1. byte for byte what SerializeAsString gives, fields of newer programs included; a
//                  test fills in every field there is
//   Errors      none
//   Threads     one writer, one thread
#pragma once

#include "escalation/v1/state.pb.h"
#include "state/base/wire_writer.h"

namespace escalation {

// Appends.
void EncodeTicket(const v1::TicketState& state, WireWriter* out);

}  // namespace escalation
