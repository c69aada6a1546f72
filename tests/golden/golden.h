// tests/golden/golden.h
//
// Histories whose decisions are known: archives with their decisions, and a line that sums them up.
//
//   archives/NAME/           an archive: one partition, its records and its decisions
//   archives/NAME.expected   what Summary prints, and the semantics version it was written at
//
//   Errors      those of the log and of the fold
//   Threads     stateless
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/log/log.h"
#include "state/partition/partition.h"

namespace escalation::golden {

struct Folded {
  int64_t records = 0;
  int64_t decisions = 0;
  // SHA-256 chain over the serialized decisions, as the fold itself computes it. Hexadecimal.
  std::string chain;
  // Of the store; never part of a golden file, since the stored form may change.
  std::string state_digest;
};

using DecisionVisitor = std::function<void(const v1::Decision&)>;

// Folds into a store in memory, `batch` records at a time.
absl::StatusOr<Folded> Fold(std::span<const FoldRecord> records, const std::string& incarnation,
                            size_t batch, const DecisionVisitor& visit);

// Partition 0 from its beginning.
absl::StatusOr<std::vector<FoldRecord>> ReadRecords(const Log& log);

// Folds the records, and writes an archive of them and of what was decided to `dir`.
absl::StatusOr<Folded> Write(const std::string& dir, std::span<const FoldRecord> records,
                             const std::string& incarnation);

// A random history of a seed; its pages are answered, so it depends on its own decisions.
std::vector<FoldRecord> RandomRecords(uint64_t seed, int count);

// "records 400\ndecisions 1310\nchain 12ab...\n"
std::string Summary(const Folded& folded);

}  // namespace escalation::golden
