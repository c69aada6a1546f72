#include "daemon/log/embedded_rocks.h"

#include <fcntl.h>

#include <filesystem>
#include <utility>

#include "daemon/log/durable_file.h"
#include "daemon/log/embedded_format.h"
#include "rocksdb/table.h"
#include "state/base/text.h"
#include "state/store/rocksdb_damage.h"
#include "state/store/rocksdb_options.h"

namespace escalation::embedded {
namespace {

// Does not wait for compactions: where these fail for want of space it would wait for ever.
rocksdb::FlushOptions AtOnce() {
  rocksdb::FlushOptions options;
  options.allow_write_stall = true;
  return options;
}

rocksdb::ColumnFamilyOptions FamilyOptions() {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = size_t{32} << 20;
  options.compression = FirstKnown({rocksdb::kZSTD, rocksdb::kLZ4Compression});
  rocksdb::BlockBasedTableOptions table;
  table.block_size = 16 << 10;  // Read in sequence: larger blocks pack better.
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

rocksdb::DBOptions DatabaseOptions(const std::shared_ptr<FirstFailure>& failure) {
  rocksdb::DBOptions options;
  options.paranoid_checks = true;
  // What was synced must be found again. kPointInTimeRecovery, the default, would drop in silence
  // everything behind a flipped bit. kAbsoluteConsistency would refuse the torn write that a crash
  // leaves behind what was acknowledged. This one drops an incomplete last entry and refuses other
  // damage; an incomplete entry that had been acknowledged shows in the counts and in the file of
  // acknowledgements.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  // Recovered entries go to tables at opening: the page cache of a failed fsync is not trusted.
  options.avoid_flush_during_recovery = false;
  options.max_total_wal_size = uint64_t{64} << 20;
  // A failed write is never retried: see FirstFailure.
  options.max_bgerror_resume_count = 0;
  options.listeners.push_back(failure);
  options.bytes_per_sync = 1 << 20;  // Tables reach the disk evenly, not in bursts.
  options.max_background_jobs = 2;
  options.info_log = SilentLogger();
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  return options;
}

// Makes durable what a reader may have seen before the writer's own fsync.
absl::Status SyncWriteAheadLogs(const std::string& dir) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(dir, error)) {
    if (entry.path().extension() != ".log") continue;
    absl::StatusOr<FileDescriptor> file = FileDescriptor::Open(entry.path().string(), O_RDONLY);
    if (absl::IsNotFound(file.status())) continue;  // Its entries are in synced tables by now.
    if (!file.ok()) return file.status();
    if (absl::Status status = SyncFile(file->get(), entry.path().string()); !status.ok()) {
      return status;
    }
  }
  if (error) return FromErrno(error.value(), dir, "cannot list");
  return absl::OkStatus();
}

}  // namespace

EmbeddedRocks::EmbeddedRocks(std::string dir)
    : dir_(std::move(dir)),
      name_(Cat("embedded:", dir_)),
      failure_(std::make_shared<FirstFailure>(name_)) {}

EmbeddedRocks::~EmbeddedRocks() {
  if (db_ == nullptr) return;
  for (rocksdb::ColumnFamilyHandle* family : {meta_, records_, decisions_}) {
    if (family != nullptr) db_->DestroyColumnFamilyHandle(family).PermitUncheckedError();
  }
}

absl::StatusOr<std::unique_ptr<EmbeddedRocks>> EmbeddedRocks::Create(const std::string& dir) {
  std::unique_ptr<EmbeddedRocks> self(new EmbeddedRocks(dir));
  if (absl::Status status = self->Attach(Access::kReadWrite, true); !status.ok()) return status;
  return self;
}

absl::StatusOr<std::unique_ptr<EmbeddedRocks>> EmbeddedRocks::Open(const std::string& dir) {
  std::unique_ptr<EmbeddedRocks> self(new EmbeddedRocks(dir));
  if (absl::Status status = self->Attach(Access::kReadWrite, false); !status.ok()) return status;
  return self;
}

absl::StatusOr<std::unique_ptr<EmbeddedRocks>> EmbeddedRocks::OpenReadOnly(const std::string& dir) {
  std::unique_ptr<EmbeddedRocks> self(new EmbeddedRocks(dir));
  if (absl::Status status = self->Attach(Access::kReadOnly, false); !status.ok()) return status;
  if (absl::Status status = SyncWriteAheadLogs(dir); !status.ok()) return status;
  return self;
}

