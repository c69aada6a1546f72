// What becomes of records when librdkafka's idempotent producer gives up: on librdkafka's own mock
// of a cluster, which can be told to answer what a broker answers only rarely.
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "daemon/log/kafka_producer.h"
#include "daemon/log/kafka_reader.h"
#include "state/base/check.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr int16_t kProduceRequest = 0;
constexpr int kPartitions = 2;

class KafkaFatalErrorTest : public testing::Test {
 protected:
  void SetUp() override {
    char text[256];
    client_ = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), text, sizeof(text));
    ASSERT_NE(client_, nullptr) << text;
    cluster_ = rd_kafka_mock_cluster_new(client_, 1);
    ASSERT_EQ(rd_kafka_mock_topic_create(cluster_, "log", kPartitions, 1),
              RD_KAFKA_RESP_ERR_NO_ERROR);
    settings_.brokers = rd_kafka_mock_cluster_bootstraps(cluster_);
    settings_.plaintext = Plaintext::kAllowed;
    auto producer = KafkaProducer::Open(settings_, {.client_id = "test", .bytes_max = 1 << 20});
    ASSERT_TRUE(producer.ok()) << producer.status();
    producer_ = *std::move(producer);
  }
  void TearDown() override {
    producer_.reset();
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(client_);
  }
  static KafkaRecord Record(int32_t partition, int i) {
    KafkaRecord record;
    record.topic = "log";
    record.partition = partition;
    record.value = Cat("v", i);
    record.headers = {{"log", "x"}};
    return record;
  }
  void Fail(rd_kafka_resp_err_t error, size_t times) {
    const std::vector<rd_kafka_resp_err_t> errors(times, error);
    rd_kafka_mock_push_request_errors_array(cluster_, kProduceRequest, times, errors.data());
  }
  // The values of a partition, each at its first place.
  std::vector<std::string> FirstCopies(int32_t partition, int64_t last) {
    KafkaReaderOptions options;
    options.topic = "log";
    options.partition = partition;
    const auto reader = WaitingKafkaReader::Open(settings_, options);
    ESCALATION_CHECK((*reader)->Start(0).ok(), "start");
    std::vector<std::string> out;
    while (true) {
      const auto messages = (*reader)->Next(1000, absl::Seconds(30));
      ESCALATION_CHECK(messages.ok(), std::string(messages.status().message()));
      for (const KafkaMessage& message : *messages) {
        const std::string value(*message.value());
        if (std::find(out.begin(), out.end(), value) == out.end()) out.push_back(value);
        if (message.offset() >= last) return out;
      }
    }
  }

  rd_kafka_t* client_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
  KafkaSettings settings_;
  std::unique_ptr<KafkaProducer> producer_;
};

TEST_F(KafkaFatalErrorTest, a_new_producer_goes_on_in_order_without_a_gap) {
  constexpr int kRounds = 3;
  constexpr int kRecords = 200;
  // Of one thread: the producer's.
  std::vector<int64_t> offsets[kPartitions];
  std::vector<int> told[kPartitions];
  ASSERT_TRUE(ProduceAndWait(*producer_, Record(0, -1)).ok());
  for (int round = 0; round < kRounds; ++round) {
    Fail(RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, 1);
    for (int i = round * kRecords; i < (round + 1) * kRecords; ++i) {
      const int32_t partition = i % kPartitions;
      producer_->Produce(Record(partition, i), [&, partition, i](const auto& delivery) {
        ASSERT_TRUE(delivery.ok()) << delivery.status();
        offsets[partition].push_back(delivery->offset);
        told[partition].push_back(i);
      });
    }
    ASSERT_TRUE(producer_->Flush(absl::InfiniteDuration()).ok());
  }
  EXPECT_GE(producer_->restarts(), 1);
  for (int partition = 0; partition < kPartitions; ++partition) {
    ASSERT_EQ(told[partition].size(), size_t{kRounds * kRecords / kPartitions});
    EXPECT_TRUE(std::is_sorted(told[partition].begin(), told[partition].end()));
    EXPECT_TRUE(std::is_sorted(offsets[partition].begin(), offsets[partition].end()));
    std::vector<std::string> expected;
    if (partition == 0) expected.push_back("v-1");
    for (const int i : told[partition]) expected.push_back(Cat("v", i));
    EXPECT_EQ(FirstCopies(partition, offsets[partition].back()), expected);
  }
}

