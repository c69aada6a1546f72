#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "ops/app.h"
#include "state/base/text.h"
#include "tests/support/temporary_directory.h"

namespace escalation {
namespace {

const char kDeploy[] = ESCALATION_SOURCE_DIR "/deploy/";
const char kPolicies[] = ESCALATION_SOURCE_DIR "/tests/state/policy/";

struct Result {
  int exit_code = 0;
  std::string out;
  std::string err;
};

// On a day that is fixed.
Result Check(std::vector<std::string> files, const std::string& as_of = "2026-03-10") {
  files.insert(files.begin(), {"check", "--as-of", as_of});
  std::istringstream in;
  std::ostringstream out, err;
  Result result;
  result.exit_code = RunEscalationctl(files, in, out, err);
  result.out = out.str();
  result.err = err.str();
  return result;
}

TEST(Check, APolicyThatIsWellIsSummedUp) {
  const std::string file = Cat(kDeploy, "policies/example.yaml");
  const Result result = Check({file});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, file + ": ok (policy example, revision 1, 3 plans, 16 targets)\n");
  EXPECT_EQ(result.err, "");
}

TEST(Check, WhatIsHardlyMeantIsWarnedOfAndStillWell) {
  const std::string file = Cat(kPolicies, "valid/everything.yaml");
  const Result result = Check({file});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, file + ": ok (policy everything, revision 42, 3 plans, 5 targets)\n");
  EXPECT_EQ(result.err,
            Cat(file,
                ":60:19: warning: plan \"gold\", target \"everything\": no ticket can have it: the "
                "plan's \"severity_ceiling\" is high\n",
                file,
                ":114:3: warning: escalation \"stubborn\": nothing in the policy starts it, only a "
                "person's request does\n",
                "  hint: name it in a target's warned or breached, or in a trigger\n"));
  const Result strict = Check({"--strict", file});
  EXPECT_EQ(strict.exit_code, 78);
  EXPECT_EQ(strict.err, result.err);
  EXPECT_EQ(Check({"--strict", Cat(kDeploy, "policies/example.yaml")}).exit_code, 0);
}

TEST(Check, HolidaysAreJudgedFromTheDayThatIsNamed) {
  const std::string file = Cat(kPolicies, "valid/everything.yaml");
  EXPECT_EQ(Check({file}, "2026-10-27").err.find("holidays"), std::string::npos);
  EXPECT_EQ(Check({file}, "2026-10-28")
                .err.find(file + ":37:3: warning: calendar \"office\": its holidays end with "
                                 "2026-12-26, less than 60 days after 2026-10-28\n"),
            0u);
  EXPECT_EQ(Check({file}, "soon").exit_code, 2);
}

TEST(Check, RoutesAreComparedWithAConfigBesideThePolicy) {
  const std::string config = Cat(kDeploy, "escalationd.example.yaml");
  const std::string other = Cat(kPolicies, "valid/everything.yaml");
  const Result result = Check({other, config, Cat(kDeploy, "policies/example.yaml")});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_NE(result.err.find(Cat(other, ":126:3: warning: route \"backup\": ", config,
                                " does not define it\n  hint: defined: victorops, ops_webhook\n")),
            std::string::npos)
      << result.err;
  EXPECT_EQ(result.err.find("policies/example.yaml"), std::string::npos) << result.err;
}

TEST(Check, EveryPolicyThatIsShippedHasNoWarning) {
  for (const char* name : {"aiven", "azion", "drud", "elastic-io", "example", "stakater"}) {
    const std::string file = Cat(kDeploy, "policies/", name, ".yaml");
    const Result result = Check({"--strict", file});
    EXPECT_EQ(result.exit_code, 0) << result.err;
  }
}

TEST(Check, AConfigIsKnownByItsContent) {
  const std::string file = Cat(kDeploy, "escalationd.example.yaml");
  const Result result = Check({file});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out.substr(0, file.size() + 17), file + ": ok (config of d");
  EXPECT_NE(result.out.find("1 tenant, 2 routes)\n"), std::string::npos) << result.out;
  EXPECT_EQ(result.err, "");
}

TEST(Check, WhatIsWrongGoesToStderrWithExit78) {
  const std::string file = Cat(kPolicies, "broken/steps_not_rising.yaml");
  const Result result = Check({file});
  EXPECT_EQ(result.exit_code, 78);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(
      result.err,
      file +
          ":13:17: escalation \"night\", step 2: \"after\" must be later than step 1's 5m, got "
          "5m\n  hint: list both routes under one step to page them together\n");
}

TEST(Check, OneWrongFileDoesNotHideTheOthers) {
  const std::string good = Cat(kPolicies, "valid/minimal.yaml");
  const std::string bad = Cat(kPolicies, "broken/within_zero.yaml");
  const Result result = Check({bad, good});
  EXPECT_EQ(result.exit_code, 78);
  EXPECT_EQ(result.out, good + ": ok (policy minimal, revision 1, 1 plan, 1 target)\n");
  EXPECT_NE(result.err.find("\"within\" must be above 0"), std::string::npos);
}