absl::Status EmbeddedRocks::Attach(Access access, bool create) {
  rocksdb::DBOptions options = DatabaseOptions(failure_);
  options.create_if_missing = create;
  options.create_missing_column_families = create;
  const rocksdb::ColumnFamilyOptions family = FamilyOptions();
  const std::vector<rocksdb::ColumnFamilyDescriptor> families = {
      {rocksdb::kDefaultColumnFamilyName, family}, {kRecords, family}, {kDecisions, family}};
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status =
      access == Access::kReadOnly
          ? rocksdb::DB::OpenForReadOnly(options, dir_, families, &handles, &db)
          : rocksdb::DB::Open(options, dir_, families, &handles, &db);
  if (!status.ok()) {
    if (status.IsInvalidArgument()) {
      return absl::FailedPreconditionError(
          Cat(name_, ": not a log that escalationd wrote: ", status.ToString()));
    }
    const absl::Status failed = FromRocksdb(status, name_);
    // The directory is there: a file that is not found belongs to it.
    if (!status.IsCorruption() && !absl::IsNotFound(failed)) return failed;
    return absl::DataLossError(Cat(std::string(failed.message()), NameDamage(dir_, status)));
  }
  db_.reset(db);
  meta_ = handles[0];
  records_ = handles[1];
  decisions_ = handles[2];
  return absl::OkStatus();
}

absl::Status EmbeddedRocks::PutMeta(const std::string& meta) {
  rocksdb::WriteBatch batch;
  if (rocksdb::Status status = batch.Put(meta_, MetaKey(), meta); !status.ok()) {
    return FromRocksdb(status, name_);
  }
  if (absl::Status status = Write(&batch); !status.ok()) return status;
  // Left in memory, it would keep every later write-ahead log file alive.
  return FromRocksdb(db_->Flush(AtOnce(), meta_), name_);
}

absl::StatusOr<std::string> EmbeddedRocks::GetMeta() const {
  std::string meta;
  const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), meta_, MetaKey(), &meta);
  if (status.IsNotFound()) {
    return absl::FailedPreconditionError(Cat(name_, ": not a log that escalationd wrote"));
  }
  if (!status.ok()) return FromRocksdb(status, name_);
  return meta;
}

absl::Status EmbeddedRocks::Write(rocksdb::WriteBatch* batch) {
  // One at a time: after a failed fsync another one of the same file may succeed although the
  // kernel has dropped what the first one was to write.
  const std::lock_guard lock(write_mutex_);
  if (absl::Status status = failure_->status(); !status.ok()) return status;
  rocksdb::WriteOptions options;
  options.sync = true;
  const rocksdb::Status status = db_->Write(options, batch);
  if (status.ok()) return absl::OkStatus();
  return failure_->Keep(FromRocksdb(status, name_));
}

absl::Status EmbeddedRocks::WriteRecords(const std::vector<EmbeddedRecord>& records) {
  rocksdb::WriteBatch batch;
  for (const EmbeddedRecord& entry : records) {
    const std::string key = RecordKey(entry.partition, entry.record.offset);
    const std::string value = RecordValue(key, entry.record.appended, entry.record.value);
    if (rocksdb::Status status = batch.Put(records_, key, value); !status.ok()) {
      return FromRocksdb(status, name_);
    }
  }
  return Write(&batch);
}

absl::Status EmbeddedRocks::WriteDecisions(Partition partition,
                                           const std::vector<PublishedDecision>& decisions) {
  rocksdb::WriteBatch batch;
  for (const PublishedDecision& decision : decisions) {
    const std::string key = DecisionKey(partition, decision.seq);
    const std::string value = DecisionValue(key, decision.id, decision.value);
    if (rocksdb::Status status = batch.Put(decisions_, key, value); !status.ok()) {
      return FromRocksdb(status, name_);
    }
  }
  return Write(&batch);
}

absl::Status EmbeddedRocks::Flush() {
  if (absl::Status status = failure_->status(); !status.ok()) return status;
  const rocksdb::Status status = db_->Flush(AtOnce(), {meta_, records_, decisions_});
  if (status.ok()) return absl::OkStatus();
  return failure_->Keep(FromRocksdb(status, name_));
}

}  // namespace escalation::embedded
