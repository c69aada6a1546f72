// The same records give the same bytes: in whatever batches, after whatever restarts, on either
// kind of store.

#include "tests/state/partition/differential.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "escalation/v1/state.pb.h"
#include "state/partition/keys.h"
#include "tests/state/partition/policy_history.h"
#include "tests/state/partition/random_history.h"

namespace escalation {
namespace {

using testing::ExpectSameInBatches;
using testing::Folded;
using testing::Folder;
using testing::FoldOneByOne;
using testing::PolicyHistory;
using testing::RandomHistory;

constexpr int kRecords = 600;

class DifferentialTest : public ::testing::TestWithParam<uint64_t> {};

TEST_P(DifferentialTest, batches_and_restarts_change_nothing) {
  RandomHistory history(GetParam());
  Folder one_by_one;
  const std::vector<FoldRecord> records = FoldOneByOne(kRecords, &history, &one_by_one);
  if (HasFailure()) return;
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

// Every ticket or account that waits for a moment has exactly the wake-up that it names, behind the
// cursor; no other wake-up exists.
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
  ASSERT_TRUE(
      folder.store()
          .Scan("a", "b",
                [&](std::string_view key, std::string_view value) {
                  v1::AccountState state;
                  EXPECT_TRUE(state.ParseFromArray(value.data(), static_cast<int>(value.size())));
                  const std::string account(key.substr(key.find('\0') + 1));
                  EXPECT_EQ(state.wake_ms() != 0,
                            state.planned_size() > 0 || state.setup().clock().next_ms() != 0);
                  if (state.wake_ms() != 0) {
                    wanted.push_back(
                        keys::WakeUp(Instant{state.wake_ms()}, "default", keys::Sleeper(account)));
                  }
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

// The published support terms, each in its own words.
class PolicyDifferentialTest : public ::testing::TestWithParam<std::tuple<const char*, uint64_t>> {
};

TEST_P(PolicyDifferentialTest, batches_and_restarts_change_nothing) {
  const auto& [policy, seed] = GetParam();
  PolicyHistory history(Cat(ESCALATION_SOURCE_DIR "/deploy/policies/", policy, ".yaml"), seed);
  Folder one_by_one;
  const std::vector<FoldRecord> records = FoldOneByOne(kRecords, &history, &one_by_one);
  if (HasFailure()) return;
  const Folded expected = one_by_one.Result();
  EXPECT_GT(expected.decisions.size(), 100u) << "the history says too little";
  ExpectSameInBatches(expected, records);
}

INSTANTIATE_TEST_SUITE_P(terms, PolicyDifferentialTest,
                         ::testing::Combine(::testing::Values("aiven", "azion", "stakater",
                                                              "elastic-io", "drud", "example"),
                                            ::testing::Range<uint64_t>(1, 7)));

}  // namespace
}  // namespace escalation
