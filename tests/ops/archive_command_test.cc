#include "ops/archive_command.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "daemon/log/embedded_log.h"
#include "escalation/v1/decision.pb.h"
#include "escalation/v1/event.pb.h"
#include "state/base/text.h"
#include "tests/support/temporary_directory.h"

namespace escalation {
namespace {

constexpr Instant kNoon{1'773'144'000'000};  // 2026-03-10T12:00:00Z

struct Result {
  int exit_code = 0;
  std::string out;
  std::string err;
};

Result RunArchive(std::vector<std::string> arguments) {
  std::istringstream in;
  std::ostringstream out, err;
  CommandContext context{in, out, err};
  CLI::App app;
  AddArchiveCommand(app, context);
  arguments.insert(arguments.begin(), "archive");
  std::reverse(arguments.begin(), arguments.end());
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError& error) {
    return {kExitUsage, "", error.what()};
  }
  return {context.exit_code, out.str(), err.str()};
}

class ArchiveCommandTest : public testing::Test {
 protected:
  void SetUp() override {
    EmbeddedLogOptions options;
    options.clock = [] { return kNoon; };
    absl::StatusOr<std::unique_ptr<Log>> log = OpenEmbeddedLog(dir_ / "log", std::move(options));
    ASSERT_TRUE(log.ok()) << log.status();
    for (int i = 0; i < 3; ++i) {
      v1::Event event;
      event.set_tenant("default");
      event.set_id(Cat("e", i));
      event.set_ticket_id("T-1");
      event.mutable_opened()->set_subject("site \"down\"\n");
      ASSERT_TRUE(AppendAndWait(**log, Partition{0}, event.SerializeAsString()).ok());
    }
    v1::Decision decision;
    decision.set_id("i/0/0/0");
    decision.set_seq(1);
    decision.set_ticket_id("T-1");
    decision.mutable_clock_started()->set_metric("engagement");
    ToProto(kNoon, decision.mutable_at());
    ASSERT_TRUE((*log)->Publish(Partition{0}, {{1, "i/0/0/0", decision.SerializeAsString()}}).ok());
  }
  Result Create() {
    return RunArchive({"create", "--log", "embedded:" + (dir_ / "log"), "--out", dir_ / "archive"});
  }

  TemporaryDirectory dir_;
};

TEST_F(ArchiveCommandTest, create_writes_verifies_and_says_what) {
  const Result result = Create();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  EXPECT_NE(result.out.find("0          [0, 3)                3          1          "),
            std::string::npos)
      << result.out;
  EXPECT_NE(result.out.find("verified: 2 files"), std::string::npos) << result.out;
  EXPECT_EQ(RunArchive({"verify", dir_ / "archive"}).out, result.out);
}

TEST_F(ArchiveCommandTest, cat_prints_one_object_for_each_record) {
  ASSERT_EQ(Create().exit_code, 0);
  const Result result = RunArchive({"cat", dir_ / "archive", "--from", "1", "--count", "1"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, R"({"partition":0,"offset":"1","appended":"2026-03-10T12:00:00Z","event":)"
                        R"({"tenant":"default","id":"e1","ticket_id":"T-1",)"
                        R"("opened":{"subject":"site \"down\"\n"}}})"
                        "\n");
}

TEST_F(ArchiveCommandTest, cat_prints_decisions_and_other_forms) {
  ASSERT_EQ(Create().exit_code, 0);
  EXPECT_EQ(RunArchive({"cat", dir_ / "archive", "--decisions", "-o", "json"}).out,
            "[\n"
            R"({"partition":0,"decision":{"id":"i/0/0/0","seq":"1","ticket_id":"T-1",)"
            R"("at":"2026-03-10T12:00:00Z","clock_started":{"metric":"engagement"}}})"
            "\n]\n");
  EXPECT_EQ(RunArchive({"cat", dir_ / "archive", "-o", "table", "--count", "1"}).out,
            "0          2026-03-10T12:00:00Z     default      T-1              opened\n");
  EXPECT_EQ(RunArchive({"cat", dir_ / "archive", "-o", "json", "--count", "0"}).out, "[]\n");
}

TEST_F(ArchiveCommandTest, damage_is_named_and_fails) {
  ASSERT_EQ(Create().exit_code, 0);
  const std::string file = dir_ / "archive/partition-0/00000000000000000000.segment";
  std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
  out.seekp(150);
  out.put('!');
  out.close();
  const Result result = RunArchive({"verify", dir_ / "archive"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_NE(result.err.find(file + ": block 0 at byte 85"), std::string::npos) << result.err;
}

TEST_F(ArchiveCommandTest, merge_makes_one_of_several_and_verifies_it) {
  const Result whole = Create();
  ASSERT_EQ(whole.exit_code, 0) << whole.err;
  const Result again =
      RunArchive({"create", "--log", "archive:" + (dir_ / "archive"), "--out", dir_ / "copy"});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  const Result merged =
      RunArchive({"merge", dir_ / "archive", dir_ / "copy", "--out", dir_ / "merged"});
  EXPECT_EQ(merged.exit_code, 0) << merged.err;
  EXPECT_NE(merged.out.find("0          [0, 3)                3          1          "),
            std::string::npos)
      << merged.out;
  EXPECT_EQ(RunArchive({"merge", dir_ / "archive", "--out", dir_ / "one"}).exit_code, 1);
  EXPECT_EQ(RunArchive({"merge", dir_ / "archive", dir_ / "copy"}).exit_code, kExitUsage);
}

TEST_F(ArchiveCommandTest, what_cannot_be_done_says_why) {
  Result result = RunArchive({"create", "--log", "kafka://b/t", "--out", dir_ / "archive"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.err.find("b would be spoken to in plain text"), std::string::npos) << result.err;
  ASSERT_EQ(Create().exit_code, 0);
  result = Create();
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.err.find("not empty"), std::string::npos) << result.err;
  result = RunArchive({"cat", dir_ / "nothing"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.err.find("not an archive"), std::string::npos) << result.err;
  result = RunArchive({"cat", dir_ / "archive", "--partition", "1"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.err.find("there is no partition 1"), std::string::npos) << result.err;
  EXPECT_EQ(RunArchive({"cat"}).exit_code, kExitUsage);
  EXPECT_EQ(RunArchive({"cat", dir_ / "archive", "-o", "xml"}).exit_code, kExitUsage);
}

}  // namespace
}  // namespace escalation
