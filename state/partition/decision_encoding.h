// state/partition/decision_encoding.h
//
// A decision as it is published: Protobuf's wire format, as the generated code writes it. What
// clocks decide, which is most of all, is written in a third of the time.
//
//   Input       the decision
//   Output      its bytes
//   Invariants  1. byte for byte what SerializeAsString gives; a test compares all kinds
//   Errors      none
//   Threads     one writer, one thread
#pragma once

#include "escalation/v1/decision.pb.h"
#include "state/base/wire_writer.h"

namespace escalation {

// Appends.
void EncodeDecision(const v1::Decision& decision, WireWriter* out);

}  // namespace escalation
