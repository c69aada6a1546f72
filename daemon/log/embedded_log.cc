#include "daemon/log/embedded_log.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/log/deadline.h"
#include "daemon/log/embedded_database.h"
#include "daemon/log/log_bounds.h"
#include "state/base/text.h"

namespace escalation {
namespace {

class EmbeddedLog : public Log {
 public:
  EmbeddedLog(std::string name, EmbeddedLogOptions options,
              std::unique_ptr<EmbeddedDatabase> database)
      : name_(std::move(name)),
        options_(std::move(options)),
        database_(std::move(database)),
        tails_(database_->tails()) {
    if (options_.access == Access::kReadWrite) writer_ = std::thread([this] { WriteLoop(); });
  }
  ~EmbeddedLog() override { Stop(); }

  const LogIdentity& identity() const override { return database_->identity(); }
  int32_t partitions() const override { return static_cast<int32_t>(database_->tails().size()); }
  absl::StatusOr<Offset> Begin(Partition partition) const override;
  absl::StatusOr<Offset> End(Partition partition) const override;
  absl::StatusOr<RecordBatch> Read(Partition partition, Offset from,
                                   size_t bytes_max) const override;
  bool WaitFor(Partition partition, Offset seen, absl::Duration timeout) const override;
  void Append(Partition partition, std::string value, Done done) override;
  void AppendTogether(Partition partition, std::vector<ToAppend> records) override;
  absl::Status Publish(Partition partition,
                       const std::vector<PublishedDecision>& decisions) override;
  absl::Status Health() const override;
  absl::StatusOr<uint64_t> PublishedThrough(Partition partition) const override;
  absl::StatusOr<std::vector<PublishedDecision>> ReadDecisions(Partition partition, uint64_t from,
                                                               size_t count) const override;
  void Stop() override;

 private:
  struct Waiting {
    Partition partition;
    std::string value;
    Done done;
  };

  // The mutex is held.
  absl::Status Admit(Partition partition, size_t bytes) const;
  void WriteLoop();
  std::vector<Waiting> TakeGroup();
  void WriteGroup(std::vector<Waiting> group);
  // Gives offsets and append times to the group, in order.
  absl::StatusOr<std::vector<EmbeddedRecord>> Number(std::vector<Waiting>* group) const;

  const std::string name_;
  const EmbeddedLogOptions options_;
  const std::unique_ptr<EmbeddedDatabase> database_;

  // Guards everything up to failure_.
  mutable std::mutex mutex_;
  mutable std::condition_variable visible_;
  std::condition_variable work_;
  // What readers may see. Ends are moved by the writer only.
  std::vector<EmbeddedTail> tails_;
  std::deque<Waiting> queue_;
  // Of the queue and of the group being written.
  size_t bytes_under_way_ = 0;
  bool stopping_ = false;
  absl::Status failure_;

