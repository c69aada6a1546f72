// Letters in a RocksDB of their own, beside the log: a flood of them can never fill what the log
// keeps, and its directory may be removed by hand.
//
//   incarnation := 'i'                 32 hexadecimal digits
//   next        := 'n'                 u64be: the position that the next letter gets
//   letter      := 'l' position:u64be  put_ms:u64be DeadLetter
//   DO NOT CHANGE: stored on disk.

#include <algorithm>
#include <deque>
#include <mutex>
#include <optional>
#include <random>
#include <utility>

#include "daemon/log/dead_letters.h"
#include "rocksdb/db.h"
#include "rocksdb/write_batch.h"
#include "state/base/sha256.h"
#include "state/base/text.h"
#include "state/partition/keys.h"
#include "state/store/rocksdb_options.h"
#include "state/store/rocksdb_status.h"

namespace escalation {
namespace {

constexpr const char* kIncarnation = "i";
constexpr const char* kNext = "n";
constexpr size_t kNumberBytes = 8;
constexpr Duration kTellEvery = Duration::Minutes(1);

std::string LetterKey(int64_t position) {
  return Cat("l", keys::U64(static_cast<uint64_t>(position)));
}

std::string NewName() {
  std::random_device random;
  std::string bytes(16, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return ToHex(bytes);
}

rocksdb::Options OptionsOf() {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.compression = rocksdb::kLZ4Compression;
  options.write_buffer_size = size_t{8} << 20;
  options.max_open_files = 64;
  options.info_log = SilentLogger();
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  return options;
}

rocksdb::WriteOptions Synced() {
  rocksdb::WriteOptions options;
  options.sync = true;
  return options;
}

class EmbeddedDeadLetters : public DeadLetters {
 public:
  EmbeddedDeadLetters(std::string dir, EmbeddedDeadLettersOptions options,
                      std::unique_ptr<rocksdb::DB> db)
      : dir_(std::move(dir)), options_(std::move(options)), db_(std::move(db)) {}

  absl::Status Load();
  const std::string& incarnation() const override { return incarnation_; }
  absl::StatusOr<int64_t> Put(const v1::DeadLetter& letter) override;
  absl::StatusOr<StoredLetter> Get(int64_t position) const override;
  absl::StatusOr<LetterPage> List(int64_t from, size_t count, size_t bytes_max) const override;
  uint64_t dropped() const override;

 private:
  struct Kept {
    int64_t position = 0;
    size_t bytes = 0;
    Instant put;
  };
  absl::StatusOr<StoredLetter> Decode(int64_t position, std::string_view value) const;
  // Adds to the batch what makes room for one more; the mutex is held.
  size_t MakeRoom(size_t bytes, Instant now, rocksdb::WriteBatch* batch) const;
  // Counts them, and says so if it was not said lately; the mutex is held.
  void CountDropped(size_t gone, Instant now);

  const std::string dir_;
  const EmbeddedDeadLettersOptions options_;
  const std::unique_ptr<rocksdb::DB> db_;
  std::string incarnation_;

  mutable std::mutex mutex_;  // Guards what follows.
  int64_t next_ = 0;
  size_t bytes_ = 0;
  // Oldest first.
  std::deque<Kept> kept_;
  uint64_t dropped_ = 0;
  // Of these, how many were told, and when.
  uint64_t told_ = 0;
  std::optional<Instant> told_at_;
};

absl::Status EmbeddedDeadLetters::Load() {
  rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), kIncarnation, &incarnation_);
  if (status.IsNotFound()) {
    incarnation_ = NewName();
    status = db_->Put(Synced(), kIncarnation, incarnation_);
  }
  if (!status.ok()) return FromRocksdb(status, dir_);
  std::string next;
  status = db_->Get(rocksdb::ReadOptions(), kNext, &next);
  if (!status.ok() && !status.IsNotFound()) return FromRocksdb(status, dir_);
  if (next.size() == kNumberBytes) next_ = static_cast<int64_t>(keys::ReadU64(next));
  const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(rocksdb::ReadOptions()));
  for (at->Seek("l"); at->Valid() && at->key().starts_with("l"); at->Next()) {
    const rocksdb::Slice key = at->key();
    const rocksdb::Slice value = at->value();
    if (key.size() != 1 + kNumberBytes || value.size() < kNumberBytes) {
      return absl::DataLossError(Cat(dir_, ": an entry is no dead letter"));
    }
    const auto position = static_cast<int64_t>(keys::ReadU64({key.data() + 1, kNumberBytes}));
    const auto put = static_cast<int64_t>(keys::ReadU64({value.data(), kNumberBytes}));
    kept_.push_back({position, value.size(), Instant{put}});
    bytes_ += value.size();
  }
  return FromRocksdb(at->status(), dir_);
}