TEST(Check, AFileOfNeitherKindIsRefused) {
  const std::string file = Cat(kPolicies, "broken/not_a_map.yaml");
  const Result result = Check({file});
  EXPECT_EQ(result.exit_code, 78);
  EXPECT_EQ(result.err, file +
                            ": neither a policy nor a config\n  hint: a policy has the key "
                            "\"policy\", a daemon's config the key \"tenants\"\n");
}

TEST(Check, APolicyWithoutANameIsStillAPolicy) {
  const std::string file = Cat(kPolicies, "broken/missing_policy.yaml");
  EXPECT_EQ(Check({file}).err, file + ":2:1: \"policy\" is missing\n");
}

TEST(Check, AFileThatIsNotThereIsWrong) {
  const Result result = Check({Cat(kPolicies, "nowhere.yaml")});
  EXPECT_EQ(result.exit_code, 78);
  EXPECT_EQ(result.err, Cat(kPolicies, "nowhere.yaml: no such file\n"));
}

// A config and the programs that it names.
class CheckPrograms : public testing::Test {
 protected:
  CheckPrograms() {
    setenv("ESCALATION_MAPPER", ESCALATION_BINARY_DIR "/daemon/escalation-mapper", 1);
    std::ofstream(folder_ / "config.yaml")
        << "tenants:\n  - {policy: " << kPolicies << "valid/minimal.yaml}\n"
        << "routes:\n  hook:\n    kind: webhook\n    url: https://hooks.example.com/x\n"
        << "    body: body.jq\n"
        << "sources:\n  desk:\n    format: jq\n    program: desk.jq\n    http: {verify: none}\n";
    Write("body.jq", "{text: .title}");
    Write("desk.jq", "empty");
  }
  ~CheckPrograms() override { unsetenv("ESCALATION_MAPPER"); }
  void Write(const std::string& name, const std::string& program) {
    std::ofstream(folder_ / name) << program;
  }
  Result Checked() {
    Result result = Check({folder_ / "config.yaml"});
    for (std::string* text : {&result.out, &result.err}) {
      const std::string folder = folder_ / "";
      for (size_t at; (at = text->find(folder)) != std::string::npos;)
        text->erase(at, folder.size());
    }
    return result;
  }

  const TemporaryDirectory folder_;
};

TEST_F(CheckPrograms, ProgramsThatAreWellAreNotMentioned) {
  const Result result = Checked();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out.substr(0, 16), "config.yaml: ok ");
}

TEST_F(CheckPrograms, OneThatDoesNotCompileIsNamedAtItsLineOfTheConfigAndItsOwn) {
  Write("body.jq", "{text: .title,\n more: nope}");
  Write("desk.jq", "first(nope),\n now");
  const Result result = Checked();
  EXPECT_EQ(result.exit_code, 78);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(
      result.err,
      "config.yaml:7:11: route \"hook\": \"body\": body.jq:2:8: nope/0 is not defined\n"
      "config.yaml:11:14: source \"desk\": \"program\": desk.jq:1:7: nope/0 is not defined\n");
}

TEST_F(CheckPrograms, ABodyIsTriedOnASampleOfEachOperation) {
  Write("body.jq",
        "if .type == \"page_acknowledged\" then .title | keys elif .type == \"page_closed\" then "
        "empty "
        "else .title end");
  const Result result = Checked();
  EXPECT_EQ(result.exit_code, 78);
  const std::string where = "config.yaml:7:11: route \"hook\": \"body\": body.jq: ";
  EXPECT_EQ(result.err.find(where), 0u) << result.err;
  EXPECT_NE(result.err.find("has no keys, for a sample of page_acknowledged\n"), std::string::npos)
      << result.err;
  EXPECT_NE(result.err.find(where + "gave no body, for a sample of page_closed\n"),
            std::string::npos)
      << result.err;
  EXPECT_EQ(result.err.find("page_requested"), std::string::npos) << result.err;
}

TEST_F(CheckPrograms, AMapperThatIsNotThereIsSaid) {
  setenv("ESCALATION_MAPPER", "/nowhere/escalation-mapper", 1);
  const Result result = Checked();
  EXPECT_EQ(result.exit_code, 78);
  EXPECT_NE(result.err.find("/nowhere/escalation-mapper"), std::string::npos) << result.err;
}

TEST(Check, WithoutFilesIsWrongUsage) {
  EXPECT_EQ(Check({}).exit_code, 2);
  EXPECT_EQ(Check({"--no-such-option"}).exit_code, 2);
}

}  // namespace
}  // namespace escalation
