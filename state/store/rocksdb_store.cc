#include "state/store/rocksdb_store.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "escalation/v1/store.pb.h"
#include "rocksdb/db.h"
#include "rocksdb/utilities/checkpoint.h"
#include "state/base/text.h"
#include "state/partition/keys.h"
#include "state/store/rocksdb_damage.h"
#include "state/store/rocksdb_options.h"
#include "state/store/rocksdb_status.h"

namespace escalation {
namespace {

constexpr char kRebuildHint[] =
    "\n  hint: stop escalationd and remove the directory; it is rebuilt from the log";

rocksdb::Slice AsSlice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view View(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

// A damaged store is rebuilt; a failed disk or a lock is another matter. A file that is not found
// belongs to the store: what names it, or the file itself, is damaged.
absl::Status Explained(const rocksdb::Status& status, std::string_view dir,
                       std::string_view damage = "") {
  const absl::Status plain = FromRocksdb(status, dir);
  if (!status.IsCorruption() && !absl::IsNotFound(plain)) return plain;
  return absl::DataLossError(Cat(std::string(plain.message()), damage, kRebuildHint));
}

}  // namespace

std::string ToText(const StoreIdentity& identity) {
  std::string text = Cat(identity.kind, " log ");
  if (!identity.topic.empty()) CatTo(&text, identity.topic, " of cluster ", identity.cluster, ", ");
  CatTo(&text, identity.incarnation, ", partition ", identity.partition);
  return text;
}

struct RocksdbStore::Rocks {
  std::shared_ptr<FirstFailure> failure;
  std::unique_ptr<rocksdb::DB> db;
  bool read_only = false;
};

RocksdbStore::RocksdbStore(std::string dir, const RocksdbStoreOptions& options)
    : dir_(std::move(dir)), options_(options), rocks_(std::make_unique<Rocks>()) {
  rocks_->failure = std::make_shared<FirstFailure>(dir_);
}
RocksdbStore::~RocksdbStore() = default;

absl::StatusOr<std::unique_ptr<RocksdbStore>> RocksdbStore::Open(
    const std::string& dir, const StoreIdentity& identity, const RocksdbStoreOptions& options) {
  std::unique_ptr<RocksdbStore> self(new RocksdbStore(dir, options));
  if (absl::Status status = self->Attach(/*read_only=*/false); !status.ok()) return status;
  if (absl::Status status = self->LoadIdentity(); !status.ok()) return status;
  const absl::Status status =
      self->identified_ ? self->CheckIdentity(identity) : self->CreateIdentity(identity);
  if (!status.ok()) return status;
  return self;
}

absl::StatusOr<std::unique_ptr<RocksdbStore>> RocksdbStore::OpenReadOnly(
    const std::string& dir, const RocksdbStoreOptions& options) {
  // The process that writes may move files around meanwhile; the next try sees the new ones.
  constexpr int kAttempts = 10;
  std::error_code error;
  // RocksDB would create the directory even to read it.
  if (!std::filesystem::exists(dir + "/CURRENT", error)) {
    return absl::NotFoundError(Cat(dir, ": there is no store here"));
  }
  absl::Status status;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    std::unique_ptr<RocksdbStore> self(new RocksdbStore(dir, options));
    status = self->Attach(/*read_only=*/true);
    if (!status.ok()) continue;
    if (status = self->LoadIdentity(); !status.ok()) return status;
    if (!self->identified_) {
      return absl::NotFoundError(Cat(dir, ": there is no flushed store here yet"));
    }
    return self;
  }
  return status;
}

absl::Status RocksdbStore::Attach(bool read_only) {
  rocks_->read_only = read_only;
  if (!read_only && options_.env == nullptr) {
    std::error_code error;
    std::filesystem::create_directories(dir_, error);
    if (error) {
      return absl::FailedPreconditionError(
          Cat(dir_, ": cannot create the directory: ", error.message()));
    }
  }
  if (LacksCurrent(dir_)) {
    return absl::DataLossError(Cat(dir_, ": damaged: CURRENT is missing", kRebuildHint));
  }
  const rocksdb::Options options = StoreOptions(options_, rocks_->failure);
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = read_only ? rocksdb::DB::OpenForReadOnly(options, dir_, &db)
                                           : rocksdb::DB::Open(options, dir_, &db);
  if (!status.ok()) {
    if (status.IsInvalidArgument()) {
      return absl::FailedPreconditionError(
          Cat(dir_, ": not a store that escalationd wrote: ", status.ToString()));
    }
    return Explained(status, dir_, NameDamage(dir_, status));
  }
  rocks_->db.reset(db);
  return absl::OkStatus();
}

absl::Status RocksdbStore::LoadIdentity() {
  absl::StatusOr<std::optional<std::string>> bytes = Get(keys::Identity());
  if (!bytes.ok()) return bytes.status();
  if (!bytes->has_value()) {
    bool empty = true;
    const absl::Status status = Scan("", "\xff", [&](std::string_view, std::string_view) {
      empty = false;
      return false;
    });
    if (!status.ok() || empty) return status;
    return absl::FailedPreconditionError(Cat(dir_, ": not a store that escalationd wrote"));
  }
  v1::StoreIdentity stored;
  if (!stored.ParseFromString(**bytes)) {
    return absl::DataLossError(Cat(dir_, ": the store's identity is damaged", kRebuildHint));
  }
  if (stored.format_version() != keys::kFormatVersion) {
    return absl::FailedPreconditionError(Cat(dir_, ": written in format ", stored.format_version(),
                                             ", this program knows format ", keys::kFormatVersion,
                                             kRebuildHint));
  }
  identified_ = true;
  identity_ = StoreIdentity{stored.kind(), stored.cluster(), stored.topic(), stored.incarnation(),
                            Partition{stored.partition()}};
  return absl::OkStatus();
}

absl::Status RocksdbStore::CheckIdentity(const StoreIdentity& expected) const {
  if (identity_ == expected) return absl::OkStatus();
  return absl::FailedPreconditionError(Cat(dir_, ": the store of another log: it folds ",
                                           ToText(identity_), "; expected ", ToText(expected),
                                           kRebuildHint));
}

absl::Status RocksdbStore::CreateIdentity(const StoreIdentity& identity) {
  v1::StoreIdentity stored;
  stored.set_kind(identity.kind);
  stored.set_cluster(identity.cluster);
  stored.set_topic(identity.topic);
  stored.set_incarnation(identity.incarnation);
  stored.set_partition(identity.partition.value);
  stored.set_format_version(keys::kFormatVersion);
  Turn turn;
  turn.writes.push_back({keys::Identity(), stored.SerializeAsString()});
  if (absl::Status status = Commit(turn); !status.ok()) return status;
  identified_ = true;
  identity_ = identity;
  return Flush();
}

absl::StatusOr<std::optional<std::string>> RocksdbStore::Get(std::string_view key) const {
  std::string value;
  const rocksdb::Status status = rocks_->db->Get(rocksdb::ReadOptions(), AsSlice(key), &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return Explained(status, dir_);
  return std::optional<std::string>(std::move(value));
}

absl::Status RocksdbStore::MultiGet(const std::vector<std::string>& keys,
                                    std::vector<std::optional<std::string>>* values) const {
  values->assign(keys.size(), std::nullopt);
  if (keys.empty()) return absl::OkStatus();
  const std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
  std::vector<rocksdb::PinnableSlice> found(keys.size());
  std::vector<rocksdb::Status> statuses(keys.size());
  rocks_->db->MultiGet(rocksdb::ReadOptions(), rocks_->db->DefaultColumnFamily(), keys.size(),
                       slices.data(), found.data(), statuses.data(), /*sorted_input=*/true);
  for (size_t i = 0; i < keys.size(); ++i) {
    if (statuses[i].IsNotFound()) continue;
    if (!statuses[i].ok()) return Explained(statuses[i], dir_);
    (*values)[i] = std::string(View(found[i]));
  }
  return absl::OkStatus();
}

absl::Status RocksdbStore::Scan(std::string_view begin, std::string_view end,
                                const Visitor& visit) const {
  const rocksdb::Slice bound = AsSlice(end);
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &bound;
  const std::unique_ptr<rocksdb::Iterator> it(rocks_->db->NewIterator(options));
  for (it->Seek(AsSlice(begin)); it->Valid(); it->Next()) {
    if (!visit(View(it->key()), View(it->value()))) break;
  }
  return Explained(it->status(), dir_);
}

absl::Status RocksdbStore::Writable() const {
  if (rocks_->read_only) return absl::FailedPreconditionError(Cat(dir_, ": opened read-only"));
  return rocks_->failure->status();
}

absl::Status RocksdbStore::Commit(const Turn& turn) {
  if (absl::Status status = Writable(); !status.ok()) return status;
  rocksdb::WriteBatch batch;
  for (const Write& write : turn.writes) {
    rocksdb::Status status;
    if (write.value) {
      status = batch.Put(write.key, *write.value);
    } else {
      status = write.written_once ? batch.SingleDelete(write.key) : batch.Delete(write.key);
    }
    if (!status.ok()) return rocks_->failure->Keep(FromRocksdb(status, dir_));
  }
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  const rocksdb::Status status = rocks_->db->Write(options, &batch);
  if (!status.ok()) return rocks_->failure->Keep(FromRocksdb(status, dir_));
  dirty_ = true;
  return absl::OkStatus();
}

absl::Status RocksdbStore::Flush() {
  if (absl::Status status = Writable(); !status.ok()) return status;
  // Otherwise it waits for compactions first: for ever, if these fail for want of space.
  rocksdb::FlushOptions options;
  options.allow_write_stall = true;
  const rocksdb::Status status = rocks_->db->Flush(options);
  if (!status.ok()) return rocks_->failure->Keep(FromRocksdb(status, dir_));
  dirty_ = false;
  return absl::OkStatus();
}

absl::Status RocksdbStore::Compact() {
  if (absl::Status status = Flush(); !status.ok()) return status;
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  const rocksdb::Status status = rocks_->db->CompactRange(options, nullptr, nullptr);
  return status.ok() ? absl::OkStatus() : rocks_->failure->Keep(FromRocksdb(status, dir_));
}

absl::Status RocksdbStore::MaybeFlush(Instant now) {
  if (absl::Status status = Writable(); !status.ok()) return status;
  if (!flushed_ || !dirty_) {
    flushed_ = now;
    return absl::OkStatus();
  }
  if (now - *flushed_ < options_.flush_interval) return absl::OkStatus();
  rocksdb::FlushOptions options;
  options.wait = false;
  // Begin now, even if writers have to wait for the disk: later it would be no better.
  options.allow_write_stall = true;
  const rocksdb::Status status = rocks_->db->Flush(options);
  if (!status.ok()) return rocks_->failure->Keep(FromRocksdb(status, dir_));
  flushed_ = now;
  dirty_ = false;
  return absl::OkStatus();
}

absl::Status RocksdbStore::CheckpointTo(const std::string& dir) {
  // Without a write-ahead log the checkpoint has to flush what is in memory first.
  if (absl::Status status = Flush(); !status.ok()) return status;
  rocksdb::Checkpoint* checkpoint = nullptr;
  rocksdb::Status status = rocksdb::Checkpoint::Create(rocks_->db.get(), &checkpoint);
  const std::unique_ptr<rocksdb::Checkpoint> owned(checkpoint);
  if (status.ok()) status = owned->CreateCheckpoint(dir);
  return FromRocksdb(status, dir);
}

}  // namespace escalation
