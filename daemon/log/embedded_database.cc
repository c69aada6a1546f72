#include "daemon/log/embedded_database.h"

#include <fcntl.h>
#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <numeric>
#include <utility>

#include "daemon/log/acknowledged_file.h"
#include "daemon/log/durable_file.h"
#include "daemon/log/embedded_format.h"
#include "daemon/log/embedded_rocks.h"
#include "escalation/v1/store.pb.h"
#include "state/base/sha256.h"
#include "state/base/text.h"
#include "state/store/rocksdb_status.h"

namespace escalation {
namespace {

using embedded::EmbeddedRocks;

// The log's identity must differ from every other log's, on every machine, for good.
absl::StatusOr<std::string> NewIncarnation() {
  char bytes[16];
  if (::getrandom(bytes, sizeof(bytes), 0) != static_cast<ssize_t>(sizeof(bytes))) {
    return FromErrno(errno, "getrandom", "no random bytes for a new log's identity");
  }
  return ToHex(std::string_view(bytes, sizeof(bytes)));
}

absl::Status Create(const std::string& dir, int32_t partitions) {
  const std::string fresh = dir + embedded::kNewDatabaseFolder;
  std::error_code error;
  std::filesystem::remove_all(fresh, error);  // What a crash during an earlier creation left.
  if (error) return FromErrno(error.value(), fresh, "cannot remove");
  absl::StatusOr<std::string> incarnation = NewIncarnation();
  if (!incarnation.ok()) return incarnation.status();
  v1::EmbeddedLogMeta meta;
  meta.set_format_version(embedded::kEmbeddedFormatVersion);
  meta.set_incarnation(*incarnation);
  meta.set_partitions(partitions);
  {
    absl::StatusOr<std::unique_ptr<EmbeddedRocks>> rocks = EmbeddedRocks::Create(fresh);
    if (!rocks.ok()) return rocks.status();
    if (absl::Status status = (*rocks)->PutMeta(meta.SerializeAsString()); !status.ok()) {
      return status;
    }
  }
  // The rename makes the creation atomic: a directory `db` is always a whole log.
  return RenameDurably(fresh, dir + embedded::kDatabaseFolder, dir);
}

}  // namespace

EmbeddedDatabase::EmbeddedDatabase(std::string dir) : dir_(std::move(dir)) {}
EmbeddedDatabase::~EmbeddedDatabase() = default;

absl::StatusOr<std::unique_ptr<EmbeddedDatabase>> EmbeddedDatabase::Open(const std::string& dir,
                                                                         Access access,
                                                                         int32_t partitions) {
  if (partitions < 0 || partitions > embedded::kPartitionsMax) {
    return absl::InvalidArgumentError(Cat("embedded:", dir, ": ", partitions,
                                          " partitions, expected 1 to ", embedded::kPartitionsMax));
  }
  const std::string database = dir + embedded::kDatabaseFolder;
  std::unique_ptr<EmbeddedDatabase> self(new EmbeddedDatabase(dir));
  std::error_code error;
  if (access == Access::kReadWrite) {
    if (absl::Status status = MakeDirectory(dir); !status.ok()) return status;
    absl::StatusOr<FileDescriptor> lock = LockDirectory(dir);
    if (!lock.ok()) return lock.status();
    self->lock_ = std::move(*lock);
    if (!std::filesystem::exists(database, error)) {
      if (absl::Status status = Create(dir, std::max(partitions, 1)); !status.ok()) return status;
    }
  } else if (!std::filesystem::exists(database, error)) {
    return absl::NotFoundError(
        Cat("embedded:", dir, ": there is no log here, expected ", database));
  }
  absl::StatusOr<std::unique_ptr<EmbeddedRocks>> rocks =
      access == Access::kReadWrite ? EmbeddedRocks::Open(database)
                                   : EmbeddedRocks::OpenReadOnly(database);
  if (!rocks.ok()) return rocks.status();
  self->rocks_ = std::move(*rocks);
  if (absl::Status status = self->LoadMeta(access, partitions); !status.ok()) return status;
  if (absl::Status status = self->LoadTails(); !status.ok()) return status;
  if (absl::Status status = self->CheckCounts(); !status.ok()) return status;
  if (absl::Status status = self->CheckAcknowledged(access); !status.ok()) return status;
  return self;
}

absl::Status EmbeddedDatabase::LoadMeta(Access access, int32_t partitions) {
  absl::StatusOr<std::string> bytes = rocks_->GetMeta();
  if (!bytes.ok()) return bytes.status();
  v1::EmbeddedLogMeta meta;
  if (!meta.ParseFromString(*bytes) || meta.partitions() < 1 ||
      meta.partitions() > embedded::kPartitionsMax || meta.incarnation().size() != 32) {
    return absl::DataLossError(Cat("embedded:", dir_, ": the log's own description is damaged"));
  }
  if (meta.format_version() > embedded::kEmbeddedFormatVersion) {
    return absl::FailedPreconditionError(
        Cat("embedded:", dir_, ": written in format ", meta.format_version(),
            ", this program knows formats up to ", embedded::kEmbeddedFormatVersion,
            "\n  hint: use the newer program that wrote it"));
  }
  if (partitions != 0 && partitions < meta.partitions()) {
    return absl::FailedPreconditionError(
        Cat("embedded:", dir_, ": the log has ", meta.partitions(), " partitions, configured are ",
            partitions, "\n  hint: partitions can be added, but not taken away"));
  }
  if (access == Access::kReadWrite && partitions > meta.partitions()) {
    meta.set_partitions(partitions);
    if (absl::Status status = rocks_->PutMeta(meta.SerializeAsString()); !status.ok()) {
      return status;
    }
  }
  identity_ = LogIdentity{"embedded", "", "", meta.incarnation()};
  tails_.resize(static_cast<size_t>(meta.partitions()));
  return absl::OkStatus();
}

absl::Status EmbeddedDatabase::LoadTails() {
  for (size_t i = 0; i < tails_.size(); ++i) {
    const Partition partition{static_cast<int32_t>(i)};
    absl::StatusOr<std::optional<Record>> record = rocks_->LastRecord(partition);
    if (!record.ok()) return record.status();
    if (record->has_value()) {
      tails_[i].end = (*record)->offset + 1;
      tails_[i].last_appended = (*record)->appended;
    }
    absl::StatusOr<uint64_t> through = rocks_->LastDecision(partition);
    if (!through.ok()) return through.status();
    tails_[i].through = *through;
  }
  return absl::OkStatus();
}

// A write-ahead log file that vanished or was cut leaves a gap that no checksum shows.
absl::Status EmbeddedDatabase::CheckCounts() const {
  uint64_t records = 0;
  uint64_t decisions = 0;
  for (const EmbeddedTail& tail : tails_) {
    records += static_cast<uint64_t>(tail.end.value);
    decisions += tail.through;
  }
  absl::StatusOr<EmbeddedRocks::Counts> counts = rocks_->Count();
  if (!counts.ok()) return counts.status();
  if (counts->records == records && counts->decisions == decisions) return absl::OkStatus();
  return absl::DataLossError(Cat("embedded:", dir_, ": the log has gaps: it holds ",
                                 counts->records, " records and ", counts->decisions,
                                 " decisions, expected ", records, " and ", decisions,
                                 "\n  hint: restore it from a copy or an archive"));
}

absl::Status EmbeddedDatabase::CheckAcknowledged(Access access) {
  const std::string path = dir_ + embedded::kAcknowledgedFile;
  absl::StatusOr<std::vector<AcknowledgedEntry>> entries =
      AcknowledgedFile::Load(path, static_cast<int32_t>(tails_.size()));
  if (!entries.ok()) return entries.status();
  // A reader may see the file newer than the records that it opened a moment before.
  if (access == Access::kReadOnly) return absl::OkStatus();
  for (size_t i = 0; i < tails_.size(); ++i) {
    const uint64_t end = static_cast<uint64_t>(tails_[i].end.value);
    if ((*entries)[i].end <= end && (*entries)[i].through <= tails_[i].through) continue;
    return absl::DataLossError(Cat(
        "embedded:", dir_, "[", i,
        "]: the log has lost its end: acknowledged were records up to "
        "before ",
        (*entries)[i].end, " and decisions up to ", (*entries)[i].through, ", found are ", end,
        " and ", tails_[i].through,
        "\n  hint: restore it from a copy or an archive; after restoring a copy, remove ", path));
  }
  absl::StatusOr<AcknowledgedFile> file = AcknowledgedFile::Open(path);
  if (!file.ok()) return file.status();
  acknowledged_.emplace(std::move(*file));
  return absl::OkStatus();
}

absl::Status EmbeddedDatabase::WriteRecords(const std::vector<EmbeddedRecord>& records) {
  if (absl::Status status = rocks_->WriteRecords(records); !status.ok()) return status;
  std::vector<Offset> ends(tails_.size());
  for (const EmbeddedRecord& entry : records) {
    ends[static_cast<size_t>(entry.partition.value)] = entry.record.offset + 1;
  }
  for (size_t i = 0; i < ends.size(); ++i) {
    if (ends[i].value == 0) continue;
    const Partition partition{static_cast<int32_t>(i)};
    if (absl::Status status = acknowledged_->SetEnd(partition, ends[i]); !status.ok()) {
      return rocks_->Fail(status);
    }
  }
  return absl::OkStatus();
}

absl::Status EmbeddedDatabase::WriteDecisions(Partition partition,
                                              const std::vector<PublishedDecision>& decisions) {
  if (decisions.empty()) return absl::OkStatus();
  if (absl::Status status = rocks_->WriteDecisions(partition, decisions); !status.ok()) {
    return status;
  }
  if (absl::Status status = acknowledged_->SetThrough(partition, decisions.back().seq);
      !status.ok()) {
    return rocks_->Fail(status);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Record>> EmbeddedDatabase::ReadRecords(Partition partition, Offset from,
                                                                  Offset end,
                                                                  size_t bytes_max) const {
  return rocks_->ReadRecords(partition, from, end, bytes_max);
}

absl::StatusOr<std::vector<PublishedDecision>> EmbeddedDatabase::ReadDecisions(Partition partition,
                                                                               uint64_t from,
                                                                               uint64_t through,
                                                                               size_t count) const {
  return rocks_->ReadDecisions(partition, from, through, count);
}

absl::Status EmbeddedDatabase::Flush() { return rocks_->Flush(); }

}  // namespace escalation
