// tests/fuzz/folding.h
//
// Folds records into a store in memory, for targets that ask what the fold makes of their input.
//
//   Errors      Open and Fold give the first one; the folding is over then
//   Threads     one owner
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "state/partition/partition.h"
#include "state/store/memory_store.h"

namespace escalation {

class Folding {
 public:
  explicit Folding(std::unique_ptr<MemoryStore> store = std::make_unique<MemoryStore>())
      : store_(std::move(store)) {}

  // Comes first. Afterwards: lets go of what is in memory, as a restart does.
  absl::Status Open() {
    auto fold = PartitionFold::Open(*store_, {Partition{0}, "fuzz", 100'000});
    if (!fold.ok()) return fold.status();
    fold_ = *std::move(fold);
    return absl::OkStatus();
  }

  absl::Status Fold(std::span<const FoldRecord> records) {
    return fold_->FoldAll(records, [this](const FoldResult& result) {
      if (absl::Status status = store_->Commit(result.turn); !status.ok()) return status;
      for (v1::Decision& decision : DecodeDecisions(result)) {
        decisions_.push_back(std::move(decision));
      }
      return absl::OkStatus();
    });
  }

  // One record after the latest one.
  absl::Status Append(v1::Event event, Instant appended) {
    const FoldRecord record{fold_->position(), std::max(appended, fold_->appended()),
                            std::move(event)};
    return Fold(std::span(&record, 1));
  }

  const PartitionFold& fold() const { return *fold_; }
  MemoryStore& store() { return *store_; }
  const MemoryStore& store() const { return *store_; }
  const std::vector<v1::Decision>& decisions() const { return decisions_; }

 private:
  std::unique_ptr<MemoryStore> store_;
  std::unique_ptr<PartitionFold> fold_;
  std::vector<v1::Decision> decisions_;
};

}  // namespace escalation
