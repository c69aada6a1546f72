// daemon/log/archive_log.h
//
// Reads an archive as a log, and verifies one.
//
//   Input       a directory that ArchiveWriter completed
//   Output      as Log, with the identity, offsets and append times of the log that was archived
//   Invariants  1. every block is checked against its hash before it is used
//               2. memory holds one block and the places of one file's blocks for each stream
//   Errors      as Log; Append and Publish: kFailedPrecondition. kDataLoss names file, block and
//               byte. kNotFound: no archive
//   Threads     as Log
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/log/log.h"

namespace escalation {

absl::StatusOr<std::unique_ptr<Log>> OpenArchiveLog(const std::string& dir);

struct ArchivePartitionSummary {
  Offset begin;
  Offset end;
  int64_t records = 0;
  int64_t decisions = 0;
  // Hexadecimal; empty: none. Equal chains: equal records, in the same order, with the same times.
  std::string records_chain;
  std::string decisions_chain;
};

struct ArchiveSummary {
  LogIdentity identity;
  int64_t files = 0;
  int64_t bytes = 0;
  std::vector<ArchivePartitionSummary> partitions;
};

// Reads everything and recomputes every hash. kDataLoss: the first difference, with file, block and
// byte; also a file that the manifest does not name.
absl::StatusOr<ArchiveSummary> VerifyArchive(const std::string& dir);

}  // namespace escalation
