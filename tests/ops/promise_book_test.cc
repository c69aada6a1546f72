// What counts as met, breached, retracted and excused, and what a month then costs.
#include "ops/promise_book.h"

#include <gtest/gtest.h>

#include <memory>
#include <sstream>
#include <string>

#include "daemon/log/archive_writer.h"
#include "daemon/log/memory_log.h"
#include "escalation/v1/event.pb.h"
#include "ops/app.h"
#include "ops/promise_fold.h"
#include "ops/service_credit.h"
#include "state/base/text.h"
#include "state/policy/policy_loader.h"
#include "tests/support/temporary_directory.h"

namespace escalation {
namespace {

constexpr char kPolicy[] =
    "policy: promises\nrevision: 1\nseverities: [low, high]\ndisplay_zone: Pacific/Auckland\n"
    "plans:\n  gold:\n    targets:\n"
    "      - {name: reply, metric: first_response, severity: low, within: 2h}\n"
    "      - {name: fast_reply, metric: first_response, severity: high, within: 1h}\n"
    "      - {name: asleep, metric: auto_resolve, within: 1d}\n"
    "    credits:\n"
    "      - {attainment_below: 99%, credit: 5%}\n"
    "      - {attainment_below: 60%, credit: 25%, targets: [reply]}\n"
    "      - {attainment_below: 40%, credit: 10%}\n";

class PromiseTest : public ::testing::Test {
 protected:
  PromiseTest() {
    const LoadedPolicy policy = *LoadPolicyText("p.yaml", kPolicy);
    v1::Event event;
    *event.mutable_calendars_published()->mutable_calendars() = policy.calendars;
    Append("2026-03-30T00:00:00Z", event);
    event.Clear();
    *event.mutable_policy_published()->mutable_policy() = policy.policy;
    Append("2026-03-30T00:00:00Z", event);
  }

  void Append(const char* time, v1::Event event, const char* occurred = nullptr) {
    event.set_tenant("default");
    now_ = *ParseInstant(time);
    if (occurred != nullptr) ToProto(*ParseInstant(occurred), event.mutable_occurred_at());
    log_.Append(Partition{0}, event.SerializeAsString(), [](const auto&) {});
  }

  void Open(const char* time, const std::string& ticket, const char* severity = "low") {
    v1::Event event;
    event.set_ticket_id(ticket);
    event.mutable_actor()->set_kind(v1::Actor::CUSTOMER);
    event.mutable_opened()->set_account("acme");
    event.mutable_opened()->set_severity(severity);
    Append(time, event);
  }

  void Reply(const char* time, const std::string& ticket, const char* occurred = nullptr) {
    v1::Event event;
    event.set_ticket_id(ticket);
    event.mutable_actor()->set_kind(v1::Actor::AGENT);
    event.mutable_message_added()->set_visibility(v1::MessageAdded::PUBLIC);
    Append(time, event, occurred);
  }

  void Tick(const char* time) {
    v1::Event event;
    ToProto(*ParseInstant(time), event.mutable_tick()->mutable_until());
    Append(time, event);
  }

  PromiseFolding Fold() {
    std::ostringstream nowhere;
    ProgressBar progress(nowhere, 0);
    absl::StatusOr<PromiseFolding> folding = FoldPromises(log_, "", progress);
    EXPECT_TRUE(folding.ok()) << folding.status();
    return *std::move(folding);
  }

  // "2026-03 acme gold met=1 breached=2 retracted=0 excused=0"
  std::string Rows() {
    const PromiseFolding folding = Fold();
    std::string text;
    for (const PromiseRow& row : folding.book.Rows(folding.zone)) {
      CatTo(&text, row.month, " ", row.account, " ", row.plan, " met=", row.counts.met,
            " breached=", row.counts.breached, " retracted=", row.counts.retracted,
            " excused=", row.counts.excused, "\n");
    }
    return text;
  }

