// daemon/log/embedded_rocks.h
//
// The only place that knows how an embedded log uses RocksDB. It does not know what a log promises;
// embedded_database.h does.
//
//   Input       a directory; entries in the grammar of embedded_format.h
//   Output      entries, each with its check verified
//   Invariants  1. a write has reached the disk when it returns OK
//               2. after a failed write every later one fails with the same status
//   Errors      as Log
//   Threads     safe everywhere
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/log/embedded_database.h"
#include "daemon/log/log.h"
#include "rocksdb/db.h"
#include "state/store/rocksdb_status.h"

namespace escalation::embedded {

class EmbeddedRocks {
 public:
  static absl::StatusOr<std::unique_ptr<EmbeddedRocks>> Create(const std::string& dir);
  static absl::StatusOr<std::unique_ptr<EmbeddedRocks>> Open(const std::string& dir);
  // A snapshot as of now; another process may go on writing, and what it moves meanwhile may be
  // missing: kDataLoss, or counts that do not fit.
  static absl::StatusOr<std::unique_ptr<EmbeddedRocks>> OpenReadOnly(const std::string& dir);
  ~EmbeddedRocks();

  // Durable on return, and not left to the write-ahead log.
  absl::Status PutMeta(const std::string& meta);
  absl::StatusOr<std::string> GetMeta() const;

  absl::Status WriteRecords(const std::vector<EmbeddedRecord>& records);
  absl::Status WriteDecisions(Partition partition, const std::vector<PublishedDecision>& decisions);

  // Empty optional, 0: none.
  absl::StatusOr<std::optional<Record>> LastRecord(Partition partition) const;
  absl::StatusOr<uint64_t> LastDecision(Partition partition) const;

  struct Counts {
    uint64_t records = 0;
    uint64_t decisions = 0;
  };
  // By the tables' own properties, without reading entries. Exact while no write is under way.
  absl::StatusOr<Counts> Count() const;

  absl::StatusOr<std::vector<Record>> ReadRecords(Partition partition, Offset from, Offset end,
                                                  size_t bytes_max) const;
  absl::StatusOr<std::vector<PublishedDecision>> ReadDecisions(Partition partition, uint64_t from,
                                                               uint64_t through,
                                                               size_t count) const;

  absl::Status Flush();

  // Makes every later write fail with `status`, or with an earlier failure, which is returned.
  absl::Status Fail(const absl::Status& status) { return failure_->Keep(status); }

 private:
  explicit EmbeddedRocks(std::string dir);
  absl::Status Attach(Access access, bool create);
  absl::Status Write(rocksdb::WriteBatch* batch);
  absl::StatusOr<uint64_t> CountEntries(rocksdb::ColumnFamilyHandle* family) const;

  const std::string dir_;
  const std::string name_;  // For messages.
  std::shared_ptr<FirstFailure> failure_;
  std::mutex write_mutex_;
  std::unique_ptr<rocksdb::DB> db_;
  // Owned; destroyed before db_.
  rocksdb::ColumnFamilyHandle* meta_ = nullptr;
  rocksdb::ColumnFamilyHandle* records_ = nullptr;
  rocksdb::ColumnFamilyHandle* decisions_ = nullptr;
};

}  // namespace escalation::embedded
