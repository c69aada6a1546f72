#include "daemon/deliver/dispatch_digest.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "daemon/deliver/page_text.h"
#include "tests/daemon/deliver/dispatch_queue_fixture.h"

namespace escalation {
namespace {

constexpr const char* kKey = "default//waited/pager/2";
const std::string kDestination = Cat("pager#", kKey);

// Two requests a minute, and nobody waits longer than a minute: two fit.
class DispatchDigestTest : public DispatchQueueFixture {
 protected:
  DispatchDigestTest() { Configure(&queue_); }

  static void Configure(DispatchQueue* queue) {
    DispatchOptions options = Options();
    options.digest_after = Duration::Minutes(1);
    queue->SetOptions(options);
    DeliveryRoute pager = RouteNamed("pager");
    pager.per_minute_max = 2;
    queue->SetRoutes({pager, RouteNamed("other")});
  }

  // Pages 1 to `last`, of which all but the first wait.
  void AddPages(uint64_t last) {
    for (uint64_t seq = 1; seq <= last; ++seq) Add(PageFor(seq, Cat("k", seq)));
  }

  // Pages 2, 3 and 4 have left in a digest, and their outcomes are kept.
  void DeliverDigest() {
    AddPages(4);
    ASSERT_EQ(Step(), "send 1, digested 2, digested 3, digested 4");
    Keep({2, 3, 4});
    ASSERT_EQ(Step(), "send digest 2");
    ReplyToDigest(2, Delivered());
    Reply(1, Delivered());
    ASSERT_EQ(Step(),
              "delivered 1, delivered 2 (in a digest of 3 pages), delivered 3 (in a digest of 3 "
              "pages), delivered 4 (in a digest of 3 pages)");
    Keep({1, 2, 3, 4});
    now_ = now_ + Duration::Minutes(1);
  }

  static Delivery CloseInDigest(uint64_t seq, const std::string& key) {
    Delivery close = CloseOf(seq, key);
    close.decision.mutable_page_closed()->set_destination(kDestination);
    return close;
  }

