// state/store/memory_store.h
//
// A store in memory, for tests, simulation and what-if runs. Holds bytes in the same order as the
// RocksDB store, so that the fold sees no difference.
//
//   Input       as Store
//   Output      as Store; Clone: a second store with the same content
//   Invariants  as Store; nothing survives the process
//   Errors      CheckpointTo: kUnimplemented. No other.
//   Threads     as Store. A visitor of Scan MUST NOT call Commit.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "state/store/store.h"

namespace escalation {

class MemoryStore : public Store {
 public:
  absl::StatusOr<std::optional<std::string>> Get(std::string_view key) const override;
  absl::Status MultiGet(const std::vector<std::string>& keys,
                        std::vector<std::optional<std::string>>* values) const override;
  absl::Status Scan(std::string_view begin, std::string_view end,
                    const Visitor& visit) const override;

  absl::Status Commit(const Turn& turn) override;
  absl::Status Flush() override;
  absl::Status MaybeFlush(Instant now) override;
  absl::Status CheckpointTo(const std::string& dir) override;

  std::unique_ptr<MemoryStore> Clone() const;
  size_t size() const;

 private:
  mutable std::shared_mutex mutex_;
  std::map<std::string, std::string, std::less<>> entries_;
};

}  // namespace escalation
