// Open pages at a provider that forgets them: they are sent again until they are closed.

#include <gtest/gtest.h>

#include <string>

#include "daemon/deliver/alertmanager.h"
#include "tests/daemon/deliver/dispatch_queue_fixture.h"

namespace escalation {
namespace {

class DispatchStandingTest : public DispatchQueueFixture {
 protected:
  DispatchStandingTest() {
    DeliveryRoute alerts = RouteNamed("pager");
    alerts.provider = DeliveryRoute::Provider::kAlertmanager;
    queue_.SetRoutes({alerts, RouteNamed("other")});
  }

  void Deliver(uint64_t seq) {
    EXPECT_EQ(Step(), Cat("send ", seq));
    Reply(seq, Delivered());
    EXPECT_EQ(Step(), Cat("delivered ", seq));
    Keep({seq});
  }
};

TEST_F(DispatchStandingTest, an_open_page_is_sent_again_and_again) {
  Add(PageFor(1, "k"));
  Deliver(1);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(queue_.empty());
    EXPECT_EQ(Step(), "");
    EXPECT_EQ(next_, now_ + Alertmanager::kRenewEvery);
    now_ = next_;
    EXPECT_EQ(Step(), "send 1");
    Reply(1, Delivered());
  }
  EXPECT_LE(Alertmanager::kRenewEvery * 2, Alertmanager::kOpenFor);
}

TEST_F(DispatchStandingTest, its_delivery_goes_on_until_it_is_closed) {
  Add(PageFor(1, "k"));
  Step();
  Reply(1, Delivered());
  EXPECT_EQ(queue_.Step(now_).outcomes.at(0).outcome.decision_seq(), 0u);
  Keep({1});
  Add(CloseOf(2, "k"));
  EXPECT_EQ(Step(), "send 2");
  now_ = now_ + Alertmanager::kRenewEvery;
  EXPECT_EQ(Step(), "") << "a renewal must not overtake the close";
  Reply(2, Delivered());
  const DispatchActions actions = queue_.Step(now_);
  ASSERT_EQ(actions.outcomes.size(), 2u);
  EXPECT_EQ(actions.outcomes[0].outcome.decision_seq(), 1u);
  EXPECT_EQ(actions.outcomes[1].outcome.decision_seq(), 2u);
  Keep({1, 2});
  now_ = now_ + Alertmanager::kRenewEvery;
  EXPECT_EQ(Step(), "");
}

TEST_F(DispatchStandingTest, a_close_waits_for_the_renewal_in_flight) {
  Add(PageFor(1, "k"));
  Deliver(1);
  now_ = now_ + Alertmanager::kRenewEvery;
  EXPECT_EQ(Step(), "send 1");
  Add(CloseOf(2, "k"));
  EXPECT_EQ(Step(), "");
  Reply(1, TimedOut());
  EXPECT_EQ(Step(), "send 2");
}

TEST_F(DispatchStandingTest, a_renewal_that_fails_is_tried_again_and_never_given_up) {
  Add(PageFor(1, "k"));
  Deliver(1);
  now_ = now_ + Alertmanager::kRenewEvery;
  EXPECT_EQ(Step(), "send 1");
  Reply(1, Failed());
  EXPECT_EQ(Step(), "");
  EXPECT_LT(next_, now_ + Alertmanager::kRenewEvery);
  now_ = now_ + Duration::Hours(30);
  EXPECT_EQ(Step(), "send 1");
}

TEST_F(DispatchStandingTest, an_acknowledged_page_is_renewed_as_acknowledged) {
  Add(PageFor(1, "k"));
  Deliver(1);
  Add(AcknowledgementOf(2, "k"));
  EXPECT_EQ(Step(), "send 2");
  Reply(2, Delivered());
  EXPECT_EQ(Step(), "delivered 1 (it stands no longer), delivered 2");
  Keep({1, 2});
  now_ = now_ + Alertmanager::kRenewEvery;
  EXPECT_EQ(Step(), "send 2");
}

// Nobody would ever close it.
TEST_F(DispatchStandingTest, an_acknowledgement_of_a_page_that_never_arrived_is_sent_once) {
  Add(PageFor(1, "k"));
  EXPECT_EQ(Step(), "send 1");
  Reply(1, Failed());
  Add(AcknowledgementOf(2, "k"));
  EXPECT_EQ(Step(), "send 2, failed 1 (status 404)");
  Keep({1});
  Reply(2, Delivered());
  EXPECT_EQ(queue_.Step(now_).outcomes.at(0).outcome.decision_seq(), 2u);
}

TEST_F(DispatchStandingTest, after_a_restart_it_is_renewed_at_once) {
  Delivery page = PageFor(1, "k");
  page.maybe_sent = true;
  page.delivered = true;
  Add(page);
  EXPECT_TRUE(queue_.empty());
  EXPECT_EQ(Step(), "send 1");
  Reply(1, Delivered());
  EXPECT_EQ(Step(), "");
  EXPECT_EQ(next_, now_ + Alertmanager::kRenewEvery);
}

TEST_F(DispatchStandingTest, a_route_that_needs_no_renewal_any_more_ends_it) {
  Delivery page = PageFor(1, "k", 0, "other");
  page.maybe_sent = true;
  page.delivered = true;
  Add(page);
  EXPECT_EQ(Step(), "delivered 1");
  Keep({1});
  EXPECT_EQ(Step(), "");
}

// Nobody closes it.
TEST_F(DispatchStandingTest, a_digest_of_the_fold_is_sent_once) {
  Delivery storm = PageFor(1, "k");
  storm.decision.mutable_page_digest()->set_route("pager");
  storm.decision.mutable_page_digest()->set_key("default//digest/pager/0");
  Add(storm);
  Deliver(1);
  now_ = now_ + Alertmanager::kRenewEvery;
  EXPECT_EQ(Step(), "");
}

TEST_F(DispatchStandingTest, renewals_come_last) {
  Add(PageFor(1, "k"));
  Deliver(1);
  now_ = now_ + Alertmanager::kRenewEvery;
  Add(PageFor(2, "j"));
  Add(CloseOf(3, "i"));
  EXPECT_EQ(Step(), "send 3, send 2, send 1");
}

}  // namespace
}  // namespace escalation
