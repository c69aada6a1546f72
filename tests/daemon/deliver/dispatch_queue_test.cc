#include "daemon/deliver/dispatch_queue.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/daemon/deliver/dispatch_queue_fixture.h"

namespace escalation {
namespace {

using DispatchQueueTest = DispatchQueueFixture;

TEST_F(DispatchQueueTest, a_page_is_sent_reported_and_forgotten) {
  Add(PageFor(1, "k"));
  EXPECT_EQ(Step(), "send 1");
  EXPECT_EQ(Step(), "");
  Reply(1, Delivered());
  EXPECT_EQ(Step(), "delivered 1");
  EXPECT_FALSE(queue_.empty());
  Keep({1});
  EXPECT_TRUE(queue_.empty());
  EXPECT_EQ(queue_.under_way(), 0u);
}

TEST_F(DispatchQueueTest, an_outcome_names_the_delivery) {
  Add(PageFor(7, "k"));
  Step();
  Reply(7, Delivered());
  const DispatchActions actions = queue_.Step(now_);
  ASSERT_EQ(actions.outcomes.size(), 1u);
  EXPECT_EQ(actions.outcomes[0].tenant, "default");
  EXPECT_EQ(actions.outcomes[0].ticket_id, "T-1");
  const v1::PageOutcome& outcome = actions.outcomes[0].outcome;
  EXPECT_EQ(outcome.key(), "k");
  EXPECT_EQ(outcome.destination(), "pager");
  EXPECT_EQ(outcome.attempts(), 1);
  EXPECT_EQ(outcome.operation(), v1::PageOutcome::TRIGGER);
  EXPECT_EQ(outcome.decision_seq(), 7u);
}

// What no provider can have is closed nowhere.
TEST_F(DispatchQueueTest, a_failure_names_the_destination_only_if_it_may_have_arrived) {
  for (const bool may_have_arrived : {false, true}) {
    const uint64_t seq = may_have_arrived ? 2 : 1;
    Add(PageFor(seq, may_have_arrived ? "may" : "not"));
    Step();
    Verdict refused = Failed();
    refused.maybe_received = may_have_arrived;
    Reply(seq, refused);
    const DispatchActions actions = queue_.Step(now_);
    ASSERT_EQ(actions.outcomes.size(), 1u);
    EXPECT_EQ(actions.outcomes[0].outcome.outcome(), v1::PageOutcome::FAILED);
    EXPECT_EQ(actions.outcomes[0].outcome.destination(), may_have_arrived ? "pager" : "");
  }
}

// A machine that set its clock two hours ahead and back again must not keep pages for two hours.
TEST_F(DispatchQueueTest, a_clock_that_is_set_back_delays_nothing) {
  now_ = kNoon + Duration::Hours(2);
  Add(PageFor(1, "k"));
  EXPECT_EQ(Step(), "send 1");
  Reply(1, Refused());
  now_ = kNoon;
  EXPECT_EQ(Step(), "");
  EXPECT_LE(next_, kNoon + Duration::Seconds(1));
  now_ = now_ + Duration::Seconds(1);
  EXPECT_EQ(Step(), "send 1");
  Reply(1, Busy(Duration::Seconds(20)));
  now_ = now_ - Duration::Minutes(7);
  EXPECT_EQ(Step(), "");
  EXPECT_LE(next_, now_ + Duration::Seconds(20));
  now_ = now_ + Duration::Seconds(20);
  EXPECT_EQ(Step(), "send 1");
  EXPECT_LE(queue_.Statistics().at("pager").oldest, now_);
}

TEST_F(DispatchQueueTest, a_known_delivery_is_ignored) {
  Add(PageFor(1, "k"));
  Step();
  Add(PageFor(1, "k"));
  EXPECT_EQ(Step(), "");
  Reply(1, Delivered());
  Add(PageFor(1, "k"));
  EXPECT_EQ(Step(), "delivered 1");
}

TEST_F(DispatchQueueTest, retries_back_off_with_full_jitter_up_to_the_cap) {
  std::vector<uint64_t> bounds;
  chance_ = [&bounds](uint64_t bound) {
    bounds.push_back(bound);
    return bound / 2;
  };
  DispatchOptions options = Options();
  options.give_up_after = Duration::Hours(10);
  queue_.SetOptions(options);
  Add(PageFor(1, "k"));
  for (int i = 0; i < 11; ++i) {
    ASSERT_EQ(Step(), "send 1") << i;
    Reply(1, Refused());
    EXPECT_EQ(Step(), "");
    EXPECT_EQ(next_, now_ + Duration{static_cast<int64_t>(bounds.back() / 2)});
    now_ = next_ - Duration{1};
    EXPECT_EQ(Step(), "");
    now_ = next_;
  }
  EXPECT_EQ(bounds, (std::vector<uint64_t>{1000, 2000, 4000, 8000, 16000, 32000, 64000, 128000,
                                           256000, 300000, 300000}));
}

TEST_F(DispatchQueueTest, even_no_jitter_leaves_a_pause) {
  chance_ = [](uint64_t) { return 0; };
  Add(PageFor(1, "k"));
  Step();
  Reply(1, Refused());
  EXPECT_EQ(Step(), "");
  EXPECT_EQ(next_, now_ + Duration{50});
}

TEST_F(DispatchQueueTest, a_page_is_given_up_so_that_its_fallback_is_paged) {
  Add(PageFor(1, "k"));
  Step();
  Reply(1, Refused());
  now_ = kNoon + Duration::Minutes(10) - Duration{1};
  EXPECT_EQ(Step(), "send 1");
  now_ = kNoon + Duration::Minutes(10);
  Reply(1, Refused());
  EXPECT_EQ(Step(), "failed 1 (gave up after 2 attempts: refused)");
}

TEST_F(DispatchQueueTest, a_page_that_waits_too_long_is_given_up_unsent) {
  Add(PageFor(1, "k"));
  Step();
  Reply(1, Busy(Duration::Minutes(5)));
  Step();
  Add(PageFor(2, "j"));
  now_ = kNoon + Duration::Minutes(4);
  EXPECT_EQ(Step(), "");
  EXPECT_EQ(next_, kNoon + Duration::Minutes(5));
  now_ = kNoon + Duration::Minutes(11);
  EXPECT_EQ(Step(),
            "failed 1 (gave up after 1 attempts: status 429), failed 2 (gave up after 0 attempts)");
}

TEST_F(DispatchQueueTest, a_close_is_tried_longer_than_a_page) {
  Add(CloseOf(1, "k"));
  Step();
  now_ = kNoon + Duration::Hours(23);
  Reply(1, Refused());
  now_ = kNoon + Duration::Hours(24) - Duration{1};
  EXPECT_EQ(Step(), "send 1");
  now_ = kNoon + Duration::Hours(24);
  Reply(1, Refused());
  EXPECT_EQ(Step(), "failed 1 (gave up after 2 attempts: refused)");
}

TEST_F(DispatchQueueTest, retry_after_holds_the_whole_group_and_is_capped) {
  Add(PageFor(1, "k"));
  Step();
  Reply(1, Busy(Duration::Seconds(30)));
  Add(PageFor(2, "j"));
  Add(PageFor(3, "i", 0, "other"));
  EXPECT_EQ(Step(), "send 3");
  EXPECT_EQ(next_, kNoon + Duration::Seconds(30));
  now_ = next_;
  EXPECT_EQ(Step(), "send 1, send 2");
  Reply(1, Busy(Duration::Hours(5)));
  EXPECT_EQ(Step(), "");
  EXPECT_EQ(next_, now_ + Duration::Minutes(5));
}

TEST_F(DispatchQueueTest, a_failure_for_good_is_not_retried) {
  Add(PageFor(1, "k"));
  Step();
  Reply(1, Failed());
  EXPECT_EQ(Step(), "failed 1 (status 404)");
}

TEST_F(DispatchQueueTest, a_close_that_is_refused_is_tried_again) {
  Add(CloseOf(1, "k"));
  Step();
  Reply(1, Failed());
  EXPECT_EQ(Step(), "");
  now_ = next_;
  EXPECT_EQ(Step(), "send 1");
  Reply(1, Delivered());
  EXPECT_EQ(Step(), "delivered 1");
}

TEST_F(DispatchQueueTest, a_group_that_hangs_delays_no_other) {
  for (uint64_t seq = 1; seq <= 20; ++seq) Add(PageFor(seq, Cat("k", seq)));
  EXPECT_EQ(Step(), "send 1, send 2, send 3, send 4, send 5, send 6, send 7, send 8");
  Add(PageFor(21, "o", 0, "other"));
  EXPECT_EQ(Step(), "send 21");
  Reply(3, Delivered());
  EXPECT_EQ(Step(), "send 9, delivered 3");
}

TEST_F(DispatchQueueTest, a_shadow_route_is_decided_and_not_sent) {
  DeliveryRoute shadow = RouteNamed("pager");
  shadow.shadow = true;
  queue_.SetRoutes({shadow});
  Add(PageFor(1, "k"));
  EXPECT_EQ(Step(), "suppressed 1 (shadow)");
}

TEST_F(DispatchQueueTest, a_route_that_is_not_configured_fails_so_that_its_fallback_is_paged) {
  Add(PageFor(1, "k", 0, "gone"));
  EXPECT_EQ(Step(), "failed 1 (route gone is not configured)");
}

Delivery PageOfRun(uint64_t seq, const std::string& run, int generation, const char* route) {
  Delivery page = PageFor(seq, Cat(run, "/", generation, "@", route), 0, route);
  page.decision.mutable_page_requested()->set_generation(generation);
  return page;
}

Delivery AcknowledgementOf(uint64_t seq, const std::string& run, int generation) {
  Delivery delivery;
  delivery.decision.set_seq(seq);
  v1::PageAcknowledgedAtPager* const page = delivery.decision.mutable_page_acknowledged();
  page->set_key(Cat(run, "/", generation, "@other"));
  page->set_route("other");
  page->set_generation(generation);
  return delivery;
}

TEST_F(DispatchQueueTest, once_somebody_has_taken_it_up_nobody_else_is_woken) {
  Add(PageOfRun(1, "default/T-1/wake/1", 1, "pager"));
  Step();
  Reply(1, Refused());
  Add(PageOfRun(2, "default/T-1/wake/2", 1, "pager"));
  Add(PageOfRun(3, "default/T-1/wake/1", 2, "pager"));
  Add(AcknowledgementOf(4, "default/T-1/wake/1", 1));
  EXPECT_EQ(Step(), "send 4, send 2, send 3, suppressed 1 (acknowledged)");
}

// It may be open there, and is closed with its run.
TEST_F(DispatchQueueTest, a_page_that_may_have_arrived_says_where_when_it_is_kept_back) {
  Add(PageOfRun(1, "default/T-1/wake/1", 1, "pager"));
  Step();
  Add(AcknowledgementOf(2, "default/T-1/wake/1", 1));
  EXPECT_EQ(Step(), "send 2");
  Reply(1, TimedOut());
  const DispatchActions actions = queue_.Step(now_);
  ASSERT_EQ(actions.outcomes.size(), 1u);
  const v1::PageOutcome& outcome = actions.outcomes[0].outcome;
  EXPECT_EQ(outcome.outcome(), v1::PageOutcome::SUPPRESSED);
  EXPECT_EQ(outcome.reason(), "acknowledged");
  EXPECT_EQ(outcome.destination(), "pager");
}

TEST_F(DispatchQueueTest, what_is_kept_back_is_told_and_not_sent) {
  Delivery page = PageFor(1, "k");
  page.kept_back = "superseded";
  Add(page);
  EXPECT_EQ(Step(), "suppressed 1 (superseded)");
}

TEST_F(DispatchQueueTest, a_close_goes_where_its_page_went) {
  Delivery close = CloseOf(1, "k", "pager");
  close.decision.mutable_page_closed()->set_destination("other");
  Add(close);
  const DispatchActions actions = queue_.Step(now_);
  ASSERT_EQ(actions.attempts.size(), 1u);
  EXPECT_EQ(actions.attempts[0].route.name, "other");
}

TEST_F(DispatchQueueTest, an_outcome_that_was_not_kept_is_reported_again) {
  Add(PageFor(1, "k"));
  Step();
  Reply(1, Delivered());
  EXPECT_EQ(Step(), "delivered 1");
  queue_.OutcomeKept({Partition{0}, 1}, false, now_);
  EXPECT_EQ(Step(), "");
  EXPECT_EQ(next_, now_ + Duration::Seconds(1));
  now_ = next_;
  EXPECT_EQ(Step(), "delivered 1");
}

TEST_F(DispatchQueueTest, pause_stops_and_resume_goes_on) {
  queue_.SetPaused(true);
  Add(PageFor(1, "k"));
  EXPECT_EQ(Step(), "");
  queue_.SetPaused(false);
  EXPECT_EQ(Step(), "send 1");
  queue_.SetPaused(true);
  Reply(1, Delivered());
  EXPECT_EQ(Step(), "");
  queue_.SetPaused(false);
  EXPECT_EQ(Step(), "delivered 1");
}

TEST_F(DispatchQueueTest, draining_reports_but_sends_nothing_more) {
  Add(PageFor(1, "k"));
  Step();
  Add(PageFor(2, "j"));
  queue_.Drain();
  Reply(1, Delivered());
  EXPECT_EQ(Step(), "delivered 1");
  Keep({1});
  EXPECT_EQ(queue_.under_way(), 0u);
  EXPECT_FALSE(queue_.empty());
}

TEST_F(DispatchQueueTest, replies_from_before_a_takeover_are_ignored) {
  Add(PageFor(1, "k"));
  Step();
  const uint64_t stale = attempts_[1];
  queue_.Forget(Partition{0});
  EXPECT_TRUE(queue_.empty());
  queue_.Reply({Partition{0}, 1}, stale, Delivered(), now_);
  Add(PageFor(1, "k"));
  EXPECT_EQ(Step(), "send 1");
  queue_.Reply({Partition{0}, 1}, stale, Delivered(), now_);
  EXPECT_EQ(Step(), "");
  Reply(1, Delivered());
  EXPECT_EQ(Step(), "delivered 1");
}

TEST_F(DispatchQueueTest, the_queue_is_bounded_and_says_so) {
  DispatchOptions options = Options();
  options.deliveries_max = 2;
  queue_.SetOptions(options);
  Add(PageFor(1, "a"));
  Add(PageFor(2, "b"));
  EXPECT_EQ(queue_.Enqueue(PageFor(3, "c"), now_).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(queue_.Enqueue(PageFor(2, "b"), now_).ok());
  Delivery other;
  other.decision.mutable_clock_met();
  EXPECT_EQ(queue_.Enqueue(other, now_).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(DispatchQueueTest, statistics_count_by_route) {
  Add(PageFor(1, "a"));
  Add(PageFor(2, "b"));
  Add(PageFor(3, "c", 0, "other"));
  Step();
  Reply(1, Delivered());
  Reply(2, Refused());
  const auto statistics = queue_.Statistics();
  EXPECT_EQ(statistics.at("pager").delivered, 1u);
  EXPECT_EQ(statistics.at("pager").attempts, 2u);
  EXPECT_EQ(statistics.at("pager").retries, 1u);
  EXPECT_EQ(statistics.at("pager").waiting, 1u);
  EXPECT_EQ(statistics.at("pager").oldest, kNoon);
  EXPECT_EQ(statistics.at("other").in_flight, 1u);
}

}  // namespace
}  // namespace escalation
