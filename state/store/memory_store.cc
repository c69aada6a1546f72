#include "state/store/memory_store.h"

#include <mutex>

#include "state/base/text.h"

namespace escalation {

absl::StatusOr<std::optional<std::string>> MemoryStore::Get(std::string_view key) const {
  const std::shared_lock lock(mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end()) return std::optional<std::string>();
  return std::optional<std::string>(found->second);
}

absl::Status MemoryStore::MultiGet(const std::vector<std::string>& keys,
                                   std::vector<std::optional<std::string>>* values) const {
  const std::shared_lock lock(mutex_);
  values->assign(keys.size(), std::nullopt);
  for (size_t i = 0; i < keys.size(); ++i) {
    const auto found = entries_.find(keys[i]);
    if (found != entries_.end()) (*values)[i] = found->second;
  }
  return absl::OkStatus();
}

absl::Status MemoryStore::Scan(std::string_view begin, std::string_view end,
                               const Visitor& visit) const {
  const std::shared_lock lock(mutex_);
  for (auto it = entries_.lower_bound(begin); it != entries_.end() && it->first < end; ++it) {
    if (!visit(it->first, it->second)) break;
  }
  return absl::OkStatus();
}

absl::Status MemoryStore::Commit(const Turn& turn) {
  const std::unique_lock lock(mutex_);
  for (const Write& write : turn.writes) {
    if (write.value) {
      entries_.insert_or_assign(write.key, *write.value);
    } else {
      entries_.erase(write.key);
    }
  }
  return absl::OkStatus();
}

absl::Status MemoryStore::Flush() { return absl::OkStatus(); }
absl::Status MemoryStore::MaybeFlush(Instant) { return absl::OkStatus(); }

absl::Status MemoryStore::CheckpointTo(const std::string& dir) {
  return absl::UnimplementedError(Cat(dir, ": a store in memory has no checkpoints"));
}

std::unique_ptr<MemoryStore> MemoryStore::Clone() const {
  auto copy = std::make_unique<MemoryStore>();
  const std::shared_lock lock(mutex_);
  copy->entries_ = entries_;
  return copy;
}

size_t MemoryStore::size() const {
  const std::shared_lock lock(mutex_);
  return entries_.size();
}

}  // namespace escalation
