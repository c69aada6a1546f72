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

// A reader that opens while the writer moves entries from the write-ahead log to tables may find
// the old list of tables and the write-ahead log already gone: files are missing, or entries. The
// next try sees the new list.
constexpr int kReadOnlyAttempts = 10;

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
  const int attempts = access == Access::kReadOnly ? kReadOnlyAttempts : 1;
  absl::Status status;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    std::unique_ptr<EmbeddedDatabase> self(new EmbeddedDatabase(dir));
    status = self->Prepare(access, partitions);
    if (status.ok()) status = self->Load(access, partitions);
    if (status.ok()) return self;
    if (!absl::IsDataLoss(status)) break;
  }
  return status;
}

absl::Status EmbeddedDatabase::Prepare(Access access, int32_t partitions) {
  std::error_code error;
  const std::string database = dir_ + embedded::kDatabaseFolder;
  if (access == Access::kReadOnly) {
    if (std::filesystem::exists(database, error)) return absl::OkStatus();
    return absl::NotFoundError(
        Cat("embedded:", dir_, ": there is no log here, expected ", database));
  }
  if (absl::Status status = MakeDirectory(dir_); !status.ok()) return status;
  absl::StatusOr<FileDescriptor> lock = LockDirectory(dir_);
  if (!lock.ok()) return lock.status();
  lock_ = std::move(*lock);
  if (std::filesystem::exists(database, error)) return absl::OkStatus();
  return Create(dir_, std::max(partitions, 1));
}

absl::Status EmbeddedDatabase::Load(Access access, int32_t partitions) {
  // Read first: what is acknowledged now must be in what is opened afterwards.
  const std::string path = dir_ + embedded::kAcknowledgedFile;
  absl::StatusOr<std::vector<AcknowledgedEntry>> acknowledged = AcknowledgedFile::Load(path);
  if (!acknowledged.ok()) return acknowledged.status();
  const std::string database = dir_ + embedded::kDatabaseFolder;
  absl::StatusOr<std::unique_ptr<EmbeddedRocks>> rocks =
      access == Access::kReadWrite ? EmbeddedRocks::Open(database)
                                   : EmbeddedRocks::OpenReadOnly(database);
  if (!rocks.ok()) return rocks.status();
  rocks_ = std::move(*rocks);
  if (absl::Status status = LoadMeta(access, partitions); !status.ok()) return status;
  if (absl::Status status = LoadTails(); !status.ok()) return status;
  if (absl::Status status = CheckCounts(); !status.ok()) return status;
  if (absl::Status status = CheckAcknowledged(*acknowledged); !status.ok()) return status;
  if (access == Access::kReadOnly) return absl::OkStatus();
  absl::StatusOr<AcknowledgedFile> file = AcknowledgedFile::Open(path);
  if (!file.ok()) return file.status();
  acknowledged_.emplace(std::move(*file));
  return absl::OkStatus();
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

absl::Status EmbeddedDatabase::CheckAcknowledged(
    const std::vector<AcknowledgedEntry>& acknowledged) const {
  for (size_t i = 0; i < acknowledged.size(); ++i) {
    const EmbeddedTail found = i < tails_.size() ? tails_[i] : EmbeddedTail();
    const uint64_t end = static_cast<uint64_t>(found.end.value);
    if (acknowledged[i].end <= end && acknowledged[i].through <= found.through) continue;
    return absl::DataLossError(
        Cat("embedded:", dir_, "[", i,
            "]: the log has lost its end: acknowledged were records up to "
            "before ",
            acknowledged[i].end, " and decisions up to ", acknowledged[i].through, ", found are ",
            end, " and ", found.through,
            "\n  hint: restore it from a copy or an archive; after restoring a copy, remove ", dir_,
            embedded::kAcknowledgedFile));
  }
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