size_t EmbeddedDeadLetters::MakeRoom(size_t bytes, Instant now, rocksdb::WriteBatch* batch) const {
  size_t gone = 0;
  size_t left = bytes_;
  while (gone < kept_.size() &&
         (left + bytes > options_.bytes_max || now - kept_[gone].put > options_.age_max)) {
    left -= kept_[gone].bytes;
    batch->Delete(LetterKey(kept_[gone].position));
    ++gone;
  }
  return gone;
}

absl::StatusOr<int64_t> EmbeddedDeadLetters::Put(const v1::DeadLetter& letter) {
  const Instant now = options_.clock();
  const std::string value =
      Cat(keys::U64(static_cast<uint64_t>(now.ms)), letter.SerializeAsString());
  const std::lock_guard lock(mutex_);
  rocksdb::WriteBatch batch;
  const size_t gone = MakeRoom(value.size(), now, &batch);
  const int64_t position = next_;
  batch.Put(LetterKey(position), value);
  batch.Put(kNext, keys::U64(static_cast<uint64_t>(position + 1)));
  const rocksdb::Status status = db_->Write(Synced(), &batch);
  if (!status.ok()) return FromRocksdb(status, dir_);
  for (size_t i = 0; i < gone; ++i) {
    bytes_ -= kept_.front().bytes;
    kept_.pop_front();
  }
  kept_.push_back({position, value.size(), now});
  bytes_ += value.size();
  next_ = position + 1;
  CountDropped(gone, now);
  return position;
}

void EmbeddedDeadLetters::CountDropped(size_t gone, Instant now) {
  dropped_ += gone;
  const bool lately = told_at_ && *told_at_ <= now && now - *told_at_ < kTellEvery;
  if (dropped_ == told_ || lately) return;
  if (options_.on_dropped) options_.on_dropped({dropped_ - told_, kept_.front().position});
  told_ = dropped_;
  told_at_ = now;
}

uint64_t EmbeddedDeadLetters::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

absl::StatusOr<StoredLetter> EmbeddedDeadLetters::Decode(int64_t position,
                                                         std::string_view value) const {
  StoredLetter stored;
  stored.position = position;
  if (value.size() < kNumberBytes ||
      !stored.letter.ParseFromArray(value.data() + kNumberBytes,
                                    static_cast<int>(value.size() - kNumberBytes))) {
    return absl::DataLossError(Cat(dir_, ": dead letter ", position, " cannot be decoded"));
  }
  return stored;
}

absl::StatusOr<StoredLetter> EmbeddedDeadLetters::Get(int64_t position) const {
  std::string value;
  const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), LetterKey(position), &value);
  if (status.IsNotFound()) {
    return absl::NotFoundError(Cat("there is no dead letter ", position));
  }
  if (!status.ok()) return FromRocksdb(status, dir_);
  return Decode(position, value);
}

absl::StatusOr<LetterPage> EmbeddedDeadLetters::List(int64_t from, size_t count,
                                                     size_t bytes_max) const {
  LetterPage page;
  {
    const std::lock_guard lock(mutex_);
    page.end = next_;
  }
  page.next = page.end;
  size_t bytes = 0;
  const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(rocksdb::ReadOptions()));
  for (at->Seek(LetterKey(std::max<int64_t>(from, 0))); at->Valid() && at->key().starts_with("l");
       at->Next()) {
    const auto position = static_cast<int64_t>(keys::ReadU64({at->key().data() + 1, kNumberBytes}));
    if (position >= page.end) break;
    if (page.letters.size() == count || (bytes > 0 && bytes + at->value().size() > bytes_max)) {
      page.next = position;
      break;
    }
    absl::StatusOr<StoredLetter> letter =
        Decode(position, {at->value().data(), at->value().size()});
    if (!letter.ok()) return letter.status();
    bytes += at->value().size();
    page.letters.push_back(*std::move(letter));
  }
  if (!at->status().ok()) return FromRocksdb(at->status(), dir_);
  return page;
}

}  // namespace

absl::StatusOr<std::unique_ptr<DeadLetters>> OpenEmbeddedDeadLetters(
    const std::string& dir, EmbeddedDeadLettersOptions options) {
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(OptionsOf(), dir, &db);
  if (!status.ok()) return FromRocksdb(status, dir);
  auto letters = std::make_unique<EmbeddedDeadLetters>(dir, std::move(options),
                                                       std::unique_ptr<rocksdb::DB>(db));
  if (absl::Status loaded = letters->Load(); !loaded.ok()) return loaded;
  return std::unique_ptr<DeadLetters>(std::move(letters));
}

}  // namespace escalation
