// What every store promises, in memory and on disk.
#include "state/store/store.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "state/base/text.h"
#include "state/partition/keys.h"
#include "state/store/memory_store.h"
#include "state/store/rocksdb_store.h"
#include "tests/state/store/store_turns.h"
#include "tests/support/temporary_directory.h"

namespace escalation {
namespace {

std::unique_ptr<RocksdbStore> OpenOk(const std::string& dir) {
  absl::StatusOr<std::unique_ptr<RocksdbStore>> store = RocksdbStore::Open(dir, kStoreIdentity);
  EXPECT_TRUE(store.ok()) << store.status();
  return store.ok() ? *std::move(store) : nullptr;
}

Turn MakeTurn(std::vector<Write> writes) {
  Turn turn;
  turn.writes = std::move(writes);
  return turn;
}

std::string Scanned(const StateReader& store, std::string_view begin, std::string_view end,
                    size_t count = SIZE_MAX) {
  std::string out;
  const absl::Status status =
      store.Scan(begin, end, [&](std::string_view key, std::string_view value) {
        CatTo(&out, key, "=", value, " ");
        return --count > 0;
      });
  return status.ok() ? out : status.ToString();
}

class EveryStoreTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (GetParam() == std::string("memory")) {
      store_ = std::make_unique<MemoryStore>();
    } else {
      store_ = OpenOk(dir_ / "store");
    }
    ASSERT_NE(store_, nullptr);
  }
  void CommitOk(std::vector<Write> writes) {
    const absl::Status status = store_->Commit(MakeTurn(std::move(writes)));
    ASSERT_TRUE(status.ok()) << status;
  }

  TemporaryDirectory dir_;
  std::unique_ptr<Store> store_;
};

TEST_P(EveryStoreTest, a_turn_is_read_back) {
  const std::string binary("\0\xff\0", 3);
  CommitOk({{"a", "1"}, {"b", ""}, {"c", binary}});
  EXPECT_EQ(*store_->Get("a"), "1");
  EXPECT_EQ(*store_->Get("b"), "");
  EXPECT_EQ(*store_->Get("c"), binary);
  EXPECT_EQ(*store_->Get("d"), std::nullopt);
}

TEST_P(EveryStoreTest, a_turn_overwrites_and_deletes) {
  CommitOk({{"a", "1"}, {"b", "2"}});
  CommitOk({{"a", "3"}, {"b", std::nullopt}, {"z", std::nullopt}});
  EXPECT_EQ(*store_->Get("a"), "3");
  EXPECT_EQ(*store_->Get("b"), std::nullopt);
  EXPECT_EQ(Scanned(*store_, "a", "c"), "a=3 ");
}

TEST_P(EveryStoreTest, many_keys_are_read_in_their_order) {
  CommitOk({{"a", "1"}, {"c", "3"}, {"e", "5"}});
  std::vector<std::optional<std::string>> values = {"left over"};
  ASSERT_TRUE(store_->MultiGet({"a", "b", "c", "d", "e"}, &values).ok());
  EXPECT_EQ(values,
            (std::vector<std::optional<std::string>>{"1", std::nullopt, "3", std::nullopt, "5"}));
  ASSERT_TRUE(store_->MultiGet({}, &values).ok());
  EXPECT_TRUE(values.empty());
}

TEST_P(EveryStoreTest, scans_are_half_open_in_byte_order) {
  CommitOk({{"a", "1"}, {"b", "2"}, {std::string("b\0", 2), "3"}, {"b\xff", "4"}, {"c", "5"}});
  EXPECT_EQ(Scanned(*store_, "b", "c"), Cat("b=2 ", std::string("b\0", 2), "=3 b\xff=4 "));
  EXPECT_EQ(Scanned(*store_, "a", "c", 2), "a=1 b=2 ");
  EXPECT_EQ(Scanned(*store_, "c", "a"), "");
  EXPECT_EQ(Scanned(*store_, "x", "z"), "");
}

TEST_P(EveryStoreTest, readers_never_see_part_of_a_turn) {
  CommitOk(NumberedTurn(0).writes);
  std::thread committer([&] {
    for (int64_t n = 1; n <= 2000; ++n) EXPECT_TRUE(store_->Commit(NumberedTurn(n)).ok());
  });
  for (int i = 0; i < 2000; ++i) {
    std::string first, last;
    ASSERT_TRUE(store_
                    ->Scan("first", "m",
                           [&](std::string_view key, std::string_view value) {
                             (key == "first" ? first : last) = std::string(value);
                             return true;
                           })
                    .ok());
    ASSERT_EQ(first, last);
  }
  committer.join();
}

TEST_P(EveryStoreTest, flushing_changes_nothing_that_is_read) {
  CommitOk({{"a", "1"}});
  EXPECT_TRUE(store_->MaybeFlush(Instant{0}).ok());
  EXPECT_TRUE(store_->MaybeFlush(Instant{1'000'000}).ok());
  EXPECT_TRUE(store_->Flush().ok());
  EXPECT_EQ(*store_->Get("a"), "1");
}

INSTANTIATE_TEST_SUITE_P(Stores, EveryStoreTest, testing::Values("memory", "rocksdb"),
                         [](const auto& param) { return std::string(param.param); });

TEST(StateDigestTest, equal_content_has_an_equal_digest_in_every_store) {
  const TemporaryDirectory dir;
  const std::unique_ptr<RocksdbStore> disk = OpenOk(dir / "store");
  MemoryStore memory;
  // The identity is content too.
  ASSERT_TRUE(memory.Commit(MakeTurn({{keys::Identity(), **disk->Get(keys::Identity())}})).ok());
  std::minstd_rand random(7);
  std::map<std::string, std::string> model;
  for (int i = 0; i < 300; ++i) {
    std::map<std::string, Write> writes;
    for (int j = 0; j < 20; ++j) {
      const std::string key = TurnKey(random() % 1000);
      writes[key] = {key, std::nullopt};
      if (random() % 3 != 0) writes[key].value = TurnValue(static_cast<int64_t>(random() % 50));
    }
    Turn turn;
    for (const auto& [key, write] : writes) {
      turn.writes.push_back(write);
      if (write.value) {
        model[key] = *write.value;
      } else {
        model.erase(key);
      }
    }
    ASSERT_TRUE(disk->Commit(turn).ok());
    ASSERT_TRUE(memory.Commit(turn).ok());
    if (i % 100 == 50) {
      ASSERT_TRUE(disk->Flush().ok());
    }
  }
  std::string expected;
  for (const auto& [key, value] : model) CatTo(&expected, key, "=", value, " ");
  EXPECT_TRUE(Scanned(*disk, "turn", "u") == expected);
  EXPECT_EQ(*StateDigest(*disk), *StateDigest(memory));
  const std::unique_ptr<MemoryStore> clone = memory.Clone();
  EXPECT_EQ(*StateDigest(*clone), *StateDigest(memory));
  ASSERT_TRUE(clone->Commit(NumberedTurn(5000)).ok());
  EXPECT_NE(*StateDigest(*clone), *StateDigest(memory));
}

TEST(StateDigestTest, key_and_value_are_not_confused) {
  MemoryStore one, two;
  ASSERT_TRUE(one.Commit(MakeTurn({{"ab", "c"}})).ok());
  ASSERT_TRUE(two.Commit(MakeTurn({{"a", "bc"}})).ok());
  EXPECT_NE(*StateDigest(one), *StateDigest(two));
}

}  // namespace
}  // namespace escalation
