// The simulation repeats itself, and the judge sees each kind of wrong: every rule is shown to fail
// on a run that was doctored.
#include "tests/simulation/simulation.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "daemon/logging.h"
#include "escalation/v1/decision.pb.h"
#include "escalation/v1/event.pb.h"
#include "state/base/text.h"

namespace escalation::simulation {
namespace {

SimulationOptions Calm() {
  InitLogging(LogLevel::kError, LogFormat::kPretty);
  SimulationOptions options;
  options.seed = 5;
  options.length = Duration::Hours(8);
  options.calm = true;
  return options;
}

const Evidence& CalmRun() {
  static const auto* const kRun = new Evidence(Simulate(Calm()).evidence);
  return *kRun;
}

std::string FirstProblem(const Evidence& evidence) {
  const std::vector<std::string> problems = Judge(evidence, 1);
  return problems.empty() ? "" : problems.front();
}

bool Says(const Evidence& evidence, const std::string& rule) {
  const std::vector<std::string> problems = Judge(evidence, 1);
  return std::any_of(problems.begin(), problems.end(),
                     [&](const std::string& problem) { return problem.starts_with(rule); });
}

size_t FirstTrigger(const Evidence& evidence) {
  const auto found = std::find_if(
      evidence.calls.begin(), evidence.calls.end(),
      [](const PagerCall& call) { return call.operation == v1::PageOutcome::TRIGGER; });
  return static_cast<size_t>(found - evidence.calls.begin());
}

TEST(JudgeTest, a_calm_run_is_right_and_says_enough) {
  const Evidence& run = CalmRun();
  EXPECT_EQ(FirstProblem(run), "");
  EXPECT_GT(run.published.size(), 200u);
  EXPECT_GT(run.calls.size(), 20u);
  EXPECT_FALSE(run.state_digest.empty());
}

TEST(JudgeTest, a_lost_decision_is_seen) {
  Evidence run = CalmRun();
  run.published.pop_back();
  EXPECT_TRUE(Says(run, "rule 1 lost")) << FirstProblem(run);
}

TEST(JudgeTest, a_lost_event_is_seen_in_the_stream) {
  Evidence run = CalmRun();
  const auto lost = std::find_if(run.records.begin(), run.records.end(), [](const Record& record) {
    v1::Event event;
    return event.ParseFromString(record.value) && event.has_message_added();
  });
  ASSERT_NE(lost, run.records.end());
  run.records.erase(lost);
  EXPECT_NE(FirstProblem(run), "");
}

TEST(JudgeTest, other_clocks_than_the_model_expects_are_seen) {
  Evidence run = CalmRun();
  for (PublishedDecision& published : run.published) {
    v1::Decision decision;
    ASSERT_TRUE(decision.ParseFromString(published.value));
    if (!decision.has_clock_breached()) continue;
    ToProto(FromProto(decision.at()) + Duration{1}, decision.mutable_at());
    published.value = decision.SerializeAsString();
    break;
  }
  EXPECT_TRUE(Says(run, "rule 1 clocks")) << FirstProblem(run);
  EXPECT_TRUE(Says(run, "rule 6 replay")) << FirstProblem(run);
}

TEST(JudgeTest, a_decision_that_comes_twice_is_seen) {
  Evidence run = CalmRun();
  run.published.push_back(run.published[10]);
  EXPECT_TRUE(Says(run, "rule 2 stream")) << FirstProblem(run);
}

TEST(JudgeTest, a_page_requested_under_a_used_key_is_seen) {
  Evidence run = CalmRun();
  std::string key;
  for (PublishedDecision& published : run.published) {
    v1::Decision decision;
    ASSERT_TRUE(decision.ParseFromString(published.value));
    if (!decision.has_page_requested()) continue;
    if (key.empty()) key = decision.page_requested().key();
    decision.mutable_page_requested()->set_key(key);
    published.value = decision.SerializeAsString();
  }
  EXPECT_TRUE(Says(run, "rule 2 stream")) << FirstProblem(run);
}

TEST(JudgeTest, a_page_that_nobody_decided_is_seen) {
  Evidence run = CalmRun();
  run.calls[FirstTrigger(run)].decision_id = "simulation/0/1/77";
  EXPECT_TRUE(Says(run, "rule 2 twice")) << FirstProblem(run);
}

TEST(JudgeTest, a_page_under_another_key_is_seen) {
  Evidence run = CalmRun();
  run.calls[FirstTrigger(run)].key += "0";
  EXPECT_TRUE(Says(run, "rule 2 twice")) << FirstProblem(run);
}

TEST(JudgeTest, a_page_before_its_moment_is_seen) {
  Evidence run = CalmRun();
  PagerCall& call = run.calls[FirstTrigger(run)];
  call.log_time = call.log_time - Duration::Minutes(1);
  EXPECT_TRUE(Says(run, "rule 3 early")) << FirstProblem(run);
}

TEST(JudgeTest, a_page_before_its_commit_is_seen) {
  Evidence run = CalmRun();
  run.calls[FirstTrigger(run)].committed_seq = 0;
  EXPECT_TRUE(Says(run, "rule 3 early")) << FirstProblem(run);
}

// Every page is closed in the end, and some are acknowledged before: with the whole log read, none
// may be handed over any more.
TEST(JudgeTest, a_page_that_is_answered_is_seen) {
  Evidence run = CalmRun();
  const Offset end{static_cast<int64_t>(run.records.size())};
  for (PagerCall& call : run.calls) call.handed_over = end;
  const std::vector<std::string> problems = Judge(run, 1);
  const auto say = [&](const char* what) {
    return std::any_of(problems.begin(), problems.end(), [&](const std::string& problem) {
      return problem.starts_with("rule 4 answered") && problem.ends_with(what);
    });
  };
  EXPECT_TRUE(say("which closes it"));
  EXPECT_TRUE(say("which acknowledges it"));
}

TEST(JudgeTest, a_page_that_stays_open_is_seen) {
  Evidence run = CalmRun();
  run.open_pages[{"pager", "default/T-1/wake_up/1/1"}] = Instant{1};
  EXPECT_TRUE(Says(run, "rule 5 closed")) << FirstProblem(run);
}

TEST(JudgeTest, another_state_is_seen) {
  Evidence run = CalmRun();
  run.state_digest[0] = static_cast<char>(run.state_digest[0] ^ 1);
  EXPECT_TRUE(Says(run, "rule 6 replay")) << FirstProblem(run);
}

TEST(JudgeTest, what_is_not_done_in_time_is_seen) {
  SimulationOptions options;
  InitLogging(LogLevel::kError, LogFormat::kPretty);
  options.length = Duration::Hours(6);
  options.stays_broken = true;
  int seen = 0;
  for (options.seed = 1; options.seed <= 5; ++options.seed) {
    for (const std::string& problem : Simulate(options).problems) {
      seen += problem.starts_with("rule 7 prompt");
    }
  }
  EXPECT_GT(seen, 0);
}

TEST(SimulationTest, the_same_seed_takes_the_same_steps) {
  InitLogging(LogLevel::kError, LogFormat::kPretty);
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    SimulationOptions options;
    options.seed = seed;
    options.length = Duration::Hours(3);
    const SimulationResult first = Simulate(options);
    const SimulationResult second = Simulate(options);
    EXPECT_EQ(first.hash, second.hash) << seed;
    EXPECT_EQ(first.steps, second.steps) << seed;
    options.seed += 100;
    EXPECT_NE(first.hash, Simulate(options).hash) << seed;
  }
}

}  // namespace
}  // namespace escalation::simulation
