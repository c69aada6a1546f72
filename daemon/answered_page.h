// daemon/answered_page.h
//
// Where a page operation stands that an earlier process left pending.
//
//   Input       the committed state, at the log's end; the decision that asked for it
//   Output      as the fields of Delivery: why it is kept back, empty: it leaves; whether it was
//               delivered and is to be renewed or closed with others; the digest that it was put
//               into
//   Errors      those of the store; kDataLoss: the ticket cannot be decoded
//   Threads     stateless; safe everywhere
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "escalation/v1/decision.pb.h"
#include "state/partition/turn.h"

namespace escalation {

struct PendingPage {
  std::string kept_back;
  bool delivered = false;
  std::string digest;
};

absl::StatusOr<PendingPage> FindPendingPage(const StateReader& state, const v1::Decision& decision);

}  // namespace escalation
