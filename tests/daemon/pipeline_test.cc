// When pages leave: after their turn, at the log's end, once.

#include "daemon/pipeline.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "daemon/log/memory_log.h"
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
plans: {gold: {targets: [{name: reply, metric: first_response, within: 1h, breached: wake}]}}
escalations: {wake: {steps: [{page: [pager]}, {after: 30m, page: [pager]}]}}
routes: {pager: }
)";
constexpr Instant kNine = Instant::Seconds(1'773'133'200);

class FailingStore : public MemoryStore {
 public:
  absl::Status Commit(const Turn& turn) override {
    return fails ? absl::DataLossError("the disk failed") : MemoryStore::Commit(turn);
  }
  bool fails = false;
};

// May give one record at a time, as a reader that is behind sees it.
class SlowLog : public MemoryLog {
 public:
  using MemoryLog::MemoryLog;
  absl::StatusOr<RecordBatch> Read(Partition partition, Offset from,
                                   size_t bytes_max) const override {
    absl::StatusOr<RecordBatch> batch = MemoryLog::Read(partition, from, bytes_max);
    if (slow && batch.ok() && batch->records.size() > 1) batch->records.resize(1);
    return batch;
  }
  bool slow = false;
};

// Never answers.
class SilentClient : public HttpClient {
 public:
  void Send(HttpCall call, Done) override { bodies.push_back(std::move(call.body)); }
  std::vector<std::string> bodies;
};

class PipelineTest : public testing::Test {
 protected:
  PipelineTest() : log_("incarnation", 1, [this] { return now_; }) {
    const auto loaded = LoadPolicyText("p.yaml", kPolicy);
    EXPECT_TRUE(loaded.ok()) << loaded.status();
    v1::Event policy;
    *policy.mutable_policy_published()->mutable_policy() = loaded->policy;
    Append(policy);
    Start();
  }

  // What was in memory is gone.
  void Start() {
    pipeline_.reset();
    Dispatcher::World world;
    world.client = &client_;
    world.now = [this] { return now_; };
    world.chance = [](uint64_t) { return uint64_t{0}; };
    world.report = [this](const DispatchOutcome& outcome, const Dispatcher::Kept& kept) {
      reported_.push_back(outcome.outcome);
      kept(outcomes_kept_);
    };
    dispatcher_ = std::make_unique<Dispatcher>(DispatchOptions{}, std::move(world));
    DeliveryRoute route;
    route.name = "pager";
    route.url = Secret("http://pager.example/");
    dispatcher_->SetRoutes({route});
    dispatcher_->Resume();
    auto pipeline = Pipeline::Open({}, {&log_, &store_, dispatcher_.get(), [this] { return now_; },
                                        [this](const std::string& tenant) {
                                          const auto stored = store_.Get(keys::Tenant(tenant));
                                          EXPECT_TRUE(stored.ok() && stored->has_value())
                                              << "not committed";
                                          folded_policies_.push_back(tenant);
                                        }});
    ASSERT_TRUE(pipeline.ok()) << pipeline.status();
    pipeline_ = *std::move(pipeline);
  }

  void Append(v1::Event event) {
    event.set_tenant("default");
    const auto appended = AppendAndWait(log_, Partition{0}, event.SerializeAsString());
    ASSERT_TRUE(appended.ok()) << appended.status();
  }

  v1::Event TicketEvent(v1::Actor::Kind kind) const {
    v1::Event event;
    event.set_ticket_id("T-1");
    event.mutable_actor()->set_kind(kind);
    return event;
  }

  void AppendOpened() {
    v1::Event event = TicketEvent(v1::Actor::CUSTOMER);
    event.mutable_opened()->set_severity("low");
    Append(event);
  }

  void AppendReply() {
    v1::Event event = TicketEvent(v1::Actor::AGENT);
    event.mutable_message_added()->set_visibility(v1::MessageAdded::PUBLIC);
    Append(event);
  }

  // Of the first page, which is decision 5.
  void AppendOutcome(v1::PageOutcome::Outcome outcome) {
    v1::Event event;
    event.set_ticket_id("T-1");
    event.mutable_page_outcome()->set_key("default/T-1/wake/1/1");
    event.mutable_page_outcome()->set_operation(v1::PageOutcome::TRIGGER);
    event.mutable_page_outcome()->set_outcome(outcome);
    const auto pending = store_.Get(keys::Pending(5));
    ASSERT_TRUE(pending.ok() && pending->has_value());
    event.mutable_page_outcome()->set_decision_seq(5);
    Append(event);
  }

  // At the first page.
  void AppendAcknowledged() {
    v1::Event event;
    event.set_ticket_id("T-1");
    event.mutable_page_acknowledged()->set_key("default/T-1/wake/1/1");
    Append(event);
  }

  void AppendTick() {
    v1::Event event;
    ToProto(now_, event.mutable_tick()->mutable_until());
    Append(event);
  }

  bool RunOnce() {
    const absl::StatusOr<bool> caught_up = pipeline_->RunOnce();
    EXPECT_TRUE(caught_up.ok()) << caught_up.status();
    return caught_up.ok() && *caught_up;
  }

  // What leaves now.
  std::vector<std::string> Leaving() {
    client_.bodies.clear();
    dispatcher_->DispatchOnce();
    return client_.bodies;
  }

  void ExpectLeaves(const std::string& kind, int generation) {
    const std::vector<std::string> bodies = Leaving();
    ASSERT_EQ(bodies.size(), 1u);
    EXPECT_NE(bodies[0].find(Cat("\"", kind, "\"")), std::string::npos) << bodies[0];
    EXPECT_NE(bodies[0].find(Cat("default/T-1/wake/1/", generation, "\"")), std::string::npos)
        << bodies[0];
  }

  // A ticket whose promise breaks now, at the end of a log that was read before.
  void BreakPromise() {
    AppendOpened();
    EXPECT_TRUE(RunOnce());
    now_ = now_ + Duration::Hours(1);
    AppendTick();
  }

  Instant now_ = kNine;
  SlowLog log_;
  FailingStore store_;
  SilentClient client_;
  std::vector<v1::PageOutcome> reported_;
  std::vector<std::string> folded_policies_;
  absl::Status outcomes_kept_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::unique_ptr<Pipeline> pipeline_;
};

TEST_F(PipelineTest, no_page_leaves_before_its_turn_is_committed) {
  BreakPromise();
  store_.fails = true;
  EXPECT_EQ(pipeline_->RunOnce().status().code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(Leaving().empty());
  EXPECT_TRUE(dispatcher_->empty());
}

TEST_F(PipelineTest, a_policy_is_told_of_once_it_is_committed) {
  EXPECT_TRUE(folded_policies_.empty());
  EXPECT_TRUE(RunOnce());
  EXPECT_EQ(folded_policies_, std::vector<std::string>{"default"});
  AppendOpened();
  EXPECT_TRUE(RunOnce());
  EXPECT_EQ(folded_policies_.size(), 1u);
}

TEST_F(PipelineTest, a_page_waits_for_what_the_rest_of_the_log_says) {
  BreakPromise();
  AppendReply();
  log_.slow = true;
  EXPECT_FALSE(RunOnce());
  EXPECT_TRUE(Leaving().empty());
  EXPECT_TRUE(RunOnce());
  EXPECT_TRUE(Leaving().empty());
}

TEST_F(PipelineTest, a_page_does_not_wait_for_ever) {
  BreakPromise();
  for (int i = 0; i < 3; ++i) AppendTick();
  log_.slow = true;
  EXPECT_FALSE(RunOnce());
  now_ = now_ + Pipeline::kReleaseHold - Duration{1};
  EXPECT_FALSE(RunOnce());
  EXPECT_TRUE(Leaving().empty());
  now_ = now_ + Duration{1};
  EXPECT_FALSE(RunOnce());
  ExpectLeaves("page_requested", 1);
}

TEST_F(PipelineTest, what_was_pending_leaves_after_a_restart) {
  BreakPromise();
  EXPECT_TRUE(RunOnce());
  Start();
  EXPECT_TRUE(RunOnce());
  ExpectLeaves("page_requested", 1);
}

TEST_F(PipelineTest, a_page_that_may_have_left_before_a_restart_is_closed_after_it) {
  BreakPromise();
  EXPECT_TRUE(RunOnce());
  ExpectLeaves("page_requested", 1);
  Start();
  AppendReply();
  EXPECT_TRUE(RunOnce());
  ExpectLeaves("page_closed", 1);
}

// Of the page's two outcomes only that of its close came into the log.
TEST_F(PipelineTest, a_page_whose_close_is_done_does_not_leave_after_a_restart) {
  BreakPromise();
  EXPECT_TRUE(RunOnce());
  AppendReply();
  EXPECT_TRUE(RunOnce());
  v1::Event closed;
  closed.mutable_page_outcome()->set_key("default/T-1/wake/1/1");
  closed.mutable_page_outcome()->set_operation(v1::PageOutcome::CLOSE);
  closed.mutable_page_outcome()->set_outcome(v1::PageOutcome::DELIVERED);
  for (uint64_t seq = 6; seq <= 9; ++seq) {
    closed.mutable_page_outcome()->set_decision_seq(seq);
    Append(closed);
  }
  EXPECT_TRUE(RunOnce());
  ASSERT_TRUE(store_.Get(keys::Pending(5))->has_value());
  Start();
  EXPECT_TRUE(RunOnce());
  reported_.clear();
  EXPECT_TRUE(Leaving().empty());
  ASSERT_EQ(reported_.size(), 1u);
  EXPECT_EQ(reported_[0].reason(), "closed");
}

TEST_F(PipelineTest, a_page_whose_run_is_acknowledged_does_not_leave_after_a_restart) {
  BreakPromise();
  EXPECT_TRUE(RunOnce());
  AppendAcknowledged();
  EXPECT_TRUE(RunOnce());
  Start();
  EXPECT_TRUE(RunOnce());
  ExpectLeaves("page_acknowledged", 1);
  ASSERT_FALSE(reported_.empty());
  EXPECT_EQ(reported_.back().reason(), "acknowledged");
  EXPECT_EQ(reported_.back().outcome(), v1::PageOutcome::SUPPRESSED);
  EXPECT_EQ(reported_.back().destination(), "pager") << "it may be open there";
}

// Others who were paged see at the provider that somebody has taken it up.
TEST_F(PipelineTest, an_acknowledgement_is_passed_on_and_survives_a_restart) {
  BreakPromise();
  EXPECT_TRUE(RunOnce());
  ExpectLeaves("page_requested", 1);
  AppendOutcome(v1::PageOutcome::DELIVERED);
  AppendAcknowledged();
  EXPECT_TRUE(RunOnce());
  Start();
  EXPECT_TRUE(RunOnce());
  ExpectLeaves("page_acknowledged", 1);
}

TEST_F(PipelineTest, of_the_pages_that_waited_together_only_the_newest_leaves) {
  AppendOpened();
  EXPECT_TRUE(RunOnce());
  now_ = now_ + Duration::Hours(2);
  AppendTick();
  EXPECT_TRUE(RunOnce());
  ExpectLeaves("page_requested", 2);
  ASSERT_EQ(reported_.size(), 1u);
  EXPECT_EQ(reported_[0].key(), "default/T-1/wake/1/1");
  EXPECT_EQ(reported_[0].outcome(), v1::PageOutcome::SUPPRESSED);
  EXPECT_EQ(reported_[0].reason(), "superseded");
}

// Lost, it would stay pending, and a restart would wake somebody with it though it is closed.
TEST_F(PipelineTest, that_a_page_was_superseded_is_reported_until_it_is_kept) {
  AppendOpened();
  EXPECT_TRUE(RunOnce());
  now_ = now_ + Duration::Hours(2);
  AppendTick();
  EXPECT_TRUE(RunOnce());
  outcomes_kept_ = absl::UnavailableError("the log cannot be reached");
  dispatcher_->DispatchOnce();
  outcomes_kept_ = absl::OkStatus();
  for (int i = 0; i < 3; ++i) {
    now_ = now_ + Duration::Seconds(2);
    dispatcher_->DispatchOnce();
  }
  ASSERT_EQ(reported_.size(), 2u);
  EXPECT_EQ(reported_[1].reason(), "superseded");
}

}  // namespace
}  // namespace escalation
