#include "ops/replay.h"

#include <gtest/gtest.h>

#include <future>
#include <sstream>

#include "daemon/log/embedded_log.h"
#include "escalation/v1/event.pb.h"
#include "ops/app.h"
#include "state/base/text.h"
#include "state/policy/policy_loader.h"
#include "tests/support/temporary_directory.h"

namespace escalation {
namespace {

constexpr char kPolicy[] = ESCALATION_SOURCE_DIR "/tests/ops/one_hour_policy.yaml";
constexpr char kLongerPolicy[] = ESCALATION_SOURCE_DIR "/tests/ops/two_hours_policy.yaml";

struct Result {
  int exit_code = 0;
  std::string out;
  std::string err;
};

// A log in which a promise of an hour was broken, with what its daemon published.
class ReplayTest : public testing::Test {
 protected:
  void SetUp() override {
    EmbeddedLogOptions options;
    options.clock = [this] { return now_; };
    auto log = OpenEmbeddedLog(dir_ / "log", options);
    ASSERT_TRUE(log.ok()) << log.status();
    log_ = *std::move(log);
    absl::StatusOr<LoadedPolicy> policy = LoadPolicyFile(kPolicy);
    ASSERT_TRUE(policy.ok()) << policy.status();
    v1::Event published;
    *published.mutable_policy_published()->mutable_policy() = policy->policy;
    Append("2026-03-10T11:00:00Z", published);
    v1::Event opened;
    opened.set_ticket_id("T-1");
    opened.mutable_actor()->set_kind(v1::Actor::CUSTOMER);
    opened.mutable_opened();
    Append("2026-03-10T12:00:00Z", opened);
    v1::Event tick;
    ToProto(*ParseInstant("2026-03-10T13:00:00Z"), tick.mutable_tick()->mutable_until());
    Append("2026-03-10T13:00:02Z", tick);
    v1::Event reply;
    reply.set_ticket_id("T-1");
    reply.mutable_actor()->set_kind(v1::Actor::AGENT);
    reply.mutable_message_added()->set_visibility(v1::MessageAdded::PUBLIC);
    Append("2026-03-10T13:30:00Z", reply);
  }

  void Append(const char* time, v1::Event event) {
    now_ = *ParseInstant(time);
    event.set_tenant("default");
    std::promise<absl::Status> done;
    log_->Append(
        Partition{0}, event.SerializeAsString(),
        [&](const absl::StatusOr<Appended>& appended) { done.set_value(appended.status()); });
    ASSERT_TRUE(done.get_future().get().ok());
  }

  // What the log folds to, `change`d, as the decisions stream.
  void Publish(size_t count, const std::function<void(v1::Decision*)>& change = {}) {
    std::vector<PublishedDecision> decisions;
    const auto counts = ReplayLog(
        *log_, Partition{0},
        [&](v1::Decision decision) {
          if (change) change(&decision);
          if (decisions.size() < count) {
            decisions.push_back({decision.seq(), decision.id(), decision.SerializeAsString()});
          }
          return absl::OkStatus();
        },
        [](int64_t, int64_t) {});
    ASSERT_TRUE(counts.ok()) << counts.status();
    ASSERT_EQ(decisions.size(), count);
    ASSERT_TRUE(log_->Publish(Partition{0}, decisions).ok());
  }

  Result Replay(std::vector<std::string> options) {
    log_.reset();
    std::vector<std::string> arguments = {"replay", "--log", Cat("embedded:", dir_ / "log")};
    arguments.insert(arguments.end(), options.begin(), options.end());
    std::istringstream in;
    std::ostringstream out, err;
    Result result;
    result.exit_code = RunEscalationctl(arguments, in, out, err);
    result.out = out.str();
    result.err = err.str();
    return result;
  }

  TemporaryDirectory dir_;
  Instant now_;
  std::unique_ptr<Log> log_;
};

constexpr char kAsItWas[] =
    "clock T-1 first_response started due=2026-03-10T13:00:00Z at=2026-03-10T12:00:00Z\n"
    "clock T-1 first_response breached used=1h at=2026-03-10T13:00:00Z\n"
    "clock T-1 first_response met late used=1h30m at=2026-03-10T13:30:00Z\n";

TEST_F(ReplayTest, PrintsWhatTheLogFoldsTo) {
  const Result result = Replay({"-o", "table"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, kAsItWas);
}

TEST_F(ReplayTest, VerifyAgreesWithWhatWasPublished) {
  Publish(2);
  const Result result = Replay({"--verify"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out,
            "partition 0: 4 records fold to 3 decisions; the 2 that were published are the same, "
            "1 are not published yet\n");
}

TEST_F(ReplayTest, VerifyShowsTheFirstDifference) {
  Publish(3, [](v1::Decision* decision) {
    if (decision->has_clock_breached()) decision->mutable_clock_breached()->set_cycle(2);
  });
  const Result result = Replay({"--verify"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.err.find("partition 0, decision 2: published\n"), std::string::npos)
      << result.err;
  EXPECT_NE(result.err.find("\"cycle\":2"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("folded now\n"), std::string::npos) << result.err;
}

TEST_F(ReplayTest, AnotherPolicyFoldsTheSameEventsOtherwise) {
  const Result result = Replay({"--policy", kLongerPolicy, "-o", "table"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out,
            "clock T-1 first_response started due=2026-03-10T14:00:00Z at=2026-03-10T12:00:00Z\n"
            "clock T-1 first_response met used=1h30m at=2026-03-10T13:30:00Z\n");
}

TEST_F(ReplayTest, DiffPrintsWhatChanges) {
  const Result result = Replay({"--policy", kLongerPolicy, "--diff"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out,
            "- clock T-1 first_response started due=2026-03-10T13:00:00Z at=2026-03-10T12:00:00Z\n"
            "+ clock T-1 first_response started due=2026-03-10T14:00:00Z at=2026-03-10T12:00:00Z\n"
            "- clock T-1 first_response breached used=1h at=2026-03-10T13:00:00Z\n"
            "- clock T-1 first_response met late used=1h30m at=2026-03-10T13:30:00Z\n"
            "+ clock T-1 first_response met used=1h30m at=2026-03-10T13:30:00Z\n");
  EXPECT_EQ(result.err, "clock_breached 1 -> 0\n");
}

TEST_F(ReplayTest, DiffWithTheSamePolicyIsEmpty) {
  const Result result = Replay({"--policy", kPolicy, "--diff"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err, "");
}

TEST_F(ReplayTest, MistakesInTheCallAreNamed) {
  EXPECT_EQ(Replay({"--diff"}).exit_code, 2);
  EXPECT_EQ(Replay({"--verify", "--policy", kPolicy}).exit_code, 2);
  EXPECT_EQ(Replay({"--partition", "9"}).exit_code, 1);
  EXPECT_EQ(Replay({"--policy", "/nowhere.yaml"}).exit_code, 78);
  std::istringstream in;
  std::ostringstream out, err;
  EXPECT_EQ(RunEscalationctl({"replay", "--log", "embedded:/nowhere"}, in, out, err), 1);
  EXPECT_EQ(RunEscalationctl({"replay", "--log", "file:/x"}, in, out, err), 1);
  EXPECT_EQ(RunEscalationctl({"replay"}, in, out, err), 2);
}

}  // namespace
}  // namespace escalation
