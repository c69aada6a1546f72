#include "daemon/logging.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace escalation {
namespace {

constexpr Instant kTime{1'773'212'400'125};

TEST(Logging, a_json_line_has_typed_fields) {
  EXPECT_EQ(JsonLogLine(kTime, LogLevel::kWarning, "the log is behind",
                        {{"partition", Partition{3}},
                         {"offset", Offset{-1}},
                         {"owner", true},
                         {"path", "/var/lib"},
                         {"lag", Duration::Minutes(90)},
                         {"until", Instant{kTime.ms - 125}}}),
            R"({"time":"2026-03-11T07:00:00.125Z","level":"warning","message":"the log is behind",)"
            R"("partition":3,"offset":-1,"owner":true,"path":"/var/lib","lag":"1h30m",)"
            R"("until":"2026-03-11T07:00:00Z"})");
}

TEST(Logging, a_pretty_line_is_for_eyes) {
  EXPECT_EQ(
      PrettyLogLine(Instant{kTime.ms - 125}, LogLevel::kInfo, "ready",
                    {{"address", "127.0.0.1:8320"}, {"why", "two words"}, {"empty", ""}}),
      "2026-03-11T07:00:00.000Z INFO  ready  address=127.0.0.1:8320 why=\"two words\" empty=\"\"");
  EXPECT_EQ(PrettyLogLine(kTime, LogLevel::kError, "stopping", {}),
            "2026-03-11T07:00:00.125Z ERROR stopping");
}

TEST(Logging, text_from_outside_stays_inside_its_field) {
  std::string evil = "a\nfake=\"1\"} {\"level\":\"error\"\r\x1B[2J\x7F\xFF\\";
  evil += "\xC2\x9B";  // What a terminal may take for ESC [.
  evil += '\0';
  const std::string json = JsonLogLine(kTime, LogLevel::kInfo, "got", {{"subject", evil}});
  for (const char c : json) EXPECT_FALSE(static_cast<unsigned char>(c) < 0x20 || c == 0x7F) << json;
  const auto parsed = nlohmann::json::parse(json);
  EXPECT_EQ(parsed.size(), 4u);
  EXPECT_EQ(parsed["level"], "info");
  EXPECT_EQ(parsed["subject"].get<std::string>().substr(0, 7), evil.substr(0, 7));
  const std::string pretty = PrettyLogLine(kTime, LogLevel::kInfo, "got\nit", {{"subject", evil}});
  for (const char c : pretty) EXPECT_FALSE(static_cast<unsigned char>(c) < 0x20 || c == 0x7F);
  EXPECT_EQ(pretty.find("\xC2\x9B"), std::string::npos);
  EXPECT_NE(pretty.find("subject=\"a fake=\\\"1\\\"} {\\\"level\\\""), std::string::npos) << pretty;
}

TEST(Logging, the_level_decides_what_is_written) {
  InitLogging(LogLevel::kWarning, LogFormat::kJson);
  EXPECT_FALSE(IsLogged(LogLevel::kInfo));
  testing::internal::CaptureStdout();
  LogInfo("not this");
  LogError("but this", {{"n", 5}});
  std::string written = testing::internal::GetCapturedStdout();
  SetLogLevel(LogLevel::kDebug);
  EXPECT_TRUE(IsLogged(LogLevel::kDebug));
  EXPECT_FALSE(IsLogged(LogLevel::kTrace));
  ASSERT_FALSE(written.empty());
  EXPECT_EQ(written.back(), '\n');
  const auto parsed = nlohmann::json::parse(written);
  EXPECT_EQ(parsed["message"], "but this");
  EXPECT_EQ(parsed["n"], 5);
}

}  // namespace
}  // namespace escalation
