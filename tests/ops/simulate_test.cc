#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "ops/app.h"
#include "state/base/text.h"
#include "tests/support/temporary_directory.h"

namespace escalation {
namespace {

// One promise of an hour, from noon.
constexpr char kOpened[] =
    R"({"id":"e1","ticket_id":"T-1","occurred_at":"2026-03-10T12:00:00Z",)"
    R"("actor":{"id":"ann","kind":"customer"},"opened":{"subject":"site down"}})";

std::string Reply(const std::string& time) {
  return Cat(
      R"({"id":"e2","ticket_id":"T-1","occurred_at":"2026-03-10T)", time,
      R"(Z","actor":{"id":"maria","kind":"agent"},"message_added":{"visibility":"PUBLIC"}})");
}

struct Result {
  int exit_code = 0;
  std::string out;
  std::string err;
};

Result Simulate(const std::string& history, std::vector<std::string> options = {"-o", "table"}) {
  std::vector<std::string> arguments = {
      "simulate", "--policy", ESCALATION_SOURCE_DIR "/tests/ops/one_hour_policy.yaml", "-"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  std::istringstream in(history);
  std::ostringstream out, err;
  Result result;
  result.exit_code = RunEscalationctl(arguments, in, out, err);
  result.out = out.str();
  result.err = err.str();
  return result;
}

TEST(Simulate, DueMomentsBeforeALineFireBeforeIt) {
  const Result result = Simulate(Cat(kOpened, "\n", Reply("13:30:00"), "\n"));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out,
            "clock T-1 first_response started due=2026-03-10T13:00:00Z at=2026-03-10T12:00:00Z\n"
            "clock T-1 first_response breached used=1h at=2026-03-10T13:00:00Z\n"
            "clock T-1 first_response met late used=1h30m at=2026-03-10T13:30:00Z\n");
}

TEST(Simulate, DueMomentsAtTheTimeOfALineFireAfterIt) {
  const Result result = Simulate(Cat(kOpened, "\n", Reply("13:00:00"), "\n"));
  EXPECT_EQ(result.out,
            "clock T-1 first_response started due=2026-03-10T13:00:00Z at=2026-03-10T12:00:00Z\n"
            "clock T-1 first_response met used=1h at=2026-03-10T13:00:00Z\n");
}

TEST(Simulate, TimeRunsOnAfterTheLastLineUntilNothingIsDue) {
  const Result result = Simulate(Cat(kOpened, "\n"));
  EXPECT_EQ(result.out,
            "clock T-1 first_response started due=2026-03-10T13:00:00Z at=2026-03-10T12:00:00Z\n"
            "clock T-1 first_response breached used=1h at=2026-03-10T13:00:00Z\n");
}

TEST(Simulate, UntilStopsTimeAndLeavesLaterLinesOut) {
  const Result before = Simulate(Cat(kOpened, "\n", Reply("12:59:59"), "\n"),
                                 {"-o", "table", "--until", "2026-03-10T12:30:00Z"});
  EXPECT_EQ(before.out,
            "clock T-1 first_response started due=2026-03-10T13:00:00Z at=2026-03-10T12:00:00Z\n");
  const Result at =
      Simulate(Cat(kOpened, "\n"), {"-o", "table", "--until", "2026-03-10T13:00:00Z"});
  EXPECT_NE(at.out.find("breached"), std::string::npos);
}

