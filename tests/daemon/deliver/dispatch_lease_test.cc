// One queue for all partitions, and what leaves of one that this instance may not own any more.

#include <gtest/gtest.h>

#include <set>

#include "daemon/deliver/dispatch_queue.h"
#include "tests/daemon/deliver/dispatch_queue_fixture.h"

namespace escalation {
namespace {

using DispatchLeaseTest = DispatchQueueFixture;

// Decisions are numbered by partition, and one queue serves all of them.
TEST_F(DispatchLeaseTest, deliveries_of_two_partitions_may_have_the_same_number) {
  Add(PageFor(1, "a/T-1"));
  Delivery other = PageFor(1, "b/T-1", 0, "other");
  other.partition = Partition{1};
  Add(other);
  const DispatchActions actions = queue_.Step(now_);
  ASSERT_EQ(actions.attempts.size(), 2u);
  EXPECT_NE(actions.attempts[0].delivery.decision.page_requested().key(),
            actions.attempts[1].delivery.decision.page_requested().key());
}

TEST_F(DispatchLeaseTest, another_partitions_pages_are_not_forgotten_with_one) {
  Add(PageFor(1, "a/T-1"));
  Delivery other = PageFor(1, "b/T-1", 0, "other");
  other.partition = Partition{1};
  Add(other);
  queue_.Forget(Partition{0});
  const DispatchActions actions = queue_.Step(now_);
  ASSERT_EQ(actions.attempts.size(), 1u);
  EXPECT_EQ(actions.attempts[0].id, (DeliveryId{Partition{1}, 1}));
}

// Whoever stood still cannot know whether another took over meanwhile.
TEST_F(DispatchLeaseTest, nothing_leaves_while_the_lease_does_not_hold) {
  queue_.SetLease(Partition{0}, {now_, now_ + Duration::Seconds(2)});
  Add(PageFor(1, "k"));
  EXPECT_EQ(Step(), "send 1");
  Reply(1, Refused());
  Add(PageFor(2, "j"));
  now_ = now_ + Duration::Seconds(2);
  const DispatchActions actions = queue_.Step(now_);
  EXPECT_TRUE(actions.attempts.empty());
  EXPECT_EQ(actions.lapsed, std::set<Partition>{Partition{0}});
  queue_.SetLease(Partition{0}, {now_, now_ + Duration::Seconds(2)});
  EXPECT_EQ(Step(), "send 1, send 2");
  // A clock that was set back says nothing.
  Reply(1, Refused());
  now_ = now_ - Duration::Seconds(1);
  EXPECT_EQ(Step(), "");
}

TEST_F(DispatchLeaseTest, without_a_lease_only_what_arrived_is_reported) {
  queue_.SetLease(Partition{0}, {now_, now_ + Duration::Seconds(2)});
  Add(PageFor(1, "k"));
  Add(PageFor(2, "j"));
  EXPECT_EQ(Step(), "send 1, send 2");
  now_ = now_ + Duration::Hours(2);
  Add(CloseOf(3, "i"));
  Reply(1, Delivered());
  Reply(2, Refused());
  EXPECT_EQ(Step(), "delivered 1");
  queue_.SetLease(Partition{0}, {now_, now_ + Duration::Seconds(2)});
  EXPECT_EQ(Step(), "send 3, failed 2 (gave up after 1 attempts: refused)");
}

}  // namespace
}  // namespace escalation
