#include "daemon/deliver/redact.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <cstring>
#include <string>

#include "daemon/deliver/plain_text.h"
#include "daemon/deliver/private_address.h"
#include "daemon/log/kafka_settings.h"
#include "tests/daemon/deliver/pages.h"

namespace escalation {
namespace {

TEST(Redactor, nothing_secret_of_a_route_is_left) {
  DeliveryRoute route = RouteNamed("pager");
  route.url = Secret(
      "https://user:passw0rd@alert.victorops.com/integrations/generic/20131114/alert/"
      "0123-4567-key/night-route?token=abcdefgh1234");
  route.signing_secrets = {Secret("whsec_signing")};
  route.headers.emplace_back("Authorization", Secret("Bearer tok.en.value"));
  const Redactor redact(route);
  EXPECT_EQ(redact("POST " + route.url.Reveal() + " failed"), "POST [redacted] failed");
  EXPECT_EQ(redact("no key 0123-4567-key here"), "no key [redacted] here");
  EXPECT_EQ(redact("token=abcdefgh1234!"), "token=[redacted]!");
  EXPECT_EQ(redact("whsec_signing whsec_signing"), "[redacted] [redacted]");
  EXPECT_EQ(redact("got Bearer tok.en.value"), "got [redacted]");
  EXPECT_EQ(redact("got tok.en.value"), "got [redacted]");
  EXPECT_EQ(redact("status 404"), "status 404");
  EXPECT_EQ(redact("two\nlines\x1B[0m"), "two lines [0m");
  EXPECT_EQ(redact(std::string(10'000, 'x')).size(), 512u);
}

// A provider that repeats everything that it was told, in the forms in which it was told.
TEST(Redactor, a_canary_in_every_slot_is_never_seen) {
  DeliveryRoute route = RouteNamed("pager");
  route.url = Secret("https://user:canary-one@h.example/canary-two/x?token=canary-three");
  route.key = Secret("canary-four");
  route.signing_secrets = {Secret("canary-five"), Secret("canary-six")};
  route.headers.emplace_back("Authorization", Secret("Bearer canary-seven"));
  route.mail.user = "pager";
  KafkaSettings cluster;
  cluster.properties = {{"sasl.password", Secret("canary-eight")},
                        {"security.protocol", Secret("sasl_ssl")}};
  route.topic.cluster = std::make_shared<KafkaSettings>(cluster);
  const Redactor redact(route);
  EXPECT_EQ(redact("sasl_ssl failed"), "sasl_ssl failed");
  for (const char* said :
       {"canary-one", "user:canary-one", "dXNlcjpjYW5hcnktb25l", "canary-two", "canary-three",
        "canary-four", "GenieKey canary-four", "Y2FuYXJ5LWZvdXI=", "AHBhZ2VyAGNhbmFyeS1mb3Vy",
        "{\"routing_key\":\"canary-four\"}", "canary-five", "canary-six", "canary-seven",
        "password canary-eight", "https:\\/\\/user:canary-one@h.example\\/canary-two\\/x"}) {
    const std::string text = redact(std::string("status 400: ") + said);
    EXPECT_EQ(text.find("canary"), std::string::npos) << text;
    EXPECT_NE(text.find("[redacted]"), std::string::npos) << text;
  }
}

TEST(Redactor, the_origin_of_a_url_may_be_shown) {
  EXPECT_EQ(OriginOfUrl("https://alert.victorops.com/a/KEY"), "https://alert.victorops.com");
  EXPECT_EQ(OriginOfUrl("https://u:p@h.example:8443?x"), "https://h.example:8443");
  EXPECT_EQ(OriginOfUrl("http://[::1]:80/x"), "http://[::1]:80");
  EXPECT_EQ(OriginOfUrl(""), "");
}

TEST(PlainText, one_line_without_surprises) {
  EXPECT_EQ(OneLine("  a \t b\r\n\n c  "), "a b c");
  EXPECT_EQ(OneLine("caf\xC3\xA9 \xF0\x9F\x98\x80"), "caf\xC3\xA9 \xF0\x9F\x98\x80");
  EXPECT_EQ(OneLine(std::string("a\0b", 3)), "a b");
  EXPECT_EQ(OneLine("\x1B]0;title\x07x"), "]0;title x");
  EXPECT_EQ(OneLine("a\xC2\x9B"
                    "31mb"),
            "a 31mb");  // C1 control sequence introducer.
  EXPECT_EQ(OneLine("a\xE2\x80\xA8"
                    "b"),
            "a b");  // Line separator.
  EXPECT_EQ(OneLine("a\xE2\x80\xAE"
                    "b"),
            "a b");  // Right-to-left override.
  EXPECT_EQ(OneLine("a\xFF\xC3"), "a\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(OneLine(""), "");
}

TEST(PlainText, is_cut_between_code_points) {
  EXPECT_EQ(CutText("abcdef", 6), "abcdef");
  EXPECT_EQ(CutText("abcdefg", 6), "abc...");
  EXPECT_EQ(CutText("a\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC", 8), "a\xE2\x82\xAC...");
  EXPECT_EQ(CutText("abc", 2), "ab");
}

bool IsPrivate(const std::string& address) {
  sockaddr_storage storage{};
  auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
  } else {
    EXPECT_EQ(inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr), 1) << address;
    v6->sin6_family = AF_INET6;
  }
  return IsPrivateAddress(*reinterpret_cast<const sockaddr*>(&storage));
}

TEST(PrivateAddress, what_only_this_network_can_reach) {
  for (const char* address : {"0.0.0.0",
                              "10.255.255.255",
                              "100.64.0.1",
                              "100.127.255.255",
                              "127.0.0.1",
                              "169.254.169.254",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.168.1.1",
                              "198.18.0.1",
                              "224.0.0.1",
                              "255.255.255.255",
                              "::",
                              "::1",
                              "fe80::1",
                              "fc00::1",
                              "fd12::1",
                              "ff02::1",
                              "::ffff:127.0.0.1",
                              "::ffff:10.0.0.1",
                              "64:ff9b::7f00:1",
                              "2002:7f00:1::",
                              "2001:db8::1",
                              "2001::1"}) {
    EXPECT_TRUE(IsPrivate(address)) << address;
  }
  for (const char* address :
       {"1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
        "128.0.0.1", "172.15.255.255", "172.32.0.0", "192.169.0.0", "223.255.255.255",
        "2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::808:808"}) {
    EXPECT_FALSE(IsPrivate(address)) << address;
  }
  sockaddr other{};
  other.sa_family = AF_UNIX;
  EXPECT_TRUE(IsPrivateAddress(other));
}

}  // namespace
}  // namespace escalation
