#include "daemon/api/explain_outcome.h"

#include <gtest/gtest.h>

#include "daemon/log/memory_log.h"

namespace escalation {
namespace {

class ExplainOutcomeTest : public ::testing::Test {
 protected:
  ExplainOutcomeTest() : log_("incarnation", 1, [] { return Instant::Seconds(1'773'000'000); }) {}

  void Append(const std::string& key, v1::PageOutcome::Operation operation,
              v1::PageOutcome::Outcome outcome) {
    v1::Event event;
    event.mutable_page_outcome()->set_key(key);
    event.mutable_page_outcome()->set_operation(operation);
    event.mutable_page_outcome()->set_outcome(outcome);
    ASSERT_TRUE(AppendAndWait(log_, Partition{0}, event.SerializeAsString()).ok());
  }
  std::optional<v1::PageOutcome> Find(int64_t from, const std::string& key) {
    PartitionView view;
    view.log = &log_;
    const auto outcome = FindOutcome(view, Offset{from}, key);
    EXPECT_TRUE(outcome.ok()) << outcome.status();
    return outcome.ok() ? *outcome : std::nullopt;
  }

  MemoryLog log_;
};

TEST_F(ExplainOutcomeTest, the_outcome_of_the_trigger_is_found) {
  Append("a", v1::PageOutcome::TRIGGER, v1::PageOutcome::DELIVERED);
  Append("b", v1::PageOutcome::CLOSE, v1::PageOutcome::DELIVERED);
  Append("b", v1::PageOutcome::TRIGGER, v1::PageOutcome::SUPPRESSED);
  ASSERT_TRUE(Find(0, "b").has_value());
  EXPECT_EQ(Find(0, "b")->outcome(), v1::PageOutcome::SUPPRESSED);
  EXPECT_EQ(Find(0, "a")->outcome(), v1::PageOutcome::DELIVERED);
}

TEST_F(ExplainOutcomeTest, none_is_found_before_there_is_one) {
  EXPECT_FALSE(Find(0, "a").has_value());
  EXPECT_FALSE(Find(7, "a").has_value()) << "a record that the log does not hold";
  Append("a", v1::PageOutcome::TRIGGER, v1::PageOutcome::DELIVERED);
  EXPECT_FALSE(Find(1, "a").has_value()) << "an outcome before the page belongs to another one";
}

TEST_F(ExplainOutcomeTest, what_a_digest_came_to_counts_more_than_that_it_is_in_one) {
  Append("a", v1::PageOutcome::TRIGGER, v1::PageOutcome::DIGESTED);
  EXPECT_EQ(Find(0, "a")->outcome(), v1::PageOutcome::DIGESTED);
  Append("a", v1::PageOutcome::TRIGGER, v1::PageOutcome::FAILED);
  EXPECT_EQ(Find(0, "a")->outcome(), v1::PageOutcome::FAILED);
}

TEST(OutcomeTextTest, a_destination_is_named_where_the_page_may_be) {
  v1::PageOutcome outcome;
  outcome.set_outcome(v1::PageOutcome::FAILED);
  outcome.set_reason("status 404");
  EXPECT_EQ(OutcomeText(outcome), "could not be delivered: status 404");
  outcome.set_destination("pager");
  EXPECT_EQ(OutcomeText(outcome),
            "could not be delivered, but may have arrived at pager: status 404");
  outcome.set_outcome(v1::PageOutcome::SUPPRESSED);
  outcome.set_reason("acknowledged");
  EXPECT_EQ(OutcomeText(outcome), "not sent, but may have arrived at pager: acknowledged");
  outcome.set_outcome(v1::PageOutcome::DELIVERED);
  outcome.clear_reason();
  EXPECT_EQ(OutcomeText(outcome), "delivered to pager");
  outcome.set_destination("pager#default//waited/pager/7");
  EXPECT_EQ(OutcomeText(outcome), "delivered to pager in the digest default//waited/pager/7");
  outcome.set_outcome(v1::PageOutcome::DIGESTED);
  EXPECT_EQ(OutcomeText(outcome), "about to leave to pager in the digest default//waited/pager/7");
}

}  // namespace
}  // namespace escalation
