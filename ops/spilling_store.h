// ops/spilling_store.h
//
// A store that is gone with the process: in memory while it is small, in a temporary RocksDB once
// it is not. So a log of any length is folded again in bounded memory.
//
//   Input       as Store
//   Output      as Store
//   Invariants  1. the same bytes in the same order on both sides of the move
//               2. its directory is removed with it; a process that was killed leaves one behind
//   Time        none: MaybeFlush does nothing, since nothing has to survive
//   Errors      as Store; CheckpointTo: kUnimplemented. What is wrong with the directory comes from
//               the Commit that needs it
//   Threads     as Store, but for the move: nobody else reads during a Commit
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "state/store/memory_store.h"
#include "state/store/rocksdb_store.h"

namespace escalation {

class SpillingStore : public Store {
 public:
  // Beyond so many entries it moves. About 300 MB of open tickets.
  static constexpr size_t kEntriesInMemory = 250'000;

  explicit SpillingStore(size_t entries_max = kEntriesInMemory)
      : entries_max_(entries_max), memory_(std::make_unique<MemoryStore>()) {}
  ~SpillingStore() override;

  absl::StatusOr<std::optional<std::string>> Get(std::string_view key) const override;
  absl::Status MultiGet(const std::vector<std::string>& keys,
                        std::vector<std::optional<std::string>>* values) const override;
  absl::Status Scan(std::string_view begin, std::string_view end,
                    const Visitor& visit) const override;
  absl::Status Commit(const Turn& turn) override;
  absl::Status Flush() override { return absl::OkStatus(); }
  absl::Status MaybeFlush(Instant) override { return absl::OkStatus(); }
  absl::Status CheckpointTo(const std::string& dir) override;

  bool in_memory() const { return rocksdb_ == nullptr; }

 private:
  absl::Status Move();
  const Store& store() const;

  const size_t entries_max_;
  // Exactly one of the two.
  std::unique_ptr<MemoryStore> memory_;
  std::unique_ptr<RocksdbStore> rocksdb_;
  // Empty: not made yet.
  std::string dir_;
};

}  // namespace escalation
