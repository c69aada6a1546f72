// ops/record_text.h
//
// Records and decisions of a log as text for people and programs.
//
//   Input       a record or decision as the log holds it
//   Output      ToJsonLine:
//               {"partition":0,"offset":"17","appended":"2026-03-11T07:00:00Z","event":{}} or,
//               for a decision, {"partition":0,"decision":{}}; proto3 JSON on one line. ToRow:
//               one line of columns
//   Errors      kDataLoss: not an Event or Decision, with its position
//   Threads     stateless; safe everywhere
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "daemon/log/log.h"

namespace escalation {

absl::StatusOr<std::string> ToJsonLine(Partition partition, const Record& record);
absl::StatusOr<std::string> ToJsonLine(Partition partition, const PublishedDecision& decision);

// Offset, append time, tenant, ticket, body's name.
absl::StatusOr<std::string> ToRow(Partition partition, const Record& record);
// Seq, moment, tenant, ticket, body's name.
absl::StatusOr<std::string> ToRow(Partition partition, const PublishedDecision& decision);

}  // namespace escalation
