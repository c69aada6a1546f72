#include "daemon/log/memory_log.h"

#include <algorithm>
#include <utility>

#include "daemon/log/deadline.h"
#include "daemon/log/log_bounds.h"
#include "state/base/check.h"

namespace escalation {
namespace {
constexpr char kName[] = "memory log";
}  // namespace

MemoryLog::MemoryLog(std::string incarnation, int32_t partitions, std::function<Instant()> clock)
    : identity_{"memory", "", "", std::move(incarnation)},
      clock_(std::move(clock)),
      streams_(static_cast<size_t>(partitions)) {
  ESCALATION_CHECK(partitions > 0, std::to_string(partitions));
}

MemoryLog::~MemoryLog() { Stop(); }

absl::StatusOr<Offset> MemoryLog::Begin(Partition partition) const {
  if (absl::Status status = CheckPartition(kName, partition, partitions()); !status.ok()) {
    return status;
  }
  return Offset{0};
}

absl::StatusOr<Offset> MemoryLog::End(Partition partition) const {
  if (absl::Status status = CheckPartition(kName, partition, partitions()); !status.ok()) {
    return status;
  }
  const std::lock_guard lock(mutex_);
  return Offset{static_cast<int64_t>(streams_[partition.value].records.size())};
}

absl::StatusOr<RecordBatch> MemoryLog::Read(Partition partition, Offset from,
                                            size_t bytes_max) const {
  if (absl::Status status = CheckPartition(kName, partition, partitions()); !status.ok()) {
    return status;
  }
  const std::lock_guard lock(mutex_);
  const std::vector<Record>& records = streams_[partition.value].records;
  RecordBatch batch;
  batch.end = Offset{static_cast<int64_t>(records.size())};
  if (absl::Status status = CheckPosition(kName, partition, from, Offset{0}, batch.end);
      !status.ok()) {
    return status;
  }
  size_t bytes = 0;
  for (size_t i = static_cast<size_t>(from.value); i < records.size(); ++i) {
    if (!batch.records.empty() && bytes + records[i].value.size() > bytes_max) break;
    bytes += records[i].value.size();
    batch.records.push_back(records[i]);
  }
  return batch;
}

bool MemoryLog::WaitFor(Partition partition, Offset seen, absl::Duration timeout) const {
  if (!CheckPartition(kName, partition, partitions()).ok()) return false;
  std::unique_lock lock(mutex_);
  const std::vector<Record>& records = streams_[partition.value].records;
  const auto grown = [&] { return static_cast<int64_t>(records.size()) > seen.value; };
  visible_.wait_until(lock, DeadlineAfter(timeout), [&] { return stopped_ || grown(); });
  return grown();
}

absl::StatusOr<Appended> MemoryLog::Take(Partition partition, std::string value) {
  if (absl::Status status = CheckPartition(kName, partition, partitions()); !status.ok()) {
    return status;
  }
  if (absl::Status status = CheckRecordSize(kName, value.size()); !status.ok()) return status;
  const std::lock_guard lock(mutex_);
  if (stopped_) return absl::FailedPreconditionError("memory log: stopped");
  Instant now = clock_();
  if (absl::Status status = CheckClock(kName, now); !status.ok()) return status;
  std::vector<Record>& records = streams_[partition.value].records;
  if (!records.empty()) now = std::max(now, records.back().appended);
  const Offset offset{static_cast<int64_t>(records.size())};
  records.push_back({offset, now, std::move(value)});
  visible_.notify_all();
  return Appended{offset, now};
}

void MemoryLog::Append(Partition partition, std::string value, Done done) {
  done(Take(partition, std::move(value)));
}

absl::Status MemoryLog::Publish(Partition partition,
                                const std::vector<PublishedDecision>& decisions) {
  if (absl::Status status = CheckPartition(kName, partition, partitions()); !status.ok()) {
    return status;
  }
  const std::lock_guard lock(mutex_);
  if (stopped_) return absl::FailedPreconditionError("memory log: stopped");
  std::vector<PublishedDecision>& stream = streams_[partition.value].decisions;
  if (absl::Status status = CheckDecisions(kName, partition, stream.size(), decisions);
      !status.ok()) {
    return status;
  }
  for (const PublishedDecision& decision : decisions) {
    if (decision.seq > stream.size()) stream.push_back(decision);
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> MemoryLog::PublishedThrough(Partition partition) const {
  if (absl::Status status = CheckPartition(kName, partition, partitions()); !status.ok()) {
    return status;
  }
  const std::lock_guard lock(mutex_);
  return uint64_t{streams_[partition.value].decisions.size()};
}

absl::StatusOr<std::vector<PublishedDecision>> MemoryLog::ReadDecisions(Partition partition,
                                                                        uint64_t from,
                                                                        size_t count) const {
  if (absl::Status status = CheckPartition(kName, partition, partitions()); !status.ok()) {
    return status;
  }
  const std::lock_guard lock(mutex_);
  const std::vector<PublishedDecision>& stream = streams_[partition.value].decisions;
  std::vector<PublishedDecision> out;
  for (uint64_t seq = std::max<uint64_t>(from, 1); seq <= stream.size() && out.size() < count;
       ++seq) {
    out.push_back(stream[seq - 1]);
  }
  return out;
}

void MemoryLog::Stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  visible_.notify_all();
}

}  // namespace escalation
