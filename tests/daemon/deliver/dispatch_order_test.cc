#include <gtest/gtest.h>

#include <string>

#include "daemon/deliver/dispatch_queue.h"
#include "tests/daemon/deliver/dispatch_queue_fixture.h"

namespace escalation {
namespace {

// Order within a page, and what a close makes of what has not left yet.
using DispatchOrderTest = DispatchQueueFixture;

TEST_F(DispatchOrderTest, operations_on_one_page_leave_in_order) {
  Add(PageFor(1, "k"));
  Add(AcknowledgementOf(2, "k"));
  EXPECT_EQ(Step(), "send 1");
  EXPECT_EQ(Step(), "");
  Reply(1, Delivered());
  EXPECT_EQ(Step(), "send 2, delivered 1");
  Add(CloseOf(3, "k"));
  EXPECT_EQ(Step(), "");
  Reply(2, Delivered());
  EXPECT_EQ(Step(), "send 3, delivered 2");
}

TEST_F(DispatchOrderTest, pages_of_other_keys_or_destinations_do_not_wait) {
  Add(PageFor(1, "k"));
  Add(PageFor(2, "j"));
  Add(PageFor(3, "k", 0, "other"));
  EXPECT_EQ(Step(), "send 3, send 1, send 2");
}

TEST_F(DispatchOrderTest, a_page_closed_before_it_left_is_not_sent) {
  queue_.SetPaused(true);
  Add(PageFor(1, "k"));
  Add(AcknowledgementOf(2, "k"));
  Add(CloseOf(3, "k"));
  EXPECT_EQ(Step(), "");
  queue_.SetPaused(false);
  EXPECT_EQ(Step(),
            "suppressed 1 (closed before it was sent), suppressed 2 (closed before it was sent), "
            "suppressed 3 (its page was not sent)");
}

TEST_F(DispatchOrderTest, a_page_refused_so_far_and_then_closed_was_never_sent) {
  Add(PageFor(1, "k"));
  Step();
  Reply(1, Refused());
  Add(CloseOf(2, "k"));
  EXPECT_EQ(Step(),
            "suppressed 1 (closed before it was sent), suppressed 2 (its page was not sent)");
}

TEST_F(DispatchOrderTest, a_page_that_may_have_arrived_is_closed_at_the_provider) {
  Add(PageFor(1, "k"));
  Step();
  Reply(1, TimedOut());
  Add(CloseOf(2, "k"));
  EXPECT_EQ(Step(), "send 2, suppressed 1 (closed before it was confirmed)");
}

TEST_F(DispatchOrderTest, a_page_that_may_have_been_sent_before_a_restart_is_closed_too) {
  Delivery page = PageFor(1, "k");
  page.maybe_sent = true;
  queue_.SetPaused(true);
  Add(page);
  Add(CloseOf(2, "k"));
  queue_.SetPaused(false);
  EXPECT_EQ(Step(), "send 2, suppressed 1 (closed before it was confirmed)");
}

struct InFlightRow {
  int line;
  const char* claim;
  Verdict verdict;
  std::string expected;
};

TEST_F(DispatchOrderTest, a_close_waits_for_the_page_in_flight) {
  const InFlightRow rows[] = {
      {__LINE__, "delivered", Delivered(), "send 12, delivered 11"},
      {__LINE__, "refused", Refused(),
       "suppressed 11 (closed before it was sent), suppressed 12 (its page was not sent)"},
      {__LINE__, "timed out", TimedOut(),
       "send 12, suppressed 11 (closed before it was confirmed)"},
      {__LINE__, "failed", Failed(),
       "failed 11 (status 404), suppressed 12 (its page was not sent)"},
  };
  for (const InFlightRow& row : rows) {
    queue_.Forget(Partition{0});
    Add(PageFor(11, "k"));
    EXPECT_EQ(Step(), "send 11") << "line " << row.line;
    Add(CloseOf(12, "k"));
    EXPECT_EQ(Step(), "") << "line " << row.line;
    Reply(11, row.verdict);
    EXPECT_EQ(Step(), row.expected) << "line " << row.line << ": " << row.claim;
  }
}

TEST_F(DispatchOrderTest, nothing_of_a_page_leaves_after_its_close) {
  Add(CloseOf(2, "k"));
  EXPECT_EQ(Step(), "send 2");
  Add(PageFor(1, "k"));
  EXPECT_EQ(Step(), "suppressed 1 (closed before it was sent)");
}

}  // namespace
}  // namespace escalation
