// daemon/api/explain_outcome.h
//
// What became of a page at the pager: its outcome came back as a record of the log.
//
//   Input       the record that decided the page, and the page's key
//   Output      the outcome of its trigger; none: there is none yet, or not within what was read
//   Invariants  1. at most kOutcomeRecordsMax records are read
//   Errors      as the log; kDataLoss: a record that is no event
//   Threads     stateless; safe everywhere
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "daemon/api/query_partition.h"
#include "escalation/v1/event.pb.h"
#include "state/base/ids.h"

namespace escalation {

inline constexpr int kOutcomeRecordsMax = 50'000;

absl::StatusOr<std::optional<v1::PageOutcome>> FindOutcome(const PartitionView& partition,
                                                           Offset decided_by,
                                                           const std::string& key);

// "delivered to pager"; with the reason, if there is one.
std::string OutcomeText(const v1::PageOutcome& outcome);

}  // namespace escalation
