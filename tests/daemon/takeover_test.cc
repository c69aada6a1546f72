// Two instances on one log: who ticks, publishes and delivers, and what becomes of it in a
// takeover.

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "daemon/log/memory_log.h"
#include "state/policy/policy_loader.h"
#include "tests/daemon/instance_on_log.h"

namespace escalation {
namespace {

constexpr const char* kPolicy = R"(
policy: p
tenant: default
revision: 1
severities: [low]
plans: {gold: {targets: [{name: reply, metric: first_response, within: 1h, breached: wake}]}}
escalations: {wake: {steps: [{page: [pager]}, {after: 30m, page: [pager]}]}}
routes: {pager: }
)";
constexpr Instant kNine = Instant::Seconds(1'773'133'200);

using Sent = std::vector<std::string>;

class TakeoverTest : public testing::Test {
 protected:
  TakeoverTest() {
    const auto loaded = LoadPolicyText("p.yaml", kPolicy);
    EXPECT_TRUE(loaded.ok()) << loaded.status();
    v1::Event policy;
    *policy.mutable_policy_published()->mutable_policy() = loaded->policy;
    Append(policy);
  }

  void Append(v1::Event event) {
    event.set_tenant("default");
    ASSERT_TRUE(AppendAndWait(log_, kPartition, event.SerializeAsString()).ok());
  }
  void AppendOpened(const std::string& ticket) {
    v1::Event event;
    event.set_ticket_id(ticket);
    event.mutable_actor()->set_kind(v1::Actor::CUSTOMER);
    event.mutable_opened()->set_severity("low");
    Append(event);
  }
  void AppendReply(const std::string& ticket) {
    v1::Event event;
    event.set_ticket_id(ticket);
    event.mutable_actor()->set_kind(v1::Actor::AGENT);
    event.mutable_message_added()->set_visibility(v1::MessageAdded::PUBLIC);
    Append(event);
  }

  // As a group does it: the new owner learns of it at the same time.
  void Claim(InstanceOnLog* instance) {
    ++claims_;
    instance->ownership.claim = claims_;
  }
  void LookTimes(InstanceOnLog* instance, int times) {
    for (int i = 0; i < times; ++i) instance->Look();
  }
  void Lead(InstanceOnLog* instance) {
    Claim(instance);
    LookTimes(instance, 3);
    ASSERT_TRUE(instance->pipeline->Status().leads);
  }
  // The clock goes on, and an instance looks at it.
  void PassTime(Duration length, InstanceOnLog* instance) {
    now_ = now_ + length;
    LookTimes(instance, 4);
  }
  // T-1 is open, its promise breaks, and the page is ready to leave `instance`.
  void BreakPromise(InstanceOnLog* instance) {
    AppendOpened("T-1");
    instance->Look();
    PassTime(Duration::Hours(1) + Duration::Seconds(3), instance);
  }

  int CountRecords(v1::Event::BodyCase body) const {
    const auto batch = log_.Read(kPartition, Offset{0}, size_t{1} << 30);
    int count = 0;
    for (const Record& record : batch->records) {
      v1::Event event;
      EXPECT_TRUE(event.ParseFromString(record.value));
      count += event.body_case() == body;
    }
    return count;
  }

  Instant now_ = kNine;
  uint64_t claims_ = 0;
  LandingLog log_{"incarnation", 1, [this] { return now_; }};
  InstanceOnLog a_{"a", &log_, &now_};
  InstanceOnLog b_{"b", &log_, &now_};
};

TEST_F(TakeoverTest, a_standby_folds_and_does_nothing_else) {
  BreakPromise(&b_);
  EXPECT_TRUE(b_.Sent().empty());
  EXPECT_TRUE(b_.pipeline->publisher().PublishOnce().ok());
  EXPECT_EQ(*log_.PublishedThrough(kPartition), 0u);
  EXPECT_EQ(CountRecords(v1::Event::kTick), 0);
  EXPECT_EQ(CountRecords(v1::Event::kOwnerTook), 0);
  EXPECT_GT(b_.pipeline->Status().seq, 0u);
  EXPECT_TRUE(b_.pipeline->Status().caught_up);
}

TEST_F(TakeoverTest, the_owner_ticks_publishes_and_delivers) {
  Lead(&a_);
  BreakPromise(&a_);
  EXPECT_EQ(a_.Sent(), Sent{"page_requested default/T-1/wake/1/1"});
  EXPECT_TRUE(a_.pipeline->publisher().PublishOnce().ok());
  EXPECT_EQ(*log_.PublishedThrough(kPartition), a_.pipeline->Status().seq);
  b_.Look();
  EXPECT_TRUE(b_.Sent().empty());
  EXPECT_EQ(a_.leading, std::vector<bool>{true});
  EXPECT_TRUE(b_.leading.empty());
}

TEST_F(TakeoverTest, what_an_owner_left_is_sent_by_the_next_one_under_the_same_key) {
  Lead(&a_);
  BreakPromise(&a_);
  const Sent sent = a_.Sent();
  ASSERT_EQ(sent.size(), 1u);
  // a_ dies before its pager answers.
  Lead(&b_);
  EXPECT_EQ(b_.Sent(), sent);
  b_.Answer(200);
  EXPECT_TRUE(b_.Sent().empty());
}

TEST_F(TakeoverTest, what_was_delivered_is_not_sent_again) {
  Lead(&a_);
  BreakPromise(&a_);
  a_.Sent();
  a_.Answer(200);
  a_.Sent();
  Lead(&b_);
  EXPECT_TRUE(b_.Sent().empty());
}

TEST_F(TakeoverTest, what_was_answered_before_the_taking_wakes_nobody) {
  Lead(&a_);
  BreakPromise(&a_);
  AppendReply("T-1");
  Lead(&b_);
  for (const std::string& page : b_.Sent()) EXPECT_FALSE(page.starts_with("page_requested"));
}

// SIGSTOP in the middle of everything, SIGCONT after the takeover.
TEST_F(TakeoverTest, a_zombie_sends_nothing_new) {
  Lead(&a_);
  AppendOpened("T-1");
  a_.Look();
  now_ = now_ + Duration::Hours(1) + Duration::Seconds(3);
  a_.Look();  // The tick is written but not read back yet.
  Lead(&b_);
  now_ = now_ + Duration::Seconds(30);
  // Its threads wake up in any order; its membership does not know yet.
  EXPECT_TRUE(a_.Sent().empty());
  EXPECT_TRUE(a_.pipeline->publisher().PublishOnce().ok());
  EXPECT_EQ(*log_.PublishedThrough(kPartition), 0u);
  a_.Look();
  EXPECT_TRUE(a_.Sent().empty());
  EXPECT_FALSE(a_.pipeline->Status().leads);
  EXPECT_EQ(a_.leading, (std::vector<bool>{true, false}));
}

TEST_F(TakeoverTest, a_zombie_with_a_page_to_repeat_stands_down_before_it_does) {
  Lead(&a_);
  BreakPromise(&a_);
  ASSERT_EQ(a_.Sent().size(), 1u);
  a_.Answer(503);
  Lead(&b_);
  ASSERT_EQ(b_.Sent().size(), 1u);
  b_.Answer(200);
  now_ = now_ + Duration::Minutes(5);
  EXPECT_TRUE(a_.Sent().empty()) << "its lease is over";
  a_.Look();
  EXPECT_TRUE(a_.Sent().empty());
  EXPECT_TRUE(a_.dispatcher->empty()) << "forgotten";
}

TEST_F(TakeoverTest, what_arrived_before_a_takeover_is_said_by_whoever_knows_it) {
  Lead(&a_);
  BreakPromise(&a_);
  ASSERT_EQ(a_.Sent().size(), 1u);
  now_ = now_ + Duration::Minutes(1);
  a_.Answer(200);
  a_.Sent();
  EXPECT_EQ(CountRecords(v1::Event::kPageOutcome), 1);
}

TEST_F(TakeoverTest, an_owner_that_repeats_a_page_first_makes_sure_that_it_is_one) {
  Lead(&a_);
  BreakPromise(&a_);
  ASSERT_EQ(a_.Sent().size(), 1u);
  a_.Answer(503);
  now_ = now_ + Duration::Seconds(5);
  const int before = CountRecords(v1::Event::kTick);
  EXPECT_TRUE(a_.Sent().empty());
  LookTimes(&a_, 2);
  EXPECT_EQ(CountRecords(v1::Event::kTick), before + 1);
  EXPECT_EQ(a_.Sent(), Sent{"page_requested default/T-1/wake/1/1"});
}

TEST_F(TakeoverTest, a_page_that_an_event_decides_waits_for_a_record_behind_it) {
  Lead(&a_);
  BreakPromise(&a_);
  a_.Sent();
  a_.Answer(200);
  a_.Sent();
  AppendReply("T-1");
  ASSERT_TRUE(a_.pipeline->RunOnce().ok());
  EXPECT_TRUE(a_.Sent().empty());
  LookTimes(&a_, 2);
  now_ = now_ + Ticker::kSpacing;
  LookTimes(&a_, 2);
  EXPECT_EQ(a_.Sent(), Sent{"page_closed default/T-1/wake/1/1"});
}

TEST_F(TakeoverTest, the_stream_of_decisions_goes_on_where_it_ends) {
  Lead(&a_);
  AppendOpened("T-1");
  a_.Look();
  ASSERT_TRUE(a_.pipeline->publisher().PublishOnce().ok());
  const uint64_t first = *log_.PublishedThrough(kPartition);
  ASSERT_GT(first, 0u);
  Lead(&b_);
  PassTime(Duration::Hours(2), &b_);
  ASSERT_TRUE(b_.pipeline->publisher().PublishOnce().ok());
  const auto decisions = log_.ReadDecisions(kPartition, 1, 1'000);
  ASSERT_TRUE(decisions.ok());
  ASSERT_GT(decisions->size(), first);
  for (size_t i = 0; i < decisions->size(); ++i) EXPECT_EQ((*decisions)[i].seq, i + 1);
}

// Both had a claim for a moment, and the one that should not took it last.
TEST_F(TakeoverTest, a_partition_is_not_left_alone_by_two_that_crossed) {
  Lead(&a_);
  b_.ownership.claim = 7;
  LookTimes(&b_, 3);
  b_.ownership.claim = 0;
  b_.Look();
  a_.Look();
  EXPECT_FALSE(a_.pipeline->Status().leads);
  EXPECT_FALSE(b_.pipeline->Status().leads);
  PassTime(Tenure::kTakeAgain, &a_);
  EXPECT_TRUE(a_.pipeline->Status().leads);
  BreakPromise(&a_);
  EXPECT_EQ(a_.Sent(), Sent{"page_requested default/T-1/wake/1/1"});
}

TEST_F(TakeoverTest, a_claim_that_ends_ends_everything_at_the_next_look) {
  Lead(&a_);
  BreakPromise(&a_);
  a_.ownership.claim = 0;
  a_.Look();
  EXPECT_TRUE(a_.Sent().empty());
  EXPECT_EQ(a_.leading, (std::vector<bool>{true, false}));
}

TEST_F(TakeoverTest, everyone_can_tell_a_quiet_log_from_one_that_cannot_be_reached) {
  Lead(&a_);
  b_.Look();
  const int before = CountRecords(v1::Event::kTick);
  PassTime(Pipeline::kHeartbeat, &a_);
  EXPECT_EQ(CountRecords(v1::Event::kTick), before + 1);
}

// A broker that is away takes the claim and keeps the tick: once it is back both count again.
TEST_F(TakeoverTest, an_owner_whose_tick_is_under_way_when_it_stands_down_can_lead_again) {
  Lead(&a_);
  log_.holds = true;
  PassTime(Duration::Minutes(2), &a_);
  EXPECT_FALSE(log_.held.empty());
  const int progress = a_.ownership.progress;
  PassTime(Pipeline::kOwnBackMax, &a_);
  EXPECT_EQ(a_.ownership.progress, progress) << "an owner whose records do not come back";
  a_.ownership.claim = 0;
  PassTime(Duration::Minutes(1), &a_);
  EXPECT_GT(a_.ownership.progress, progress);
  log_.Land();
  Lead(&a_);
  BreakPromise(&a_);
  EXPECT_EQ(a_.Sent(), Sent{"page_requested default/T-1/wake/1/1"});
}

// An old tick that lands late is no sign that a new one has.
TEST_F(TakeoverTest, a_tick_of_an_earlier_lead_makes_nothing_fresh) {
  Lead(&a_);
  BreakPromise(&a_);
  ASSERT_EQ(a_.Sent().size(), 1u);
  a_.Answer(503);
  log_.holds = true;
  PassTime(Duration::Minutes(2), &a_);
  auto old_tick = std::exchange(log_.held, {});
  ASSERT_FALSE(old_tick.empty());
  log_.holds = false;
  a_.ownership.claim = 0;
  a_.Look();
  Lead(&a_);
  ASSERT_EQ(a_.Sent().size(), 1u);
  a_.Answer(503);
  log_.holds = true;
  PassTime(Duration::Minutes(2), &a_);
  ASSERT_TRUE(a_.Sent().empty()) << "its lease is over";
  for (auto& [value, done] : old_tick) log_.MemoryLog::Append(kPartition, value, std::move(done));
  LookTimes(&a_, 3);
  EXPECT_TRUE(a_.Sent().empty());
}

// A takeover between any two steps of the owner: each page arrives under one key, and nothing
// leaves that nobody decided.
TEST_F(TakeoverTest, at_whatever_step_it_happens_the_page_arrives) {
  for (int step = 1; step <= 12; ++step) {
    SCOPED_TRACE(step);
    now_ = kNine;
    LandingLog log("incarnation", 1, [this] { return now_; });
    const auto batch = log_.Read(kPartition, Offset{0}, size_t{1} << 20);
    ASSERT_TRUE(AppendAndWait(log, kPartition, batch->records[0].value).ok());
    InstanceOnLog a("a", &log, &now_);
    InstanceOnLog b("b", &log, &now_);
    v1::Event opened;
    opened.set_tenant("default");
    opened.set_ticket_id("T-1");
    opened.mutable_actor()->set_kind(v1::Actor::CUSTOMER);
    opened.mutable_opened()->set_severity("low");
    ASSERT_TRUE(AppendAndWait(log, kPartition, opened.SerializeAsString()).ok());
    Claim(&a);
    std::set<std::string> sent;
    for (int i = 0; i < step; ++i) {
      if (i == 4) now_ = now_ + Duration::Hours(1) + Duration::Seconds(3);
      if (i % 2 == 0) {
        a.Look();
      } else {
        for (const std::string& page : a.Sent()) sent.insert(page);
      }
    }
    if (step <= 4) now_ = now_ + Duration::Hours(1) + Duration::Seconds(3);
    Claim(&b);
    for (int i = 0; i < 6; ++i) {
      b.Look();
      for (const std::string& page : b.Sent()) sent.insert(page);
      // The old owner does not know yet, or was asleep.
      if (i % 2 == 0) {
        a.Look();
        for (const std::string& page : a.Sent()) {
          EXPECT_FALSE(sent.insert(page).second) << "new: " << page;
        }
      }
    }
    EXPECT_EQ(sent, std::set<std::string>{"page_requested default/T-1/wake/1/1"});
    EXPECT_FALSE(a.pipeline->Status().leads);
    EXPECT_TRUE(b.pipeline->Status().leads);
  }
}

}  // namespace
}  // namespace escalation
