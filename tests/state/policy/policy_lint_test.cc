#include "state/policy/policy_lint.h"

#include <gtest/gtest.h>

#include <string>

#include "state/base/text.h"
#include "state/policy/policy_places.h"

namespace escalation {
namespace {

constexpr char kBase[] = "policy: p\nrevision: 1\nseverities: [low, high]\n";

// The warnings of the base and `text` on 2026-03-10, one a line as "LINE:COLUMN text".
std::string WarningsOf(const std::string& text) {
  Positions positions;
  const auto loaded = LoadPolicyText("p.yaml", kBase + text, &positions);
  EXPECT_TRUE(loaded.ok()) << loaded.status().message() << "\n" << text;
  if (!loaded.ok()) return "not a policy";
  std::string out;
  for (const PolicyProblem& doubt :
       LintPolicy(loaded->policy, loaded->calendars, *ParseDay("2026-03-10"))) {
    const Place place = PlaceOf(positions, doubt.path);
    CatTo(&out, place.line, ":", place.column, " ", doubt.text, "\n");
  }
  return out;
}

struct Row {
  int line;
  const char* text;
  const char* warnings;
};

TEST(PolicyLint, what_is_hardly_meant_is_told_with_its_place) {
  const Row rows[] = {
      {__LINE__,
       "plans: {a: {targets: [{name: t, metric: triage, within: 1h, calendar: always}]}}\n", ""},
      {__LINE__, "plans: {a: {targets: [{name: t, metric: triage, within: 1h}]}}\n",
       "4:9 plan \"a\": it has no calendar, and target \"t\" names none: it runs around the "
       "clock\n"},
      {__LINE__,
       "plans: {a: {targets: [{name: t, metric: triage, within: 1h, calendar: account}]}}\n",
       "4:9 plan \"a\": it has no calendar, and target \"t\" names none: it runs around the "
       "clock\n"},
      {__LINE__,
       "default_calendar: always\nplans: {a: {targets: [{name: t, metric: triage, within: 1h}]}}\n",
       ""},
      {__LINE__, "plans: {a: {targets: [{name: t, metric: deadline, due_field: f}]}}\n", ""},
      {__LINE__,
       "plans:\n  a:\n    calendar: always\n    severity_ceiling: low\n    targets:\n"
       "      - {name: t, metric: triage, within: 1h, severity: high}\n"
       "      - {name: u, metric: triage, within: 1h, severity: [low, high]}\n",
       "9:57 plan \"a\", target \"t\": no ticket can have it: the plan's \"severity_ceiling\" is "
       "low\n"},
      {__LINE__,
       "default_plan: a\nplans:\n  a: {calendar: always, targets: [{name: t, metric: triage, "
       "within: 1h,\n      when: {plans: [b]}}]}\n  b: {}\n",
       "7:21 plan \"a\", target \"t\": no ticket can have it: it belongs to the plan \"a\"\n"},
      {__LINE__,
       "default_plan: a\nplans:\n  a: {calendar: always, targets: [{name: t, metric: triage, "
       "within: 1h,\n      when: {levels: [l2]}}]}\n  b: {}\n"
       "levels: [{name: l1}, {name: l2, plans: [b]}]\n",
       "7:22 plan \"a\", target \"t\": no ticket can have it: the plan's tickets reach none of "
       "these levels\n"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(WarningsOf(row.text), row.warnings) << "line " << row.line;
  }
}

TEST(PolicyLint, conditions_that_contradict_themselves) {
  const std::string rule = "plans: {a: {}}\nrules:\n  - {name: r, flag: f, when: ";
  EXPECT_EQ(WarningsOf(rule + "{entitlements: [x], without_entitlements: [y, x]}}\n"),
            "6:30 rule \"r\": no ticket can match: \"when\" asks for the entitlement \"x\" and for "
            "accounts without it\n");
  EXPECT_EQ(WarningsOf(rule + "{topics: [x], other_than_topics: [y, x]}}\n"),
            "6:30 rule \"r\": no ticket can match: \"when\" rules out each of its own topics\n");
  EXPECT_EQ(WarningsOf(rule + "{topics: [x, z], other_than_topics: [x]}}\n"), "");
}

TEST(PolicyLint, escalations_that_nothing_starts_or_that_never_get_there) {
  const std::string plans =
      "default_plan: a\nplans:\n  a: {severity_ceiling: low}\n  b: {tickets: none}\n"
      "levels: [{name: l1}, {name: l2, plans: [b]}]\nroutes: {pager: }\n";
  const std::string trigger = "triggers: [{on: token, token: \"#x\", escalation: e}]\n";
  EXPECT_EQ(WarningsOf(plans + trigger +
                       "escalations:\n  e: {steps: [{page: [pager]}], then: f}\n"
                       "  f: {steps: [{page: [pager]}]}\n"),
            "");
  EXPECT_EQ(
      WarningsOf(plans + "escalations:\n  e: {steps: [{page: [pager]}], then: f}\n"
                         "  f: {steps: [{page: [pager]}]}\n"),
      "11:3 escalation \"e\": nothing in the policy starts it, only a person's request does\n"
      "12:3 escalation \"f\": nothing in the policy starts it, only a person's request does\n");
  EXPECT_EQ(WarningsOf(plans + trigger + "escalations:\n  e: {steps: [{level: l2}]}\n"),
            "12:15 escalation \"e\", step 1: it never reaches the level \"l2\": it starts for "
            "tickets of a, which may not\n");
  EXPECT_EQ(WarningsOf(plans + trigger +
                       "escalations:\n  e:\n    steps: [{page: [pager]}]\n"
                       "    hold: {for: 5m, while: always, except: [low, high]}\n"),
            "14:11 escalation \"e\": it holds nothing: \"except\" names every severity\n");
  EXPECT_EQ(WarningsOf(plans + "triggers:\n  - {on: opened, severity: high, escalation: e}\n"
                               "escalations: {e: {steps: [{page: [pager]}]}}\n"),
            "11:28 trigger 1: it never fires: no plan's tickets are high\n");
}

TEST(PolicyLint, holidays_are_to_be_known_sixty_days_ahead) {
  const auto on = [](const std::string& last) {
    return WarningsOf("plans: {a: {}}\ncalendars:\n  office: {zone: UTC, hours: 24x5, holidays: [" +
                      last + "]}\n");
  };
  EXPECT_EQ(on("2026-01-01, 2026-05-09"), "") << "sixty days";
  EXPECT_EQ(on("2026-05-08, 2026-01-01"),
            "6:3 calendar \"office\": its holidays end with 2026-05-08, less than 60 days after "
            "2026-03-10\n");
  EXPECT_EQ(on("2024-01-01"),
            "6:3 calendar \"office\": its holidays end with 2024-01-01, less than 60 days after "
            "2026-03-10\n");
}

TEST(PolicyLint, routes_that_a_config_does_not_define) {
  const auto loaded = LoadPolicyText(
      "p.yaml", std::string(kBase) + "plans: {a: {}}\nroutes: {pager: , backup: }\n");
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_TRUE(LintRoutes(loaded->policy, {"backup", "pager"}, "c.yaml").empty());
  const auto doubts = LintRoutes(loaded->policy, {"backup", "pagers"}, "c.yaml");
  ASSERT_EQ(doubts.size(), 1u);
  EXPECT_EQ(doubts[0].path, "routes.pager");
  EXPECT_EQ(doubts[0].text, "route \"pager\": c.yaml does not define it");
  EXPECT_EQ(doubts[0].hint, "did you mean \"pagers\"?");
}

}  // namespace
}  // namespace escalation
