// tests/simulation/rocksdb_disk.h
//
// A disk with the real store on it: RocksDB over a file system that loses what a disk may lose.
//
//   Input       as SimulatedDisk
//   Output      as SimulatedDisk
//   Invariants  as SimulatedDisk. What compactions write has no influence on them.
//   Errors      as RocksdbStore
//   Threads     one owner; RocksDB has its own
#pragma once

#include <memory>

#include "rocksdb/env.h"
#include "tests/simulation/crashing_file_system.h"
#include "tests/simulation/simulated_disk.h"

namespace escalation::simulation {

class RocksdbDisk : public SimulatedDisk {
 public:
  explicit RocksdbDisk(uint64_t seed);

  absl::StatusOr<std::unique_ptr<Store>> Open() override;
  void Cut() override { system_->CutPower(); }
  // The machine's power is cut, or the process alone has died.
  void Crash(Random* random) override;
  void set_full(bool full) override { system_->set_full(full); }
  void TroubleFlush(bool dies) override;

 private:
  Random random_;
  const std::shared_ptr<CrashingFileSystem> system_;
  const std::unique_ptr<rocksdb::Env> env_;
};

}  // namespace escalation::simulation
