// The mappings that come with the product, and what is told of one that is wrong.
#include "daemon/source/mapping_check.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "daemon/source/event_json.h"
#include "state/base/text.h"

namespace escalation {
namespace {

namespace fs = std::filesystem;

const fs::path kMappings = ESCALATION_SOURCE_DIR "/deploy/mappings";
constexpr char kErased[] = R"({"id":"e1","ticket_id":"T-1","erased":{}})";

class MappingCheckTest : public testing::Test {
 protected:
  void SetUp() override {
    setenv("ESCALATION_MAPPER", ESCALATION_BINARY_DIR "/daemon/escalation-mapper", 1);
    std::string folder = testing::TempDir() + "mapping-XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) {
    const fs::path path = folder_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path;
  }

  // All problems, with the folder's name left out.
  std::string Check(const std::string& program) {
    std::string message(CheckMapping(program).ToStatus().message());
    const std::string prefix = folder_.string() + "/";
    for (size_t at = 0; (at = message.find(prefix)) != std::string::npos;) {
      message.erase(at, prefix.size());
    }
    return message;
  }

  fs::path folder_;
};

TEST_F(MappingCheckTest, the_ready_mappings_give_the_events_of_their_samples) {
  std::set<std::string> found;
  for (const auto& entry : fs::directory_iterator(kMappings)) {
    if (entry.path().extension() != ".jq") continue;
    int samples = 0;
    EXPECT_EQ(CheckMapping(entry.path(), &samples).ToStatus(), absl::OkStatus());
    EXPECT_GE(samples, 14) << entry.path();
    found.insert(entry.path().stem());
  }
  EXPECT_EQ(found, (std::set<std::string>{"freshdesk", "github-issues", "intercom",
                                          "jira-service-management", "servicenow",
                                          "zendesk-eventbridge", "zendesk-webhook"}));
}

TEST_F(MappingCheckTest, ready_mappings_name_every_event_so_that_hooks_may_send_it_again) {
  for (const auto& folder : fs::directory_iterator(kMappings / "samples")) {
    std::set<std::string> ids;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() != ".jsonl") continue;
      std::ifstream file(entry.path());
      for (std::string line; std::getline(file, line);) {
        const auto event = EventFromJson(line);
        ASSERT_TRUE(event.ok()) << entry.path() << ": " << event.status();
        EXPECT_FALSE(event->id().empty()) << entry.path();
        EXPECT_TRUE(ids.insert(event->id()).second) << entry.path() << ": " << event->id();
        EXPECT_TRUE(event->has_occurred_at()) << entry.path();
      }
    }
    EXPECT_GE(ids.size(), 10u) << folder.path();
  }
}

TEST_F(MappingCheckTest, a_mapping_without_samples_is_well_if_it_compiles) {
  int samples = 7;
  EXPECT_TRUE(CheckMapping(Write("own.jq", "."), &samples).empty());
  EXPECT_EQ(samples, 0);
}

TEST_F(MappingCheckTest, what_does_not_compile_is_told_with_its_place) {
  EXPECT_EQ(Check(Write("own.jq", "# mine\n  nope")), "own.jq:2:3: nope/0 is not defined");
  EXPECT_EQ(Check((folder_ / "gone.jq").string()), "gone.jq: no such file");
}

TEST_F(MappingCheckTest, the_first_difference_of_a_sample_is_shown) {
  const std::string program = Write("own.jq", ".[]");
  Write("samples/own/a.json", Cat("[", kErased, R"(,{"id":"e2","ticket_id":"T-2","erased":{}}])"));
  Write("samples/own/a.expected.jsonl", Cat(kErased, "\n", kErased, "\n"));
  EXPECT_EQ(Check(program),
            Cat("own.jq: sample samples/own/a.json: event 2\n    expected ", kErased,
                "\n    got      ", R"({"id":"e2","ticket_id":"T-2","erased":{}})"));
  Write("samples/own/a.expected.jsonl", Cat(kErased, "\n"));
  EXPECT_NE(Check(program).find("expected no such event"), std::string::npos);
}

TEST_F(MappingCheckTest, an_expected_error_must_come) {
  const std::string program =
      Write("own.jq", "if . == 1 then error(\"unknown kind\") else empty end");
  Write("samples/own/a.json", "1");
  Write("samples/own/a.expected.error", "unknown kind\n");
  EXPECT_EQ(Check(program), "");
  Write("samples/own/a.json", "2");
  EXPECT_EQ(Check(program),
            "own.jq: sample samples/own/a.json: expected the error unknown kind, got none");
}

TEST_F(MappingCheckTest, a_sample_without_expectation_is_a_problem) {
  const std::string program = Write("own.jq", "empty");
  Write("samples/own/a.json", "1");
  EXPECT_EQ(Check(program),
            "own.jq: sample samples/own/a.json: expected .expected.jsonl or .expected.error beside "
            "it, and neither can be read");
}

TEST_F(MappingCheckTest, headers_stand_beside_a_sample) {
  const std::string program =
      Write("own.jq", R"({id: $headers["x-id"], ticket_id: "T-1", erased: {}})");
  Write("samples/own/a.json", "1");
  Write("samples/own/a.headers.json", R"({"X-Id": "e1"})");
  Write("samples/own/a.expected.jsonl", Cat(kErased, "\n"));
  EXPECT_EQ(Check(program), "");
}

TEST_F(MappingCheckTest, what_no_source_would_accept_is_a_problem) {
  const std::string program = Write("own.jq", R"({id: "e1", ticket_id: "T 1", erased: {}})");
  Write("samples/own/a.json", "1");
  Write("samples/own/a.expected.jsonl", R"({"id":"e1","ticket_id":"T 1","erased":{}})");
  EXPECT_NE(Check(program).find("sample samples/own/a.json: events[0].ticket_id: "),
            std::string::npos)
      << Check(program);
}

}  // namespace
}  // namespace escalation