  Instant now_;
  MemoryLog log_{"0123456789abcdef0123456789abcdef", 1, [this] { return now_; }};
};

TEST_F(PromiseTest, months_are_those_of_the_display_zone) {
  Open("2026-03-31T08:00:00Z", "T-1");
  Reply("2026-03-31T09:00:00Z", "T-1");  // 22:00 in Auckland.
  Open("2026-03-31T10:30:00Z", "T-2");
  Reply("2026-03-31T11:30:00Z", "T-2");  // 00:30 of the first of April.
  EXPECT_EQ(Rows(),
            "2026-03 acme gold met=1 breached=0 retracted=0 excused=0\n"
            "2026-04 acme gold met=1 breached=0 retracted=0 excused=0\n");
}

TEST_F(PromiseTest, a_breach_counts_when_it_was_due_and_an_answer_after_it_changes_nothing) {
  Open("2026-03-31T08:30:00Z", "T-1");
  Tick("2026-03-31T10:31:00Z");
  Reply("2026-03-31T12:00:00Z", "T-1");
  EXPECT_EQ(Rows(), "2026-03 acme gold met=0 breached=1 retracted=0 excused=0\n");
}

TEST_F(PromiseTest, a_late_answer_takes_a_breach_back) {
  Open("2026-03-31T00:00:00Z", "T-1");
  Tick("2026-03-31T02:01:00Z");
  Reply("2026-03-31T03:00:00Z", "T-1", "2026-03-31T01:00:00Z");
  EXPECT_EQ(Rows(), "2026-03 acme gold met=1 breached=0 retracted=1 excused=0\n");
}

TEST_F(PromiseTest, what_is_cancelled_is_excused_and_what_is_open_counts_nowhere) {
  Open("2026-03-31T00:00:00Z", "T-1");
  v1::Event merged;
  merged.set_ticket_id("T-1");
  merged.mutable_merged()->set_into("T-2");
  Open("2026-03-31T00:10:00Z", "T-2");
  Append("2026-03-31T00:20:00Z", merged);
  EXPECT_EQ(Rows(), "2026-03 acme gold met=0 breached=0 retracted=0 excused=1\n");
  EXPECT_EQ(Fold().book.open(), 1);
}

TEST_F(PromiseTest, another_severity_is_the_same_promise) {
  Open("2026-03-31T00:00:00Z", "T-1");
  v1::Event raised;
  raised.set_ticket_id("T-1");
  raised.mutable_severity_changed()->set_severity("high");
  Append("2026-03-31T00:10:00Z", raised);
  Reply("2026-03-31T00:50:00Z", "T-1");
  EXPECT_EQ(Rows(), "2026-03 acme gold met=1 breached=0 retracted=0 excused=0\n");
  const PromiseFolding folding = Fold();
  ASSERT_EQ(folding.book.promises().size(), 1u);
  EXPECT_EQ(folding.book.promises()[0].target, "fast_reply");
  EXPECT_EQ(folding.book.promises()[0].position.offset, Offset{4});
}

TEST_F(PromiseTest, the_highest_credit_that_holds_counts) {
  const v1::Policy policy = LoadPolicyText("p.yaml", kPolicy)->policy;
  PromiseRow row;
  row.plan = "gold";
  EXPECT_EQ(CreditOf(row, policy).credit_bp, 0) << "nothing was due";
  row.counts = {99, 1, 0, 0};
  row.by_target["fast_reply"] = row.counts;
  EXPECT_EQ(CreditOf(row, policy).credit_bp, 0) << "exactly 99 percent are kept";
  row.counts = {98, 2, 0, 7};
  row.by_target["fast_reply"] = row.counts;
  EXPECT_EQ(CreditOf(row, policy).credit_bp, 500);
  row.counts = {3, 7, 0, 0};
  row.by_target = {{"fast_reply", {2, 6, 0, 0}}, {"reply", {1, 1, 0, 0}}};
  EXPECT_EQ(CreditOf(row, policy).credit_bp, 2500);
  EXPECT_EQ(CreditOf(row, policy).rule, "plans.gold.credits[1]");
  row.plan = "silver";
  EXPECT_EQ(CreditOf(row, policy).credit_bp, 0);
}

TEST_F(PromiseTest, attainment_is_never_rounded_up) {
  EXPECT_EQ(Attainment({99'999, 1, 0, 0}), 9'999);
  EXPECT_EQ(Attainment({1, 0, 0, 9}), 10'000);
  EXPECT_EQ(Attainment({0, 0, 0, 9}), -1);
}

TEST_F(PromiseTest, the_command_prints_every_form_and_the_tickets_behind_it) {
  Open("2026-03-31T00:00:00Z", "T-1");
  Open("2026-03-31T00:00:00Z", "T-2");
  Reply("2026-03-31T01:00:00Z", "T-1");
  Tick("2026-03-31T04:00:00Z");
  const TemporaryDirectory dir;
  ASSERT_TRUE(ArchiveLogTo(log_, dir / "archive", WithDecisions::kNo).ok());
  const auto report = [&](std::vector<std::string> options) {
    options.insert(options.begin(), {"report", "--log", "archive:" + (dir / "archive")});
    std::istringstream in;
    std::ostringstream out, err;
    EXPECT_EQ(RunEscalationctl(options, in, out, err), 0) << err.str();
    return out.str();
  };
  EXPECT_EQ(report({"-o", "csv"}),
            "month,account,plan,met,breached,retracted,excused,attainment,credit,credit_rule\r\n"
            "2026-03,acme,gold,1,1,0,0,50.00,25.00,plans.gold.credits[1]\r\n");
  EXPECT_EQ(report({"-o", "jsonl"}),
            "{\"month\":\"2026-03\",\"account\":\"acme\",\"plan\":\"gold\",\"met\":1,"
            "\"breached\":1,\"retracted\":0,\"excused\":0,\"attainment\":50.0,\"credit\":25.0,"
            "\"credit_rule\":\"plans.gold.credits[1]\"}\n");
  EXPECT_EQ(report({"-o", "csv", "--tickets"}),
            "month,account,plan,ticket_id,metric,target,cycle,outcome,at,position,reason\r\n"
            "2026-03,acme,gold,T-1,first_response,reply,1,met,2026-03-31T01:00:00Z,0/4,\r\n"
            "2026-03,acme,gold,T-2,first_response,reply,1,breached,2026-03-31T02:00:00Z,0/5,\r\n");
  EXPECT_EQ(report({"-o", "json", "--account", "nobody"}), "[]\n");
  const std::string page = report({"-o", "html"});
  EXPECT_NE(page.find("<svg"), std::string::npos);
  EXPECT_EQ(page.find("<script"), std::string::npos);
}

}  // namespace
}  // namespace escalation
