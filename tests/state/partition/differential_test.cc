// The same records give the same bytes: in whatever batches, after whatever restarts, on either
// kind of store.

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "escalation/v1/state.pb.h"
#include "state/base/sha256.h"
#include "state/base/text.h"
#include "state/partition/decision_text.h"
#include "state/partition/keys.h"
#include "state/store/memory_store.h"
#include "tests/state/partition/random_history.h"

namespace escalation {
namespace {

using testing::RandomHistory;

constexpr int kRecords = 600;

struct Folded {
  std::vector<std::string> decisions;
  std::string digest;
};

class Folder {
 public:
  explicit Folder(size_t tickets_max = 100'000) : tickets_max_(tickets_max) { Open(); }

  void Open() {
    auto fold = PartitionFold::Open(store_, {Partition{0}, "incarnation", tickets_max_});
    ASSERT_TRUE(fold.ok()) << fold.status();
    fold_ = *std::move(fold);
  }

  std::vector<v1::Decision> Fold(std::span<const FoldRecord> records) {
    std::vector<v1::Decision> decided;
    const absl::Status status = fold_->FoldAll(records, [&](const FoldResult& result) {
      bytes_.insert(bytes_.end(), result.decisions.begin(), result.decisions.end());
      std::ranges::move(DecodeDecisions(result), std::back_inserter(decided));
      return store_.Commit(result.turn);
    });
    EXPECT_TRUE(status.ok()) << status;
    return decided;
  }

  Folded Result() const { return {bytes_, *StateDigest(store_)}; }
  const MemoryStore& store() const { return store_; }
  const PartitionFold& fold() const { return *fold_; }

 private:
  const size_t tickets_max_;
  MemoryStore store_;
  std::unique_ptr<PartitionFold> fold_;
  std::vector<std::string> bytes_;
};

void ExpectSame(const Folded& a, const Folded& b, const std::string& what) {
  for (size_t i = 0; i < std::min(a.decisions.size(), b.decisions.size()); ++i) {
    if (a.decisions[i] == b.decisions[i]) continue;
    v1::Decision first, second;
    first.ParseFromString(a.decisions[i]);
    second.ParseFromString(b.decisions[i]);
    FAIL() << what << ", decision " << i << ":\n"
           << DecisionText(first) << " [" << first.id() << "]\n-- but --\n"
           << DecisionText(second) << " [" << second.id() << "]";
  }
  ASSERT_EQ(a.decisions.size(), b.decisions.size()) << what;
  EXPECT_EQ(ToHex(a.digest), ToHex(b.digest)) << what;
}

// In batches of any size, and by a fold made anew before every batch.
void ExpectSameInBatches(const Folded& expected, std::span<const FoldRecord> records) {
  for (const size_t batch : {7u, 64u, 1'000u}) {
    Folder folder;
    for (size_t at = 0; at < records.size(); at += batch) {
      folder.Fold(records.subspan(at, std::min(batch, records.size() - at)));
    }
    ExpectSame(expected, folder.Result(), Cat("batches of ", batch));
  }
  // With room for two tickets: state lives in the store alone.
  Folder restarted(2);
  for (size_t at = 0; at < records.size(); at += 5) {
    restarted.Open();
    restarted.Fold(records.subspan(at, std::min<size_t>(5, records.size() - at)));
  }
  ExpectSame(expected, restarted.Result(), "a restart before every batch");
}

class DifferentialTest : public ::testing::TestWithParam<uint64_t> {};

TEST_P(DifferentialTest, batches_and_restarts_change_nothing) {
  RandomHistory history(GetParam());
  Folder one_by_one;
  std::vector<FoldRecord> records;
  for (int i = 0; i < kRecords; ++i) {
    records.push_back(history.Next());
    history.Saw(one_by_one.Fold(std::span(&records.back(), 1)));
    if (HasFatalFailure() || HasNonfatalFailure()) return;
  }
  const Folded expected = one_by_one.Result();
  EXPECT_GT(expected.decisions.size(), 100u) << "the history says too little";
  ExpectSameInBatches(expected, records);
}

// A tick with a bound leaves the rest to the next one, and loses nothing.
TEST_P(DifferentialTest, bounded_ticks_are_the_same_in_batches_and_reach_the_end) {
  RandomHistory history(GetParam());
  Folder one_by_one;
  std::vector<FoldRecord> records;
  int cut = 0;
  const auto fold = [&](FoldRecord record) {
    record.offset = Offset{static_cast<int64_t>(records.size())};
    if (record.event.has_tick()) {
      record.event.mutable_tick()->set_tickets_max(1 + static_cast<int>(records.size() % 3));
    }
    records.push_back(std::move(record));
    history.Saw(one_by_one.Fold(std::span(&records.back(), 1)));
    if (one_by_one.fold().tick_was_cut()) ++cut;
  };
  for (int i = 0; i < kRecords; ++i) {
    fold(history.Next());
    if (HasFatalFailure() || HasNonfatalFailure()) return;
  }
  EXPECT_GT(cut, 0) << "no tick had more to fire than its bound";

  FoldRecord tick;
  tick.appended = records.back().appended;
  ToProto(tick.appended, tick.event.mutable_tick()->mutable_until());
  for (int i = 0; i == 0 || one_by_one.fold().tick_was_cut(); ++i) {
    ASSERT_LT(i, kRecords) << "the ticks come to no end";
    fold(tick);
  }
  EXPECT_EQ(one_by_one.fold().cursor(), tick.appended);
  ExpectSameInBatches(one_by_one.Result(), records);
}

TEST_P(DifferentialTest, the_chain_is_over_the_decisions) {
  RandomHistory history(GetParam());
  Folder folder;
  std::string chain;
  for (int i = 0; i < 200; ++i) {
    const FoldRecord record = history.Next();
    for (const v1::Decision& decision : folder.Fold(std::span(&record, 1))) {
      chain = ChainHash(chain, decision.SerializeAsString());
    }
  }
  EXPECT_EQ(ToHex(folder.fold().decisions_hash()), ToHex(chain));
}

// Every ticket that waits for a moment has exactly the wake-up that it names, behind the cursor; no
// other wake-up exists.
TEST_P(DifferentialTest, each_ticket_has_at_most_one_wake_up) {
  RandomHistory history(GetParam());
  Folder folder;
  for (int i = 0; i < kRecords; ++i) {
    const FoldRecord record = history.Next();
    history.Saw(folder.Fold(std::span(&record, 1)));
  }
  std::vector<std::string> wanted, found;
  ASSERT_TRUE(
      folder.store()
          .Scan("k", "l",
                [&](std::string_view key, std::string_view value) {
                  v1::TicketState state;
                  EXPECT_TRUE(state.ParseFromArray(value.data(), static_cast<int>(value.size())));
                  const auto names = keys::ParseTicket(key);
                  if (state.wake_ms() != 0)
                    wanted.push_back(
                        keys::WakeUp(Instant{state.wake_ms()}, names->tenant, names->ticket_id));
                  return true;
                })
          .ok());
  ASSERT_TRUE(folder.store()
                  .Scan("w", "x",
                        [&](std::string_view key, std::string_view) {
                          const auto wake = keys::ParseWakeUp(key);
                          EXPECT_GT(wake->due, folder.fold().cursor());
                          if (!wake->ticket_id.empty()) found.emplace_back(key);
                          return true;
                        })
                  .ok());
  std::sort(wanted.begin(), wanted.end());
  EXPECT_EQ(wanted, found);
}

INSTANTIATE_TEST_SUITE_P(seeds, DifferentialTest, ::testing::Range<uint64_t>(1, 13));

}  // namespace
}  // namespace escalation
