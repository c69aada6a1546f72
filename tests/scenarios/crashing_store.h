// tests/scenarios/crashing_store.h
//
// A store whose process dies at a chosen commit.
//
//   Output      as the store behind it; kAborted from the chosen commit on, until Revive
//   Invariants  1. a commit that is lost leaves nothing behind, one that is done leaves all of it
//   Threads     as the store behind it
#pragma once

#include <memory>
#include <utility>

#include "state/store/store.h"

namespace escalation::scenarios {

class CrashingStore : public Store {
 public:
  enum class Point { kBeforeCommit, kAfterCommit };

  explicit CrashingStore(std::unique_ptr<Store> store) : store_(std::move(store)) {}

  // At the n-th commit from here, from 1.
  void CrashAt(Point point, int n) {
    point_ = point;
    left_ = n;
  }
  bool crashed() const { return crashed_; }
  void Revive() {
    crashed_ = false;
    left_ = 0;
  }
  // What survives the process: the store behind is closed by letting go of it.
  std::unique_ptr<Store> Release() { return std::move(store_); }
  void Attach(std::unique_ptr<Store> store) { store_ = std::move(store); }

  absl::StatusOr<std::optional<std::string>> Get(std::string_view key) const override {
    return store_->Get(key);
  }
  absl::Status MultiGet(const std::vector<std::string>& keys,
                        std::vector<std::optional<std::string>>* values) const override {
    return store_->MultiGet(keys, values);
  }
  absl::Status Scan(std::string_view begin, std::string_view end,
                    const Visitor& visit) const override {
    return store_->Scan(begin, end, visit);
  }
  absl::Status Commit(const Turn& turn) override {
    if (!crashed_ && left_ > 0 && --left_ == 0) {
      crashed_ = true;
      if (point_ == Point::kAfterCommit) {
        if (absl::Status status = store_->Commit(turn); !status.ok()) return status;
      }
    }
    if (crashed_) return absl::AbortedError("the process died");
    return store_->Commit(turn);
  }
  absl::Status Flush() override { return store_->Flush(); }
  absl::Status MaybeFlush(Instant now) override { return store_->MaybeFlush(now); }
  absl::Status CheckpointTo(const std::string& dir) override { return store_->CheckpointTo(dir); }

 private:
  std::unique_ptr<Store> store_;
  Point point_ = Point::kBeforeCommit;
  int left_ = 0;
  bool crashed_ = false;
};

}  // namespace escalation::scenarios
