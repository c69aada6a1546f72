// The log on Kafka as it is found, made and refused.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "daemon/log/kafka_admin.h"
#include "daemon/log/kafka_log.h"
#include "daemon/log/kafka_producer.h"
#include "daemon/log/kafka_reader.h"
#include "daemon/log/kafka_topics.h"
#include "escalation/v1/event.pb.h"
#include "state/base/text.h"
#include "tests/daemon/log/log_kinds.h"
#include "tests/support/kafka_broker.h"

namespace escalation {

std::vector<LogKind> WritableLogs() {
  return {{"kafka", 1,
           [](const std::string&, int32_t partitions, ManualClock*) -> std::unique_ptr<Log> {
             const KafkaSettings settings = SharedBroker();
             const std::string topic = NewTopic("conformance.log");
             const auto created = CreateKafkaLog(settings, {topic, partitions, 1, {}});
             EXPECT_TRUE(created.ok()) << created.status();
             absl::StatusOr<std::unique_ptr<Log>> log =
                 OpenKafkaLog({.settings = settings, .topic = topic});
             EXPECT_TRUE(log.ok()) << log.status();
             return log.ok() ? *std::move(log) : nullptr;
           }}};
}

namespace {

constexpr Partition kZero{0};
constexpr size_t kPlenty = 1 << 20;

class KafkaLogTest : public testing::Test {
 protected:
  void SetUp() override {
    auto admin = KafkaAdmin::Open(settings_);
    ASSERT_TRUE(admin.ok()) << admin.status();
    admin_ = *std::move(admin);
  }
  void Create(int32_t partitions = 1) {
    const auto created = CreateKafkaLog(settings_, {topic_, partitions, 1, {}});
    ASSERT_TRUE(created.ok()) << created.status();
    incarnation_ = *created;
  }
  absl::StatusOr<std::unique_ptr<Log>> Open(Access access = Access::kReadWrite) const {
    KafkaLogOptions options;
    options.settings = settings_;
    options.topic = topic_;
    options.access = access;
    return OpenKafkaLog(std::move(options));
  }
  // As somebody who does not know what the topic is.
  void WriteAsStranger(const std::string& topic, std::vector<KafkaHeader> headers) const {
    const auto producer = KafkaProducer::Open(settings_, {.client_id = "stranger"});
    ASSERT_TRUE(producer.ok());
    KafkaRecord record;
    record.topic = topic;
    record.partition = 0;
    record.value = "{}";
    record.headers = std::move(headers);
    ASSERT_TRUE(ProduceAndWait(**producer, record).ok());
  }
  static std::string Values(const Log& log, Offset from) {
    const auto batch = log.Read(kZero, from, kPlenty);
    if (!batch.ok()) return std::string(batch.status().message());
    std::string out;
    for (const Record& record : batch->records) CatTo(&out, record.offset, "=", record.value, " ");
    return out;
  }