TEST_F(KafkaFatalErrorTest, what_is_produced_together_stays_in_order_over_many_requests) {
  // More than one request holds; a new producer takes over in the middle.
  constexpr int kRecords = 5'000;
  Fail(RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, 1);
  std::vector<int> told;
  std::vector<int64_t> offsets;
  std::vector<KafkaProducer::ToProduce> records;
  for (int i = 0; i < kRecords; ++i) {
    records.push_back({Record(0, i), [&, i](const auto& delivery) {
                         ASSERT_TRUE(delivery.ok()) << delivery.status();
                         told.push_back(i);
                         offsets.push_back(delivery->offset);
                       }});
  }
  producer_->ProduceTogether(std::move(records));
  ASSERT_TRUE(producer_->Flush(absl::InfiniteDuration()).ok());
  ASSERT_EQ(told.size(), size_t{kRecords});
  EXPECT_TRUE(std::is_sorted(told.begin(), told.end()));
  EXPECT_TRUE(std::is_sorted(offsets.begin(), offsets.end()));
  std::vector<std::string> expected;
  for (int i = 0; i < kRecords; ++i) expected.push_back(Cat("v", i));
  EXPECT_EQ(FirstCopies(0, offsets.back()), expected);
}

TEST_F(KafkaFatalErrorTest, what_is_produced_together_is_refused_together) {
  rd_kafka_mock_broker_set_down(cluster_, 1);
  producer_->Produce(Record(0, 0), [](const auto&) {});
  KafkaRecord large = Record(0, 2);
  large.value = std::string(size_t{1} << 20, 'x');
  std::vector<absl::Status> fates;
  std::vector<KafkaProducer::ToProduce> records;
  records.push_back({Record(0, 1), [&](const auto& fate) { fates.push_back(fate.status()); }});
  records.push_back({std::move(large), [&](const auto& fate) { fates.push_back(fate.status()); }});
  producer_->ProduceTogether(std::move(records));
  ASSERT_EQ(fates.size(), 2u);
  EXPECT_TRUE(absl::IsResourceExhausted(fates[0]));
  EXPECT_TRUE(absl::IsResourceExhausted(fates[1]));
  producer_->Stop(absl::ZeroDuration());
}

TEST_F(KafkaFatalErrorTest, what_passes_is_tried_again_and_no_fate) {
  Fail(RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, 3);
  Fail(RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, 3);
  Fail(RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, 2);
  const auto delivery = ProduceAndWait(*producer_, Record(0, 0));
  EXPECT_TRUE(delivery.ok()) << delivery.status();
  EXPECT_EQ(producer_->restarts(), 0);
}

TEST_F(KafkaFatalErrorTest, what_the_broker_never_takes_fails_alone) {
  Fail(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, 1);
  EXPECT_TRUE(absl::IsInvalidArgument(ProduceAndWait(*producer_, Record(0, 0)).status()));
  EXPECT_TRUE(ProduceAndWait(*producer_, Record(0, 1)).ok());
  KafkaRecord nowhere = Record(0, 2);
  nowhere.partition = kPartitions;
  EXPECT_TRUE(absl::IsNotFound(ProduceAndWait(*producer_, nowhere).status()));
}

TEST_F(KafkaFatalErrorTest, what_waits_is_bounded_and_told_when_the_producer_stops) {
  rd_kafka_mock_broker_set_down(cluster_, 1);
  int unavailable = 0;
  int exhausted = 0;
  for (int i = 0; i < 20; ++i) {
    KafkaRecord record = Record(0, i);
    record.value->assign(100'000, 'x');
    producer_->Produce(std::move(record), [&](const auto& delivery) {
      unavailable += absl::IsUnavailable(delivery.status()) ? 1 : 0;
      exhausted += absl::IsResourceExhausted(delivery.status()) ? 1 : 0;
    });
  }
  EXPECT_EQ(exhausted, 10);
  EXPECT_TRUE(absl::IsUnavailable(producer_->Flush(absl::ZeroDuration())));
  producer_->Stop(absl::ZeroDuration());
  EXPECT_EQ(unavailable, 10);
  EXPECT_TRUE(absl::IsFailedPrecondition(ProduceAndWait(*producer_, Record(0, 0)).status()));
}

}  // namespace
}  // namespace escalation
