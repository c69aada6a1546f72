// daemon/answered_page.h
//
// Whether a page that an earlier process left without an outcome still has to wake somebody.
//
//   Input       the committed state, at the log's end; the decision that requested the page
//   Output      why it is kept back, as in Delivery::kept_back; empty: it leaves
//   Errors      those of the store; kDataLoss: the ticket cannot be decoded
//   Threads     stateless; safe everywhere
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "escalation/v1/decision.pb.h"
#include "state/partition/turn.h"

namespace escalation {

absl::StatusOr<std::string> WhyKeptBack(const StateReader& state, const v1::Decision& decision);

}  // namespace escalation
