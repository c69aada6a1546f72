#include "ops/load_simulation.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "ops/app.h"
#include "state/base/text.h"
#include "state/policy/policy_loader.h"

namespace escalation {
namespace {

// Nobody answers in time, so every ticket pages ten minutes after it came.
constexpr char kPolicy[] =
    "policy: load\nrevision: 1\nseverities: [low]\n"
    "calendars: {night: {zone: UTC, hours: {mon-sun: \"22:00-06:00\"}}}\n"
    "plans: {gold: {targets: [{name: reply, metric: first_response, within: 10m, breached: w}]}}\n"
    "escalations: {w: {steps: [{page: [pager]}]}}\nroutes: {pager: , spare: }\n";

std::string LoadText(const std::string& rest) {
  return Cat(
      "load: test\nseed: 7\nstart: 2026-03-02T00:00:00Z\nweeks: 2\nnight: night\n"
      "tickets: [{plan: gold}]\n",
      rest);
}

LoadedPolicy Policy() { return *LoadPolicyText("p.yaml", kPolicy); }

LoadResult SimulateWith(const std::string& rest) {
  const LoadedPolicy policy = Policy();
  const absl::StatusOr<Load> load = ReadLoadText("load.yaml", LoadText(rest), policy);
  EXPECT_TRUE(load.ok()) << load.status();
  if (!load.ok()) return {};
  absl::StatusOr<LoadResult> result = SimulateLoad(policy, *load);
  EXPECT_TRUE(result.ok()) << result.status();
  return *std::move(result);
}

TEST(LoadSimulation, the_same_seed_gives_the_same_result_everywhere) {
  const std::string arrivals = "arrivals: [{during: night, per_hour: 0.5}, {per_hour: 2}]\n";
  const LoadResult result = SimulateWith(arrivals), again = SimulateWith(arrivals);
  EXPECT_EQ(result.routes.at("pager").nights, again.routes.at("pager").nights);
  // 112 hours of night at 0.5 and 224 at 2: 504 are expected. What this seed gives is fixed.
  EXPECT_EQ(result.tickets, again.tickets);
  EXPECT_GT(result.tickets, 440);
  EXPECT_LT(result.tickets, 570);
}

TEST(LoadSimulation, every_ticket_pages_once_and_nights_are_counted_apart) {
  const LoadResult result = SimulateWith("arrivals: [{during: night, per_hour: 3}]\n");
  const RouteLoad& pager = result.routes.at("pager");
  EXPECT_EQ(result.nights, 14);
  EXPECT_EQ(pager.nights.size(), 14u);
  // But for tickets of the last ten minutes.
  EXPECT_LE(pager.pages, result.tickets);
  EXPECT_GE(pager.pages, result.tickets - 3);
  EXPECT_LT(pager.night_pages(), pager.pages) << "some are due after six, or before the first noon";
  EXPECT_GT(pager.night_pages(), pager.pages * 8 / 10);
  EXPECT_LE(pager.Quantile(50), pager.Quantile(90));
  EXPECT_LE(pager.Quantile(90), pager.Quantile(100));
  EXPECT_EQ(result.routes.at("spare").quiet_nights(), 14) << "nobody pages it";
}

TEST(LoadSimulation, who_answers_in_time_is_not_paged) {
  const LoadResult result =
      SimulateWith("arrivals: [{per_hour: 3}]\nanswers: [{after: {0: 1m, 100: 9m}}]\n");
  EXPECT_GT(result.tickets, 800);
  EXPECT_EQ(result.routes.at("pager").pages, 0);
  EXPECT_EQ(result.breaches, 0);
}

TEST(LoadSimulation, a_share_that_is_never_answered_pages) {
  const LoadResult result =
      SimulateWith("arrivals: [{per_hour: 3}]\nanswers: [{after: {0: 1m, 100: 9m}, never: 10}]\n");
  const int64_t pages = result.routes.at("pager").pages;
  EXPECT_GT(pages, result.tickets * 6 / 100);
  EXPECT_LT(pages, result.tickets * 14 / 100);
}

// Pages again every ten minutes until somebody acts.
TEST(LoadSimulation, who_is_paged_acts) {
  LoadedPolicy policy = Policy();
  policy.policy.mutable_escalations(0)->set_repeat_every_ms(600'000);
  policy.policy.mutable_escalations(0)->set_repeat_times(5);
  policy.policy.mutable_escalations(0)->add_stop_on(v1::StopOn::ENGAGED);
  const auto pages = [&](const std::string& rest) {
    const absl::StatusOr<Load> load =
        ReadLoadText("load.yaml", LoadText("arrivals: [{per_hour: 1}]\n" + rest), policy);
    EXPECT_TRUE(load.ok()) << load.status();
    const absl::StatusOr<LoadResult> result = SimulateLoad(policy, *load);
    EXPECT_TRUE(result.ok()) << result.status();
    return std::pair(result->tickets, result->routes.at("pager").pages);
  };
  const auto [tickets, alone] = pages("");
  EXPECT_GT(alone, tickets * 5);
  const auto [same, acted] = pages("acknowledged: {0: 1m, 100: 9m}\n");
  EXPECT_EQ(same, tickets) << "the tickets do not depend on who acts";
  EXPECT_LE(acted, tickets) << "all act before the first repetition";
}

TEST(LoadSimulation, lengths_lie_between_their_points) {
  const LengthPoints points(
      {{0, Duration::Minutes(1)}, {50, Duration::Minutes(11)}, {100, Duration::Minutes(11)}});
  EXPECT_EQ(points.At(0), Duration::Minutes(1));
  EXPECT_EQ(points.At(250'000), Duration::Minutes(6));
  EXPECT_EQ(points.At(500'000), Duration::Minutes(11));
  EXPECT_EQ(points.At(999'999), Duration::Minutes(11));
}

struct Mistake {
  int line;
  const char* rest;
  const char* message;
};
constexpr Mistake kMistakes[] = {
    {__LINE__, "arrivals: [{per_hour: many}]\n",
     "load.yaml:7:23: arrivals 1: \"per_hour\" must be"},
    {__LINE__, "arrivals: [{per_hour: 1, during: nite}]\n", "unknown calendar \"nite\""},
    {__LINE__, "arrivals: [{per_hour: 1, durning: night}]\n", "did you mean \"during\"?"},
    {__LINE__, "arrivals: [{per_hour: 1}]\nanswers: [{after: {0: 5m, 50: 1m, 100: 2m}}]\n",
     "its lengths may not fall"},
    {__LINE__, "arrivals: [{per_hour: 1}]\nanswers: [{after: {0: 5m, 50: 6m}}]\n",
     "must rise from 0 to 100 percent"},
    {__LINE__, "arrivals: [{per_hour: 1}]\nacknowledged: {0: 0s, 100: 1m}\n", "at least 1s"},
    {__LINE__, "arrivals: [{per_hour: 1}]\nanswers: [{severity: [hgih]}]\n",
     "is not one of the policy's: \"hgih\""},
};

TEST(LoadSimulation, mistakes_in_the_file_are_named_with_their_place) {
  for (const Mistake& mistake : kMistakes) {
    const absl::StatusOr<Load> load = ReadLoadText("load.yaml", LoadText(mistake.rest), Policy());
    ASSERT_FALSE(load.ok()) << "row of line " << mistake.line;
    EXPECT_NE(std::string(load.status().message()).find(mistake.message), std::string::npos)
        << "row of line " << mistake.line << ": " << load.status();
  }
}

TEST(LoadSimulation, the_command_prints_the_example) {
  const std::string source = ESCALATION_SOURCE_DIR;
  std::istringstream in;
  std::ostringstream out, err;
  EXPECT_EQ(RunEscalationctl({"simulate", "--policy", source + "/deploy/policies/example.yaml",
                              "--load", source + "/deploy/loads/example.yaml"},
                             in, out, err),
            0)
      << err.str();
  EXPECT_NE(out.str().find("quiet nights"), std::string::npos) << out.str();
  EXPECT_EQ(RunEscalationctl({"simulate", "--policy", source + "/deploy/policies/example.yaml"}, in,
                             out, err),
            2);
}

}  // namespace
}  // namespace escalation
