// RocksdbStore on a disk that loses what a disk may lose: after every crash the store opens, and
// holds the first of the committed turns, the latest flush among them.

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "rocksdb/env.h"
#include "state/base/text.h"
#include "state/partition/keys.h"
#include "state/store/rocksdb_store.h"
#include "tests/simulation/crashing_file_system.h"

namespace escalation::simulation {
namespace {

const StoreIdentity kIdentity{"embedded", "", "", "0123456789abcdef0123456789abcdef", Partition{0}};
constexpr int kCrashes = 200;

using Content = std::map<std::string, std::string>;

void Apply(const Turn& turn, Content* content) {
  for (const Write& write : turn.writes) {
    if (write.value) {
      (*content)[write.key] = *write.value;
    } else {
      content->erase(write.key);
    }
  }
}

class CrashWorld {
 public:
  explicit CrashWorld(uint64_t seed)
      : random_(seed),
        system_(std::make_shared<CrashingFileSystem>(random_.Next())),
        env_(rocksdb::NewCompositeEnv(system_)) {}

  // One process from its start to a crash, and what it left.
  void LiveAndCrash() {
    const uint64_t kind = random_.Below(10);
    if (kind < 7) system_->CutPowerAfter(1 + random_.Below(random_.Percent(50) ? 30 : 300));
    if (kind == 7) system_->FailAfter(1 + random_.Below(60));
    if (kind == 8) full_from_ = random_.Below(40);
    Live();
    store_.reset();
    full_from_ = UINT64_MAX;
    system_->set_full(false);
    const bool power_cut = kind < 7 || random_.Percent(50);
    power_cut ? system_->Crash() : system_->Restart();
    cuts_ += power_cut;
    Check();
  }

  const std::string& problem() const { return problem_; }
  int cuts() const { return cuts_; }
  // Crashes after which turns were missing that had been committed; after which some were there
  // that no flush had promised; steps at which the power went.
  int lost() const { return lost_; }
  int more_than_promised() const { return more_; }

 private:
  absl::Status Open() {
    RocksdbStoreOptions options;
    options.block_cache_bytes = 1 << 20;
    options.flush_bytes_max = 64 << 10;  // Flushes come by themselves too.
    options.env = env_.get();
    auto store = RocksdbStore::Open("/store", kIdentity, options);
    if (!store.ok()) return store.status();
    store_ = *std::move(store);
    return absl::OkStatus();
  }

  void Live() {
    if (!Open().ok()) return;  // The power went, or the disk failed.
    Instant now = Instant::Seconds(1'000'000'000);
    for (uint64_t step = 0; step < 60; ++step) {
      if (step == full_from_) system_->set_full(true);
      now = now + Duration::Seconds(random_.Percent(80) ? 1 : 60);
      const uint64_t kind = random_.Below(20);
      const size_t before = Committed();
      absl::Status status;
      if (kind < 15) {
        const Turn turn = NextTurn();
        status = store_->Commit(turn);
        if (status.ok()) turns_.push_back(turn);
      } else if (kind < 18) {
        status = store_->MaybeFlush(now);
      } else if (kind < 19) {
        status = store_->Flush();
        if (status.ok()) promised_ = before;
      } else if (random_.Percent(30)) {
        status = store_->Compact();
        if (status.ok()) promised_ = before;
      }
      if (status.ok()) continue;
      // Once failed, failed for good.
      if (store_->Commit(NextTurn()).ok()) problem_ = Cat("a commit after ", Text(status));
      return;
    }
  }

  static std::string Text(const absl::Status& status) { return std::string(status.message()); }

  size_t Committed() const { return first_ + turns_.size(); }

  Turn NextTurn() {
    Turn turn;
    turn.writes.push_back({"n", Cat(Committed() + 1)});
    const uint64_t writes = random_.Below(8);
    for (uint64_t i = 0; i < writes; ++i) {
      const std::string key = Cat("k", random_.Below(200));
      if (random_.Percent(30)) {
        turn.writes.push_back({key, std::nullopt});
      } else {
        turn.writes.push_back({key, std::string(random_.Below(2000), char('a' + i))});
      }
    }
    return turn;
  }

  void Check() {
    if (!problem_.empty()) return;
    if (const absl::Status status = Open(); !status.ok()) {
      problem_ = Cat("the store cannot be opened: ", Text(status));
      return;
    }
    Content found;
    const absl::Status scanned =
        store_->Scan("", "\xff", [&](std::string_view key, std::string_view value) {
          if (key != keys::Identity()) found.emplace(key, value);
          return true;
        });
    if (!scanned.ok()) {
      problem_ = Cat("the store cannot be read: ", Text(scanned));
      return;
    }
    const auto n = found.find("n");
    const size_t kept = n == found.end() ? 0 : std::stoul(n->second);
    if (kept < promised_ || kept > Committed()) {
      problem_ = Cat("the store holds ", kept, " turns of ", Committed(), ", ", promised_,
                     " were flushed");
      return;
    }
    Content expected = base_;
    for (size_t i = 0; i < kept - first_; ++i) Apply(turns_[i], &expected);
    if (found != expected) problem_ = Cat("the store is not what the first ", kept, " turns say");
    lost_ += kept < Committed();
    more_ += kept > promised_;
    base_ = std::move(expected);
    first_ = kept;
    turns_.clear();
    // From here on it is promised.
    if (const absl::Status status = store_->Flush(); !status.ok()) problem_ = Text(status);
    promised_ = kept;
    store_.reset();
    system_->Restart();
  }

  Random random_;
  const std::shared_ptr<CrashingFileSystem> system_;
  const std::unique_ptr<rocksdb::Env> env_;
  std::unique_ptr<RocksdbStore> store_;
  // What the first turns come to, and how many they are; the turns that were committed since.
  Content base_;
  size_t first_ = 0;
  std::vector<Turn> turns_;
  // So many, from the beginning, were flushed.
  size_t promised_ = 0;
  uint64_t full_from_ = UINT64_MAX;
  std::string problem_;
  int cuts_ = 0;
  int lost_ = 0;
  int more_ = 0;
};

class RocksdbCrashTest : public testing::TestWithParam<uint64_t> {};

TEST_P(RocksdbCrashTest, after_every_crash_there_is_a_prefix_with_all_that_was_flushed) {
  CrashWorld world(GetParam());
  for (int i = 0; i < kCrashes; ++i) {
    world.LiveAndCrash();
    ASSERT_EQ(world.problem(), "") << "crash " << i << " of seed " << GetParam();
  }
  // The crashes were at different places.
  EXPECT_GT(world.cuts(), kCrashes / 2);
  EXPECT_GT(world.lost(), kCrashes / 10);
  EXPECT_GT(world.more_than_promised(), kCrashes / 100);
}

INSTANTIATE_TEST_SUITE_P(seeds, RocksdbCrashTest, testing::Range<uint64_t>(1, 5));

}  // namespace
}  // namespace escalation::simulation