  const KafkaSettings settings_ = SharedBroker();
  const std::string topic_ = NewTopic("test.log");
  std::unique_ptr<KafkaAdmin> admin_;
  std::string incarnation_;
};

TEST_F(KafkaLogTest, a_created_log_begins_with_a_tick_that_does_nothing) {
  Create(2);
  const auto log = Open();
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_EQ((*log)->partitions(), 2);
  EXPECT_EQ((*log)->identity(), (LogIdentity{"kafka", *admin_->ClusterId(), topic_, incarnation_}));
  const auto batch = (*log)->Read(Partition{1}, Offset{0}, kPlenty);
  ASSERT_EQ(batch->records.size(), 1u);
  v1::Event event;
  ASSERT_TRUE(event.ParseFromString(batch->records[0].value));
  EXPECT_EQ(event.tick().until().seconds(), 0);
  EXPECT_EQ(event.tenant(), "");
}

TEST_F(KafkaLogTest, creating_a_log_again_changes_nothing) {
  Create(2);
  const std::string incarnation = incarnation_;
  Create(2);
  EXPECT_EQ(incarnation_, incarnation);
  EXPECT_EQ(admin_->Watermarks(topic_, 0)->end, 1);
  const auto other = CreateKafkaLog(settings_, {topic_, 3, 1, {}});
  EXPECT_TRUE(absl::IsFailedPrecondition(other.status())) << other.status();
}

TEST_F(KafkaLogTest, what_was_interrupted_while_a_log_was_created_is_completed) {
  Create(1);
  // Only the topics of another one: the interruption came before the marks.
  const std::string topic = NewTopic("interrupted.log");
  ASSERT_TRUE(
      admin_->CreateTopic({topic, 2, 1, {{"message.timestamp.type", "LogAppendTime"}}}).ok());
  EXPECT_TRUE(absl::IsNotFound(OpenKafkaLog({.settings = settings_, .topic = topic}).status()));
  ASSERT_TRUE(CreateKafkaLog(settings_, {topic, 2, 1, {}}).ok());
  EXPECT_TRUE(OpenKafkaLog({.settings = settings_, .topic = topic}).ok());
}

TEST_F(KafkaLogTest, topics_that_would_lose_records_are_not_opened) {
  Create();
  for (const auto& [name, value] : {std::pair("cleanup.policy", "compact"),
                                    std::pair("message.timestamp.type", "CreateTime")}) {
    const auto refused = CreateKafkaLog(settings_, {NewTopic("bad.log"), 1, 1, {{name, value}}});
    EXPECT_TRUE(absl::IsInvalidArgument(refused.status())) << refused.status();
    EXPECT_NE(refused.status().message().find(name), std::string::npos) << refused.status();
  }
  const std::string topic = NewTopic("dated.log");
  ASSERT_TRUE(admin_->CreateTopic({topic, 1, 1, {}}).ok());
  ASSERT_TRUE(admin_->CreateTopic({TopicsOf(topic).decisions, 1, 1, {}}).ok());
  const auto log = OpenKafkaLog({.settings = settings_, .topic = topic});
  EXPECT_TRUE(absl::IsFailedPrecondition(log.status())) << log.status();
  EXPECT_NE(log.status().message().find("message.timestamp.type is CreateTime"), std::string::npos)
      << log.status();
}

TEST_F(KafkaLogTest, a_limited_retention_is_told) {
  ASSERT_TRUE(CreateKafkaLog(settings_, {topic_, 1, 1, {{"retention.ms", "604800000"}}}).ok());
  std::vector<std::string> warnings;
  KafkaLogOptions options;
  options.settings = settings_;
  options.topic = topic_;
  options.on_warning = [&](const std::string& text) { warnings.push_back(text); };
  ASSERT_TRUE(OpenKafkaLog(std::move(options)).ok());
  ASSERT_EQ(warnings.size(), 2u);
  EXPECT_EQ(warnings[0].find(Cat(topic_, ": retention.ms is 604800000, expected -1")), 0u)
      << warnings[0];
}

TEST_F(KafkaLogTest, a_missing_or_empty_topic_says_how_to_make_a_log) {
  const auto missing = Open();
  EXPECT_TRUE(absl::IsNotFound(missing.status())) << missing.status();
  EXPECT_NE(missing.status().message().find("escalationctl log create"), std::string::npos);
  for (const std::string& topic : {topic_, TopicsOf(topic_).decisions}) {
    ASSERT_TRUE(
        admin_->CreateTopic({topic, 1, 1, {{"message.timestamp.type", "LogAppendTime"}}}).ok());
  }
  const auto empty = Open();
  EXPECT_TRUE(absl::IsFailedPrecondition(empty.status())) << empty.status();
  EXPECT_NE(empty.status().message().find("escalationctl log create"), std::string::npos);
}

TEST_F(KafkaLogTest, a_topic_that_was_made_anew_is_another_log) {
  Create();
  const std::string first = incarnation_;
  auto log = Open();
  ASSERT_TRUE(AppendAndWait(**log, kZero, "a").ok());
  ASSERT_EQ(Values(**log, Offset{1}), "1=a ");
  ASSERT_TRUE(admin_->DeleteTopic(topic_).ok());
  Create();
  EXPECT_NE(incarnation_, first);
  EXPECT_NE((*Open())->identity(), (*log)->identity());
  // Who has the old one open can neither go on reading nor append without noticing.
  WriteAsStranger(topic_, {{kIncarnationHeader, std::string(16, 'x')}});
  WriteAsStranger(topic_, {{kIncarnationHeader, std::string(16, 'x')}});
  const auto read = (*log)->Read(kZero, Offset{1}, kPlenty);
  EXPECT_TRUE(absl::IsFailedPrecondition(read.status())) << read.status();
}

TEST_F(KafkaLogTest, a_topic_that_was_made_anew_is_refused_in_words_of_ours) {
  Create();
  const std::string first = incarnation_;
  auto log = Open();
  for (const char* value : {"a", "b", "c"}) ASSERT_TRUE(AppendAndWait(**log, kZero, value).ok());
  ASSERT_EQ(Values(**log, Offset{1}), "1=a 2=b 3=c ");
  ASSERT_TRUE(admin_->DeleteTopic(topic_).ok());
  Create();
  // The new one is shorter, so that what is asked for is not there.
  absl::StatusOr<RecordBatch> read = (*log)->Read(kZero, Offset{4}, kPlenty);
  while (read.ok() || absl::IsUnavailable(read.status())) {
    (*log)->WaitFor(kZero, Offset{4}, absl::Milliseconds(50));
    read = (*log)->Read(kZero, Offset{4}, kPlenty);
  }
  EXPECT_TRUE(absl::IsFailedPrecondition(read.status())) << read.status();
  EXPECT_EQ(read.status().message(),
            Cat(topic_, "[0]: the topic was made anew: it begins with log ", incarnation_,
                ", expected log ", first,
                " with offset 4\n  hint: the records of the old topic are gone with it, unless an "
                "archive has them; a state_dir belongs to one log"));
}

TEST_F(KafkaLogTest, reading_stops_before_a_stranger_s_record) {
  Create();
  const auto log = Open();
  ASSERT_TRUE(AppendAndWait(**log, kZero, "a").ok());
  WriteAsStranger(topic_, {});
  ASSERT_TRUE((*log)->WaitFor(kZero, Offset{2}, absl::InfiniteDuration()));
  const auto read = (*log)->Read(kZero, Offset{2}, kPlenty);
  EXPECT_TRUE(absl::IsFailedPrecondition(read.status())) << read.status();
  EXPECT_NE(read.status().message().find("offset 2 was not written by escalationd"),
            std::string::npos)
      << read.status();
}

TEST_F(KafkaLogTest, positions_that_retention_removed_are_out_of_range) {
  Create();
  const auto log = Open();
  for (const char* value : {"a", "b", "c"}) ASSERT_TRUE(AppendAndWait(**log, kZero, value).ok());
  ASSERT_TRUE(admin_->DeleteRecords(topic_, 0, 3).ok());
  EXPECT_EQ(*(*log)->Begin(kZero), Offset{3});
  EXPECT_EQ((*log)->Read(kZero, Offset{2}, kPlenty).status(),
            absl::OutOfRangeError(
                Cat(topic_,
                    "[0]: offset 2 is not in the log, which holds 3 up to before 4\n  hint: "
                    "retention removed records that were not read yet")));
  EXPECT_EQ(Values(**log, Offset{3}), "3=c ");
  EXPECT_TRUE(Open().ok());
}

TEST_F(KafkaLogTest, a_log_opened_for_reading_takes_nothing) {
  Create();
  const auto writer = Open();
  const auto reader = Open(Access::kReadOnly);
  ASSERT_TRUE(AppendAndWait(**writer, kZero, "a").ok());
  EXPECT_TRUE((*reader)->WaitFor(kZero, Offset{1}, absl::InfiniteDuration()));
  EXPECT_EQ(Values(**reader, Offset{1}), "1=a ");
  EXPECT_TRUE(absl::IsFailedPrecondition(AppendAndWait(**reader, kZero, "b").status()));
  EXPECT_TRUE(absl::IsFailedPrecondition((*reader)->Publish(kZero, {{1, "x", "y"}})));
}

TEST_F(KafkaLogTest, who_waits_is_woken_by_what_another_process_appends) {
  Create();
  const auto writer = Open();
  const auto reader = Open(Access::kReadOnly);
  for (Offset next{1}; next < Offset{20}; next = next + 1) {
    (*writer)->Append(kZero, "a", [](const auto&) {});
    ASSERT_TRUE((*reader)->WaitFor(kZero, next, absl::InfiniteDuration()));
    ASSERT_EQ(Values(**reader, next), Cat(next, "=a "));
  }
}

TEST_F(KafkaLogTest, readers_at_several_positions_do_not_disturb_each_other) {
  Create();
  const auto log = Open();
  for (int i = 1; i <= 100; ++i) ASSERT_TRUE(AppendAndWait(**log, kZero, Cat("v", i)).ok());
  Offset at[] = {Offset{1}, Offset{31}, Offset{61}};
  for (int i = 0; i < 10; ++i) {
    for (Offset& from : at) {
      const auto batch = (*log)->Read(kZero, from, 0);
      ASSERT_TRUE(batch.ok()) << batch.status();
      ASSERT_EQ(batch->records.size(), 1u);
      ASSERT_EQ(batch->records[0].value, Cat("v", from));
      from = from + 1;
    }
  }
}

TEST_F(KafkaLogTest, a_record_has_the_key_of_its_tenant) {
  Create();
  const auto log = Open();
  v1::Event event;
  event.set_tenant("acme");
  event.mutable_tick();
  ASSERT_TRUE(AppendAndWait(**log, kZero, event.SerializeAsString()).ok());
  KafkaReaderOptions options;
  options.topic = topic_;
  const auto reader = WaitingKafkaReader::Open(settings_, options);
  ASSERT_TRUE((*reader)->Start(1).ok());
  const auto messages = (*reader)->Next(1, absl::InfiniteDuration());
  EXPECT_EQ(messages->front().key(), "acme");
  EXPECT_EQ(messages->front().headers(),
            (std::vector<KafkaHeader>{{kIncarnationHeader, messages->front().headers()[0].value}}));
}

}  // namespace
}  // namespace escalation
