// A thousand flipped bits, and each file missing once, in each thing that we keep on disk.
// Everything that is served is compared with what was written.

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "daemon/log/archive_log.h"
#include "daemon/log/archive_writer.h"
#include "daemon/log/embedded_log.h"
#include "state/partition/keys.h"
#include "state/partition/partition.h"
#include "state/store/memory_store.h"
#include "state/store/rocksdb_store.h"
#include "tests/corruption/bit_flips.h"
#include "tests/state/partition/random_history.h"
#include "tests/state/store/store_turns.h"

namespace escalation {
namespace {

constexpr int kFlips = 1'000;
constexpr int kPartitions = 2;
constexpr size_t kRecords = 120;
constexpr int kDecisions = 90;
// Folded into the store before the damage, and afterwards.
constexpr size_t kFolded = 400;
constexpr size_t kFoldedOn = 40;

// A history that folds: its records, and what they come to.
struct World {
  std::vector<FoldRecord> records;
  // Serialized, in order of seq.
  std::vector<PublishedDecision> decisions;
};

absl::Status FoldInto(Store* store, std::span<const FoldRecord> records,
                      std::vector<PublishedDecision>* decisions) {
  auto fold = PartitionFold::Open(*store, {Partition{0}, kStoreIdentity.incarnation, 1'000});
  if (!fold.ok()) return fold.status();
  while (!records.empty() && records.front().offset < (*fold)->position()) {
    records = records.subspan(1);
  }
  return (*fold)->FoldAll(records, [&](const FoldResult& result) {
    if (absl::Status status = store->Commit(result.turn); !status.ok()) return status;
    for (const v1::Decision& decision : DecodeDecisions(result)) {
      decisions->push_back({decision.seq(), decision.id(), decision.SerializeAsString()});
    }
    return absl::OkStatus();
  });
}

const World& TheWorld() {
  static const World* const world = [] {
    auto* const made = new World;
    testing::RandomHistory history(11);
    MemoryStore store;
    while (made->records.size() < kFolded + kFoldedOn) {
      made->records.push_back(history.Next());
      std::vector<PublishedDecision> decided;
      EXPECT_TRUE(FoldInto(&store, std::span(&made->records.back(), 1), &decided).ok());
      std::vector<v1::Decision> seen(decided.size());
      for (size_t i = 0; i < decided.size(); ++i) {
        EXPECT_TRUE(seen[i].ParseFromString(decided[i].value));
      }
      history.Saw(seen);
      made->decisions.insert(made->decisions.end(), decided.begin(), decided.end());
    }
    return made;
  }();
  return *world;
}

std::span<const FoldRecord> Records(size_t from, size_t to) {
  return std::span(TheWorld().records).subspan(from, to - from);
}

using Entries = std::vector<std::pair<std::string, std::string>>;

absl::StatusOr<Entries> ReadStore(const Store& store) {
  Entries entries;
  const absl::Status status =
      store.Scan("", "\xff", [&](std::string_view key, std::string_view value) {
        if (key != keys::Identity()) entries.emplace_back(key, value);
        return true;
      });
  if (!status.ok()) return status;
  // Single keys take another path, through filters.
  for (const auto& [key, value] : entries) {
    const auto found = store.Get(key);
    if (!found.ok()) return found.status();
    if (*found != value) return Entries{{"differs", key}};
  }
  return entries;
}

// Each copy is opened for writing, with its fsyncs; here only content matters.
class InMemory : public ::testing::Environment {
 public:
  void SetUp() override {
    if (std::filesystem::is_directory("/dev/shm")) ::setenv("TEST_TMPDIR", "/dev/shm", 0);
  }
};
const auto* const kInMemory = ::testing::AddGlobalTestEnvironment(new InMemory);

class StoreCorruptionTest : public ::testing::Test {
 protected:
  // Tables of several levels: some compacted, some flushed, each turn of its own.
  void SetUp() override {
    auto store = RocksdbStore::Open(original_, kStoreIdentity);
    ASSERT_TRUE(store.ok()) << store.status();
    states_.push_back(*ReadStore(**store));
    std::vector<PublishedDecision> decided;
    for (size_t n = 0; n < kFolded; ++n) {
      ASSERT_TRUE(FoldInto(store->get(), Records(n, n + 1), &decided).ok());
      states_.push_back(*ReadStore(**store));
      if (n == kFolded / 2) {
        ASSERT_TRUE((*store)->Compact().ok());
      }
      if (n % 80 == 79) {
        ASSERT_TRUE((*store)->Flush().ok());
      }
    }
    store->reset();
    MemoryStore whole;
    ASSERT_TRUE(FoldInto(&whole, TheWorld().records, &decided).ok());
    final_ = *ReadStore(whole);
  }

  // Reads everything, then goes on folding where the store says that it stands: whatever state was
  // served, the log brings it to the same end, and decides nothing else on the way.
  Finding Look(const std::string& dir) const {
    const auto store = RocksdbStore::Open(dir, kStoreIdentity);
    if (!store.ok()) return {Finding::kRefused, store.status()};
    const auto entries = ReadStore(**store);
    if (!entries.ok()) return {Finding::kDetected, entries.status()};
    if (std::find(states_.begin(), states_.end(), *entries) == states_.end()) return {};
    std::vector<PublishedDecision> decided;
    const absl::Status folded = FoldInto(store->get(), TheWorld().records, &decided);
    if (!folded.ok()) return {Finding::kDetected, folded};
    const std::vector<PublishedDecision>& all = TheWorld().decisions;
    if (decided.size() > all.size()) return {};
    const auto end = all.end() - static_cast<ptrdiff_t>(decided.size());
    if (!std::equal(decided.begin(), decided.end(), end, IsSame)) return {};
    const auto after = ReadStore(**store);
    if (!after.ok()) return {Finding::kDetected, after.status()};
    if (*after != final_) return {};
    return {*entries == states_.back() ? Finding::kHarmless : Finding::kOlder, {}};
  }

  static bool IsSame(const PublishedDecision& a, const PublishedDecision& b) {
    return a.seq == b.seq && a.id == b.id && a.value == b.value;
  }

  const TemporaryDirectory folder_;
  const std::string original_ = folder_ / "store";
  // After each record.
  std::vector<Entries> states_;
  // After those that are folded on, too.
  Entries final_;
};

TEST_F(StoreCorruptionTest, store_serves_what_was_committed_or_nothing) {
  const auto examine = [this](const std::string& dir) { return Look(dir); };
  BitFlips flips(original_);
  auto counts = flips.Run(kFlips, 1, examine);
  flips.Miss(examine);
  if (counts.size() > 1) {
    EXPECT_GT(counts[Finding::kRefused] + counts[Finding::kDetected], 0);
  }
}

// The judge sees what is wrong: a value that nobody committed, one that is gone; and that an empty
// store is an older one.
TEST_F(StoreCorruptionTest, other_values_are_seen) {
  const auto look_after = [&](const std::vector<Write>& writes) {
    const TemporaryDirectory copy;
    const std::string dir = copy / "copy";
    std::filesystem::copy(original_, dir, std::filesystem::copy_options::recursive);
    if (!writes.empty()) {
      auto store = RocksdbStore::Open(dir, kStoreIdentity);
      Turn turn;
      turn.writes = writes;
      EXPECT_TRUE(store.ok() && (*store)->Commit(turn).ok());
    }
    return Look(dir).kind;
  };
  EXPECT_EQ(look_after({}), Finding::kHarmless);
  const Entries& entries = states_.back();
  for (size_t i = 0; i < entries.size(); i += entries.size() / 10) {
    EXPECT_EQ(look_after({{entries[i].first, entries[i].second + "x"}}), Finding::kWrong);
    EXPECT_EQ(look_after({{entries[i].first, std::nullopt}}), Finding::kWrong);
  }
  EXPECT_EQ(Look(folder_ / "empty").kind, Finding::kOlder);
}

struct Content {
  std::vector<std::pair<int64_t, std::string>> records;
  std::vector<std::pair<std::string, std::string>> decisions;
  friend bool operator==(const Content&, const Content&) = default;
};

absl::StatusOr<std::vector<Content>> ReadLog(const Log& log) {
  std::vector<Content> partitions(static_cast<size_t>(log.partitions()));
  for (int32_t i = 0; i < log.partitions(); ++i) {
    Content& content = partitions[static_cast<size_t>(i)];
    const auto end = log.End(Partition{i});
    if (!end.ok()) return end.status();
    for (Offset next; next < *end;) {
      const auto batch = log.Read(Partition{i}, next, 4096);
      if (!batch.ok()) return batch.status();
      if (batch->records.empty()) break;
      for (const Record& record : batch->records) {
        if (record.offset != next) return std::vector<Content>();
        next = next + 1;
        content.records.emplace_back(record.appended.ms, record.value);
      }
    }
    const auto decisions = log.ReadDecisions(Partition{i}, 1, 10'000);
    if (!decisions.ok()) return decisions.status();
    for (const PublishedDecision& decision : *decisions) {
      content.decisions.emplace_back(decision.id, decision.value);
    }
  }
  return partitions;
}

Finding Compare(const Log& log, const std::vector<Content>& expected) {
  const auto content = ReadLog(log);
  if (!content.ok()) return {Finding::kDetected, content.status()};
  return {*content == expected ? Finding::kHarmless : Finding::kWrong, {}};
}

class LogCorruptionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string dir = folder_ / "open";
    auto log = OpenEmbeddedLog(dir, {.partitions = kPartitions, .clock = Clock()});
    ASSERT_TRUE(log.ok()) << log.status();
    Append(log->get(), 0, kRecords / 2);
    log->reset();
    log = OpenEmbeddedLog(dir, {.partitions = kPartitions, .clock = Clock()});
    ASSERT_TRUE(log.ok()) << log.status();
    Append(log->get(), kRecords / 2, kRecords);
    for (int i = 0; i < kPartitions; ++i) {
      const auto& all = TheWorld().decisions;
      ASSERT_TRUE((*log)->Publish(Partition{i}, {all.begin(), all.begin() + kDecisions}).ok());
    }
    expected_ = *ReadLog(**log);
    ASSERT_EQ(expected_[1].records.size(), kRecords);
    ASSERT_EQ(expected_[1].decisions.size(), static_cast<size_t>(kDecisions));
    // As a power cut leaves it: tables of the first opening, a write-ahead log of the second.
    std::filesystem::copy(dir, original_, std::filesystem::copy_options::recursive);
  }

  std::function<Instant()> Clock() {
    return [this] { return Instant{kInstantMin.ms + ticks_++}; };
  }

  static void Append(Log* log, size_t from, size_t to) {
    for (const FoldRecord& record : Records(from, to)) {
      for (int i = 0; i < kPartitions; ++i) {
        ASSERT_TRUE(AppendAndWait(*log, Partition{i}, record.event.SerializeAsString()).ok());
      }
    }
  }

  const TemporaryDirectory folder_;
  const std::string original_ = folder_ / "log";
  std::atomic<int64_t> ticks_{0};
  std::vector<Content> expected_;
};

TEST_F(LogCorruptionTest, embedded_log_serves_what_was_acknowledged_or_nothing) {
  int opened = 0;
  const auto examine = [&](const std::string& dir) -> Finding {
    // Daemons open it for writing, tools for reading.
    const Access access = ++opened % 4 == 0 ? Access::kReadOnly : Access::kReadWrite;
    const auto log = OpenEmbeddedLog(dir, {.access = access, .clock = Clock()});
    if (!log.ok()) return {Finding::kRefused, log.status()};
    return Compare(**log, expected_);
  };
  BitFlips flips(original_);
  flips.Run(kFlips, 2, examine);
  flips.Miss(examine);
}

TEST_F(LogCorruptionTest, archive_serves_what_was_archived_or_nothing) {
  const std::string original = folder_ / "archive";
  {
    const auto log = OpenEmbeddedLog(original_, {.access = Access::kReadOnly});
    ASSERT_TRUE(log.ok()) << log.status();
    ArchiveOptions options;
    options.segment_bytes = 10'000;  // Several files for each stream.
    ASSERT_TRUE(ArchiveLogTo(**log, original, WithDecisions::kYes, options).ok());
  }
  const auto examine = [&](const std::string& dir) -> Finding {
    // Every byte is covered: verification finds every flip.
    const absl::Status verified = VerifyArchive(dir).status();
    EXPECT_FALSE(verified.ok());
    const auto log = OpenArchiveLog(dir);
    if (!log.ok()) return {Finding::kRefused, verified};
    const Finding read = Compare(**log, expected_);
    return read.kind == Finding::kWrong ? read : Finding{Finding::kDetected, verified};
  };
  BitFlips flips(original);
  flips.Run(kFlips, 3, examine);
  flips.Miss(examine);
}

}  // namespace
}  // namespace escalation
