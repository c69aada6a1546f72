// daemon/log/memory_log.h
//
// A log in memory, for tests, simulation and what-if runs: synchronous, gone with the process.
//
//   Input       as Log; the clock that dates records
//   Output      as Log; `done` runs before Append returns, on the caller's thread
//   Invariants  as Log, but for surviving a crash
//   Time        the injected clock, read once for each record
//   Errors      as Log; never kDataLoss or kResourceExhausted
//   Threads     as Log; the clock is called under the log's mutex
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "daemon/log/log.h"

namespace escalation {

class MemoryLog : public Log {
 public:
  // `incarnation` becomes part of every decision's id, so tests give a fixed one.
  MemoryLog(std::string incarnation, int32_t partitions, std::function<Instant()> clock);
  ~MemoryLog() override;

  const LogIdentity& identity() const override { return identity_; }
  int32_t partitions() const override { return static_cast<int32_t>(streams_.size()); }
  absl::StatusOr<Offset> Begin(Partition partition) const override;
  absl::StatusOr<Offset> End(Partition partition) const override;
  absl::StatusOr<RecordBatch> Read(Partition partition, Offset from,
                                   size_t bytes_max) const override;
  bool WaitFor(Partition partition, Offset seen, absl::Duration timeout) const override;
  void Append(Partition partition, std::string value, Done done) override;
  absl::Status Publish(Partition partition,
                       const std::vector<PublishedDecision>& decisions) override;
  absl::StatusOr<uint64_t> PublishedThrough(Partition partition) const override;
  absl::StatusOr<std::vector<PublishedDecision>> ReadDecisions(Partition partition, uint64_t from,
                                                               size_t count) const override;
  void Stop() override;

 private:
  struct Stream {
    // Index: offset.
    std::vector<Record> records;
    // Index: seq - 1.
    std::vector<PublishedDecision> decisions;
  };

  absl::StatusOr<Appended> Take(Partition partition, std::string value);

  const LogIdentity identity_;
  const std::function<Instant()> clock_;
  mutable std::mutex mutex_;
  mutable std::condition_variable visible_;
  std::vector<Stream> streams_;
  bool stopped_ = false;
};

}  // namespace escalation
