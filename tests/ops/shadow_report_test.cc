// Where our decisions differ from the helpdesk's own SLA events.

#include <gtest/gtest.h>

#include <memory>
#include <sstream>
#include <string>

#include "daemon/log/embedded_log.h"
#include "ops/app.h"
#include "ops/shadow_ledger.h"
#include "state/base/text.h"
#include "state/policy/policy_loader.h"
#include "tests/support/temporary_directory.h"

namespace escalation {
namespace {

constexpr char kPolicy[] = ESCALATION_SOURCE_DIR "/tests/ops/one_hour_policy.yaml";

// A log of tickets that are promised an answer within an hour from noon on.
class ShadowReportTest : public testing::Test {
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
  }

  void Append(const std::string& at, v1::Event event) {
    now_ = *ParseInstant(at);
    event.set_tenant("default");
    ASSERT_TRUE(AppendAndWait(*log_, Partition{0}, event.SerializeAsString()).ok());
  }
  void Open(const std::string& ticket) {
    v1::Event event;
    event.set_ticket_id(ticket);
    event.mutable_actor()->set_kind(v1::Actor::CUSTOMER);
    event.mutable_opened();
    Append("2026-03-10T12:00:00Z", event);
  }
  void Reply(const std::string& at, const std::string& ticket) {
    v1::Event event;
    event.set_ticket_id(ticket);
    event.mutable_actor()->set_kind(v1::Actor::AGENT);
    event.mutable_message_added()->set_visibility(v1::MessageAdded::PUBLIC);
    Append(at, event);
  }
  void Say(const std::string& at, const std::string& ticket, const std::string& metric,
           const std::string& value) {
    v1::Event event;
    event.set_ticket_id(ticket);
    v1::Field* const field = event.mutable_fields_changed()->add_fields();
    field->set_name(Cat("helpdesk_sla.", metric));
    field->set_value(value);
    Append(at, event);
  }
  void Tick(const std::string& at) {
    v1::Event event;
    ToProto(*ParseInstant(at), event.mutable_tick()->mutable_until());
    Append(at, event);
  }

  // What `report shadow` prints; its exit code and notices stay in exit_code_ and err_.
  std::string Report(std::vector<std::string> arguments) {
    log_->Stop();
    log_.reset();
    std::vector<std::string> all = {"report", "shadow", "--log", Cat("embedded:", dir_ / "log")};
    all.insert(all.end(), arguments.begin(), arguments.end());
    std::istringstream in;
    std::ostringstream out;
    std::ostringstream err;
    exit_code_ = RunEscalationctl(all, in, out, err);
    err_ = err.str();
    return out.str();
  }

  TemporaryDirectory dir_;
  Instant now_;
  std::unique_ptr<Log> log_;
  int exit_code_ = -1;
  std::string err_;
};

TEST_F(ShadowReportTest, each_difference_is_a_row_and_what_agrees_is_none) {
  for (const char* ticket : {"agree", "ours", "theirs", "due", "silent"}) Open(ticket);
  Say("2026-03-10T12:00:10Z", "agree", "first_response", "due 2026-03-10T13:00:30Z");
  Say("2026-03-10T12:00:10Z", "due", "first_response", "due 2026-03-10T16:00:00Z");
  Say("2026-03-10T12:00:10Z", "due", "not_promised", "met");
  Reply("2026-03-10T12:10:00Z", "theirs");
  Say("2026-03-10T12:20:00Z", "theirs", "first_response", "breached");
  Reply("2026-03-10T12:30:00Z", "due");
  Tick("2026-03-10T13:00:02Z");
  Say("2026-03-10T13:00:40Z", "agree", "first_response", "breached");
  Reply("2026-03-10T13:10:00Z", "ours");
  Say("2026-03-10T13:10:10Z", "ours", "first_response", "met");
  EXPECT_EQ(
      Report({"-o", "jsonl"}),
      R"({"difference":"due_differs","tenant":"default","ticket_id":"due","metric":"first_response","ours":"met","theirs":"due","our_due_at":"2026-03-10T13:00:00Z","their_due_at":"2026-03-10T16:00:00Z"}
{"difference":"no_clock","tenant":"default","ticket_id":"due","metric":"not_promised","ours":"none","theirs":"met"}
{"difference":"ours_only","tenant":"default","ticket_id":"ours","metric":"first_response","ours":"breached","theirs":"met","our_due_at":"2026-03-10T13:00:00Z"}
{"difference":"theirs_only","tenant":"default","ticket_id":"theirs","metric":"first_response","ours":"met","theirs":"breached","our_due_at":"2026-03-10T13:00:00Z"}
)");
  EXPECT_EQ(exit_code_, 0);
  EXPECT_EQ(err_, "5 promises compared, 4 differ\n");
}

TEST_F(ShadowReportTest, the_tolerance_can_be_chosen) {
  Open("T-1");
  Say("2026-03-10T12:00:10Z", "T-1", "first_response", "due 2026-03-10T13:04:00Z");
  EXPECT_EQ(Report({"--tolerance", "5m", "-o", "json"}), "[]\n");
}

TEST_F(ShadowReportTest, what_cannot_be_read_is_said) {
  Open("T-1");
  Say("2026-03-10T12:00:10Z", "T-1", "first_response", "violated");
  EXPECT_EQ(Report({"-o", "jsonl"}), "");
  EXPECT_NE(err_.find("1 values say neither met, breached nor due, such as T-1: "
                      "helpdesk_sla.first_response=violated"),
            std::string::npos)
      << err_;
}

TEST_F(ShadowReportTest, a_retracted_breach_is_none) {
  Open("T-1");
  Tick("2026-03-10T13:00:02Z");
  v1::Event reply;
  reply.set_ticket_id("T-1");
  reply.mutable_actor()->set_kind(v1::Actor::AGENT);
  reply.mutable_message_added()->set_visibility(v1::MessageAdded::PUBLIC);
  ToProto(*ParseInstant("2026-03-10T12:30:00Z"), reply.mutable_occurred_at());
  Append("2026-03-10T13:05:00Z", reply);
  Say("2026-03-10T13:10:10Z", "T-1", "first_response", "met");
  EXPECT_EQ(Report({"-o", "jsonl"}), "") << err_;
}

TEST_F(ShadowReportTest, a_log_that_is_not_there_fails) {
  Report({"--log", "archive:/nowhere"});
  EXPECT_NE(exit_code_, 0);
}

}  // namespace
}  // namespace escalation
