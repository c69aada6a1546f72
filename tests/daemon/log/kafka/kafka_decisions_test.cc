// The decisions topic when several owners wrote to it for a moment.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "daemon/log/kafka_admin.h"
#include "daemon/log/kafka_log.h"
#include "daemon/log/kafka_topics.h"
#include "state/base/text.h"
#include "tests/support/kafka_broker.h"

namespace escalation {
namespace {

constexpr Partition kZero{0};

class KafkaDecisionsTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto created = CreateKafkaLog(settings_, {topic_, 1, 1, {}});
    ASSERT_TRUE(created.ok()) << created.status();
    incarnation_ = *created;
  }
  std::unique_ptr<Log> Open() const {
    auto log = OpenKafkaLog({.settings = settings_, .topic = topic_});
    ESCALATION_CHECK(log.ok(), std::string(log.status().message()));
    return *std::move(log);
  }
  std::vector<PublishedDecision> Decisions(uint64_t first, uint64_t last) const {
    std::vector<PublishedDecision> out;
    for (uint64_t seq = first; seq <= last; ++seq) {
      out.push_back({seq, Cat(incarnation_, "/0/", seq, "/0"), Cat("d", seq)});
    }
    return out;
  }
  static std::string Seqs(const Log& log, uint64_t from, size_t count) {
    const auto decisions = log.ReadDecisions(kZero, from, count);
    if (!decisions.ok()) return std::string(decisions.status().message());
    std::string out;
    for (const PublishedDecision& decision : *decisions) {
      EXPECT_EQ(decision.value, Cat("d", decision.seq));
      CatTo(&out, decision.seq, " ");
    }
    return out;
  }
  int64_t Messages() const {
    return (*KafkaAdmin::Open(settings_))->Watermarks(TopicsOf(topic_).decisions, 0)->end;
  }

  const KafkaSettings settings_ = SharedBroker();
  const std::string topic_ = NewTopic("decisions.log");
  std::string incarnation_;
};

TEST_F(KafkaDecisionsTest, repeats_of_a_zombie_leave_the_stream_contiguous) {
  const auto owner = Open();
  const auto zombie = Open();
  ASSERT_TRUE(owner->Publish(kZero, Decisions(1, 5)).ok());
  // Knows nothing of what the owner goes on to write.
  ASSERT_EQ(*zombie->PublishedThrough(kZero), 5u);
  ASSERT_TRUE(owner->Publish(kZero, Decisions(6, 9)).ok());
  ASSERT_TRUE(zombie->Publish(kZero, Decisions(5, 7)).ok());
  ASSERT_EQ(Messages(), 11);
  // 1 2 3 4 5 6 7 8 9 6 7: a successor that asks goes on behind 9, not behind 7.
  const auto successor = Open();
  EXPECT_EQ(*successor->PublishedThrough(kZero), 9u);
  EXPECT_EQ(*zombie->PublishedThrough(kZero), 9u);
  ASSERT_TRUE(successor->Publish(kZero, Decisions(8, 12)).ok());
  EXPECT_EQ(Messages(), 14);
  EXPECT_EQ(Seqs(*successor, 1, 100), "1 2 3 4 5 6 7 8 9 10 11 12 ");
  EXPECT_EQ(Seqs(*successor, 10, 2), "10 11 ");
  EXPECT_EQ(Seqs(*successor, 12, 2), "12 ");
  EXPECT_EQ(Seqs(*successor, 13, 2), "");
  EXPECT_EQ(Seqs(*successor, 3, 3), "3 4 5 ");
  EXPECT_EQ(Seqs(*successor, 6, 2), "6 7 ");
}

TEST_F(KafkaDecisionsTest, a_decision_is_found_among_many_repeats_and_after_retention) {
  const auto first = Open();
  const auto second = Open();
  ASSERT_TRUE(first->Publish(kZero, Decisions(1, 10)).ok());
  ASSERT_EQ(*second->PublishedThrough(kZero), 10u);
  ASSERT_TRUE(first->Publish(kZero, Decisions(11, 3000)).ok());
  ASSERT_TRUE(second->Publish(kZero, Decisions(11, 2500)).ok());
  ASSERT_TRUE(first->Publish(kZero, Decisions(3001, 3010)).ok());
  const auto reader = Open();
  EXPECT_EQ(*reader->PublishedThrough(kZero), 3010u);
  for (const uint64_t seq : {1u, 10u, 11u, 2499u, 2501u, 3000u, 3001u, 3010u, 12u}) {
    EXPECT_EQ(Seqs(*reader, seq, 1), Cat(seq, " "));
  }
  const auto all = reader->ReadDecisions(kZero, 1, SIZE_MAX);
  ASSERT_EQ(all->size(), 3010u);
  // The first copies of 1 to 20 are gone, second ones of 11 to 20 are still there.
  const auto admin = KafkaAdmin::Open(settings_);
  ASSERT_TRUE((*admin)->DeleteRecords(TopicsOf(topic_).decisions, 0, 20).ok());
  EXPECT_EQ(Seqs(*reader, 21, 2), "21 22 ");
  EXPECT_TRUE(absl::IsOutOfRange(reader->ReadDecisions(kZero, 3, 1).status()));
  EXPECT_EQ(*reader->PublishedThrough(kZero), 3010u);
}

TEST_F(KafkaDecisionsTest, another_log_s_decisions_are_refused) {
  ASSERT_TRUE(Open()->Publish(kZero, Decisions(1, 3)).ok());
  const auto admin = KafkaAdmin::Open(settings_);
  ASSERT_TRUE((*admin)->DeleteTopic(topic_).ok());
  ASSERT_TRUE(CreateKafkaLog(settings_, {topic_, 1, 1, {}}).ok());
  const absl::Status status = Open()->PublishedThrough(kZero).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_NE(status.message().find("is of another log"), std::string::npos) << status;
}

}  // namespace
}  // namespace escalation
