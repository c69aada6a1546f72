#include "daemon/log/archive_log.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "daemon/log/archive_format.h"
#include "daemon/log/archive_manifest.h"
#include "daemon/log/deadline.h"
#include "daemon/log/log_bounds.h"
#include "daemon/log/segment_reader.h"
#include "state/base/text.h"

namespace escalation {
namespace {

using archive::Kind;
using archive::SegmentReader;

// One stream of a partition: keeps the file and the block that were read last, since most reads go
// on where the one before ended.
class Stream {
 public:
  using Segments = google::protobuf::RepeatedPtrField<v1::ArchiveSegment>;

  Stream(std::string dir, Kind kind, Partition partition, const Segments& segments)
      : dir_(std::move(dir)), kind_(kind), partition_(partition), segments_(segments) {}

  // Visits the bodies from `from` on until `visit` returns false.
  absl::Status Read(uint64_t from, const SegmentReader::Visitor& visit) {
    const std::lock_guard lock(mutex_);
    bool go_on = true;
    const SegmentReader::Visitor checked = [&](uint64_t number, std::string_view body) {
      go_on = number < from || visit(number, body);
      return go_on;
    };
    for (int i = SegmentOf(from); i < segments_.size() && go_on; ++i) {
      if (absl::Status status = OpenSegment(i); !status.ok()) return status;
      for (size_t block = reader_->BlockOf(from); block < reader_->blocks() && go_on; ++block) {
        if (absl::Status status = LoadBlock(block); !status.ok()) return status;
        if (absl::Status status = reader_->ForEach(block, raw_, checked); !status.ok()) {
          return status;
        }
      }
    }
    return absl::OkStatus();
  }

 private:
  int SegmentOf(uint64_t number) const {
    const auto found = std::partition_point(segments_.begin(), segments_.end(),
                                            [&](const v1::ArchiveSegment& segment) {
                                              return static_cast<uint64_t>(segment.last()) < number;
                                            });
    return static_cast<int>(found - segments_.begin());
  }

  absl::Status OpenSegment(int index) {
    if (reader_ != nullptr && segment_ == index) return absl::OkStatus();
    reader_.reset();
    block_.reset();
    absl::StatusOr<std::unique_ptr<SegmentReader>> reader =
        SegmentReader::Open(dir_, kind_, partition_, segments_[index]);
    if (!reader.ok()) return reader.status();
    reader_ = *std::move(reader);
    segment_ = index;
    return absl::OkStatus();
  }

  absl::Status LoadBlock(size_t block) {
    if (block_ == block) return absl::OkStatus();
    block_.reset();
    absl::StatusOr<std::string> raw = reader_->ReadBlock(block);
    if (!raw.ok()) return raw.status();
    raw_ = *std::move(raw);
    block_ = block;
    return absl::OkStatus();
  }

  const std::string dir_;
  const Kind kind_;
  const Partition partition_;
  const Segments segments_;
  // Guards what follows; held by OpenSegment and LoadBlock.
  std::mutex mutex_;
  int segment_ = -1;
  std::unique_ptr<SegmentReader> reader_;
  std::optional<size_t> block_;
  std::string raw_;
};

class ArchiveLog : public Log {
 public:
  ArchiveLog(const std::string& dir, const v1::ArchiveManifest& manifest)
      : name_(Cat("archive:", dir)),
        identity_{manifest.kind(), manifest.cluster(), manifest.topic(), manifest.incarnation()} {
    for (const v1::ArchivePartition& entry : manifest.partitions()) {
      const Partition partition{entry.partition()};
      const int count = entry.decisions_size();
      parts_.push_back(
          {Offset{entry.begin()}, Offset{entry.end()},
           count == 0 ? 0 : static_cast<uint64_t>(entry.decisions(count - 1).last()),
           std::make_unique<Stream>(dir, Kind::kRecords, partition, entry.records()),
           std::make_unique<Stream>(dir, Kind::kDecisions, partition, entry.decisions())});
    }
  }

  const LogIdentity& identity() const override { return identity_; }
  int32_t partitions() const override { return static_cast<int32_t>(parts_.size()); }

