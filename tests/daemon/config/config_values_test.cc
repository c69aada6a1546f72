#include "daemon/config_values.h"

#include <gtest/gtest.h>

namespace escalation {
namespace {

TEST(Environment, IsExpandedPieceByPiece) {
  const Environment environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "A") return "1";
    if (name == "EMPTY") return "";
    if (name == "NESTED") return "${A}";
    return std::nullopt;
  };
  const struct {
    int line;
    const char* text;
    const char* expected;  // Null: a problem.
  } rows[] = {
      {__LINE__, "plain", "plain"},
      {__LINE__, "${A}", "1"},
      {__LINE__, "x${A}y${A}z", "x1y1z"},
      {__LINE__, "${B:2}", "2"},
      {__LINE__, "${B:}", ""},
      {__LINE__, "${A:2}", "1"},
      {__LINE__, "${EMPTY:2}", ""},
      {__LINE__, "${NESTED}", "${A}"},
      {__LINE__, "$${A}", "${A}"},
      {__LINE__, "$A {A} $", "$A {A} $"},
      {__LINE__, "${B}", nullptr},
      {__LINE__, "${A", nullptr},
      {__LINE__, "${}", nullptr},
      {__LINE__, "${1A}", nullptr},
      {__LINE__, "${A B}", nullptr},
  };
  for (const auto& row : rows) {
    Problems problems("f");
    YamlNode node;
    node.kind = YamlNode::Kind::kText;
    node.text = row.text;
    ExpandEnvironment(environment, &problems, &node);
    EXPECT_EQ(problems.empty(), row.expected != nullptr) << "line " << row.line;
    if (row.expected == nullptr) continue;
    EXPECT_EQ(node.text, row.expected) << "line " << row.line;
  }
}

TEST(ListenAddress, HasAHostAndAPort) {
  const struct {
    const char* text;
    const char* host;  // Null: refused.
    int port;
  } rows[] = {
      {"127.0.0.1:8320", "127.0.0.1", 8320},
      {"localhost:0", "localhost", 0},
      {"[::1]:80", "::1", 80},
      {"0.0.0.0:65535", "0.0.0.0", 65535},
      {"127.0.0.1", nullptr, 0},
      {":8320", nullptr, 0},
      {"127.0.0.1:", nullptr, 0},
      {"127.0.0.1:65536", nullptr, 0},
      {"127.0.0.1:-1", nullptr, 0},
      {"127.0.0.1:80x", nullptr, 0},
      {"::1:80", nullptr, 0},
      {"[]:80", nullptr, 0},
      {"a b:80", nullptr, 0},
      {"", nullptr, 0},
  };
  for (const auto& row : rows) {
    const std::optional<ListenAddress> address = ParseListenAddress(row.text);
    ASSERT_EQ(address.has_value(), row.host != nullptr) << row.text;
    if (!address) continue;
    EXPECT_EQ(address->host, row.host);
    EXPECT_EQ(address->port, row.port);
  }
}

TEST(Destination, IsAnHttpAddress) {
  for (const char* good : {"https://a", "http://127.0.0.1:9/hook?x=1", "https://[::1]/"}) {
    EXPECT_TRUE(IsDestination(good)) << good;
  }
  for (const char* bad : {"", "https://", "http:///x", "http://:80", "ftp://a", "HTTP://a", "a.b",
                          "http://a b", "http://a\nb", "file:///etc/passwd"}) {
    EXPECT_FALSE(IsDestination(bad)) << bad;
  }
}

}  // namespace
}  // namespace escalation
