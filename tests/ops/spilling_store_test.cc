#include "ops/spilling_store.h"

#include <gtest/gtest.h>

#include <string>

#include "state/base/text.h"

namespace escalation {
namespace {

Turn TurnOf(int from, int to) {
  Turn turn;
  for (int i = from; i < to; ++i) turn.writes.push_back({Cat("k", i), Cat("value ", i)});
  return turn;
}

TEST(SpillingStore, holds_the_same_before_and_after_its_move) {
  SpillingStore store(20);
  MemoryStore memory;
  for (const Turn& turn : {TurnOf(10, 25), TurnOf(20, 40), TurnOf(40, 50)}) {
    ASSERT_TRUE(store.Commit(turn).ok());
    ASSERT_TRUE(memory.Commit(turn).ok());
  }
  EXPECT_FALSE(store.in_memory());
  Turn removal;
  removal.writes.push_back({"k12", std::nullopt});
  ASSERT_TRUE(store.Commit(removal).ok());
  ASSERT_TRUE(memory.Commit(removal).ok());
  std::vector<std::pair<std::string, std::string>> all, expected;
  const auto into = [](auto* list) {
    return [list](std::string_view key, std::string_view value) {
      list->emplace_back(key, value);
      return true;
    };
  };
  ASSERT_TRUE(store.Scan("k", "l", into(&all)).ok());
  ASSERT_TRUE(memory.Scan("k", "l", into(&expected)).ok());
  EXPECT_EQ(all, expected);
  EXPECT_EQ(all.size(), 39u);
  EXPECT_EQ(**store.Get("k10"), "value 10");
  EXPECT_FALSE(store.Get("k12")->has_value());
}

TEST(SpillingStore, stays_in_memory_while_it_is_small) {
  SpillingStore store(20);
  ASSERT_TRUE(store.Commit(TurnOf(0, 20)).ok());
  ASSERT_TRUE(store.Commit(TurnOf(0, 20)).ok());
  EXPECT_TRUE(store.in_memory());
}

}  // namespace
}  // namespace escalation
