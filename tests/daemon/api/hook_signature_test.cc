#include "daemon/api/hook_signature.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace escalation {
namespace {

using Kind = HookVerification::Kind;

constexpr Instant kNow = Instant::Seconds(1'773'133'200);

// Made with: printf '%s' CONTENT | openssl dgst -sha256 -hmac key
constexpr const char* kHexOfBody =
    "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8";  // The quick brown fox ...
constexpr const char* kFox = "The quick brown fox jumps over the lazy dog";
constexpr const char* kSha1OfFox = "de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9";

HookVerification Agreed(Kind kind) {
  HookVerification agreed;
  agreed.kind = kind;
  agreed.secret = Secret("key");
  agreed.header = "x-signature";
  return agreed;
}

HttpRequest Request(HttpPairs headers) {
  HttpRequest request;
  request.method = "POST";
  request.headers = std::move(headers);
  request.body = kFox;
  return request;
}

TEST(HookSignatureTest, signature_over_the_body) {
  HookVerification agreed = Agreed(Kind::kHmacSha256);
  agreed.prefix = "sha256=";
  const std::string right = std::string("sha256=") + kHexOfBody;
  EXPECT_TRUE(VerifyHook(agreed, Request({{"x-signature", right}}), kNow).ok());
  EXPECT_EQ(VerifyHook(agreed, Request({}), kNow).message(), "the header x-signature is missing");
  std::string wrong = right;
  wrong.back() = '0';
  for (const std::string& header : {wrong, std::string(kHexOfBody), std::string(), right + "0"}) {
    EXPECT_EQ(VerifyHook(agreed, Request({{"x-signature", header}}), kNow).message(),
              "the signature does not fit the body")
        << header;
  }
  HttpRequest other = Request({{"x-signature", right}});
  other.body += " ";
  EXPECT_FALSE(VerifyHook(agreed, other, kNow).ok());
}

TEST(HookSignatureTest, the_older_digest_where_a_sender_has_no_other) {
  const HookVerification agreed = Agreed(Kind::kHmacSha1);
  EXPECT_TRUE(VerifyHook(agreed, Request({{"x-signature", kSha1OfFox}}), kNow).ok());
  EXPECT_FALSE(VerifyHook(agreed, Request({{"x-signature", kHexOfBody}}), kNow).ok());
}

TEST(HookSignatureTest, what_is_signed_may_hold_headers) {
  HookVerification agreed = Agreed(Kind::kHmacSha256);
  agreed.content = "The quick {X-Middle} the lazy {body}";
  HttpRequest request =
      Request({{"x-signature", kHexOfBody}, {"x-middle", "brown fox jumps over"}});
  request.body = "dog";
  EXPECT_TRUE(VerifyHook(agreed, request, kNow).ok());
  request.headers.pop_back();
  EXPECT_EQ(VerifyHook(agreed, request, kNow).message(), "a header that is signed is missing");
}

TEST(HookSignatureTest, while_a_secret_is_changed_several_signatures_stand_there) {
  const HookVerification agreed = Agreed(Kind::kHmacSha256);
  const std::string both = std::string(64, 'a') + " " + kHexOfBody;
  EXPECT_TRUE(VerifyHook(agreed, Request({{"x-signature", both}}), kNow).ok());
}

TEST(HookSignatureTest, signature_of_long_ago_is_refused) {
  HookVerification agreed = Agreed(Kind::kHmacSha256);
  agreed.timestamp_header = "x-time";
  const auto verify = [&](const std::string& time) {
    return VerifyHook(agreed, Request({{"x-signature", kHexOfBody}, {"x-time", time}}), kNow);
  };
  EXPECT_TRUE(verify("1773133200").ok());
  EXPECT_TRUE(verify("2026-03-10T09:04:59Z").ok());
  for (const char* time : {"1773132899", "2026-03-10T09:06:00Z", "yesterday", "-5", ""}) {
    EXPECT_FALSE(verify(time).ok()) << time;
  }
}

TEST(HookSignatureTest, secrets_that_come_along) {
  HookVerification agreed = Agreed(Kind::kHeader);
  agreed.header = "authorization";
  agreed.prefix = "Bearer ";
  EXPECT_TRUE(VerifyHook(agreed, Request({{"authorization", "Bearer key"}}), kNow).ok());
  EXPECT_FALSE(VerifyHook(agreed, Request({{"authorization", "Bearer kez"}}), kNow).ok());
  EXPECT_FALSE(VerifyHook(agreed, Request({{"authorization", "key"}}), kNow).ok());
  agreed = Agreed(Kind::kBasic);
  agreed.secret = Secret("Aladdin:open sesame");
  EXPECT_TRUE(
      VerifyHook(agreed, Request({{"authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}}), kNow)
          .ok());
  EXPECT_FALSE(VerifyHook(agreed, Request({{"authorization", "Basic QWxhZGRpbg=="}}), kNow).ok());
}

TEST(HookSignatureTest, no_reason_holds_a_secret) {
  for (const Kind kind : {Kind::kHmacSha256, Kind::kHeader, Kind::kBasic}) {
    HookVerification agreed = Agreed(kind);
    agreed.secret = Secret("hunter2");
    const absl::Status refused =
        VerifyHook(agreed, Request({{"x-signature", "none"}, {"authorization", "none"}}), kNow);
    EXPECT_EQ(refused.message().find("hunter2"), absl::string_view::npos);
  }
}

}  // namespace
}  // namespace escalation
