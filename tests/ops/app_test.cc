#include "ops/app.h"

#include <gtest/gtest.h>

#include <sstream>

namespace escalation {
namespace {

class AppTest : public testing::Test {
 protected:
  int Run(const std::vector<std::string>& arguments) {
    std::istringstream in;
    std::ostringstream out, err;
    const int code = RunEscalationctl(arguments, in, out, err);
    out_ = out.str();
    err_ = err.str();
    return code;
  }

  std::string out_;
  std::string err_;
};

TEST_F(AppTest, HelpThatWasAskedForGoesToStdout) {
  EXPECT_EQ(Run({"--help"}), 0);
  EXPECT_NE(out_.find("Examples:"), std::string::npos);
  EXPECT_EQ(err_, "");
}

TEST_F(AppTest, EveryCommandHasHelpWithExamples) {
  for (const char* command : {"check", "simulate", "replay", "explain", "tickets", "timers",
                              "pages", "calendar", "archive", "receiver"}) {
    EXPECT_EQ(Run({command, "--help"}), 0) << command;
    EXPECT_NE(out_.find("Example"), std::string::npos) << command;
  }
  EXPECT_EQ(Run({"policy", "publish", "--help"}), 0);
  EXPECT_NE(out_.find("Example"), std::string::npos);
}

TEST_F(AppTest, VersionIsOneLine) {
  EXPECT_EQ(Run({"--version"}), 0);
  EXPECT_EQ(out_, "escalationctl " ESCALATION_VERSION "\n");
}

TEST_F(AppTest, NoCommandAndUnknownCommandsAreUsageErrors) {
  EXPECT_EQ(Run({}), 2);
  EXPECT_EQ(out_, "");
  EXPECT_EQ(Run({"frobnicate"}), 2);
  EXPECT_EQ(err_,
            "escalationctl: there is no command \"frobnicate\"\n"
            "  hint: escalationctl --help lists them\n");
}

TEST_F(AppTest, AnUnknownOptionNamesTheCommandsHelp) {
  EXPECT_EQ(Run({"check", "--colour", "x.yaml"}), 2);
  EXPECT_NE(err_.find("--colour"), std::string::npos) << err_;
  EXPECT_NE(err_.find("hint: escalationctl check --help shows the usage\n"), std::string::npos)
      << err_;
}

TEST_F(AppTest, OutputThatCannotBeWrittenIsAFailure) {
  std::istringstream in;
  std::ostringstream err;
  std::ostream broken(nullptr);
  EXPECT_EQ(RunEscalationctl({"--version"}, in, broken, err), 1);
  EXPECT_EQ(err.str(), "escalationctl: the output could not be written\n");
}

}  // namespace
}  // namespace escalation
