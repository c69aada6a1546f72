// ops/replay.h
//
// Folds a log from its beginning, as it stands.
//
//   Input       a log that begins at 0
//   Output      decisions, in order: those of the daemon that wrote the log, byte for byte
//   Invariants  1. memory is bounded: the state moves to a temporary RocksDB when it is large
//               2. a batch ends before a record that publishes, so the decisions that it is about
//                  have been handed over when its hash is compared
//   Time        that of the records
//   Errors      kFailedPrecondition: the log's beginning is gone. kDataLoss: a record or a
//               published hash is not what it should be. Others: as the log. From an error of the
//               visitor on nothing more is folded
//   Threads     one thread each; several partitions of one log at once
#pragma once

#include <functional>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/log/log.h"
#include "escalation/v1/decision.pb.h"
#include "state/partition/partition.h"

namespace escalation {

struct ReplayCounts {
  int64_t records = 0;
  int64_t decisions = 0;
};

// An error ends the replay with it.
using DecisionVisitor = std::function<absl::Status(const v1::Decision&)>;
// Records so far, of how many; for people who wait.
using ReplayProgress = std::function<void(int64_t records, int64_t of)>;

// The records of a partition up to its end as of now, decoded, in batches.
using BatchVisitor = std::function<absl::Status(std::span<FoldRecord>)>;
absl::Status ReadAllRecords(const Log& log, Partition partition, const BatchVisitor& visit,
                            const ReplayProgress& progress);

absl::StatusOr<ReplayCounts> ReplayLog(const Log& log, Partition partition,
                                       const DecisionVisitor& visit,
                                       const ReplayProgress& progress);

// The same with the committed state, and with the records of the batch that the decisions follow
// from: `fold` gets each batch and its decisions once the batch is folded.
struct FoldedBatch {
  std::span<const FoldRecord> records;
  std::span<const v1::Decision> decisions;
  const StateReader& state;
};
using FoldedVisitor = std::function<absl::Status(const FoldedBatch&)>;
absl::StatusOr<ReplayCounts> ReplayBatches(const Log& log, Partition partition,
                                           const FoldedVisitor& visit,
                                           const ReplayProgress& progress);

// Compares what the log folds to with what was published, and every hash that was. The message of
// kDataLoss shows both sides of the first difference, its record and its ticket. Decisions beyond
// the published ones are counted only.
struct VerifyCounts {
  ReplayCounts replayed;
  // Highest seq in the decisions stream.
  uint64_t published = 0;
  // Of these the stream does not hold any more: compared by the hashes only.
  int64_t trimmed = 0;
  // Hashes of publications that agree.
  int64_t hashes = 0;
};
absl::StatusOr<VerifyCounts> VerifyDecisions(const Log& log, Partition partition,
                                             const ReplayProgress& progress);

}  // namespace escalation
