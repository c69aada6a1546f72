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
  agreed.secrets = {Secret("key")};
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

// A request that carries headers, and a body that is signed.
HttpRequest Signed(HttpPairs headers, std::string body) {
  HttpRequest request = Request(std::move(headers));
  request.body = std::move(body);
  return request;
}

HookVerification Usual(const char* sender, const char* secret) {
  HookVerification agreed = *UsualVerification(sender);
  agreed.secrets = {Secret("another"), Secret(secret)};
  return agreed;
}

TEST(HookSignatureTest, pagerduty_signs_with_every_secret_of_a_subscription) {
  const HookVerification agreed = Usual("pagerduty", "key");
  const std::string right = std::string("v1=") + kHexOfBody;
  const std::string other = "v1=" + std::string(64, 'a');
  for (const std::string& header :
       {right, right + "," + other, other + "," + right, other + ", " + right}) {
    EXPECT_TRUE(VerifyHook(agreed, Request({{"x-pagerduty-signature", header}}), kNow).ok());
  }
  for (const std::string& header :
       {other, other + "," + other, std::string(kHexOfBody), right + "0", std::string("v1=")}) {
    EXPECT_FALSE(VerifyHook(agreed, Request({{"x-pagerduty-signature", header}}), kNow).ok())
        << header;
  }
}

// The example of Slack's own documentation.
TEST(HookSignatureTest, slack_signs_time_and_body) {
  const HookVerification agreed = Usual("slack", "8f742231b10e8888abcd99yyyzzz85a5");
  const std::string body =
      "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id="
      "G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-"
      "collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F39770088"
      "5554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447"
      "fce8b6703c";
  const auto verify = [&](const char* time, const std::string& text, Instant now) {
    return VerifyHook(
        agreed,
        Signed({{"x-slack-signature",
                 "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"},
                {"x-slack-request-timestamp", time}},
               text),
        now);
  };
  const Instant sent = Instant::Seconds(1'531'420'618);
  EXPECT_TRUE(verify("1531420618", body, sent).ok());
  EXPECT_TRUE(verify("1531420618", body, sent + Duration::Minutes(5)).ok());
  EXPECT_FALSE(verify("1531420618", body, sent + Duration::Minutes(5) + Duration{1}).ok());
  EXPECT_FALSE(verify("1531420619", body, sent).ok());
  EXPECT_FALSE(verify("1531420618", body + "&", sent).ok());
}

// Made with: printf '%s' msg_1.1773133200.{} | openssl dgst -sha256 -mac HMAC -macopt hexkey:...
TEST(HookSignatureTest, standard_webhooks_sign_id_time_and_body) {
  HookVerification agreed = Usual("standard_webhooks", "");
  agreed.secrets = {*StandardWebhooksSecret(Secret("whsec_c2VjcmV0IG9mIHRoZSBwYWdlcg=="))};
  EXPECT_EQ(agreed.secrets[0].Reveal(), "secret of the pager");
  EXPECT_EQ(StandardWebhooksSecret(Secret("plain"))->Reveal(), "plain");
  EXPECT_FALSE(StandardWebhooksSecret(Secret("whsec_%")).has_value());
  const auto verify = [&](const char* id, const char* signature) {
    return VerifyHook(agreed,
                      Signed({{"webhook-signature", signature},
                              {"webhook-id", id},
                              {"webhook-timestamp", "1773133200"}},
                             "{}"),
                      kNow);
  };
  EXPECT_TRUE(verify("msg_1", "v1,vCCWzNKVnvlA3J2VCE6g0sto70zDB6nXet7+1NN2m4g=").ok());
  EXPECT_TRUE(verify("msg_1", "v1a,other v1,vCCWzNKVnvlA3J2VCE6g0sto70zDB6nXet7+1NN2m4g=").ok());
  EXPECT_FALSE(verify("msg_2", "v1,vCCWzNKVnvlA3J2VCE6g0sto70zDB6nXet7+1NN2m4g=").ok());
}

// Made with: printf '%s' https://sla.example.com/v1/hooks/vobA twoc%d | openssl dgst -sha1 ...
TEST(HookSignatureTest, victorops_signs_the_address_and_the_fields_in_order) {
  HookVerification agreed = Usual("victorops", "key");
  agreed.url = "https://sla.example.com/v1/hooks/vo";
  const auto verify = [&](const std::string& body) {
    return VerifyHook(
        agreed, Signed({{"x-victorops-signature", "UiHx/1aqUzi/yArQv5m4T3M1yIQ="}}, body), kNow);
  };
  EXPECT_TRUE(verify("c=%25d&b=A+two").ok());
  EXPECT_TRUE(verify("b=A%20two&c=%25d").ok());
  EXPECT_FALSE(verify("b=A+two&c=%25e").ok());
  EXPECT_EQ(verify("b=%").message(), "the body is no form");
  agreed.url += "/";
  EXPECT_FALSE(verify("c=%25d&b=A+two").ok());
}

TEST(HookSignatureTest, without_a_secret_nobody_is_believed) {
  // HMAC-SHA256 of the body with an empty key.
  const std::string forged = "fb011e6154a19b9a4c767373c305275a5a69e8b68b0b4c9200c383dced19a416";
  HookVerification agreed = Agreed(Kind::kHmacSha256);
  for (const std::vector<Secret>& secrets : {std::vector<Secret>{}, std::vector<Secret>{Secret()},
                                             std::vector<Secret>{Secret("key"), Secret()}}) {
    agreed.secrets = secrets;
    EXPECT_EQ(VerifyHook(agreed, Request({{"x-signature", forged}}), kNow).message(),
              "no secret is agreed on");
  }
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
  agreed.secrets = {Secret("Aladdin:open sesame")};
  EXPECT_TRUE(
      VerifyHook(agreed, Request({{"authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}}), kNow)
          .ok());
  EXPECT_FALSE(VerifyHook(agreed, Request({{"authorization", "Basic QWxhZGRpbg=="}}), kNow).ok());
}

TEST(HookSignatureTest, no_reason_holds_a_secret) {
  for (const Kind kind : {Kind::kHmacSha256, Kind::kHeader, Kind::kBasic}) {
    HookVerification agreed = Agreed(kind);
    agreed.secrets = {Secret("hunter2")};
    const absl::Status refused =
        VerifyHook(agreed, Request({{"x-signature", "none"}, {"authorization", "none"}}), kNow);
    EXPECT_EQ(refused.message().find("hunter2"), absl::string_view::npos);
  }
}

}  // namespace
}  // namespace escalation
