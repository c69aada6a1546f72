// A thousand flipped bits, and each file missing once, in each thing that we keep on disk.
// Everything that is served is compared with what was written.

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "daemon/log/archive_log.h"
#include "daemon/log/archive_writer.h"
#include "daemon/log/embedded_log.h"
#include "state/base/text.h"
#include "state/partition/keys.h"
#include "state/store/rocksdb_store.h"
#include "tests/corruption/bit_flips.h"
#include "tests/state/store/store_turns.h"

namespace escalation {
namespace {

constexpr int kFlips = 1'000;
constexpr int kTurns = 240;
constexpr int kPartitions = 2;
constexpr int kRecords = 120;
constexpr int kDecisions = 90;

// Text that does not pack well, so that the files are mostly content.
std::string Noise(uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string text(20 + random() % 400, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

Turn TurnOf(int n) {
  Turn turn;
  turn.writes = {{"first", std::to_string(n)}, {TurnKey(n), Noise(static_cast<uint64_t>(n))}};
  if (n % 4 == 0) turn.writes.insert(turn.writes.begin() + 1, {TurnKey(n - 3), std::nullopt});
  if (n % 5 == 0) turn.writes.push_back({Cat("z kept ", 1000 + n), Noise(7)});
  return turn;
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

TEST(CorruptionTest, store_serves_what_was_committed_or_nothing) {
  const TemporaryDirectory folder;
  const std::string original = folder / "store";
  std::vector<Entries> states;
  {
    auto store = RocksdbStore::Open(original, kStoreIdentity);
    ASSERT_TRUE(store.ok()) << store.status();
    states.push_back(*ReadStore(**store));
    for (int n = 1; n <= kTurns; ++n) {
      ASSERT_TRUE((*store)->Commit(TurnOf(n)).ok());
      if (n % 60 == 0) {
        ASSERT_TRUE((*store)->Flush().ok());
      }
      states.push_back(*ReadStore(**store));
    }
  }
  const auto examine = [&](const std::string& dir) -> Finding {
    const auto store = RocksdbStore::Open(dir, kStoreIdentity);
    if (!store.ok()) return {Finding::kRefused, store.status()};
    const auto entries = ReadStore(**store);
    if (!entries.ok()) return {Finding::kDetected, entries.status()};
    if (*entries == states.back()) return {Finding::kHarmless, {}};
    const bool older = std::find(states.begin(), states.end(), *entries) != states.end();
    return {older ? Finding::kOlder : Finding::kWrong, {}};
  };
  EXPECT_EQ(examine(original).kind, Finding::kHarmless);
  auto counts = FlipBits(original, kFlips, 1, examine);
  MissFiles(original, examine);
  EXPECT_GT(counts[Finding::kRefused] + counts[Finding::kDetected], kFlips / 3);
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
      std::vector<PublishedDecision> decisions;
      for (uint64_t seq = 1; seq <= kDecisions; ++seq) {
        decisions.push_back({seq, Cat("id/", seq), Noise(seq)});
      }
      ASSERT_TRUE((*log)->Publish(Partition{i}, decisions).ok());
    }
    expected_ = *ReadLog(**log);
    ASSERT_EQ(expected_[1].records.size(), static_cast<size_t>(kRecords));
    ASSERT_EQ(expected_[1].decisions.size(), static_cast<size_t>(kDecisions));
    // As a power cut leaves it: tables of the first opening, a write-ahead log of the second.
    std::filesystem::copy(dir, original_, std::filesystem::copy_options::recursive);
  }

  std::function<Instant()> Clock() {
    return [this] { return Instant{kInstantMin.ms + ticks_++}; };
  }

  static void Append(Log* log, int from, int to) {
    for (int n = from; n < to; ++n) {
      for (int i = 0; i < kPartitions; ++i) {
        ASSERT_TRUE(
            AppendAndWait(*log, Partition{i}, Noise(static_cast<uint64_t>(n * 2 + i))).ok());
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
  auto counts = FlipBits(original_, kFlips, 2, examine);
  MissFiles(original_, examine);
  EXPECT_GT(counts[Finding::kRefused] + counts[Finding::kDetected], kFlips / 3);
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
    // Every byte is covered: verification finds every flip, and names the file.
    const absl::Status verified = VerifyArchive(dir).status();
    EXPECT_FALSE(verified.ok());
    const std::string where = absl::IsNotFound(verified) ? dir : dir + "/";
    EXPECT_NE(std::string(verified.message()).find(where), std::string::npos) << verified;
    const auto log = OpenArchiveLog(dir);
    if (!log.ok()) return {Finding::kRefused, log.status()};
    return Compare(**log, expected_);
  };
  FlipBits(original, kFlips, 3, examine);
  MissFiles(original, examine);
}

}  // namespace
}  // namespace escalation
