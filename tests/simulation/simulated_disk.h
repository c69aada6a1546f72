// tests/simulation/simulated_disk.h
//
// A machine's disk, and the store of a process on it, which dies with the process.
//
//   Input       as Store; crashes; whether the disk is full
//   Output      as Store; committed_seq: the latest decision whose turn is committed
//   Invariants  1. after a crash the store holds the first of the committed turns, and all that was
//                  flushed
//   Errors      as Store: kResourceExhausted once the disk was full, for good; kAborted once the
//               process is dead
//   Threads     one owner
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "state/store/memory_store.h"
#include "state/store/store.h"
#include "tests/simulation/life.h"

namespace escalation::simulation {

class SimulatedDisk {
 public:
  virtual ~SimulatedDisk() = default;

  // What is there. One store at a time.
  virtual absl::StatusOr<std::unique_ptr<Store>> Open() = 0;
  // Nothing is written any more: the process has died. Its store MUST then be destroyed.
  virtual void Cut() = 0;
  // The machine may have died with it.
  virtual void Crash(Random* random) = 0;
  virtual void set_full(bool full) = 0;
  // Whether the process dies within the flush that comes now.
  virtual void TroubleFlush(bool /*dies*/) {}
};

// What was flushed, and what was committed since: after a crash there are the first turns of it.
class MemoryDisk : public SimulatedDisk {
 public:
  absl::StatusOr<std::unique_ptr<Store>> Open() override;
  void Cut() override {}
  void Crash(Random* random) override;
  void set_full(bool full) override { full_ = full; }

 private:
  class DiskStore;

  void Keep(size_t turns);

  const std::unique_ptr<MemoryStore> flushed_ = std::make_unique<MemoryStore>();
  std::vector<Turn> unflushed_;
  bool full_ = false;
};

class SimulatedStore : public Store {
 public:
  static absl::StatusOr<std::unique_ptr<SimulatedStore>> Open(SimulatedDisk* disk, Stage* stage,
                                                              std::shared_ptr<Life> life);
  ~SimulatedStore() override;

  uint64_t committed_seq() const { return committed_seq_; }

  absl::StatusOr<std::optional<std::string>> Get(std::string_view key) const override {
    return live_->Get(key);
  }
  absl::Status MultiGet(const std::vector<std::string>& keys,
                        std::vector<std::optional<std::string>>* values) const override {
    return live_->MultiGet(keys, values);
  }
  absl::Status Scan(std::string_view begin, std::string_view end,
                    const Visitor& visit) const override {
    return live_->Scan(begin, end, visit);
  }
  absl::Status Commit(const Turn& turn) override;
  absl::Status Flush() override;
  absl::Status MaybeFlush(Instant now) override;
  absl::Status CheckpointTo(const std::string&) override {
    return absl::UnimplementedError("nobody asks");
  }

 private:
  SimulatedStore(SimulatedDisk* disk, Stage* stage, std::shared_ptr<Life> life,
                 std::unique_ptr<Store> live);
  void NoteSeq(const std::string& meta);

  SimulatedDisk& disk_;
  Stage& stage_;
  const std::shared_ptr<Life> life_;
  std::unique_ptr<Store> live_;
  uint64_t committed_seq_ = 0;
  bool dirty_ = false;
  std::optional<Instant> flushed_;
};

}  // namespace escalation::simulation
