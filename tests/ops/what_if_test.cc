// What another policy would have changed: nothing if it is the same, and exactly what follows from
// a known change.
#include "ops/what_if.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "daemon/log/memory_log.h"
#include "ops/decision_diff.h"
#include "ops/diff_command.h"
#include "ops/diff_report.h"
#include "state/base/text.h"
#include "state/store/memory_store.h"
#include "tests/state/partition/policy_history.h"

namespace escalation {
namespace {

constexpr char kIncarnation[] = "0123456789abcdef0123456789abcdef";
constexpr char kPolicies[] = ESCALATION_SOURCE_DIR "/deploy/policies/";

std::unique_ptr<Log> LogOf(const std::vector<FoldRecord>& records) {
  auto now = std::make_shared<Instant>();
  auto log = std::make_unique<MemoryLog>(kIncarnation, 1, [now] { return *now; });
  for (const FoldRecord& record : records) {
    *now = record.appended;
    log->Append(Partition{0}, record.event.SerializeAsString(), [](const auto&) {});
  }
  return log;
}

// A random history in the words of a policy that is published once, at its beginning.
std::vector<FoldRecord> HistoryOf(const std::string& policy, uint64_t seed, int count) {
  testing::PolicyHistory history(policy, seed);
  MemoryStore store;
  FoldOptions options;
  options.incarnation = kIncarnation;
  auto fold = *PartitionFold::Open(store, options);
  std::vector<FoldRecord> records;
  bool began = false;
  while (static_cast<int>(records.size()) < count) {
    FoldRecord record = history.Next();
    const bool publishes =
        record.event.has_policy_published() || record.event.has_calendars_published();
    if (publishes && began) continue;
    began = began || !publishes;
    record.offset = Offset{static_cast<int64_t>(records.size())};
    const absl::Status status = fold->FoldAll(std::span(&record, 1), [&](const FoldResult& result) {
      history.Saw(DecodeDecisions(result));
      return store.Commit(result.turn);
    });
    EXPECT_TRUE(status.ok()) << status;
    records.push_back(std::move(record));
  }
  return records;
}

std::string Difference(const Log& log, const WhatIfChange& change) {
  std::ostringstream nowhere, out;
  ProgressBar progress(nowhere, 0);
  absl::StatusOr<DecisionDiff> diff = CompareFoldings(log, {Partition{0}}, change, progress);
  if (!diff.ok()) return diff.status().ToString();
  diff->PrintLines(out);
  return out.str();
}

class ShippedPolicies : public ::testing::TestWithParam<std::string> {};

TEST_P(ShippedPolicies, the_same_policy_changes_nothing) {
  const std::string file = kPolicies + GetParam() + ".yaml";
  const absl::StatusOr<LoadedPolicy> policy = LoadPolicyFile(file);
  ASSERT_TRUE(policy.ok()) << policy.status();
  for (const uint64_t seed : {1, 2, 3}) {
    const std::unique_ptr<Log> log = LogOf(HistoryOf(file, seed, 500));
    EXPECT_EQ(Difference(*log, {WhatIfChange::Kind::kPolicy, *policy}), "") << "seed " << seed;
    EXPECT_EQ(Difference(*log, {WhatIfChange::Kind::kCalendars, *policy}), "") << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(All, ShippedPolicies,
                         ::testing::Values("aiven", "azion", "drud", "elastic-io", "stakater"),
                         [](const auto& parameter) {
                           std::string name = parameter.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

// Somebody is paged when an hour has passed without an answer; later when it is two.
std::string PolicyText(int revision, const std::string& within, const std::string& hours) {
  return Cat("policy: known\nrevision: ", revision,
             "\nseverities: [low, high]\ndisplay_zone: Europe/Berlin\n"
             "calendars: {office: {zone: Europe/Berlin, hours: {mon-sun: \"",
             hours,
             "\"}}}\nplans:\n  gold:\n    calendar: office\n    targets:\n"
             "      - {name: reply, metric: first_response, within: ",
             within,
             ", breached: wake}\n"
             "escalations: {wake: {steps: [{page: [pager]}]}}\nroutes: {pager: }\n");
}

LoadedPolicy Policy(int revision, const std::string& within, const std::string& hours) {
  return *LoadPolicyText("p.yaml", PolicyText(revision, within, hours));
}

class KnownChange : public ::testing::Test {
 protected:
  KnownChange() {
    const LoadedPolicy policy = Policy(1, "1h", "08:00-18:00");
    v1::Event event;
    *event.mutable_calendars_published()->mutable_calendars() = policy.calendars;
    Append("2026-03-10T07:00:00Z", event);
    event.Clear();
    *event.mutable_policy_published()->mutable_policy() = policy.policy;
    Append("2026-03-10T07:00:00Z", event);
    Ticket("T-1", "2026-03-10T08:00:00Z", "2026-03-10T09:30:00Z");  // Broken only by an hour.
    Ticket("T-2", "2026-03-10T10:00:00Z", "2026-03-10T10:30:00Z");  // Kept by both.
    Ticket("T-3", "2026-03-10T11:00:00Z", "2026-03-10T14:00:00Z");  // Broken by both.
  }

  void Ticket(const std::string& id, const char* opened, const char* answered) {
    v1::Event event;
    event.set_ticket_id(id);
    event.mutable_actor()->set_kind(v1::Actor::CUSTOMER);
    event.mutable_opened()->set_severity("high");
    Append(opened, event);
    Tick(*ParseInstant(opened) + Duration::Hours(1));
    event.mutable_actor()->set_kind(v1::Actor::AGENT);
    event.mutable_message_added()->set_visibility(v1::MessageAdded::PUBLIC);
    Append(answered, event);
  }

  void Tick(Instant until) {
    v1::Event event;
    ToProto(until, event.mutable_tick()->mutable_until());
    AppendAt(until + Duration::Seconds(2), std::move(event));
  }

  void Append(const char* time, v1::Event event) {
    event.set_tenant("default");
    AppendAt(*ParseInstant(time), std::move(event));
  }

  void AppendAt(Instant time, v1::Event event) {
    records_.push_back({Offset{static_cast<int64_t>(records_.size())}, time, std::move(event)});
  }

  DiffSummary Summary(const WhatIfChange& change) {
    std::sort(records_.begin(), records_.end(), [](const FoldRecord& a, const FoldRecord& b) {
      return std::pair(a.appended, a.offset) < std::pair(b.appended, b.offset);
    });
    std::ostringstream nowhere;
    ProgressBar progress(nowhere, 0);
    auto diff = CompareFoldings(*LogOf(records_), {Partition{0}}, change, progress);
    EXPECT_TRUE(diff.ok()) << diff.status();
    return diff->Summary();
  }

  std::vector<FoldRecord> records_;
};

TEST_F(KnownChange, two_hours_remove_one_page_and_delay_another) {
  const DiffSummary summary =
      Summary({WhatIfChange::Kind::kPolicy, Policy(2, "2h", "08:00-18:00")});
  EXPECT_EQ(summary.pages.before, 2);
  EXPECT_EQ(summary.pages.after, 1);
  EXPECT_EQ(summary.pages.removed, 1);
  EXPECT_EQ(summary.pages.later, 1);
  EXPECT_EQ(summary.pages.added, 0);
  EXPECT_EQ(summary.pages.earlier, 0);
  EXPECT_EQ(summary.breaches.removed, 1);
  EXPECT_EQ(summary.breaches.later, 1);
  // 09:00Z is 10 o'clock in Berlin, 12:00Z is 13 and 13:00Z is 14.
  EXPECT_EQ(summary.by_hour[10].removed, 1);
  EXPECT_EQ(summary.by_hour[13].before, 1);
  EXPECT_EQ(summary.by_hour[14].later, 1);
  EXPECT_EQ(summary.by_weekday[1].removed, 1);  // A Tuesday.
  EXPECT_EQ(summary.by_plan.at("gold").removed, 1);
  EXPECT_EQ(summary.by_severity.at("high").later, 1);
  EXPECT_EQ(summary.by_route.at("pager").removed, 1);
  // The promises of all three have another length.
  EXPECT_EQ(summary.tickets_changed, 3);
  ASSERT_EQ(summary.most_changed.size(), 3u);
  EXPECT_EQ(summary.most_changed.back().ticket_id, "T-2");
  EXPECT_EQ(summary.most_changed.front().pages, 1);
}

TEST_F(KnownChange, twenty_minutes_page_when_it_is_due_though_nobody_ticked_then) {
  const DiffSummary summary =
      Summary({WhatIfChange::Kind::kPolicy, Policy(2, "20m", "08:00-18:00")});
  EXPECT_EQ(summary.pages.added, 1);    // T-2.
  EXPECT_EQ(summary.pages.earlier, 2);  // T-1, T-3.
  EXPECT_EQ(summary.by_hour[9].earlier, 1);
  EXPECT_EQ(summary.by_hour[11].added, 1);
  EXPECT_EQ(summary.by_hour[12].earlier, 1);
}

TEST_F(KnownChange, other_hours_alone_move_what_they_close) {
  // Closed until 12:00 in Berlin, which is 11:00Z: T-1 and T-2 are answered before that.
  const DiffSummary summary =
      Summary({WhatIfChange::Kind::kCalendars, Policy(9, "5m", "12:30-18:00")});
  EXPECT_EQ(summary.pages.before, 2);
  EXPECT_EQ(summary.pages.removed, 1);
  EXPECT_EQ(summary.pages.later, 1);
  EXPECT_EQ(summary.pages.added, 0);
}

TEST_F(KnownChange, a_tenant_that_the_log_does_not_know_is_an_error) {
  LoadedPolicy policy = Policy(2, "2h", "08:00-18:00");
  policy.policy.set_tenant("other");
  const std::string text =
      Difference(*LogOf(records_), {WhatIfChange::Kind::kPolicy, std::move(policy)});
  EXPECT_NE(text.find("nothing of the policy's tenant \"other\"; its tenants: default"),
            std::string::npos)
      << text;
}

TEST_F(KnownChange, every_form_tells_the_same_and_the_page_needs_nothing_else) {
  const DiffSummary summary =
      Summary({WhatIfChange::Kind::kPolicy, Policy(2, "2h", "08:00-18:00")});
  const Figures figures = FiguresOf(summary, Policy(2, "2h", "08:00-18:00").policy);
  EXPECT_EQ(figures.at("pages.removed"), 1);
  EXPECT_EQ(figures.at("pages.hour.14.later"), 1);
  EXPECT_EQ(figures.at("pages.severity.low.added"), 0) << "a severity without pages has figures";
  std::ostringstream table, json;
  PrintDiffTable(summary, table);
  EXPECT_NE(table.str().find("plans.gold.targets[0]"), std::string::npos) << table.str();
  PrintDiffJson(summary, figures, json);
  EXPECT_NE(json.str().find("\"pages.removed\": 1"), std::string::npos) << json.str();
  const std::string page = DiffPage(summary, "<b>").Text();
  EXPECT_NE(page.find("<h1>&lt;b&gt;</h1>"), std::string::npos);
  EXPECT_NE(page.find("<svg"), std::string::npos);
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(page.find("http"), std::string::npos);
}

}  // namespace
}  // namespace escalation
