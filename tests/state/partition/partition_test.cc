// What the fold of a partition leaves in the committed state: the cursor, the numbers of decisions,
// what is remembered of duplicates.

#include "state/partition/partition.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "escalation/v1/state.pb.h"
#include "state/base/text.h"
#include "state/partition/keys.h"
#include "state/policy/policy_loader.h"
#include "state/store/memory_store.h"

namespace escalation {
namespace {

constexpr const char* kPolicy = R"(
policy: p
tenant: default
revision: 1
severities: [low]
plans: {gold: {targets: [{name: first_response, metric: first_response, within: 1h}]}}
)";
constexpr Instant kNine = Instant::Seconds(1'773'133'200);  // 2026-03-10T09:00:00Z
constexpr Instant kTen = kNine + Duration::Hours(1);

v1::Event Opened(const std::string& id, const std::string& ticket_id) {
  v1::Event event;
  event.set_tenant("default");
  event.set_id(id);
  event.set_ticket_id(ticket_id);
  event.mutable_origin()->set_source("hook");
  event.mutable_actor()->set_kind(v1::Actor::CUSTOMER);
  event.mutable_opened()->set_severity("low");
  return event;
}

class PartitionTest : public ::testing::Test {
 protected:
  PartitionTest() {
    Restart();
    const auto loaded = LoadPolicyText("p.yaml", kPolicy);
    EXPECT_TRUE(loaded.ok()) << loaded.status();
    v1::Event policy;
    policy.set_tenant("default");
    *policy.mutable_policy_published()->mutable_policy() = loaded->policy;
    Fold(policy, kNine);
  }

  void Restart() {
    auto fold = PartitionFold::Open(store_, {Partition{0}, "incarnation", 10});
    ASSERT_TRUE(fold.ok()) << fold.status();
    fold_ = *std::move(fold);
  }

  void Fold(const v1::Event& event, Instant appended) {
    const FoldRecord record{Offset{offset_++}, appended, event};
    const absl::Status status = fold_->FoldAll(std::span(&record, 1), [this](FoldResult& result) {
      if (on_turn_) on_turn_(result.turn);
      return store_.Commit(result.turn);
    });
    ASSERT_TRUE(status.ok()) << status;
  }

  void Tick(Instant until, Instant appended) {
    v1::Event tick;
    ToProto(until, tick.mutable_tick()->mutable_until());
    Fold(tick, appended);
  }

  // Everything that was decided, as it waits to be published.
  std::vector<v1::Decision> Decisions() const {
    std::vector<v1::Decision> decisions;
    EXPECT_TRUE(store_
                    .Scan(keys::Outbox(1), "p",
                          [&](std::string_view, std::string_view value) {
                            v1::OutboxEntry entry;
                            EXPECT_TRUE(
                                entry.ParseFromArray(value.data(), static_cast<int>(value.size())));
                            EXPECT_TRUE(decisions.emplace_back().ParseFromString(entry.decision()));
                            return true;
                          })
                    .ok());
    return decisions;
  }

  int CountKeys(const std::string& prefix) const {
    int count = 0;
    EXPECT_TRUE(store_
                    .Scan(prefix, keys::PrefixEnd(prefix),
                          [&](std::string_view, std::string_view) {
                            ++count;
                            return true;
                          })
                    .ok());
    return count;
  }

  MemoryStore store_;
  std::function<void(const Turn&)> on_turn_;
  std::unique_ptr<PartitionFold> fold_;
  int64_t offset_ = 0;
};

TEST_F(PartitionTest, a_tick_moves_the_cursor_for_good) {
  Fold(Opened("e1", "T-1"), kNine);
  Tick(kNine + Duration::Minutes(30), kTen);
  EXPECT_EQ(fold_->cursor(), kNine + Duration::Minutes(30));
  Restart();
  EXPECT_EQ(fold_->cursor(), kNine + Duration::Minutes(30));
  // Never back.
  Tick(kNine + Duration::Minutes(10), kTen);
  EXPECT_EQ(fold_->cursor(), kNine + Duration::Minutes(30));
}

TEST_F(PartitionTest, a_ticket_that_is_held_back_wakes_up_behind_the_cursor) {
  Fold(Opened("e1", "T-1"), kNine);
  v1::Event mark;
  mark.set_tenant("default");
  mark.mutable_source_mark()->set_source("hook");
  ToProto(kNine, mark.mutable_source_mark()->mutable_through_time());
  Fold(mark, kTen);
  Tick(kTen, kTen);
  EXPECT_EQ(*NextDue(store_), kTen + Duration{1});
}

TEST_F(PartitionTest, decisions_of_a_record_in_several_chunks_have_ids_of_their_own) {
  constexpr int kTickets = 2'500;
  for (int i = 0; i < kTickets; ++i) Fold(Opened(Cat("e", i), Cat("T-", i)), kNine);
  Tick(kTen, kTen);
  std::set<std::string> ids;
  uint64_t seq = 0;
  for (const v1::Decision& decision : Decisions()) {
    EXPECT_TRUE(ids.insert(decision.id()).second) << decision.id() << " is there twice";
    EXPECT_EQ(decision.seq(), ++seq);
  }
  EXPECT_EQ(ids.size(), 2u * kTickets);
}

TEST_F(PartitionTest, what_is_published_leaves_the_outbox_and_must_be_what_was_decided_here) {
  Fold(Opened("e1", "T-1"), kNine);
  Tick(kTen, kTen);
  ASSERT_EQ(CountKeys("o"), 2);
  const auto published = [&](uint64_t through, const std::string& hash) {
    FoldRecord record{Offset{offset_}, kTen, {}};
    record.event.mutable_published()->set_through_seq(through);
    record.event.mutable_published()->set_decisions_hash(hash);
    return record;
  };
  const std::string hash = fold_->decisions_hash();
  for (const FoldRecord& record :
       {published(2, std::string(hash.rbegin(), hash.rend())), published(3, hash)}) {
    EXPECT_EQ(fold_->Fold(std::span(&record, 1)).status().code(), absl::StatusCode::kDataLoss);
    Restart();
  }
  Fold(published(2, hash).event, kTen);
  EXPECT_EQ(CountKeys("o"), 0);
  EXPECT_EQ(fold_->published_through(), 2u);
}

TEST_F(PartitionTest, an_id_is_remembered_for_three_days_and_then_forgotten) {
  Fold(Opened("e1", "T-1"), kNine);
  const Instant soon = kNine + Duration::Hours(72) - Duration{1};
  Tick(soon, soon);
  Fold(Opened("e1", "T-2"), soon);
  EXPECT_EQ(Decisions().back().alarm().reason(), "duplicate_id_other_content");
  EXPECT_EQ(CountKeys("h"), 1);
  Tick(soon + Duration{1}, soon + Duration{1});
  EXPECT_EQ(CountKeys("h"), 0);
  EXPECT_EQ(CountKeys("e"), 0);
  Fold(Opened("e1", "T-2"), soon + Duration{2});
  EXPECT_EQ(Decisions().back().ticket_id(), "T-2");
}

// A store may forget such a key and its deletion together, so it must not be written again.
TEST_F(PartitionTest, what_a_source_sends_again_after_a_restart_counts_once) {
  const auto sent = [](int64_t offset, const std::string& ticket_id) {
    v1::Event event = Opened("", ticket_id);
    event.mutable_origin()->set_positioned(true);
    event.mutable_origin()->set_generation("g1");
    event.mutable_origin()->set_offset(offset);
    return event;
  };
  Fold(sent(7, "T-1"), kNine);
  const size_t decided = Decisions().size();
  EXPECT_GT(decided, 0u);
  Restart();
  Fold(sent(7, "T-2"), kNine);
  Fold(sent(6, "T-3"), kNine);
  EXPECT_EQ(Decisions().size(), decided);
  Fold(sent(8, "T-4"), kNine);
  EXPECT_GT(Decisions().size(), decided);
}

TEST_F(PartitionTest, what_is_trimmed_was_written_once_and_is_not_written_again) {
  std::set<std::string> written, removed;
  on_turn_ = [&](const Turn& turn) {
    for (const Write& write : turn.writes) {
      if (write.key.front() != 'o') {
        EXPECT_FALSE(write.written_once) << write.key;
      } else if (write.value.has_value()) {
        EXPECT_TRUE(written.insert(write.key).second);
      } else {
        EXPECT_TRUE(write.written_once);
        EXPECT_TRUE(written.contains(write.key));
        EXPECT_TRUE(removed.insert(write.key).second);
      }
    }
  };
  for (int i = 0; i < 5; ++i) {
    Fold(Opened(Cat("e", i), Cat("T-", i)), kNine);
    v1::Event published;
    published.mutable_published()->set_through_seq(fold_->seq());
    published.mutable_published()->set_decisions_hash(fold_->decisions_hash());
    if (i % 2 == 0) Fold(published, kNine);
    if (i == 2) Restart();
  }
  EXPECT_EQ(removed.size(), 5u);
}

TEST_F(PartitionTest, the_search_for_the_next_due_moment_may_begin_where_the_turns_say) {
  Instant from = Instant::Never();
  on_turn_ = [&](const Turn& turn) { from = std::min(from, FirstWakeUpOf(turn)); };
  const auto next = [&] {
    from = *NextDue(store_, from);
    EXPECT_EQ(from, *NextDue(store_));
    return from;
  };
  EXPECT_EQ(next(), Instant::Never());
  Fold(Opened("e1", "T-1"), kNine + Duration::Minutes(5));
  EXPECT_EQ(next(), kTen + Duration::Minutes(5));
  Fold(Opened("e2", "T-2"), kNine + Duration::Minutes(3));
  EXPECT_EQ(next(), kTen + Duration::Minutes(3));
  v1::Event reply = Opened("e3", "T-2");
  reply.mutable_actor()->set_kind(v1::Actor::AGENT);
  reply.mutable_message_added()->set_visibility(v1::MessageAdded::PUBLIC);
  Fold(reply, kNine + Duration::Minutes(6));
  EXPECT_EQ(next(), kTen + Duration::Minutes(5));
  Tick(kTen + Duration::Minutes(5), kTen + Duration::Minutes(5));
  next();
  Fold(Opened("e4", "T-4"), kTen + Duration::Minutes(30));
  EXPECT_EQ(next(), kTen + Duration::Minutes(90));
}

}  // namespace
}  // namespace escalation
