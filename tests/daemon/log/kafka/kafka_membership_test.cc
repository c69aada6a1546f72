// Who should lead, as the members of a real group agree on it.

#include "daemon/log/kafka_membership.h"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "daemon/log/kafka_admin.h"
#include "state/base/text.h"
#include "tests/support/kafka_broker.h"

namespace escalation {
namespace {

constexpr Partition kPartition{0};
constexpr std::chrono::milliseconds kLook{50};
constexpr int kLooksMax = 1'200;

// One instance, whose loop looks all the while until it is told to hang.
class Member {
 public:
  explicit Member(KafkaMembershipOptions options) {
    auto opened = KafkaMembership::Open(std::move(options));
    EXPECT_TRUE(opened.ok()) << opened.status();
    membership_ = *std::move(opened);
    EXPECT_EQ(membership_->ClaimOf(kPartition), 0u) << "it has not joined";
    EXPECT_TRUE(membership_->Join().ok());
    loop_ = std::thread([this] {
      std::unique_lock lock(mutex_);
      while (!ended_) {
        if (!hangs_) membership_->Progress(kPartition);
        changed_.wait_for(lock, kLook);
      }
    });
  }
  ~Member() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
      changed_.notify_all();
    }
    loop_.join();
  }

  uint64_t claim() const { return membership_->ClaimOf(kPartition); }
  void Hang() {
    const std::lock_guard lock(mutex_);
    hangs_ = true;
  }
  KafkaMembership& membership() { return *membership_; }

 private:
  std::unique_ptr<KafkaMembership> membership_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool hangs_ = false;
  bool ended_ = false;
  std::thread loop_;
};

class KafkaMembershipTest : public testing::Test {
 protected:
  void SetUp() override {
    options_.settings = SharedBroker();
    options_.topic = NewTopic("membership.log");
    options_.group = Cat(options_.topic, ".owners");
    options_.partitions = {kPartition};
    options_.progress_timeout = absl::Seconds(1);
    auto admin = KafkaAdmin::Open(options_.settings);
    ASSERT_TRUE(admin.ok()) << admin.status();
    KafkaTopicSpec topic;
    topic.name = options_.topic;
    ASSERT_TRUE((*admin)->CreateTopic(topic).ok());
  }

  static void WaitUntil(const char* what, const std::function<bool()>& condition) {
    std::mutex mutex;
    std::condition_variable never;
    std::unique_lock lock(mutex);
    for (int looks = 0; !condition(); ++looks) {
      ASSERT_LT(looks, kLooksMax) << what;
      never.wait_for(lock, kLook);
    }
  }

  KafkaMembershipOptions options_;
};

TEST_F(KafkaMembershipTest, one_of_two_should_lead_and_the_other_when_it_leaves) {
  Member a(options_);
  WaitUntil("a claim", [&] { return a.claim() != 0; });
  Member b(options_);
  WaitUntil("both are members", [&] { return b.membership().Trouble().empty(); });
  WaitUntil("one claim", [&] { return (a.claim() != 0) != (b.claim() != 0); });
  Member& leader = a.claim() != 0 ? a : b;
  Member& other = a.claim() != 0 ? b : a;
  leader.membership().Leave();
  EXPECT_EQ(leader.claim(), 0u);
  WaitUntil("the other should lead", [&] { return other.claim() != 0; });
}

TEST_F(KafkaMembershipTest, a_loop_that_hangs_loses_its_claim_though_its_process_lives) {
  Member a(options_);
  WaitUntil("a claim", [&] { return a.claim() != 0; });
  a.Hang();
  Member b(options_);
  WaitUntil("the other should lead", [&] { return b.claim() != 0; });
}

TEST_F(KafkaMembershipTest, a_claim_that_stays_keeps_its_number) {
  Member a(options_);
  WaitUntil("a claim", [&] { return a.claim() != 0; });
  const uint64_t before = a.claim();
  {
    Member b(options_);
    WaitUntil("both are members", [&] { return b.membership().Trouble().empty(); });
  }
  WaitUntil("it leads alone", [&] { return a.claim() != 0; });
  EXPECT_LE(a.claim(), before + 1) << "one change at most: away and back";
}

}  // namespace
}  // namespace escalation
