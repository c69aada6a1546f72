// daemon/api/explain_decisions.h
//
// The decisions about one ticket, or of one record, from the decisions stream and the outbox.
//
//   Input       a partition's log and state; where the ticket's decisions are likely
//   Output      decisions in order of seq
//   Invariants  1. at most kDecisionsReadMax decisions are read; `cut` says that there may be more
//   Errors      kDataLoss: bytes cannot be decoded. Others: as the log and the StateReader
//   Threads     stateless; safe everywhere
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/api/query_view.h"
#include "escalation/v1/decision.pb.h"

namespace escalation {

inline constexpr uint64_t kDecisionsReadMax = 20'000;

struct FoundDecisions {
  std::vector<v1::Decision> decisions;
  // The stream is longer than what was read: older decisions may be missing.
  bool cut = false;
  // How many were read.
  uint64_t read = 0;
};

// Reads the latest decisions; where the stream is longer, also those around the records and
// decisions that the ticket's state names.
absl::StatusOr<FoundDecisions> FindDecisions(const PartitionView& partition,
                                             const std::string& tenant,
                                             const std::string& ticket_id,
                                             const v1::TicketState& ticket);

// What the record decided about the tenant: `limit` decisions at most are read, from the first one
// of a record that is not before it.
absl::StatusOr<FoundDecisions> FindDecisionsOf(const PartitionView& partition,
                                               const std::string& tenant, Offset offset,
                                               size_t limit);

}  // namespace escalation
