// daemon/source/manual_check.h
//
// What a person may ask for by hand: mutes, stops, pages.
//
//   Input       a decoded event; any other than these is fine
//   Output      OK, or the field that is wrong and the expectation
//   Invariants  1. from outside, who silences somebody has a name and a reason, and says of what:
//                  nothing said would be everything
//   Errors      kInvalidArgument, with the field's path as a payload (message_json.h, FieldOf)
//   Threads     stateless; safe everywhere
#pragma once

#include "absl/status/status.h"
#include "daemon/source/event_check.h"
#include "escalation/v1/event.pb.h"

namespace escalation {

// A history may hold what was taken before names and reasons were asked for.
absl::Status CheckManual(const v1::Event& event, Trust trust);

}  // namespace escalation
