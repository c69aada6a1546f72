// "heartbeat", "break_glass" and "delivery.digest_after" of the config file.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "daemon/config.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr char kPolicy[] = R"(policy: small
tenant: default
revision: 1
severities: [low]
plans: {gold: {targets: [{name: reply, metric: first_response, within: 1h}]}}
escalations: {night: {steps: [{page: [pager]}]}}
routes: {pager: {}}
)";
constexpr char kRest[] = R"(tenants: [{name: default, policy: small.yaml}]
routes:
  pager: {kind: webhook, url: "http://127.0.0.1:9/hook"}
  operators: {kind: webhook, url: "http://127.0.0.1:9/ops"}
  quiet: {kind: webhook, url: "http://127.0.0.1:9/ops", shadow: true}
)";

class ConfigGuardTest : public testing::Test {
 protected:
  ConfigGuardTest() {
    std::string pattern = testing::TempDir() + "config_XXXXXX";
    folder_ = mkdtemp(pattern.data());
    std::ofstream(folder_ + "/small.yaml") << kPolicy;
  }
  ~ConfigGuardTest() override { std::filesystem::remove_all(folder_); }

  absl::StatusOr<Config> Load(const std::string& text) const {
    std::ofstream(folder_ + "/c.yaml") << kRest << text;
    return LoadConfig(folder_ + "/c.yaml");
  }
  std::string folder_;
};

TEST_F(ConfigGuardTest, nothing_is_watched_unless_the_file_says_so) {
  const absl::StatusOr<Config> config = Load("");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_TRUE(config->heartbeat.url.empty());
  EXPECT_TRUE(config->break_glass.route.empty());
  EXPECT_EQ(config->delivery.digest_after, Duration::Minutes(2));
}

TEST_F(ConfigGuardTest, all_of_it_is_read) {
  const std::string file = folder_ + "/heartbeat";
  std::ofstream(file) << "https://hc.example.com/ping/s3cr3t\n";
  std::filesystem::permissions(file, std::filesystem::perms::owner_read);
  const absl::StatusOr<Config> config = Load(
      "heartbeat: {url_file: heartbeat, every: 30s}\n"
      "break_glass: {route: operators, after: 90s}\n"
      "delivery: {digest_after: 5m}\n");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->heartbeat.url.Reveal(), "https://hc.example.com/ping/s3cr3t");
  EXPECT_EQ(config->heartbeat.every, Duration::Seconds(30));
  EXPECT_EQ(config->break_glass.route, "operators");
  EXPECT_EQ(config->break_glass.after, Duration::Seconds(90));
  EXPECT_EQ(config->delivery.digest_after, Duration::Minutes(5));
  for (const std::string& notice : config->notices) {
    EXPECT_EQ(notice.find("operators"), std::string::npos) << notice;
  }
  const absl::StatusOr<Config> before = Load("");
  ASSERT_TRUE(before.ok());
  EXPECT_EQ(RestartFields(*before, *config),
            (std::vector<std::string>{"heartbeat", "break_glass"}));
}

struct WrongRow {
  int line;
  const char* text;
  const char* message;
};

TEST_F(ConfigGuardTest, what_would_wake_nobody_is_refused) {
  const WrongRow rows[] = {
      {__LINE__, "heartbeat: {every: 1m}\n", "c.yaml:6:12: heartbeat: \"url_file\" is missing"},
      {__LINE__, "heartbeat: {url: \"hc.example.com\"}\n",
       "c.yaml:6:12: heartbeat: the address is not an http or https URL"},
      {__LINE__, "heartbeat: {url: \"https://hc.example.com\", every: 1s}\n", "\"every\""},
      {__LINE__, "break_glass: {route: operator}\n",
       "c.yaml:6:22: break_glass: the route \"operator\" is not configured"},
      {__LINE__, "break_glass: {route: quiet}\n",
       "c.yaml:6:22: break_glass: the route \"quiet\" is in shadow mode and wakes nobody"},
      {__LINE__, "break_glass: {after: 1m}\n", "\"route\" is missing"},
      {__LINE__, "delivery: {digest_after: 1s}\n", "\"digest_after\""},
  };
  for (const WrongRow& row : rows) {
    const absl::StatusOr<Config> config = Load(row.text);
    ASSERT_FALSE(config.ok()) << "line " << row.line;
    EXPECT_NE(std::string(config.status().message()).find(row.message), std::string::npos)
        << "line " << row.line << ": " << config.status().message();
  }
}

}  // namespace
}  // namespace escalation
