// daemon/page_outcome.h
//
// What became of a page operation, as the event that the log keeps of it, and as a line for
// operators.
//
//   Input       an outcome of the dispatcher
//   Output      a PageOutcome event; a line in the daemon's log, an error if the page did not
//               arrive
//   Time        enters as an argument
//   Threads     stateless; safe everywhere
#pragma once

#include "daemon/deliver/dispatch_queue.h"
#include "escalation/v1/event.pb.h"

namespace escalation {

v1::Event EventOfOutcome(DispatchOutcome outcome, Instant now);

}  // namespace escalation
