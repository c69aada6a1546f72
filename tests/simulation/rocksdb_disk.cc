#include "tests/simulation/rocksdb_disk.h"

#include <utility>

#include "state/store/rocksdb_store.h"

namespace escalation::simulation {
namespace {

// A flush takes about as many changes of files.
constexpr uint64_t kFlushChanges = 24;

}  // namespace

RocksdbDisk::RocksdbDisk(uint64_t seed)
    : random_(seed),
      system_(std::make_shared<CrashingFileSystem>(random_.Next())),
      env_(rocksdb::NewCompositeEnv(system_)) {}

absl::StatusOr<std::unique_ptr<Store>> RocksdbDisk::Open() {
  const StoreIdentity identity{"memory", "", "", "simulation", Partition{0}};
  RocksdbStoreOptions options;
  options.block_cache_bytes = 4 << 20;
  options.flush_bytes_max = 4 << 20;
  options.env = env_.get();
  auto store = RocksdbStore::Open("/store", identity, options);
  if (!store.ok()) return store.status();
  return std::unique_ptr<Store>(*std::move(store));
}

void RocksdbDisk::Crash(Random* random) {
  random->Percent(70) ? system_->Crash() : system_->Restart();
}

void RocksdbDisk::TroubleFlush(bool dies) {
  if (dies) system_->CutPowerAfter(1 + random_.Below(kFlushChanges));
}

}  // namespace escalation::simulation
