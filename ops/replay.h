// ops/replay.h
//
// Folds a log from its beginning, as it stands or under another policy.
//
//   Input       a log that begins at 0
//   Output      decisions, in order
//   Invariants  1. as it stands: the decisions of the daemon that wrote the log, byte for byte
//               2. under another policy: the log's own publications are left out, everything else
//               comes when it came
//   Time        that of the records
//   Errors      kFailedPrecondition: the log's beginning is gone. kDataLoss: a record or a
//   published hash is not what it
//               should be. Others: as the log
//   Threads     one thread
#pragma once

#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/log/log.h"
#include "escalation/v1/decision.pb.h"
#include "state/policy/policy_loader.h"

namespace escalation {

struct ReplayCounts {
  int64_t records = 0;
  int64_t decisions = 0;
};

// An error ends the replay with it.
using DecisionVisitor = std::function<absl::Status(const v1::Decision&)>;
// Records so far, of how many; for people who wait.
using ReplayProgress = std::function<void(int64_t records, int64_t of)>;

absl::StatusOr<ReplayCounts> ReplayLog(const Log& log, Partition partition,
                                       const DecisionVisitor& visit,
                                       const ReplayProgress& progress);

absl::StatusOr<ReplayCounts> ReplayUnderPolicy(const Log& log, Partition partition,
                                               const LoadedPolicy& policy,
                                               const DecisionVisitor& visit,
                                               const ReplayProgress& progress);

// Compares what the log folds to with what was published. The message of kDataLoss shows both sides
// of the first difference. Decisions beyond the published ones are counted only.
struct VerifyCounts {
  ReplayCounts replayed;
  uint64_t published = 0;
};
absl::StatusOr<VerifyCounts> VerifyDecisions(const Log& log, Partition partition,
                                             const ReplayProgress& progress);

}  // namespace escalation
