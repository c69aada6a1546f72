// Who owns a partition, and how surely: as the log says, not as a group says.

#include "daemon/tenure.h"

#include <gtest/gtest.h>

namespace escalation {
namespace {

constexpr Instant kNine = Instant::Seconds(1'773'133'200);
using Change = Tenure::Change;

v1::OwnerTook TakingOf(const char* instance, uint64_t epoch) {
  v1::OwnerTook taking;
  taking.set_instance(instance);
  taking.set_epoch(epoch);
  return taking;
}

class TenureTest : public testing::Test {
 protected:
  // It claims, takes, and reads that back at `offset`.
  void Lead(int64_t offset) {
    tenure_.Claim(1);
    const auto taking = tenure_.Take(now_, 4);
    ASSERT_TRUE(taking.has_value());
    EXPECT_EQ(tenure_.Read(*taking, Offset{offset}, now_, now_), Change::kLeads);
  }

  Instant now_ = kNine;
  Tenure tenure_{"a", Tenure::Writers::kShared};
};

TEST_F(TenureTest, without_a_claim_nothing_is_taken) {
  EXPECT_FALSE(tenure_.Take(now_, 0).has_value());
  EXPECT_FALSE(tenure_.leads());
}

TEST_F(TenureTest, it_leads_once_it_reads_its_own_taking) {
  tenure_.Claim(1);
  const auto taking = tenure_.Take(now_, 4);
  ASSERT_TRUE(taking.has_value());
  EXPECT_EQ(taking->epoch(), 5u);
  EXPECT_FALSE(tenure_.leads());
  EXPECT_FALSE(tenure_.Take(now_, 4).has_value()) << "one is under way";
  EXPECT_EQ(tenure_.Read(TakingOf("b", 5), Offset{6}, now_, now_), Change::kNone)
      << "it stands before the own one";
  EXPECT_EQ(tenure_.Read(*taking, Offset{7}, now_, now_), Change::kLeads);
  EXPECT_TRUE(tenure_.leads());
}

TEST_F(TenureTest, another_process_of_the_same_name_is_another) {
  tenure_.Claim(1);
  tenure_.Take(now_, 4);
  EXPECT_EQ(tenure_.Read(TakingOf("a", 4), Offset{6}, now_, now_), Change::kNone);
  EXPECT_FALSE(tenure_.leads());
}

TEST_F(TenureTest, a_taking_that_failed_is_tried_again) {
  tenure_.Claim(1);
  tenure_.Take(now_, 4);
  tenure_.TakingFailed(now_);
  EXPECT_FALSE(tenure_.Take(now_, 4).has_value());
  now_ = now_ + Tenure::kTryAgain;
  EXPECT_TRUE(tenure_.Take(now_, 4).has_value());
}

TEST_F(TenureTest, another_taking_ends_the_lead_and_is_answered_only_later) {
  Lead(7);
  EXPECT_EQ(tenure_.Read(TakingOf("b", 6), Offset{9}, now_, now_), Change::kOusted);
  EXPECT_FALSE(tenure_.leads());
  EXPECT_FALSE(tenure_.lease().Holds(now_));
  EXPECT_FALSE(tenure_.Take(now_, 6).has_value());
  now_ = now_ + Tenure::kTakeAgain;
  EXPECT_TRUE(tenure_.Take(now_, 6).has_value());
}

TEST_F(TenureTest, a_clock_that_is_set_back_does_not_keep_it_from_taking) {
  Lead(7);
  tenure_.Read(TakingOf("b", 6), Offset{9}, now_, now_);
  now_ = now_ - Duration::Hours(1);
  EXPECT_FALSE(tenure_.Take(now_, 6).has_value());
  now_ = now_ + Tenure::kTakeAgain;
  EXPECT_TRUE(tenure_.Take(now_, 6).has_value());
}

TEST_F(TenureTest, a_claim_that_ends_ends_the_lead) {
  Lead(7);
  EXPECT_TRUE(tenure_.Claim(1));
  EXPECT_FALSE(tenure_.Claim(0));
  EXPECT_FALSE(tenure_.leads());
}

TEST_F(TenureTest, a_claim_that_was_lost_unseen_is_taken_anew) {
  Lead(7);
  EXPECT_FALSE(tenure_.Claim(2));
  EXPECT_TRUE(tenure_.Take(now_, 5).has_value());
}

TEST_F(TenureTest, a_taking_that_lands_after_its_claim_has_ended_counts_for_nothing) {
  tenure_.Claim(1);
  const auto taking = tenure_.Take(now_, 4);
  tenure_.Claim(0);
  EXPECT_EQ(tenure_.Read(*taking, Offset{7}, now_, now_), Change::kNone);
  EXPECT_FALSE(tenure_.leads());
}

TEST_F(TenureTest, a_lease_lasts_from_the_writing_of_a_record_behind_the_decision) {
  Lead(7);
  EXPECT_TRUE(tenure_.LeaseOf(Offset{8}).Holds(now_));
  EXPECT_FALSE(tenure_.LeaseOf(Offset{9}).Holds(now_)) << "record 8 stands behind the own one";
  const Instant written = now_;
  now_ = now_ + Duration::Seconds(1);
  tenure_.ReadBack(Offset{9}, written);
  EXPECT_TRUE(tenure_.LeaseOf(Offset{9}).Holds(now_));
  EXPECT_FALSE(tenure_.LeaseOf(Offset{9}).Holds(written + Tenure::kFresh));
  EXPECT_FALSE(tenure_.LeaseOf(Offset{9}).Holds(written - Duration{1})) << "the clock was set back";
}

TEST(SoleTenureTest, a_sole_writer_leads_at_once_and_always) {
  Tenure tenure("a", Tenure::Writers::kSole);
  EXPECT_TRUE(tenure.leads());
  EXPECT_TRUE(tenure.LeaseOf(Offset{1'000}).Holds(kNine));
  const auto taking = tenure.Take(kNine, 0);
  ASSERT_TRUE(taking.has_value());
  EXPECT_EQ(tenure.Read(TakingOf("a", 7), Offset{0}, kNine, kNine), Change::kNone)
      << "of an earlier process";
  EXPECT_EQ(tenure.Read(*taking, Offset{1}, kNine, kNine), Change::kLeads);
  EXPECT_EQ(tenure.Read(TakingOf("b", 8), Offset{2}, kNine, kNine), Change::kOusted);
  EXPECT_FALSE(tenure.leads());
}

}  // namespace
}  // namespace escalation
