#include "daemon/log/archive_writer.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "daemon/log/archive_manifest.h"
#include "daemon/log/durable_file.h"
#include "daemon/log/log_bounds.h"
#include "state/base/text.h"

namespace escalation {

using archive::Kind;

ArchiveWriter::ArchiveWriter(std::string dir, const LogIdentity& identity, int32_t partitions,
                             const ArchiveOptions& options)
    : dir_(std::move(dir)),
      options_(options),
      records_(static_cast<size_t>(partitions)),
      decisions_(static_cast<size_t>(partitions)) {
  manifest_.set_format_version(archive::kArchiveFormatVersion);
  manifest_.set_kind(identity.kind);
  manifest_.set_cluster(identity.cluster);
  manifest_.set_topic(identity.topic);
  manifest_.set_incarnation(identity.incarnation);
  for (int32_t i = 0; i < partitions; ++i) manifest_.add_partitions()->set_partition(i);
}

absl::StatusOr<std::unique_ptr<ArchiveWriter>> ArchiveWriter::Create(
    const std::string& dir, const LogIdentity& identity, int32_t partitions,
    const ArchiveOptions& options) {
  if (partitions < 1) {
    return absl::InvalidArgumentError(Cat(dir, ": an archive of ", partitions, " partitions"));
  }
  if (absl::Status status = MakeDirectory(dir); !status.ok()) return status;
  std::error_code error;
  const bool empty = std::filesystem::is_empty(dir, error);
  if (error) return FromErrno(error.value(), dir, "cannot list");
  if (!empty) {
    return absl::FailedPreconditionError(
        Cat(dir, ": not empty\n  hint: an archive is written once, into a directory of its own"));
  }
  for (int32_t i = 0; i < partitions; ++i) {
    absl::Status status = MakeDirectory(Cat(dir, "/partition-", i));
    if (!status.ok()) return status;
  }
  return std::unique_ptr<ArchiveWriter>(new ArchiveWriter(dir, identity, partitions, options));
}

absl::Status ArchiveWriter::CheckAppend(Partition partition, size_t bytes) const {
  if (closed_) return absl::FailedPreconditionError(Cat(dir_, ": the archive is complete"));
  const int32_t partitions = static_cast<int32_t>(records_.size());
  if (absl::Status status = CheckPartition(dir_, partition, partitions); !status.ok()) {
    return status;
  }
  return CheckRecordSize(dir_, bytes);
}

absl::Status ArchiveWriter::Append(Partition partition, const Record& record) {
  if (absl::Status status = CheckAppend(partition, record.value.size()); !status.ok()) {
    return status;
  }
  Stream& stream = records_[partition.value];
  const uint64_t number = static_cast<uint64_t>(record.offset.value);
  if (record.offset.value < 0 || number < stream.next || record.appended < stream.appended) {
    return absl::FailedPreconditionError(
        Cat(dir_, "[", partition, "]: record ", record.offset, " of ", record.appended,
            " is out of order, expected at least ", stream.next, " of ", stream.appended));
  }
  stream.appended = record.appended;
  return Write(Kind::kRecords, partition, number, archive::RecordBody(record));
}

absl::Status ArchiveWriter::AppendDecision(Partition partition, const PublishedDecision& decision) {
  const size_t bytes = decision.id.size() + decision.value.size();
  if (absl::Status status = CheckAppend(partition, bytes); !status.ok()) return status;
  const Stream& stream = decisions_[partition.value];
  // The first one may have any seq: a stream may have been trimmed.
  if (decision.seq < 1 || (stream.next != 0 && decision.seq != stream.next)) {
    return absl::FailedPreconditionError(Cat(dir_, "[", partition, "]: decision ", decision.seq,
                                             " is out of order, expected ", stream.next));
  }
  return Write(Kind::kDecisions, partition, decision.seq, archive::DecisionBody(decision));
}

absl::Status ArchiveWriter::Write(Kind kind, Partition partition, uint64_t number,
                                  const std::string& body) {
  Stream& stream = (kind == Kind::kRecords ? records_ : decisions_)[partition.value];
  if (stream.segment == nullptr) {
    absl::StatusOr<std::unique_ptr<archive::SegmentWriter>> segment =
        archive::SegmentWriter::Create(dir_, kind, partition, number, stream.chain);
    if (!segment.ok()) return segment.status();
    stream.segment = *std::move(segment);
  }
  if (absl::Status status = stream.segment->Append(number, body); !status.ok()) return status;
  stream.next = number + 1;
  if (stream.segment->raw_bytes() < options_.segment_bytes) return absl::OkStatus();
  return CloseSegment(kind, partition);
}

absl::Status ArchiveWriter::CloseSegment(Kind kind, Partition partition) {
  Stream& stream = (kind == Kind::kRecords ? records_ : decisions_)[partition.value];
  if (stream.segment == nullptr) return absl::OkStatus();
  absl::StatusOr<v1::ArchiveSegment> segment = stream.segment->Close();
  if (!segment.ok()) return segment.status();
  stream.chain = stream.segment->chain();
  stream.segment.reset();
  v1::ArchivePartition* entry = manifest_.mutable_partitions(partition.value);
  *(kind == Kind::kRecords ? entry->add_records() : entry->add_decisions()) = *segment;
  return absl::OkStatus();
}

absl::Status ArchiveWriter::Close() {
  if (closed_) return absl::FailedPreconditionError(Cat(dir_, ": the archive is complete"));
  closed_ = true;
  for (size_t i = 0; i < records_.size(); ++i) {
    const Partition partition{static_cast<int32_t>(i)};
    for (const Kind kind : {Kind::kRecords, Kind::kDecisions}) {
      if (absl::Status status = CloseSegment(kind, partition); !status.ok()) return status;
    }
    v1::ArchivePartition* entry = manifest_.mutable_partitions(partition.value);
    if (entry->records_size() == 0) continue;
    entry->set_begin(entry->records(0).first());
    entry->set_end(static_cast<int64_t>(records_[i].next));
  }
  if (absl::Status status = SyncDirectory(dir_); !status.ok()) return status;
  return archive::WriteManifest(dir_, manifest_);
}

namespace {

constexpr size_t kReadBytes = size_t{1} << 20;
constexpr size_t kReadDecisions = 1000;

absl::Status CopyDecisions(const Log& log, Partition partition, ArchiveWriter* writer) {
  absl::StatusOr<uint64_t> through = log.PublishedThrough(partition);
  if (!through.ok()) return through.status();
  for (uint64_t next = 1; next <= *through;) {
    absl::StatusOr<std::vector<PublishedDecision>> decisions =
        log.ReadDecisions(partition, next, kReadDecisions);
    if (!decisions.ok()) return decisions.status();
    if (decisions->empty()) break;
    for (const PublishedDecision& decision : *decisions) {
      absl::Status status = writer->AppendDecision(partition, decision);
      if (!status.ok()) return status;
    }
    next = decisions->back().seq + 1;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ArchiveLogTo(const Log& log, const std::string& dir, WithDecisions with_decisions,
                          const ArchiveOptions& options,
                          const std::function<void(int64_t, int64_t)>& progress) {
  int64_t to_do = 0;
  // The ends as of now: a live log would never be done.
  std::vector<Offset> ends;
  for (int32_t i = 0; i < log.partitions(); ++i) {
    absl::StatusOr<Offset> begin = log.Begin(Partition{i});
    if (!begin.ok()) return begin.status();
    absl::StatusOr<Offset> end = log.End(Partition{i});
    if (!end.ok()) return end.status();
    ends.push_back(*end);
    to_do += end->value - begin->value;
  }
  absl::StatusOr<std::unique_ptr<ArchiveWriter>> writer =
      ArchiveWriter::Create(dir, log.identity(), log.partitions(), options);
  if (!writer.ok()) return writer.status();
  int64_t done = 0;
  for (int32_t i = 0; i < log.partitions(); ++i) {
    const Partition partition{i};
    absl::StatusOr<Offset> next = log.Begin(partition);
    if (!next.ok()) return next.status();
    while (*next < ends[i]) {
      absl::StatusOr<RecordBatch> batch = log.Read(partition, *next, kReadBytes);
      if (!batch.ok()) return batch.status();
      if (batch->records.empty()) break;
      for (const Record& record : batch->records) {
        if (record.offset >= ends[i]) break;
        absl::Status status = (*writer)->Append(partition, record);
        if (!status.ok()) return status;
        ++done;
      }
      *next = batch->records.back().offset + 1;
      if (progress) progress(done, to_do);
    }
    if (with_decisions == WithDecisions::kNo) continue;
    absl::Status status = CopyDecisions(log, partition, writer->get());
    if (!status.ok()) return status;
  }
  return (*writer)->Close();
}

}  // namespace escalation