  // One Publish at a time.
  std::mutex publish_mutex_;
  // One Stop joins, another waits for it.
  std::mutex stop_mutex_;
  std::thread writer_;
};

absl::StatusOr<Offset> EmbeddedLog::Begin(Partition partition) const {
  if (absl::Status status = CheckPartition(name_, partition, partitions()); !status.ok()) {
    return status;
  }
  return Offset{0};
}

absl::StatusOr<Offset> EmbeddedLog::End(Partition partition) const {
  if (absl::Status status = CheckPartition(name_, partition, partitions()); !status.ok()) {
    return status;
  }
  const std::lock_guard lock(mutex_);
  return tails_[partition.value].end;
}

absl::StatusOr<RecordBatch> EmbeddedLog::Read(Partition partition, Offset from,
                                              size_t bytes_max) const {
  absl::StatusOr<Offset> end = End(partition);
  if (!end.ok()) return end.status();
  if (absl::Status status = CheckPosition(name_, partition, from, Offset{0}, *end); !status.ok()) {
    return status;
  }
  absl::StatusOr<std::vector<Record>> records =
      database_->ReadRecords(partition, from, *end, bytes_max);
  if (!records.ok()) return records.status();
  return RecordBatch{*std::move(records), *end};
}

bool EmbeddedLog::WaitFor(Partition partition, Offset seen, absl::Duration timeout) const {
  if (!CheckPartition(name_, partition, partitions()).ok()) return false;
  std::unique_lock lock(mutex_);
  const EmbeddedTail& tail = tails_[partition.value];
  const auto grown = [&] { return tail.end > seen; };
  visible_.wait_until(lock, DeadlineAfter(timeout), [&] { return stopping_ || grown(); });
  return grown();
}

absl::Status EmbeddedLog::Admit(Partition partition, size_t bytes) const {
  if (options_.access == Access::kReadOnly) {
    return absl::FailedPreconditionError(Cat(name_, ": opened read-only"));
  }
  if (absl::Status status = CheckPartition(name_, partition, partitions()); !status.ok()) {
    return status;
  }
  if (absl::Status status = CheckRecordSize(name_, bytes); !status.ok()) return status;
  if (stopping_) return absl::FailedPreconditionError(Cat(name_, ": stopped"));
  if (!failure_.ok()) return failure_;
  if (bytes_under_way_ + bytes > options_.queue_bytes_max) {
    return absl::ResourceExhaustedError(
        Cat(name_, ": ", bytes_under_way_, " bytes wait to be written, expected at most ",
            options_.queue_bytes_max, "\n  hint: the disk is slower than the senders; try again"));
  }
  return absl::OkStatus();
}

void EmbeddedLog::Append(Partition partition, std::string value, Done done) {
  std::vector<ToAppend> records;
  records.push_back({std::move(value), std::move(done)});
  AppendTogether(partition, std::move(records));
}

void EmbeddedLog::AppendTogether(Partition partition, std::vector<ToAppend> records) {
  absl::Status refused;
  {
    const std::lock_guard lock(mutex_);
    const size_t before = bytes_under_way_;
    for (const ToAppend& record : records) {
      refused = Admit(partition, record.value.size());
      if (!refused.ok()) break;
      bytes_under_way_ += record.value.size();
    }
    if (refused.ok()) {
      for (ToAppend& record : records) {
        queue_.push_back({partition, std::move(record.value), std::move(record.done)});
      }
      work_.notify_one();
      return;
    }
    bytes_under_way_ = before;
  }
  for (const ToAppend& record : records) record.done(refused);
}

void EmbeddedLog::WriteLoop() {
  for (;;) {
    std::vector<Waiting> group = TakeGroup();
    if (group.empty()) return;
    WriteGroup(std::move(group));
  }
}

// Waits for appends; empty: stopped, and nothing is left to write.
std::vector<EmbeddedLog::Waiting> EmbeddedLog::TakeGroup() {
  std::unique_lock lock(mutex_);
  work_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
  std::vector<Waiting> group;
  size_t bytes = 0;
  while (!queue_.empty() && group.size() < options_.group_records_max) {
    const size_t next = queue_.front().value.size();
    if (!group.empty() && bytes + next > options_.group_bytes_max) break;
    bytes += next;
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return group;
}

absl::StatusOr<std::vector<EmbeddedRecord>> EmbeddedLog::Number(std::vector<Waiting>* group) const {
  std::vector<EmbeddedTail> tails;
  {
    const std::lock_guard lock(mutex_);
    if (!failure_.ok()) return failure_;
    tails = tails_;
  }
  const Instant now = options_.clock();
  if (absl::Status status = CheckClock(name_, now); !status.ok()) return status;
  std::vector<EmbeddedRecord> records;
  records.reserve(group->size());
  for (Waiting& waiting : *group) {
    EmbeddedTail& tail = tails[waiting.partition.value];
    tail.last_appended = std::max(tail.last_appended, now);
    records.push_back(
        {waiting.partition, {tail.end, tail.last_appended, std::move(waiting.value)}});
    tail.end = tail.end + 1;
  }
  return records;
}

void EmbeddedLog::WriteGroup(std::vector<Waiting> group) {
  size_t bytes = 0;
  for (const Waiting& waiting : group) bytes += waiting.value.size();
  absl::StatusOr<std::vector<EmbeddedRecord>> records = Number(&group);
  absl::Status status = records.status();
  if (status.ok()) status = database_->WriteRecords(*records);
  {
    const std::lock_guard lock(mutex_);
    bytes_under_way_ -= bytes;
    // A clock that is wrong is no failure of the disk: it may be set right.
    if (!status.ok() && records.ok()) failure_ = status;
    if (status.ok()) {
      for (const EmbeddedRecord& entry : *records) {
        EmbeddedTail& tail = tails_[entry.partition.value];
        tail.end = entry.record.offset + 1;
        tail.last_appended = entry.record.appended;
      }
      visible_.notify_all();
    }
  }
  for (size_t i = 0; i < group.size(); ++i) {
    if (!status.ok()) {
      group[i].done(status);
    } else {
      group[i].done(Appended{(*records)[i].record.offset, (*records)[i].record.appended});
    }
  }
}

absl::Status EmbeddedLog::Publish(Partition partition,
                                  const std::vector<PublishedDecision>& decisions) {
  const std::lock_guard publish_lock(publish_mutex_);
  uint64_t through = 0;
  {
    const std::lock_guard lock(mutex_);
    if (absl::Status status = Admit(partition, 0); !status.ok()) return status;
    through = tails_[partition.value].through;
  }
  if (absl::Status status = CheckDecisions(name_, partition, through, decisions); !status.ok()) {
    return status;
  }
  std::vector<PublishedDecision> fresh;
  for (const PublishedDecision& decision : decisions) {
    if (decision.seq > through) fresh.push_back(decision);
  }
  if (fresh.empty()) return absl::OkStatus();
  const absl::Status status = database_->WriteDecisions(partition, fresh);
  const std::lock_guard lock(mutex_);
  if (status.ok()) {
    tails_[partition.value].through = fresh.back().seq;
  } else {
    failure_ = status;
  }
  return status;
}

absl::Status EmbeddedLog::Health() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

absl::StatusOr<uint64_t> EmbeddedLog::PublishedThrough(Partition partition) const {
  if (absl::Status status = CheckPartition(name_, partition, partitions()); !status.ok()) {
    return status;
  }
  const std::lock_guard lock(mutex_);
  return tails_[partition.value].through;
}

absl::StatusOr<std::vector<PublishedDecision>> EmbeddedLog::ReadDecisions(Partition partition,
                                                                          uint64_t from,
                                                                          size_t count) const {
  absl::StatusOr<uint64_t> through = PublishedThrough(partition);
  if (!through.ok()) return through.status();
  return database_->ReadDecisions(partition, std::max<uint64_t>(from, 1), *through, count);
}

void EmbeddedLog::Stop() {
  const std::lock_guard stop_lock(stop_mutex_);
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    work_.notify_one();
    visible_.notify_all();
  }
  if (!writer_.joinable()) return;
  writer_.join();
  // Only so that the next opening has nothing to recover; what was acknowledged is durable anyway.
  database_->Flush().IgnoreError();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Log>> OpenEmbeddedLog(const std::string& dir,
                                                     EmbeddedLogOptions options) {
  const std::string name = Cat("embedded:", dir);
  if (options.access == Access::kReadWrite && !options.clock) {
    return absl::InvalidArgumentError(Cat(name, ": opened for writing without a clock"));
  }
  absl::StatusOr<std::unique_ptr<EmbeddedDatabase>> database =
      EmbeddedDatabase::Open(dir, options.access, options.partitions);
  if (!database.ok()) return database.status();
  return std::unique_ptr<Log>(
      std::make_unique<EmbeddedLog>(name, std::move(options), *std::move(database)));
}

}  // namespace escalation
