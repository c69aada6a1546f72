// The log while its broker is killed, paused and comes back. Each test has a broker of its own.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "daemon/log/kafka_log.h"
#include "daemon/log/kafka_topics.h"
#include "state/base/text.h"
#include "tests/support/kafka_broker.h"

namespace escalation {
namespace {

constexpr Partition kZero{0};
constexpr size_t kPlenty = 1 << 20;

class KafkaOutageTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto created = CreateKafkaLog(broker_.settings(), {"outage.log", 1, 1, {}});
    ASSERT_TRUE(created.ok()) << created.status();
    incarnation_ = *created;
    auto log = OpenKafkaLog({.settings = broker_.settings(),
                             .topic = "outage.log",
                             .queue_bytes_max = size_t{1} << 20});
    ASSERT_TRUE(log.ok()) << log.status();
    log_ = *std::move(log);
  }
  void TearDown() override {
    if (log_ != nullptr) log_->Stop();
  }
  // Appends until `count` were acknowledged; what is refused for want of room is tried again.
  void AppendAll(int count, const std::function<void(int acknowledged)>& progress) {
    std::mutex mutex;
    std::condition_variable changed;
    int acknowledged = 0;
    int64_t last = 0;
    for (int i = 0; i < count; ++i) {
      log_->Append(kZero, Cat("v", i), [&, i](const absl::StatusOr<Appended>& appended) {
        const std::lock_guard lock(mutex);
        EXPECT_TRUE(appended.ok()) << appended.status();
        if (!appended.ok()) return;
        EXPECT_EQ(acknowledged, i);
        EXPECT_GT(appended->offset.value, last);
        last = appended->offset.value;
        ++acknowledged;
        changed.notify_all();
      });
      if (i % 100 != 99) continue;
      progress(i + 1);
      // Few under way, so that every outage meets some.
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return acknowledged + 500 >= i; });
    }
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return acknowledged == count; });
  }
  // Reads to the end as the loop of a partition does; values at their first places.
  std::vector<std::string> ReadAll(Offset from) {
    std::vector<std::string> out;
    std::set<std::string> seen;
    while (true) {
      const auto batch = log_->Read(kZero, from, kPlenty);
      if (absl::IsUnavailable(batch.status())) continue;
      EXPECT_TRUE(batch.ok()) << batch.status();
      if (!batch.ok()) return out;
      for (const Record& record : batch->records) {
        EXPECT_GE(record.offset, from);
        if (seen.insert(record.value).second) out.push_back(record.value);
        from = record.offset + 1;
      }
      if (from >= batch->end) return out;
    }
  }

  OwnBroker broker_;
  std::string incarnation_;
  std::unique_ptr<Log> log_;
};

TEST_F(KafkaOutageTest, a_killed_broker_loses_nothing_and_changes_no_order) {
  constexpr int kRecords = 3000;
  AppendAll(kRecords, [&](int appended) {
    if (appended % 1000 != 500) return;
    broker_.Kill();
    broker_.Start();
  });
  std::vector<std::string> expected;
  for (int i = 0; i < kRecords; ++i) expected.push_back(Cat("v", i));
  EXPECT_EQ(ReadAll(Offset{1}), expected);
  EXPECT_TRUE(log_->Health().ok());
}

TEST_F(KafkaOutageTest, what_is_asked_while_the_broker_is_away_is_unavailable_and_comes_later) {
  ASSERT_TRUE(AppendAndWait(*log_, kZero, "before").ok());
  ASSERT_EQ(ReadAll(Offset{1}), std::vector<std::string>{"before"});
  const std::vector<PublishedDecision> decisions = {{1, Cat(incarnation_, "/0/1/0"), "one"},
                                                    {2, Cat(incarnation_, "/0/1/1"), "two"}};
  ASSERT_TRUE(log_->Publish(kZero, {decisions[0]}).ok());
  broker_.Pause();
  // The end stays what it was; nobody is told that something is new.
  EXPECT_EQ(*log_->End(kZero), Offset{2});
  EXPECT_FALSE(log_->WaitFor(kZero, Offset{2}, absl::Milliseconds(50)));
  EXPECT_TRUE(log_->Read(kZero, Offset{2}, kPlenty)->records.empty());
  std::atomic<int> acknowledged = 0;
  std::atomic<int> exhausted = 0;
  for (int i = 0; i < 12; ++i) {
    log_->Append(kZero, std::string(100'000, 'x'), [&](const absl::StatusOr<Appended>& appended) {
      if (appended.ok()) ++acknowledged;
      if (absl::IsResourceExhausted(appended.status())) ++exhausted;
    });
  }
  EXPECT_EQ(exhausted, 2);
  EXPECT_TRUE(absl::IsUnavailable(log_->Publish(kZero, decisions)));
  EXPECT_TRUE(log_->Health().ok());
  broker_.Resume();
  ASSERT_TRUE(AppendAndWait(*log_, kZero, "after").ok());
  EXPECT_EQ(acknowledged, 10);
  // Sent before, it is not sent again.
  ASSERT_TRUE(log_->Publish(kZero, decisions).ok());
  EXPECT_EQ(log_->ReadDecisions(kZero, 1, 10)->size(), 2u);
  ASSERT_TRUE(log_->WaitFor(kZero, Offset{12}, absl::InfiniteDuration()));
  EXPECT_EQ(ReadAll(Offset{12}).back(), "after");
}

TEST_F(KafkaOutageTest, a_log_cannot_be_opened_while_no_broker_answers_and_nothing_hangs) {
  broker_.Kill();
  const auto log = OpenKafkaLog({.settings = broker_.settings(), .topic = "outage.log"});
  EXPECT_TRUE(absl::IsUnavailable(log.status())) << log.status();
  EXPECT_NE(log.status().message().find("Connection refused"), std::string::npos) << log.status();
  EXPECT_TRUE(absl::IsUnavailable(log_->PublishedThrough(kZero).status()));
  broker_.Start();
  EXPECT_TRUE(OpenKafkaLog({.settings = broker_.settings(), .topic = "outage.log"}).ok());
}

}  // namespace
}  // namespace escalation