  // As the next process gets it, which knows only what the log says.
  static Delivery Pending(Delivery delivery, bool delivered = false) {
    delivery.maybe_sent = true;
    delivery.delivered = delivered;
    if (delivery.decision.has_page_requested()) delivery.digest = kKey;
    return delivery;
  }
  void Restart() {
    queue_ = DispatchQueue(Options(), [this](uint64_t bound) { return chance_(bound); });
    Configure(&queue_);
  }
};

TEST_F(DispatchDigestTest, what_would_wait_too_long_leaves_together) {
  AddPages(5);
  EXPECT_EQ(Step(), "send 1, digested 2, digested 3, digested 4, digested 5");
  // Nothing leaves before the log knows who is in it.
  Keep({2, 3, 4});
  EXPECT_EQ(Step(), "");
  Keep({5});
  const DispatchActions actions = queue_.Step(now_);
  ASSERT_EQ(actions.attempts.size(), 1u);
  const Delivery& digest = actions.attempts[0].delivery;
  EXPECT_EQ(digest.decision.page_digest().key(), kKey);
  EXPECT_EQ(digest.decision.page_digest().suppressed(), 4);
  EXPECT_EQ(digest.listed.size(), 4u);
  queue_.Reply(actions.attempts[0].id, actions.attempts[0].attempt, Delivered(), now_);
  const DispatchActions outcomes = queue_.Step(now_);
  ASSERT_EQ(outcomes.outcomes.size(), 4u);
  for (const DispatchOutcome& outcome : outcomes.outcomes) {
    EXPECT_EQ(outcome.outcome.outcome(), v1::PageOutcome::DELIVERED);
    EXPECT_EQ(outcome.outcome.destination(), kDestination);
    EXPECT_EQ(outcome.outcome.decision_seq(), 0u) << "it is to be closed with the others";
  }
  EXPECT_EQ(queue_.Statistics().at("pager").digested, 4u);
}

TEST_F(DispatchDigestTest, what_fits_leaves_one_by_one) {
  AddPages(2);
  EXPECT_EQ(Step(), "send 1, send 2");
  AddPages(2);
  Add(PageFor(3, "k3", 0, "other"));
  EXPECT_EQ(Step(), "send 3");
}

TEST_F(DispatchDigestTest, the_worst_go_alone_and_first) {
  for (uint64_t seq = 1; seq <= 5; ++seq) Add(PageFor(seq, Cat("k", seq), seq == 4 ? 2 : 0));
  EXPECT_EQ(Step(), "send 4, digested 1, digested 2, digested 3, digested 5");
}

TEST_F(DispatchDigestTest, who_comes_before_it_leaves_joins_it) {
  AddPages(3);
  EXPECT_EQ(Step(), "send 1, digested 2, digested 3");
  Add(PageFor(4, "k4"));
  Add(PageFor(5, "k5"));
  Keep({2, 3});
  EXPECT_EQ(Step(), "digested 4, digested 5");
  Keep({4, 5});
  EXPECT_EQ(Step(), "send digest 2");
  // It has left.
  for (uint64_t seq = 6; seq <= 9; ++seq) Add(PageFor(seq, Cat("k", seq)));
  EXPECT_EQ(Step(), "digested 7, digested 8, digested 9");
}

// Two organisations' pages have nothing to say to each other's people.
TEST_F(DispatchDigestTest, tenants_are_told_apart) {
  AddPages(3);
  for (uint64_t seq = 4; seq <= 5; ++seq) {
    Delivery page = PageFor(seq, Cat("k", seq));
    page.decision.set_tenant("second");
    Add(page);
  }
  Step();
  Keep({2, 3, 4, 5});
  now_ = now_ + Duration::Minutes(1);
  EXPECT_EQ(Step(), "send digest 2, send digest 4");
}

TEST_F(DispatchDigestTest, what_may_have_left_and_digests_of_the_fold_go_alone) {
  AddPages(1);
  for (uint64_t seq = 2; seq <= 3; ++seq) {
    Delivery page = PageFor(seq, Cat("k", seq));
    page.maybe_sent = true;
    Add(page);
  }
  Delivery storm = PageFor(4, "k4");
  storm.decision.mutable_page_digest()->set_route("pager");
  storm.decision.mutable_page_digest()->set_key("default//digest/pager/0");
  Add(storm);
  EXPECT_EQ(Step(), "send 1, send 2");
}

TEST_F(DispatchDigestTest, a_digest_that_fails_is_pages_that_failed) {
  AddPages(3);
  Step();
  Keep({2, 3});
  EXPECT_EQ(Step(), "send digest 2");
  ReplyToDigest(2, Failed());
  EXPECT_EQ(Step(), "failed 2 (status 404), failed 3 (status 404)");
  Keep({2, 3});
  Reply(1, Delivered());
  Step();
  Keep({1});
  EXPECT_TRUE(queue_.empty());
}

TEST_F(DispatchDigestTest, it_is_closed_with_the_last_of_its_pages) {
  DeliverDigest();
  EXPECT_TRUE(queue_.empty());
  EXPECT_EQ(queue_.Statistics().at("pager").standing, 3u);
  Add(CloseInDigest(12, "k2"));
  EXPECT_EQ(Step(),
            "delivered 2 (it stands no longer), suppressed 12 (2 pages of its digest are open)");
  Add(CloseOf(14, "k4"));  // Decided before its outcome was known.
  EXPECT_EQ(Step(),
            "delivered 4 (it stands no longer), suppressed 14 (1 pages of its digest are open)");
  Keep({2, 12, 4, 14});
  Add(CloseInDigest(13, "k3"));
  EXPECT_EQ(Step(), "close digest 13");
  ReplyToDigest(13, Delivered());
  EXPECT_EQ(Step(), "delivered 3 (it stands no longer), delivered 13");
  Keep({3, 13});
  EXPECT_EQ(queue_.Statistics().at("pager").standing, 0u);
}

TEST_F(DispatchDigestTest, its_close_is_tried_again_until_the_provider_takes_it) {
  DeliverDigest();
  for (uint64_t seq = 2; seq <= 4; ++seq) Add(CloseInDigest(10 + seq, Cat("k", seq)));
  Step();
  ReplyToDigest(14, Refused());
  now_ = now_ + Duration::Minutes(1);
  EXPECT_EQ(Step(), "close digest 14");
  ReplyToDigest(14, Failed());
  now_ = now_ + Duration::Minutes(1);
  EXPECT_EQ(Step(), "close digest 14");
}

TEST_F(DispatchDigestTest, a_page_that_is_closed_before_it_leaves_is_not_in_it) {
  AddPages(4);
  EXPECT_EQ(Step(), "send 1, digested 2, digested 3, digested 4");
  Add(CloseOf(12, "k2"));
  EXPECT_EQ(Step(), "") << "whether it is in the digest is being written";
  Keep({2});
  EXPECT_EQ(Step(),
            "suppressed 2 (closed before it was sent), suppressed 12 (its page was not sent)");
  Keep({3, 4, 12});
  Add(CloseInDigest(13, "k3"));
  Add(CloseOf(14, "k4"));
  Keep({2});
  EXPECT_EQ(Step(),
            "suppressed 3 (closed before it was sent), suppressed 4 (closed before it was sent), "
            "suppressed 13 (its page was not sent), suppressed 14 (its page was not sent)");
}

TEST_F(DispatchDigestTest, a_close_waits_for_the_digest_in_flight) {
  AddPages(3);
  Step();
  Keep({2, 3});
  EXPECT_EQ(Step(), "send digest 2");
  Add(CloseOf(12, "k2"));
  EXPECT_EQ(Step(), "");
  ReplyToDigest(2, TimedOut());
  EXPECT_EQ(Step(),
            "suppressed 2 (closed before it was confirmed), suppressed 12 (1 pages of its digest "
            "are open)");
  Add(CloseOf(13, "k3"));
  now_ = now_ + Duration::Minutes(1);
  EXPECT_EQ(Step(), "close digest 13, suppressed 3 (closed before it was confirmed)");
}

TEST_F(DispatchDigestTest, who_is_taken_up_meanwhile_is_not_in_it) {
  AddPages(1);
  for (uint64_t seq = 2; seq <= 4; ++seq) {
    Delivery page = PageFor(seq, seq == 4 ? "t/T-1/wake/1/1@pager" : Cat("k", seq));
    page.decision.mutable_page_requested()->set_generation(1);
    Add(page);
  }
  Step();
  Keep({2, 3, 4});
  Delivery acknowledged = AcknowledgementOf(5, "t/T-1/wake/1/1@other");
  acknowledged.decision.mutable_page_acknowledged()->set_route("other");
  acknowledged.decision.mutable_page_acknowledged()->set_generation(1);
  Add(acknowledged);
  EXPECT_EQ(Step(), "send 5, send digest 2, suppressed 4 (acknowledged)");
}

TEST_F(DispatchDigestTest, the_provider_hears_nothing_of_its_pages_one_by_one) {
  DeliverDigest();
  Add(AcknowledgementOf(12, "k3"));
  EXPECT_EQ(Step(), "suppressed 12 (its page is in a digest)");
}

// Nobody knows whether the provider has it, so it gets the same again, and counts it as one.
TEST_F(DispatchDigestTest, after_a_restart_the_same_pages_leave_in_the_same_digest) {
  DeliverDigest();
  Restart();
  // The outcome of 2 was kept.
  Add(Pending(PageFor(2, "k2"), true));
  Add(Pending(PageFor(3, "k3")));
  Add(Pending(PageFor(4, "k4")));
  const DispatchActions actions = queue_.Step(now_);
  ASSERT_EQ(actions.attempts.size(), 1u);
  EXPECT_EQ(actions.attempts[0].delivery.decision.page_digest().key(), kKey);
  EXPECT_EQ(actions.attempts[0].delivery.decision.page_digest().suppressed(), 2);
  queue_.Reply(actions.attempts[0].id, actions.attempts[0].attempt, Delivered(), now_);
  EXPECT_EQ(Step(), "delivered 3 (in a digest of 2 pages), delivered 4 (in a digest of 2 pages)");
  Keep({3, 4});
  for (uint64_t seq = 2; seq <= 4; ++seq) Add(CloseInDigest(10 + seq, Cat("k", seq)));
  EXPECT_EQ(Step(),
            "close digest 14, delivered 2 (it stands no longer), delivered 3 (it stands no "
            "longer), suppressed 12 (2 pages of its digest are open), suppressed 13 (1 pages of "
            "its digest are open)");
}

TEST_F(DispatchDigestTest, a_close_whose_outcome_was_lost_closes_the_digest_again) {
  DeliverDigest();
  Restart();
  Add(Pending(CloseInDigest(13, "k3")));
  EXPECT_EQ(Step(), "close digest 13");
}

TEST_F(DispatchDigestTest, another_owner_takes_its_digests_along) {
  DeliverDigest();
  AddPages(4);
  queue_.Forget(Partition{0});
  EXPECT_TRUE(queue_.empty());
  EXPECT_EQ(queue_.Statistics()["pager"].standing, 0u);
  AddPages(1);
  EXPECT_EQ(Step(), "send 1");
}

TEST_F(DispatchDigestTest, it_says_what_it_stands_for) {
  std::vector<DispatchItem> items(12);
  std::vector<const DispatchItem*> members;
  for (size_t i = 0; i < items.size(); ++i) {
    items[i].delivery = PageFor(i + 2, Cat("k", i));
    v1::Decision& decision = items[i].delivery.decision;
    decision.set_ticket_id(Cat("T-", i));
    decision.mutable_page_requested()->set_severity("high");
    decision.mutable_page_requested()->set_subject("Site down");
    v1::PageLink* const link = decision.mutable_page_requested()->add_links();
    link->set_name("ticket");
    link->set_url(Cat("https://help.example.com/T-", i));
    members.push_back(&items[i]);
  }
  DispatchDigest digest;
  digest.key = kKey;
  digest.route = "pager";
  const PageText text = PageTextOf(DigestDelivery(digest, members));
  EXPECT_EQ(text.title, "12 pages for route pager: high T-0: Site down, and 11 more");
  EXPECT_EQ(text.Line("Page 1"), "high T-0: Site down");
  EXPECT_EQ(text.Line("Page 10"), "high T-9: Site down");
  EXPECT_EQ(text.Line("More"), "and 2 more: escalationctl pages");
  ASSERT_EQ(text.links.size(), 10u);
  EXPECT_EQ(text.links[9].name, "T-9");
}

}  // namespace
}  // namespace escalation
