// Every file of broken/ gives exactly the message of its .expected file, and every file of valid/
// the messages of its .expected file. With ESCALATION_REWRITE=1 in the environment the .expected
// files are written anew; the difference is reviewed like code.
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "state/base/text.h"
#include "state/policy/policy_loader.h"

namespace escalation {
namespace {

namespace fs = std::filesystem;

const char kFolder[] = ESCALATION_SOURCE_DIR "/tests/state/policy/";

// Names without ".yaml".
std::vector<std::string> NamesIn(const std::string& folder) {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(kFolder + folder)) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void ExpectText(const std::string& actual, const std::string& path) {
  if (std::getenv("ESCALATION_REWRITE") != nullptr) {
    std::ofstream(path, std::ios::binary) << actual;
    return;
  }
  ASSERT_TRUE(fs::exists(path)) << path << " is missing; got:\n" << actual;
  EXPECT_EQ(actual, Read(path)) << "in " << path;
}

class Broken : public testing::TestWithParam<std::string> {};

TEST_P(Broken, GivesExactlyItsMessage) {
  const std::string base = Cat(kFolder, "broken/", GetParam());
  const absl::StatusOr<LoadedPolicy> loaded =
      LoadPolicyText(GetParam() + ".yaml", Read(base + ".yaml"));
  ASSERT_FALSE(loaded.ok()) << base << ".yaml loads";
  EXPECT_EQ(loaded.status().code(), absl::StatusCode::kInvalidArgument);
  ExpectText(std::string(loaded.status().message()) + "\n", base + ".expected");
}

std::string ParamText(const testing::TestParamInfo<std::string>& info) { return info.param; }

INSTANTIATE_TEST_SUITE_P(Files, Broken, testing::ValuesIn(NamesIn("broken")), ParamText);

class Valid : public testing::TestWithParam<std::string> {};

TEST_P(Valid, GivesExactlyItsPolicyAndCalendars) {
  const std::string base = Cat(kFolder, "valid/", GetParam());
  absl::StatusOr<LoadedPolicy> loaded = LoadPolicyFile(base + ".yaml");
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  // The zones' transitions are the machine's; what the calendars say of themselves is the file's.
  std::string zones = "zones:";
  for (const v1::ZoneDefinition& zone : loaded->calendars.zones()) CatTo(&zones, " ", zone.name());
  loaded->calendars.clear_zones();
  EXPECT_FALSE(loaded->calendars.zone_version().empty());
  loaded->calendars.clear_zone_version();
  std::string policy, calendars;
  google::protobuf::TextFormat::PrintToString(loaded->policy, &policy);
  google::protobuf::TextFormat::PrintToString(loaded->calendars, &calendars);
  ExpectText(Cat(policy, "---\n", calendars, "---\n", zones, "\n"), base + ".expected");
}

INSTANTIATE_TEST_SUITE_P(Files, Valid, testing::ValuesIn(NamesIn("valid")), ParamText);

TEST(PolicyFiles, EachExpectationHasItsFile) {
  for (const char* folder : {"broken", "valid"}) {
    for (const fs::directory_entry& entry : fs::directory_iterator(Cat(kFolder, folder))) {
      if (entry.path().extension() != ".expected") continue;
      EXPECT_TRUE(fs::exists(fs::path(entry.path()).replace_extension(".yaml"))) << entry.path();
    }
  }
  EXPECT_GE(NamesIn("broken").size(), 60u);
}

TEST(PolicyFiles, EveryPolicyThatIsShippedLoads) {
  int count = 0;
  for (const fs::directory_entry& entry :
       fs::directory_iterator(ESCALATION_SOURCE_DIR "/deploy/policies")) {
    if (entry.path().extension() != ".yaml") continue;
    ++count;
    const absl::StatusOr<LoadedPolicy> loaded = LoadPolicyFile(entry.path().string());
    EXPECT_TRUE(loaded.ok()) << loaded.status().message();
  }
  EXPECT_GT(count, 0);
}

// The pieces of the language guide, put together, are a policy.
TEST(PolicyFiles, TheLanguageGuideIsTrue) {
  const std::string guide = Read(ESCALATION_SOURCE_DIR "/deploy/policies/README.md");
  static constexpr std::string_view kOpen = "```yaml\n";
  std::string policy =
      "policy: guide\nrevision: 1\nseverities: [low, medium, high, urgent]\ndefault_plan: gold\n";
  int pieces = 0;
  for (size_t at = guide.find(kOpen); at != std::string::npos; at = guide.find(kOpen, at)) {
    at += kOpen.size();
    const size_t end = guide.find("```", at);
    ASSERT_NE(end, std::string::npos);
    policy += guide.substr(at, end - at);
    at = end;
    ++pieces;
  }
  EXPECT_GE(pieces, 6);
  std::string folder = testing::TempDir() + "guide_XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  fs::copy_file(Cat(kFolder, "valid/holidays.ics"), folder + "/de.ics");
  const absl::StatusOr<LoadedPolicy> loaded = LoadPolicyText(folder + "/guide.yaml", policy);
  EXPECT_TRUE(loaded.ok()) << loaded.status().message() << "\n" << policy;
  fs::remove_all(folder);
}

}  // namespace
}  // namespace escalation
