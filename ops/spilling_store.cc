#include "ops/spilling_store.h"

#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "state/base/text.h"

namespace escalation {
namespace {

// Entries that move together.
constexpr size_t kChunk = 10'000;

}  // namespace

SpillingStore::~SpillingStore() {
  rocksdb_.reset();
  std::error_code ignored;
  if (!dir_.empty()) std::filesystem::remove_all(dir_, ignored);
}

const Store& SpillingStore::store() const {
  if (rocksdb_ != nullptr) return *rocksdb_;
  return *memory_;
}

absl::StatusOr<std::optional<std::string>> SpillingStore::Get(std::string_view key) const {
  return store().Get(key);
}

absl::Status SpillingStore::MultiGet(const std::vector<std::string>& keys,
                                     std::vector<std::optional<std::string>>* values) const {
  return store().MultiGet(keys, values);
}

absl::Status SpillingStore::Scan(std::string_view begin, std::string_view end,
                                 const Visitor& visit) const {
  return store().Scan(begin, end, visit);
}

absl::Status SpillingStore::CheckpointTo(const std::string& dir) {
  return absl::UnimplementedError(Cat(dir, ": a store for one run has no checkpoints"));
}

absl::Status SpillingStore::Commit(const Turn& turn) {
  if (rocksdb_ != nullptr) return rocksdb_->Commit(turn);
  if (absl::Status status = memory_->Commit(turn); !status.ok()) return status;
  return memory_->size() > entries_max_ ? Move() : absl::OkStatus();
}

absl::Status SpillingStore::Move() {
  std::error_code error;
  dir_ = std::filesystem::temp_directory_path(error).string() + "/escalationctl-XXXXXX";
  if (error || ::mkdtemp(dir_.data()) == nullptr) {
    const std::string reason = error ? error.message() : std::strerror(errno);
    return absl::UnavailableError(Cat(std::exchange(dir_, ""),
                                      ": the temporary store cannot be made: ", reason,
                                      "\n  hint: set TMPDIR to a directory with room"));
  }
  StoreIdentity identity;
  identity.kind = "temporary";
  auto opened = RocksdbStore::Open(dir_ + "/store", identity);
  if (!opened.ok()) return opened.status();
  std::unique_ptr<RocksdbStore> target = *std::move(opened);
  Turn chunk;
  absl::Status status;
  const std::string past_all(1, '\xff');
  const auto commit = [&] {
    status = target->Commit(chunk);
    chunk.writes.clear();
    return status.ok();
  };
  const absl::Status scanned =
      memory_->Scan("", past_all, [&](std::string_view key, std::string_view value) {
        chunk.writes.push_back({std::string(key), std::string(value)});
        return chunk.writes.size() < kChunk || commit();
      });
  if (!scanned.ok()) return scanned;
  if (status.ok()) commit();
  if (!status.ok()) return status;
  rocksdb_ = std::move(target);
  memory_.reset();
  return absl::OkStatus();
}

}  // namespace escalation
