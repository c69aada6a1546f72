// What only a record can get wrong: the loader's own form makes it impossible in a file.
#include "state/policy/policy_check.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <functional>

#include "state/base/text.h"
#include "state/policy/policy_loader.h"

namespace escalation {
namespace {

// The example that is shipped: most of the language.
LoadedPolicy Example() {
  const char path[] = ESCALATION_SOURCE_DIR "/deploy/policies/example.yaml";
  absl::StatusOr<LoadedPolicy> loaded = LoadPolicyFile(path);
  EXPECT_TRUE(loaded.ok()) << loaded.status().message();
  return loaded.ok() ? *std::move(loaded) : LoadedPolicy{};
}

TEST(PolicyCheck, AnEmptyRecordIsRefused) {
  EXPECT_EQ(PolicyStatus(CheckPolicy({}, nullptr)).message(),
            "policy: \"policy\" must be 1 to 64 characters of A-Z a-z 0-9 . _ : -, got \"\"\n"
            "tenant: \"tenant\" must be 1 to 32 characters of A-Z a-z 0-9 . _ : -, got \"\"\n"
            "revision: \"revision\" must be 1 or more, got 0\n"
            "severities: \"severities\" must name at least one severity\n"
            "plans: \"plans\" must hold at least one plan\n"
            "time.forget_after: time: \"forget_after\" must be from 1m to 3660d, got 0s");
}

TEST(PolicyCheck, WithoutCalendarsTheirNamesAreNotJudged) {
  const LoadedPolicy example = Example();
  EXPECT_TRUE(PolicyStatus(CheckPolicy(example.policy, nullptr)).ok());
  EXPECT_TRUE(PolicyStatus(CheckPolicy(example.policy, &example.calendars)).ok());
  const v1::CalendarSet none;
  EXPECT_FALSE(PolicyStatus(CheckPolicy(example.policy, &none)).ok());
}

TEST(PolicyCheck, TheSamePolicyGivesTheSameProblems) {
  LoadedPolicy example = Example();
  example.policy.clear_routes();
  const absl::Status first = PolicyStatus(CheckPolicy(example.policy, nullptr));
  EXPECT_FALSE(first.ok());
  EXPECT_EQ(first, PolicyStatus(CheckPolicy(example.policy, nullptr)));
}

TEST(PolicyCheck, ChangesOfASoundPolicyAreRefused) {
  const struct {
    int line;
    const char* message;  // The first line.
    std::function<void(v1::Policy&)> change;
  } rows[] = {
      {__LINE__, "plans.premium: plan \"premium\": the name is given twice",
       [](v1::Policy& p) { *p.add_plans() = p.plans(2); }},
      {__LINE__, "escalations.nudge: escalation \"nudge\": the name is given twice",
       [](v1::Policy& p) { *p.add_escalations() = p.escalations(0); }},
      {__LINE__, "routes.victorops: route \"victorops\": the name is given twice",
       [](v1::Policy& p) { *p.add_routes() = p.routes(0); }},
      {__LINE__, "links.ticket: link \"ticket\": the name is given twice",
       [](v1::Policy& p) { *p.add_links() = p.links(0); }},
      {__LINE__, "workarounds.urgent: workarounds: \"urgent\" is given twice",
       [](v1::Policy& p) { *p.add_workaround_steps() = p.workaround_steps(0); }},
      {__LINE__,
       "plans.standard.targets[0].warn_at[0]: plan \"standard\", target \"triage\": \"warn_at\" "
       "must "
       "be a share of the target or a time before it is due",
       [](v1::Policy& p) {
         p.mutable_plans(1)->mutable_targets(0)->mutable_warn_at(0)->set_before_ms(-1);
       }},
      {__LINE__,
       "plans.standard.targets[0].warn_at[0]: plan \"standard\", target \"triage\": \"warn_at\" "
       "must "
       "be a share of the target or a time before it is due",
       [](v1::Policy& p) {
         p.mutable_plans(1)->mutable_targets(0)->mutable_warn_at(0)->set_before_ms(5);
       }},
      {__LINE__,
       "plans.standard.targets[0].metric: plan \"standard\", target \"triage\": \"metric\" is "
       "missing",
       [](v1::Policy& p) { p.mutable_plans(1)->mutable_targets(0)->clear_metric(); }},
      {__LINE__,
       "plans.standard.targets[0].name: plan \"standard\", target 1: \"name\" must be 1 to 64 "
       "characters of A-Z a-z 0-9 . _ : -, got \"\"",
       [](v1::Policy& p) { p.mutable_plans(1)->mutable_targets(0)->clear_name(); }},
      {__LINE__,
       "escalations.wake_up.repeat.every: escalation \"wake_up\", repeat: \"every\" must be above "
       "0",
       [](v1::Policy& p) { p.mutable_escalations(1)->set_repeat_every_ms(0); }},
      {__LINE__,
       "escalations.wake_up.repeat.every: escalation \"wake_up\", repeat: \"every\" must be from "
       "1m to "
       "30d, got -1ms",
       [](v1::Policy& p) { p.mutable_escalations(1)->set_repeat_every_ms(-1); }},
      {__LINE__,
       "escalations.wake_up.repeat.times: escalation \"wake_up\", repeat: \"times\" must be from 1 "
       "to "
       "100, got 101",
       [](v1::Policy& p) { p.mutable_escalations(1)->set_repeat_times(101); }},
      {__LINE__,
       "escalations.nudge.stop_on: escalation \"nudge\": \"stop_on\" has an unknown kind: 0",
       [](v1::Policy& p) { p.mutable_escalations(0)->add_stop_on(v1::StopOn::KIND_UNSPECIFIED); }},
      {__LINE__, "triggers[0].on: trigger 1: \"on\" is missing",
       [](v1::Policy& p) {
         p.mutable_triggers(0)->clear_on();
         p.mutable_triggers(0)->clear_severities();
       }},
      {__LINE__, "triggers[0].escalation: trigger 1: \"escalation\" is missing",
       [](v1::Policy& p) { p.mutable_triggers(0)->clear_escalation(); }},
      {__LINE__,
       "routes.ops_webhook.limit: route \"ops_webhook\": \"limit\" must allow 1 to 10000 pages, "
       "got -1",
       [](v1::Policy& p) {
         p.mutable_routes(1)->set_pages_max(-1);
         p.mutable_routes(1)->set_period_ms(1000);
       }},
      {__LINE__, "routes.ops_webhook.exempt: route \"ops_webhook\": \"exempt\" needs a \"limit\"",
       [](v1::Policy& p) { p.mutable_routes(1)->set_exempt_max(3); }},
      {__LINE__,
       "metrics.own: metric \"own\": a lasting or unknown fact starts, stops or cancels it: 20",
       [](v1::Policy& p) {
         v1::Metric* metric = p.add_metrics();
         metric->set_name("own");
         metric->add_start(v1::Metric::OPENED);
         metric->add_stop(v1::Metric::WHILE_PENDING);
       }},
      {__LINE__,
       "permissions.set_severity[1]: permissions: \"set_severity\" must hold texts of 1 to 256 "
       "bytes, got 257",
       [](v1::Policy& p) { p.mutable_permissions()->add_set_severity(std::string(257, 'r')); }},
      {__LINE__, ": the policy is too large, at most 1024 KiB",
       [](v1::Policy& p) {
         p.mutable_links(0)->set_url("https://" + std::string(1'100'000, 'x'));
       }},
  };
  const LoadedPolicy example = Example();
  for (const auto& row : rows) {
    v1::Policy policy = example.policy;
    row.change(policy);
    const std::vector<PolicyProblem> problems = CheckPolicy(policy, &example.calendars);
    ASSERT_FALSE(problems.empty()) << "line " << row.line;
    EXPECT_EQ(Cat(problems[0].path, ": ", problems[0].text), row.message) << "line " << row.line;
  }
}

}  // namespace
}  // namespace escalation
