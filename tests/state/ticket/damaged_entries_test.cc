// A ticket whose kept events cannot be read is no reason to guess: nothing of the turn is kept, and
// the store is to be rebuilt from the log.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "escalation/v1/state.pb.h"
#include "state/base/text.h"
#include "state/partition/keys.h"
#include "state/partition/partition.h"
#include "state/policy/policy_loader.h"
#include "state/store/memory_store.h"

namespace escalation {
namespace {

constexpr const char* kPolicy = R"(
policy: p
tenant: default
revision: 1
severities: [low]
plans: {gold: {targets: [{name: solve, metric: resolution, within: 4h}]}}
)";
constexpr Instant kNine = Instant::Seconds(1'773'133'200);

class DamagedEntriesTest : public ::testing::Test {
 protected:
  DamagedEntriesTest() {
    Restart();
    const auto loaded = LoadPolicyText("p.yaml", kPolicy);
    EXPECT_TRUE(loaded.ok()) << loaded.status();
    v1::Event policy;
    policy.set_tenant("default");
    *policy.mutable_policy_published()->mutable_policy() = loaded->policy;
    EXPECT_TRUE(Fold(policy, kNine).ok());
    v1::Event opened = About(kNine);
    opened.mutable_opened()->set_severity("low");
    EXPECT_TRUE(Fold(opened, kNine).ok());
    EXPECT_TRUE(Fold(Pending(kNine + Duration::Minutes(20)), kNine + Duration::Minutes(20)).ok());
  }

  void Restart() {
    auto fold = PartitionFold::Open(store_, {Partition{0}, "incarnation", 10});
    ASSERT_TRUE(fold.ok()) << fold.status();
    fold_ = *std::move(fold);
  }

  static v1::Event About(Instant at) {
    v1::Event event;
    event.set_tenant("default");
    event.set_ticket_id("T-1");
    event.mutable_actor()->set_kind(v1::Actor::CUSTOMER);
    ToProto(at, event.mutable_occurred_at());
    return event;
  }
  static v1::Event Pending(Instant at) {
    v1::Event event = About(at);
    event.mutable_status_changed()->set_status(v1::StatusChanged::PENDING);
    return event;
  }

  absl::Status Fold(const v1::Event& event, Instant appended) {
    const FoldRecord record{Offset{offset_++}, appended, event};
    auto result = fold_->Fold(std::span(&record, 1));
    if (!result.ok()) return result.status();
    return store_.Commit(result->turn);
  }

  void Damage() {
    const std::string key = keys::Ticket("default", "T-1");
    v1::TicketState state;
    ASSERT_TRUE(state.ParseFromString(**store_.Get(key)));
    state.mutable_entries()->pop_back();
    Turn turn;
    turn.writes.push_back({key, state.SerializeAsString()});
    turn.next = Offset{offset_};
    ASSERT_TRUE(store_.Commit(turn).ok());
    Restart();
  }

  MemoryStore store_;
  std::unique_ptr<PartitionFold> fold_;
  int64_t offset_ = 0;
};

TEST_F(DamagedEntriesTest, a_late_event_cannot_be_put_in_its_place) {
  Damage();
  const absl::Status status =
      Fold(Pending(kNine + Duration::Minutes(10)), kNine + Duration::Minutes(30));
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  EXPECT_NE(std::string(status.message()).find("T-1"), std::string::npos) << status;
}

TEST_F(DamagedEntriesTest, an_event_in_time_does_not_ask_for_them) {
  Damage();
  EXPECT_TRUE(Fold(Pending(kNine + Duration::Minutes(40)), kNine + Duration::Minutes(40)).ok());
}

}  // namespace
}  // namespace escalation
