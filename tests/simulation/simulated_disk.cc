#include "tests/simulation/simulated_disk.h"

#include <algorithm>
#include <utility>

#include "escalation/v1/state.pb.h"
#include "state/partition/keys.h"

namespace escalation::simulation {
namespace {

constexpr Duration kFlushEvery = Duration::Seconds(30);

absl::Status Dead() { return absl::AbortedError("the process has died"); }

}  // namespace

class MemoryDisk::DiskStore : public MemoryStore {
 public:
  explicit DiskStore(MemoryDisk* disk) : disk_(*disk) {}

  absl::Status Commit(const Turn& turn) override {
    if (absl::Status status = Writable(); !status.ok()) return status;
    disk_.unflushed_.push_back(turn);
    return MemoryStore::Commit(turn);
  }
  absl::Status Flush() override {
    if (absl::Status status = Writable(); !status.ok()) return status;
    disk_.Keep(disk_.unflushed_.size());
    return absl::OkStatus();
  }
  absl::Status MaybeFlush(Instant) override { return failed_; }
  absl::Status Load() {
    Turn turn;
    const absl::Status scanned =
        disk_.flushed_->Scan("", "\xff", [&](std::string_view key, std::string_view value) {
          turn.writes.push_back({std::string(key), std::string(value)});
          return true;
        });
    return scanned.ok() ? MemoryStore::Commit(turn) : scanned;
  }

 private:
  absl::Status Writable() {
    if (disk_.full_ && failed_.ok()) failed_ = absl::ResourceExhaustedError("the disk is full");
    return failed_;
  }

  MemoryDisk& disk_;
  absl::Status failed_;
};

absl::StatusOr<std::unique_ptr<Store>> MemoryDisk::Open() {
  auto store = std::make_unique<DiskStore>(this);
  if (absl::Status status = store->Load(); !status.ok()) return status;
  return store;
}

void MemoryDisk::Keep(size_t turns) {
  for (size_t i = 0; i < turns; ++i) (void)flushed_->Commit(unflushed_[i]);
  unflushed_.clear();
}

void MemoryDisk::Crash(Random* random) {
  Keep(random->Percent(70) ? 0 : random->Below(unflushed_.size() + 1));
}

absl::StatusOr<std::unique_ptr<SimulatedStore>> SimulatedStore::Open(SimulatedDisk* disk,
                                                                     Stage* stage,
                                                                     std::shared_ptr<Life> life) {
  auto live = disk->Open();
  if (!live.ok()) return live.status();
  std::unique_ptr<SimulatedStore> self(
      new SimulatedStore(disk, stage, std::move(life), *std::move(live)));
  const auto meta = self->Get(keys::Meta());
  if (!meta.ok()) return meta.status();
  if (meta->has_value()) self->NoteSeq(**meta);
  return self;
}

SimulatedStore::SimulatedStore(SimulatedDisk* disk, Stage* stage, std::shared_ptr<Life> life,
                               std::unique_ptr<Store> live)
    : disk_(*disk), stage_(*stage), life_(std::move(life)), live_(std::move(live)) {}

SimulatedStore::~SimulatedStore() { disk_.Cut(); }

void SimulatedStore::NoteSeq(const std::string& meta) {
  v1::PartitionState state;
  if (state.ParseFromString(meta)) committed_seq_ = state.seq();
}

absl::Status SimulatedStore::Commit(const Turn& turn) {
  if (!life_->Survives("before a commit")) return Dead();
  if (absl::Status status = live_->Commit(turn); !status.ok()) return status;
  dirty_ = true;
  for (const Write& write : turn.writes) {
    if (write.value && write.key == keys::Meta()) NoteSeq(*write.value);
  }
  return life_->Survives("after a commit") ? absl::OkStatus() : Dead();
}

absl::Status SimulatedStore::Flush() {
  if (!life_->Survives("before a flush")) return Dead();
  const bool dies = stage_.random.Chance(stage_.faults.crash);
  disk_.TroubleFlush(dies);
  const absl::Status status = live_->Flush();
  if (dies) {
    life_->End("within a flush");
    return Dead();
  }
  if (!status.ok()) return status;
  dirty_ = false;
  return life_->Survives("after a flush") ? absl::OkStatus() : Dead();
}

// What flushes in the background is waited for, so that a seed repeats itself.
absl::Status SimulatedStore::MaybeFlush(Instant now) {
  if (absl::Status status = live_->MaybeFlush(now); !status.ok()) return status;
  if (!flushed_ || now < *flushed_) flushed_ = now;
  if (!dirty_ || now - *flushed_ < kFlushEvery) return absl::OkStatus();
  flushed_ = now;
  return Flush();
}

}  // namespace escalation::simulation
