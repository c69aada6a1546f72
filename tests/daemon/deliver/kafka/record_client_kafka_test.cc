// Pages as records of a real broker: what is acknowledged is there, what never can be is refused.
#include <gtest/gtest.h>

#include <future>
#include <string>
#include <utility>
#include <vector>

#include "daemon/deliver/kafka_route.h"
#include "daemon/deliver/record_client.h"
#include "daemon/log/kafka_admin.h"
#include "daemon/log/kafka_reader.h"
#include "tests/daemon/deliver/full_page.h"
#include "tests/daemon/deliver/replies.h"
#include "tests/support/kafka_broker.h"

namespace escalation {
namespace {

class RecordClientKafka : public testing::Test {
 protected:
  void Use(const KafkaSettings& settings, Duration timeout) {
    settings_ = settings;
    route_.name = "bus";
    route_.provider = DeliveryRoute::Provider::kKafka;
    route_.topic = {std::make_shared<KafkaSettings>(settings), NewTopic("pages")};
    route_.timeout = timeout;
    const absl::Status status = client_.SetRoutes({route_});
    ASSERT_TRUE(status.ok()) << status;
  }
  void Create(int32_t partitions, const std::map<std::string, std::string>& topic_settings = {}) {
    const auto admin = KafkaAdmin::Open(settings_);
    ASSERT_TRUE(admin.ok()) << admin.status();
    const absl::Status created =
        (*admin)->CreateTopic({route_.topic.topic, partitions, 1, topic_settings});
    ASSERT_TRUE(created.ok()) << created;
  }
  std::future<Verdict> Begin(const Delivery& delivery) {
    auto said = std::make_shared<std::promise<Verdict>>();
    const Provider& provider = ProviderOf(route_.provider);
    client_.Send(
        *provider.Build(delivery, route_, kNow),
        [said, &provider](const HttpReply& reply) { said->set_value(provider.Classify(reply)); });
    return said->get_future();
  }
  Verdict Sent(const Delivery& delivery) { return Begin(delivery).get(); }
  // "ID OPERATION" of every record of the partition that holds any.
  std::vector<std::string> Records(int32_t partition, size_t count) {
    KafkaReaderOptions options;
    options.topic = route_.topic.topic;
    options.partition = partition;
    const auto reader = WaitingKafkaReader::Open(settings_, std::move(options));
    EXPECT_TRUE((*reader)->Start(0).ok());
    std::vector<std::string> out;
    while (out.size() < count) {
      const auto messages = (*reader)->Next(100, absl::Minutes(1));
      EXPECT_TRUE(messages.ok()) << messages.status();
      if (!messages.ok()) return out;
      for (const KafkaMessage& message : *messages) {
        out.push_back(
            Cat(*message.key(), " ", *message.header("id"), " ", *message.header("operation")));
      }
    }
    return out;
  }

  // How many records the partition holds. A broker takes a moment to lead one that is new.
  int64_t EndOf(const KafkaAdmin& admin, int32_t partition) {
    auto marks = admin.Watermarks(route_.topic.topic, partition);
    while (absl::IsUnavailable(marks.status())) {
      marks = admin.Watermarks(route_.topic.topic, partition);
    }
    EXPECT_TRUE(marks.ok()) << marks.status();
    return marks.ok() ? marks->end : -1;
  }

  KafkaSettings settings_;
  DeliveryRoute route_;
  RecordClient client_;
};

TEST_F(RecordClientKafka, a_page_and_its_close_are_in_one_partition_in_order) {
  Use(SharedBroker(), Duration::Seconds(30));
  Create(8);
  const std::string key = "default/T-1/night/1/1";
  EXPECT_EQ(Word(Sent(FullPage())), "delivered");
  EXPECT_EQ(Word(Sent(CloseOf(41, key))), "delivered");
  const auto admin = KafkaAdmin::Open(settings_);
  int32_t held = -1;
  for (int32_t partition = 0; partition < 8; ++partition) {
    const int64_t end = EndOf(**admin, partition);
    if (end == 0) continue;
    EXPECT_EQ(end, 2);
    EXPECT_EQ(std::exchange(held, partition), -1) << "in two partitions";
  }
  ASSERT_GE(held, 0);
  EXPECT_EQ(Records(held, 2),
            (std::vector<std::string>{key + " inc/0/40/0 trigger", key + " inc/0/41/0 close"}));
}

TEST_F(RecordClientKafka, a_topic_that_is_not_there_fails_for_good) {
  Use(SharedBroker(), Duration::Seconds(4));
  Verdict verdict = Sent(FullPage());
  EXPECT_EQ(Word(verdict), "failed") << verdict.reason;
  EXPECT_NE(verdict.reason.find(Cat(route_.topic.topic, ": ")), std::string::npos)
      << verdict.reason;
  // Known from then on.
  EXPECT_EQ(Word(Sent(FullPage())), "failed");
}

TEST_F(RecordClientKafka, a_record_that_is_too_large_costs_no_other) {
  Use(SharedBroker(), Duration::Seconds(30));
  Create(1, {{"max.message.bytes", "20000"}});
  Delivery large = FullPage();
  // Compressed or not.
  std::string subject;
  uint64_t chance = 1;
  while (subject.size() < 60'000) {
    chance = chance * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
    subject.push_back(static_cast<char>('!' + (chance >> 33) % 90));
  }
  large.decision.mutable_page_requested()->set_subject(subject);
  std::future<Verdict> before = Begin(PageFor(38, "a"));
  std::future<Verdict> refused = Begin(large);
  std::future<Verdict> after = Begin(PageFor(42, "b"));
  EXPECT_EQ(Word(before.get()), "delivered");
  const Verdict verdict = refused.get();
  EXPECT_EQ(Word(verdict), "failed") << verdict.reason;
  EXPECT_EQ(Word(after.get()), "delivered");
}

TEST_F(RecordClientKafka, a_broker_that_is_away_is_a_time_out_and_not_a_record_too_late) {
  OwnBroker broker;
  Use(broker.settings(), Duration::Seconds(3));
  Create(1);
  EXPECT_EQ(Word(Sent(PageFor(1, "k"))), "delivered");
  broker.Kill();
  const Verdict verdict = Sent(PageFor(2, "k"));
  EXPECT_EQ(Word(verdict), "retry maybe") << verdict.reason;
  broker.Start();
  // What was given up is not sent behind the back of who tries again.
  Verdict again = Sent(CloseOf(3, "k"));
  while (again.kind == Verdict::Kind::kRetry) again = Sent(CloseOf(3, "k"));
  EXPECT_EQ(Word(again), "delivered") << again.reason;
  const std::vector<std::string> records = Records(0, 2);
  EXPECT_EQ(records.front(), "k inc/0/1/0 trigger");
  for (size_t i = 1; i < records.size(); ++i) EXPECT_EQ(records[i], "k inc/0/3/0 close");
}

TEST_F(RecordClientKafka, a_broker_that_does_not_answer_is_a_time_out) {
  OwnBroker broker;
  Use(broker.settings(), Duration::Seconds(3));
  Create(1);
  EXPECT_EQ(Word(Sent(PageFor(1, "k"))), "delivered");
  broker.Pause();
  EXPECT_EQ(Word(Sent(PageFor(2, "k"))), "retry maybe");
  broker.Resume();
  Verdict again = Sent(PageFor(2, "k"));
  while (again.kind == Verdict::Kind::kRetry) again = Sent(PageFor(2, "k"));
  EXPECT_EQ(Word(again), "delivered") << again.reason;
}

}  // namespace
}  // namespace escalation