TEST(Simulate, DecisionsAreJsonLinesUnlessAskedOtherwise) {
  const Result lines = Simulate(Cat(kOpened, "\n\n"), {});
  EXPECT_EQ(lines.out,
            R"({"id":"simulation/0/1/0","seq":"1","tenant":"default","ticket_id":"T-1",)"
            R"("at":"2026-03-10T12:00:00Z","due_at":"2026-03-10T13:00:00Z",)"
            R"("detected_at":"2026-03-10T12:00:00Z","cause":{"offset":"1","event_id":"e1",)"
            R"("policy_revision":"7","rule":"plans.gold.targets[0]"},)"
            R"("clock_started":{"metric":"first_response","target":"first_response","cycle":1,)"
            R"("used":"0s","within":"3600s","calendar":"always"}})"
            "\n"
            R"({"id":"simulation/0/2/0","seq":"2","tenant":"default","ticket_id":"T-1",)"
            R"("at":"2026-03-10T13:00:00Z","due_at":"2026-03-10T13:00:00Z",)"
            R"("detected_at":"2026-03-10T13:00:00Z","cause":{"offset":"2","policy_revision":"7",)"
            R"("rule":"plans.gold.targets[0]"},)"
            R"("clock_breached":{"metric":"first_response","target":"first_response","cycle":1,)"
            R"("used":"3600s","within":"3600s"}})"
            "\n");
  const Result array = Simulate("", {"-o", "json"});
  EXPECT_EQ(array.out, "[]\n");
  EXPECT_EQ(array.exit_code, 0);
}

TEST(Simulate, TheSameLineTwiceIsOneEvent) {
  const std::string twice = Cat(kOpened, "\n", kOpened, "\n", Reply("12:10:00"), "\n");
  const std::string once = Cat(kOpened, "\n", Reply("12:10:00"), "\n");
  EXPECT_EQ(Simulate(twice).out, Simulate(once).out);
}

TEST(Simulate, TextsSayWhatTheySayAndAreRedacted) {
  const TemporaryDirectory folder;
  const std::string policy = folder / "p.yaml";
  std::ofstream(policy) << "policy: p\nrevision: 1\nseverities: [low]\nplans: {gold: {}}\n"
                           "triggers: [{on: token, token: \"#escalate\", escalation: call}]\n"
                           "escalations: {call: {steps: [{page: [pager]}]}}\nroutes: {pager: }\n"
                           "redact: {emails: true}\n";
  std::istringstream in(
      R"({"id":"e1","ticket_id":"T-1","occurred_at":"2026-03-10T12:00:00Z",)"
      R"("actor":{"id":"ann","kind":"customer"},)"
      R"("opened":{"subject":"mail to ann@h.example","description":"It hangs."}})"
      "\n"
      R"({"id":"e2","ticket_id":"T-1","occurred_at":"2026-03-10T12:01:00Z",)"
      R"("actor":{"id":"ann","kind":"customer"},)"
      R"("message_added":{"visibility":"PUBLIC","text":"> ok\n#Escalate! ann@h.example"}})");
  std::ostringstream out, err;
  EXPECT_EQ(RunEscalationctl({"simulate", "--policy", policy, "-"}, in, out, err), 0) << err.str();
  EXPECT_NE(out.str().find("\"page_requested\""), std::string::npos) << out.str();
  EXPECT_NE(out.str().find("mail to [email]"), std::string::npos) << out.str();
  EXPECT_EQ(out.str().find("ann@h.example"), std::string::npos) << out.str();
}

TEST(Simulate, AWrongLineIsNamedAndEndsIt) {
  const Result result = Simulate(Cat(kOpened, "\n", R"({"id":"x","opend":{}})", "\n"));
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.err.rfind("-:2: ", 0), 0u) << result.err;
  EXPECT_NE(result.err.find("opend"), std::string::npos) << result.err;
}

TEST(Simulate, ALineWithoutATimeIsWrong) {
  const Result result = Simulate(R"({"id":"x","ticket_id":"T-1","opened":{}})");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.err, "-:1: occurred_at: missing, expected a time\n");
}

TEST(Simulate, MistakesInTheCallHaveTheirOwnExitCodes) {
  std::istringstream in;
  std::ostringstream out, err;
  EXPECT_EQ(RunEscalationctl({"simulate", "-"}, in, out, err), 2);
  EXPECT_EQ(RunEscalationctl({"simulate", "--policy", "/nowhere.yaml", "-"}, in, out, err), 78);
  EXPECT_EQ(Simulate("", {"--until", "yesterday"}).exit_code, 2);
  EXPECT_EQ(Simulate("", {"-o", "xml"}).exit_code, 2);
  EXPECT_EQ(out.str(), "");
}

}  // namespace
}  // namespace escalation