  absl::StatusOr<Offset> Begin(Partition partition) const override {
    if (absl::Status status = Check(partition); !status.ok()) return status;
    return parts_[partition.value].begin;
  }
  absl::StatusOr<Offset> End(Partition partition) const override {
    if (absl::Status status = Check(partition); !status.ok()) return status;
    return parts_[partition.value].end;
  }
  absl::StatusOr<RecordBatch> Read(Partition partition, Offset from,
                                   size_t bytes_max) const override;
  bool WaitFor(Partition partition, Offset seen, absl::Duration timeout) const override;
  void Append(Partition, std::string, Done done) override { done(ReadOnly()); }
  absl::Status Publish(Partition, const std::vector<PublishedDecision>&) override {
    return ReadOnly();
  }
  absl::StatusOr<uint64_t> PublishedThrough(Partition partition) const override {
    if (absl::Status status = Check(partition); !status.ok()) return status;
    return parts_[partition.value].through;
  }
  absl::StatusOr<std::vector<PublishedDecision>> ReadDecisions(Partition partition, uint64_t from,
                                                               size_t count) const override;
  void Stop() override {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    woken_.notify_all();
  }

 private:
  struct Part {
    Offset begin;
    Offset end;
    uint64_t through = 0;
    std::unique_ptr<Stream> records;
    std::unique_ptr<Stream> decisions;
  };

  absl::Status Check(Partition partition) const {
    return CheckPartition(name_, partition, partitions());
  }
  absl::Status ReadOnly() const {
    return absl::FailedPreconditionError(Cat(name_, ": an archive is never changed"));
  }

  const std::string name_;
  const LogIdentity identity_;
  std::vector<Part> parts_;
  mutable std::mutex mutex_;
  mutable std::condition_variable woken_;
  bool stopped_ = false;
};

absl::StatusOr<RecordBatch> ArchiveLog::Read(Partition partition, Offset from,
                                             size_t bytes_max) const {
  if (absl::Status status = Check(partition); !status.ok()) return status;
  const Part& part = parts_[partition.value];
  if (absl::Status status = CheckPosition(name_, partition, from, part.begin, part.end);
      !status.ok()) {
    return status;
  }
  RecordBatch batch;
  batch.end = part.end;
  size_t bytes = 0;
  bool well_formed = true;
  const absl::Status status =
      part.records->Read(static_cast<uint64_t>(from.value), [&](uint64_t, std::string_view body) {
        std::optional<Record> record = archive::ParseRecordBody(body);
        well_formed = record.has_value();
        if (!well_formed) return false;
        if (!batch.records.empty() && bytes + record->value.size() > bytes_max) return false;
        bytes += record->value.size();
        batch.records.push_back(*std::move(record));
        return true;
      });
  if (!status.ok()) return status;
  if (!well_formed) return absl::DataLossError(Cat(name_, ": an entry that is no record"));
  return batch;
}

absl::StatusOr<std::vector<PublishedDecision>> ArchiveLog::ReadDecisions(Partition partition,
                                                                         uint64_t from,
                                                                         size_t count) const {
  if (absl::Status status = Check(partition); !status.ok()) return status;
  std::vector<PublishedDecision> decisions;
  if (count == 0) return decisions;
  bool well_formed = true;
  const absl::Status status = parts_[partition.value].decisions->Read(
      std::max<uint64_t>(from, 1), [&](uint64_t, std::string_view body) {
        std::optional<PublishedDecision> decision = archive::ParseDecisionBody(body);
        well_formed = decision.has_value();
        if (!well_formed) return false;
        decisions.push_back(*std::move(decision));
        return decisions.size() < count;
      });
  if (!status.ok()) return status;
  if (!well_formed) return absl::DataLossError(Cat(name_, ": an entry that is no decision"));
  return decisions;
}

bool ArchiveLog::WaitFor(Partition partition, Offset seen, absl::Duration timeout) const {
  if (!Check(partition).ok()) return false;
  if (parts_[partition.value].end > seen) return true;
  // Nothing more will come, but a caller that asks again and again must not spin.
  std::unique_lock lock(mutex_);
  woken_.wait_until(lock, DeadlineAfter(timeout), [&] { return stopped_; });
  return false;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Log>> OpenArchiveLog(const std::string& dir) {
  absl::StatusOr<v1::ArchiveManifest> manifest = archive::ReadManifest(dir);
  if (!manifest.ok()) return manifest.status();
  return std::unique_ptr<Log>(std::make_unique<ArchiveLog>(dir, *manifest));
}

}  // namespace escalation
