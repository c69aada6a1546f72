// daemon/source/jq_decoder.h
//
// Foreign JSON to events, by a jq program in a process that is limited.
//
//   Input       a message whose value is JSON; see jq_request.h for what the program gets of it
//   Output      each output of the program is an event (proto3 JSON, event_json.h), an array of
//               events, or null for nothing
//   Invariants  1. a program that loops, eats memory or crashes costs its message and nothing else:
//                  the next one has a new process (jq_runner.h)
//   Time        bounded by MappingLimits
//   Errors      kInvalidArgument: the message is not JSON. kAborted "PROGRAM: what": the mapping
//               refused it, failed, took too much, or gave what is no event. kUnavailable: no
//               process could be started now
//   Threads     one at a time
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "daemon/source/event_decoder.h"
#include "daemon/source/source_message.h"

namespace escalation {

// Compiles the program. Errors as of JqProcess::Start.
absl::StatusOr<std::unique_ptr<EventDecoder>> MakeJqDecoder(const DecoderOptions& options);

}  // namespace escalation
