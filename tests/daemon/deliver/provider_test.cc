#include "daemon/deliver/provider.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "daemon/deliver/page_text.h"
#include "daemon/deliver/victorops.h"
#include "daemon/deliver/webhook.h"
#include "state/base/text.h"
#include "tests/daemon/deliver/full_page.h"
#include "tests/daemon/deliver/replies.h"

namespace escalation {
namespace {

using Json = nlohmann::json;

TEST(PageText, carries_the_arithmetic) {
  const PageText text = PageTextOf(FullPage());
  EXPECT_EQ(text.title, "high T-1: site down");
  EXPECT_EQ(text.message,
            "Ticket    T-1 high\n"
            "Subject   site down\n"
            "Target    engagement internal_high within 2h\n"
            "Used      2h of 2h; paused for 30m\n"
            "Due       2026-03-11 01:00 MDT (2026-03-11T07:00:00Z)\n"
            "Why       escalations.night.steps[0]\n"
            "Next      step 2 at 2026-03-11T07:10:00Z: victorops\n"
            "Customer  acme plan ddev_live\n"
            "Assigned  nobody in tier_two\n"
            "Late      by 3m: this page waited in escalationd\n"
            "Cause     record 17, event e1, policy revision 3, plans.ddev_live.targets[1]\n"
            "runbook   https://wiki.example.com/down\n"
            "Explain   escalationctl explain T-1\n");
}

TEST(PageText, says_how_far_from_the_promise) {
  Delivery page = FullPage();
  ToProto(Duration::Minutes(90), page.decision.mutable_page_requested()->mutable_used());
  page.decision.mutable_page_requested()->clear_paused();
  EXPECT_NE(PageTextOf(page).message.find("Used      1h30m of 2h, 30m left\n"), std::string::npos);
  ToProto(Duration::Minutes(125), page.decision.mutable_page_requested()->mutable_used());
  EXPECT_NE(PageTextOf(page).message.find("Used      2h5m of 2h, over by 5m\n"), std::string::npos);
}

TEST(PageText, says_whether_the_page_or_the_events_were_late) {
  Delivery page = FullPage();
  ToProto(kNow, page.decision.mutable_at());
  ToProto(kNow + Duration::Seconds(1), page.decision.mutable_detected_at());
  EXPECT_NE(PageTextOf(page).message.find("by 3m: this page waited in escalationd\n"),
            std::string::npos);
  ToProto(kNow + Duration::Seconds(179), page.decision.mutable_detected_at());
  EXPECT_NE(PageTextOf(page).message.find("by 3m: escalationd learned of it late\n"),
            std::string::npos);
}

TEST(PageText, a_subject_cannot_write_lines_or_escapes_of_its_own) {
  Delivery page = FullPage();
  page.decision.mutable_page_requested()->set_subject(
      "a\nUsed      0s of 2h\r\x1B[31mred\xE2\x80\xAE reversed\xFF");
  const PageText text = PageTextOf(page);
  EXPECT_EQ(text.title, "high T-1: a Used 0s of 2h [31mred reversed\xEF\xBF\xBD");
  EXPECT_NE(text.message.find("Subject   a Used 0s of 2h [31mred reversed\xEF\xBF\xBD\n"),
            std::string::npos);
  EXPECT_EQ(text.message.find("\nUsed      0s"), std::string::npos);
}

TEST(PageText, other_operations_have_a_text_too) {
  EXPECT_EQ(PageTextOf(CloseOf(1, "k")).title, "closed: T-1 engaged");
  EXPECT_EQ(PageTextOf(AcknowledgementOf(1, "k")).title, "acknowledged: maria");
  Delivery digest;
  digest.decision.mutable_page_digest()->set_route("pager");
  digest.decision.mutable_page_digest()->set_suppressed(212);
  digest.decision.mutable_page_digest()->add_ticket_ids("T-1");
  digest.decision.mutable_page_digest()->add_ticket_ids("T-2");
  const PageText text = PageTextOf(digest);
  EXPECT_EQ(text.title, "and 212 more pages for route pager");
  EXPECT_NE(text.message.find("Tickets   T-1 T-2\n"), std::string::npos);
}

DeliveryRoute VictorOpsRoute() {
  DeliveryRoute route = RouteNamed("pager");
  route.provider = DeliveryRoute::Provider::kVictorOps;
  route.url = Secret("https://alert.victorops.com/integrations/generic/20131114/alert/KEY/night");
  route.timeout = Duration::Seconds(7);
  return route;
}

TEST(VictorOps, a_page_is_critical_with_the_key_as_its_entity) {
  const absl::StatusOr<HttpCall> call = VictorOps().Build(FullPage(), VictorOpsRoute(), kNow);
  ASSERT_TRUE(call.ok()) << call.status();
  EXPECT_EQ(call->url, VictorOpsRoute().url.Reveal());
  EXPECT_EQ(call->timeout, Duration::Seconds(7));
  const Json body = Json::parse(call->body);
  EXPECT_EQ(body["message_type"], "CRITICAL");
  EXPECT_EQ(body["entity_id"], "default/T-1/night/1/1");
  EXPECT_EQ(body["entity_display_name"], "high T-1: site down");
  EXPECT_EQ(body["state_message"], PageTextOf(FullPage()).message);
  EXPECT_EQ(body["state_start_time"], 1'773'212'400);
  EXPECT_EQ(body["monitoring_tool"], "escalationd");
  EXPECT_EQ(body["vo_annotate.u.runbook"], "https://wiki.example.com/down");
  EXPECT_EQ(body["vo_annotate.s.why"], "escalations.night.steps[0]");
}

TEST(VictorOps, what_wakes_nobody_is_refused_before_it_is_sent) {
  DeliveryRoute route = VictorOpsRoute();
  for (const char* type : {"CRITICAL", "WARNING", "INFO"}) {
    route.urgency = type;
    EXPECT_EQ(Json::parse(VictorOps().Build(FullPage(), route, kNow)->body)["message_type"], type);
  }
  for (const char* type : {"critical", "ALERT", "CRITICAL "}) {
    route.urgency = type;
    EXPECT_EQ(VictorOps().Build(FullPage(), route, kNow).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

TEST(VictorOps, what_matters_is_annotated) {
  Delivery page = FullPage();
  auto* picture = page.decision.mutable_page_requested()->add_links();
  picture->set_name("graph");
  picture->set_url("https://graphs.example.com/errors.png?from=1h");
  auto* script = page.decision.mutable_page_requested()->add_links();
  script->set_name("fix");
  script->set_url("javascript:alert(1)");
  const Json body = Json::parse(VictorOps().Build(page, VictorOpsRoute(), kNow)->body);
  EXPECT_EQ(body["vo_annotate.i.graph"], "https://graphs.example.com/errors.png?from=1h");
  EXPECT_EQ(body["vo_annotate.s.used"], "2h of 2h; paused for 30m");
  EXPECT_EQ(body["vo_annotate.s.due"], "2026-03-11 01:00 MDT (2026-03-11T07:00:00Z)");
  EXPECT_EQ(body["vo_annotate.s.next"], "step 2 at 2026-03-11T07:10:00Z: victorops");
  EXPECT_EQ(body["vo_annotate.s.late"], "by 3m: this page waited in escalationd");
  EXPECT_FALSE(body.contains("vo_annotate.u.fix"));
}

TEST(VictorOps, each_operation_has_its_message_type) {
  const auto type = [](const Delivery& delivery) {
    return Json::parse(VictorOps().Build(delivery, VictorOpsRoute(), kNow)->body)["message_type"]
        .get<std::string>();
  };
  EXPECT_EQ(type(CloseOf(1, "k")), "RECOVERY");
  EXPECT_EQ(type(AcknowledgementOf(1, "k")), "ACKNOWLEDGEMENT");
  Delivery digest;
  digest.decision.mutable_page_digest()->set_key("k");
  EXPECT_EQ(type(digest), "CRITICAL");
}

TEST(VictorOps, texts_are_cut_between_code_points) {
  Delivery page = FullPage();
  std::string euros;
  for (int i = 0; i < 10'000; ++i) euros += "\xE2\x82\xAC";
  page.decision.mutable_page_requested()->set_subject(euros);
  for (int i = 0; i < 40; ++i) {
    auto* link = page.decision.mutable_page_requested()->add_links();
    link->set_name("l" + std::to_string(i));
    link->set_url(euros);
  }
  const Json body = Json::parse(VictorOps().Build(page, VictorOpsRoute(), kNow)->body);
  EXPECT_LE(body["entity_display_name"].get<std::string>().size(), 1024u);
  const std::string message = body["state_message"].get<std::string>();
  EXPECT_LE(message.size(), 20'480u);
  EXPECT_GT(message.size(), 20'470u);
  EXPECT_TRUE(message.ends_with("..."));
}

TEST(VictorOps, a_key_that_does_not_fit_is_refused_rather_than_cut) {
  EXPECT_TRUE(VictorOps().Build(PageFor(1, std::string(512, 'k')), VictorOpsRoute(), kNow).ok());
  for (const size_t bytes : {size_t{0}, size_t{513}}) {
    EXPECT_EQ(VictorOps()
                  .Build(PageFor(1, std::string(bytes, 'k')), VictorOpsRoute(), kNow)
                  .status()
                  .code(),
              absl::StatusCode::kInvalidArgument);
  }
}

TEST(Provider, every_status_and_fault_has_one_meaning) {
  using Kind = HttpReply::Kind;
  struct Row {
    int line;
    HttpReply reply;
    std::string victorops;
    std::string webhook;
  };
  const std::string success = R"({"result":"success","entity_id":"k"})";
  const Row rows[] = {
      {__LINE__, Status(200, success), "delivered", "delivered"},
      {__LINE__, Status(200, R"({"result":"failure","messages":["bad"]})"), "failed", "delivered"},
      {__LINE__, Status(200, ""), "retry maybe", "delivered"},
      {__LINE__, Status(200, "<html>log in</html>"), "retry maybe", "delivered"},
      {__LINE__, Status(200, R"({"result":5})"), "retry maybe", "delivered"},
      {__LINE__, Status(200, R"(["success"])"), "retry maybe", "delivered"},
      {__LINE__, Status(200, "\"success\""), "retry maybe", "delivered"},
      {__LINE__, Status(200, success.substr(0, 20)), "retry maybe", "delivered"},
      {__LINE__, Status(202, success), "delivered", "delivered"},
      {__LINE__, Status(204), "retry maybe", "delivered"},
      {__LINE__, Status(301), "failed", "failed"},
      {__LINE__, Status(302), "failed", "failed"},
      {__LINE__, Status(400), "failed", "failed"},
      {__LINE__, Status(401), "failed", "failed"},
      {__LINE__, Status(403), "failed", "failed"},
      {__LINE__, Status(404), "failed", "failed"},
      {__LINE__, Status(408), "retry maybe", "retry maybe"},
      {__LINE__, Status(410), "failed", "failed"},
      {__LINE__, Status(413), "failed", "failed"},
      {__LINE__, Status(425), "retry maybe", "retry maybe"},
      {__LINE__, Status(429), "retry", "retry"},
      {__LINE__, Status(429, "", Duration::Seconds(30)), "retry after 30s", "retry after 30s"},
      {__LINE__, Status(500), "retry maybe", "retry maybe"},
      {__LINE__, Status(503, "", Duration::Seconds(5)), "retry after 5s maybe",
       "retry after 5s maybe"},
      {__LINE__, Status(599), "retry maybe", "retry maybe"},
      {__LINE__, Status(101), "retry maybe", "retry maybe"},
      {__LINE__, Status(0), "retry maybe", "retry maybe"},
      {__LINE__, Broken(Kind::kUnreachable), "retry", "retry"},
      {__LINE__, Broken(Kind::kForbidden), "failed", "failed"},
      {__LINE__, Broken(Kind::kTimeout), "retry maybe", "retry maybe"},
      {__LINE__, Broken(Kind::kBroken), "retry maybe", "retry maybe"},
      {__LINE__, Broken(Kind::kStopped), "retry maybe", "retry maybe"},
      {__LINE__, Broken(Kind::kTooLong, 200), "retry maybe", "delivered"},
      {__LINE__, Broken(Kind::kTooLong, 500), "retry maybe", "retry maybe"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(Word(VictorOps().Classify(row.reply)), row.victorops) << "line " << row.line;
    EXPECT_EQ(Word(Webhook().Classify(row.reply)), row.webhook) << "line " << row.line;
  }
  for (int status = 100; status <= 599; ++status) {
    const Verdict verdict = Webhook().Classify(Status(status));
    EXPECT_EQ(verdict.kind == Verdict::Kind::kDelivered, status >= 200 && status < 300) << status;
  }
}

TEST(Webhook, the_body_holds_text_and_decision) {
  DeliveryRoute route = RouteNamed("hook");
  route.headers.emplace_back("Authorization", Secret("Bearer t"));
  const absl::StatusOr<HttpCall> call = Webhook().Build(FullPage(), route, kNow);
  ASSERT_TRUE(call.ok()) << call.status();
  const Json body = Json::parse(call->body);
  EXPECT_EQ(body["type"], "page_requested");
  EXPECT_EQ(body["timestamp"], "2026-03-11T07:00:00Z");
  EXPECT_EQ(body["title"], "high T-1: site down");
  EXPECT_EQ(body["text"], PageTextOf(FullPage()).message);
  EXPECT_EQ(body["late_by"], "3m");
  EXPECT_EQ(body["decision"]["page_requested"]["key"], "default/T-1/night/1/1");
  using Header = std::pair<std::string, std::string>;
  EXPECT_EQ(call->headers, (std::vector<Header>{{"Content-Type", "application/json"},
                                                {"webhook-id", "inc/0/40/0"},
                                                {"webhook-timestamp", "1773212400"},
                                                {"Authorization", "Bearer t"}}));
}

// The example of the specification.
TEST(Webhook, signs_as_standard_webhooks_says) {
  const absl::StatusOr<std::string> signature =
      WebhookSignature(Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
                       "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, R"({"test": 2432232314})");
  ASSERT_TRUE(signature.ok());
  EXPECT_EQ(*signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  DeliveryRoute route = RouteNamed("hook");
  route.signing_secrets = {Secret("plain secret")};
  const HttpCall call = *Webhook().Build(FullPage(), route, kNow);
  EXPECT_EQ(call.headers.back().first, "webhook-signature");
  EXPECT_EQ(call.headers.back().second,
            *WebhookSignature(route.signing_secrets[0], "inc/0/40/0", 1773212400, call.body));
  // While receivers change from one secret to the next, either of them opens.
  route.signing_secrets = {Secret("plain secret"),
                           Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")};
  EXPECT_EQ(
      Webhook().Build(FullPage(), route, kNow)->headers.back().second,
      Cat(*WebhookSignature(route.signing_secrets[0], "inc/0/40/0", 1773212400, call.body), " ",
          *WebhookSignature(route.signing_secrets[1], "inc/0/40/0", 1773212400, call.body)));
  route.signing_secrets = {Secret("plain secret"), Secret("whsec_***")};
  EXPECT_EQ(Webhook().Build(FullPage(), route, kNow).status().message(),
            "the signing secret begins with whsec_ but is not base64");
}

}  // namespace
}  // namespace escalation
