// daemon/log/log_bounds.h
//
// What every log checks in the same way, with the same words.
//
//   Input       arguments of Log's methods, the name of the log ("embedded:DIR")
//   Output      OK or the status that the method returns
//   Errors      as Log
//   Threads     stateless; safe everywhere
#pragma once

#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "daemon/log/log.h"

namespace escalation {

absl::Status CheckPartition(std::string_view log, Partition partition, int32_t partitions);

// kInvalidArgument above kRecordBytesMax.
absl::Status CheckRecordSize(std::string_view log, size_t bytes);

// `from` within [begin, end]. At the end there is nothing to read yet, which is no error.
absl::Status CheckPosition(std::string_view log, Partition partition, Offset from, Offset begin,
                           Offset end);

// Seqs rise by one, and the first is at most one above `through`.
absl::Status CheckDecisions(std::string_view log, Partition partition, uint64_t through,
                            const std::vector<PublishedDecision>& decisions);

// The log's clock reads a moment that escalationd accepts; a machine that starts in 1970 must not
// date records.
absl::Status CheckClock(std::string_view log, Instant now);

}  // namespace escalation
