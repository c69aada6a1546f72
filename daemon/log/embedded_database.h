// daemon/log/embedded_database.h
//
// An embedded log on disk: creates, opens and checks it, writes batches durably, reads.
//
//   Input       a directory; batches of records or decisions whose numbers continue the stream
//   Output      what was written, checked on every read
//   Invariants  1. a returned write is synced, and the file of acknowledgements says so
//               2. offsets and seqs are dense; a gap or a lost end is kDataLoss at opening
//               3. after a failed write every later one fails with the same status
//   Errors      as Log
//   Threads     WriteRecords by one thread, WriteDecisions by one, reads by any
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/log/acknowledged_file.h"
#include "daemon/log/durable_file.h"
#include "daemon/log/log.h"

namespace escalation {
namespace embedded {
class EmbeddedRocks;
}

// Where a partition's streams stand.
struct EmbeddedTail {
  Offset end;
  // Of the last record; Instant::Past() without one.
  Instant last_appended = Instant::Past();
  // 0: no decision.
  uint64_t through = 0;
};

struct EmbeddedRecord {
  Partition partition;
  Record record;
};

class EmbeddedDatabase {
 public:
  // Creates the log if `access` allows it and `dir` holds none. `partitions`: at least so many from
  // now on; 0: as many as there are, 1 in a new log. Fewer than there are: kFailedPrecondition.
  static absl::StatusOr<std::unique_ptr<EmbeddedDatabase>> Open(const std::string& dir,
                                                                Access access, int32_t partitions);
  ~EmbeddedDatabase();

  const LogIdentity& identity() const { return identity_; }
  // As found at opening, one for each partition.
  const std::vector<EmbeddedTail>& tails() const { return tails_; }

  absl::Status WriteRecords(const std::vector<EmbeddedRecord>& records);
  absl::Status WriteDecisions(Partition partition, const std::vector<PublishedDecision>& decisions);

  // Records in [from, end), at most about bytes_max.
  absl::StatusOr<std::vector<Record>> ReadRecords(Partition partition, Offset from, Offset end,
                                                  size_t bytes_max) const;
  // Decisions from `from` up to and including `through`.
  absl::StatusOr<std::vector<PublishedDecision>> ReadDecisions(Partition partition, uint64_t from,
                                                               uint64_t through,
                                                               size_t count) const;

  // Moves everything from the write-ahead log into tables.
  absl::Status Flush();

 private:
  explicit EmbeddedDatabase(std::string dir);
  // Locks, and creates what is missing.
  absl::Status Prepare(Access access, int32_t partitions);
  absl::Status Load(Access access, int32_t partitions);
  absl::Status LoadMeta(Access access, int32_t partitions);
  absl::Status LoadTails();
  absl::Status CheckCounts() const;
  absl::Status CheckAcknowledged(const std::vector<AcknowledgedEntry>& acknowledged) const;

  const std::string dir_;
  FileDescriptor lock_;
  std::unique_ptr<embedded::EmbeddedRocks> rocks_;
  std::optional<AcknowledgedFile> acknowledged_;
  LogIdentity identity_;
  std::vector<EmbeddedTail> tails_;
};

}  // namespace escalation
