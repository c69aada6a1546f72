// state/store/rocksdb_status.h
//
// RocksDB's errors in our words, and the memory of a database's first failure in the background.
//
//   Input       what RocksDB returned, the directory or file that it was about
//   Output      a status whose code says what the caller should do
//   Invariants  1. FirstFailure keeps the first failure for good
//   Errors      kDataLoss: corrupt, or the disk failed. kResourceExhausted: disk full, quota or
//               file size limit. kFailedPrecondition: another process has it open, or no
//               permission. kNotFound. kUnavailable: try again. kInternal: a wrong call of ours.
//   Threads     safe everywhere
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "rocksdb/listener.h"
#include "rocksdb/status.h"

namespace escalation {

// "where: what is wrong: RocksDB's words". `where` names the directory.
absl::Status FromRocksdb(const rocksdb::Status& status, std::string_view where);

// RocksDB reports failed flushes and compactions to a listener only. A failure is never retried:
// after a failed fsync the kernel may have dropped the very pages that it reported.
class FirstFailure : public rocksdb::EventListener {
 public:
  explicit FirstFailure(std::string where) : where_(std::move(where)) {}

  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) override;
  // RocksDB would wait for room and go on by itself, in files that are broken by then.
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason reason, rocksdb::Status error,
                            bool* auto_recovery) override;

  // Keeps `status` unless a failure is kept already, and returns the one that is kept.
  absl::Status Keep(const absl::Status& status);
  absl::Status status() const;

 private:
  const std::string where_;
  mutable std::mutex mutex_;
  absl::Status failure_;
};

}  // namespace escalation
