// What each provider gets: the same content, in its own form.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "daemon/deliver/page_text.h"
#include "daemon/deliver/provider.h"
#include "daemon/deliver/slack.h"
#include "daemon/deliver/webhook.h"
#include "state/base/text.h"
#include "tests/daemon/deliver/full_page.h"

namespace escalation {
namespace {

using Json = nlohmann::json;
using Kind = DeliveryRoute::Provider;
using Header = std::pair<std::string, std::string>;

DeliveryRoute RouteOf(Kind kind) {
  DeliveryRoute route = RouteNamed("pager");
  route.provider = kind;
  route.url = Secret("https://provider.example.com/v2/alerts");
  route.key = Secret("0123456789abcdef0123456789abcdef");
  return route;
}

HttpCall Built(const Delivery& delivery, const DeliveryRoute& route) {
  const absl::StatusOr<HttpCall> call = ProviderOf(route.provider).Build(delivery, route, kNow);
  EXPECT_TRUE(call.ok()) << call.status();
  return call.ok() ? *call : HttpCall();
}
Json BodyOf(const Delivery& delivery, const DeliveryRoute& route) {
  return Json::parse(Built(delivery, route).body);
}

constexpr char kKey[] = "default/T-1/night/1/1";

TEST(PagerDutyForm, a_page_is_triggered_with_its_arithmetic) {
  const Json body = BodyOf(FullPage(), RouteOf(Kind::kPagerDuty));
  EXPECT_EQ(body["routing_key"], "0123456789abcdef0123456789abcdef");
  EXPECT_EQ(body["event_action"], "trigger");
  EXPECT_EQ(body["dedup_key"], kKey);
  EXPECT_EQ(body["client"], "escalationd");
  const Json& payload = body["payload"];
  EXPECT_EQ(payload["summary"], "high T-1: site down");
  EXPECT_EQ(payload["source"], "escalationd/default");
  EXPECT_EQ(payload["severity"], "critical");
  EXPECT_EQ(payload["timestamp"], "2026-03-11T07:00:00Z");
  EXPECT_EQ(payload["component"], "T-1");
  EXPECT_EQ(payload["group"], "night");
  EXPECT_EQ(payload["class"], "engagement");
  const Json& details = payload["custom_details"];
  EXPECT_EQ(details["used"], "2h of 2h; paused for 30m");
  EXPECT_EQ(details["due"], "2026-03-11 01:00 MDT (2026-03-11T07:00:00Z)");
  EXPECT_EQ(details["why"], "escalations.night.steps[0]");
  EXPECT_EQ(details["next"], "step 2 at 2026-03-11T07:10:00Z: victorops");
  EXPECT_EQ(details["late"], "by 3m: this page waited in escalationd");
  EXPECT_EQ(body["links"],
            Json::parse(R"([{"href":"https://wiki.example.com/down","text":"runbook"}])"));
}

TEST(PagerDutyForm, what_follows_names_the_same_incident) {
  const DeliveryRoute route = RouteOf(Kind::kPagerDuty);
  const Json close = BodyOf(CloseOf(2, kKey), route);
  EXPECT_EQ(close, (Json{{"routing_key", route.key.Reveal()},
                         {"event_action", "resolve"},
                         {"dedup_key", kKey}}));
  EXPECT_EQ(BodyOf(AcknowledgementOf(3, kKey), route)["event_action"], "acknowledge");
  // A key that does not fit is the same for all operations, and no other page's.
  const std::string longer(256, 'k');
  const std::string key = BodyOf(PageFor(1, longer), route)["dedup_key"];
  EXPECT_LE(key.size(), 255u);
  EXPECT_EQ(BodyOf(CloseOf(2, longer), route)["dedup_key"], key);
  EXPECT_NE(BodyOf(PageFor(1, longer + "k"), route)["dedup_key"], key);
  EXPECT_EQ(BodyOf(PageFor(1, std::string(255, 'k')), route)["dedup_key"], std::string(255, 'k'));
  EXPECT_FALSE(ProviderOf(Kind::kPagerDuty).Build(PageFor(1, ""), route, kNow).ok());
}

TEST(PagerDutyForm, keeps_its_limits_whatever_a_ticket_says) {
  Delivery page = FullPage();
  page.decision.mutable_page_requested()->set_subject(std::string(1 << 20, 'x'));
  for (int i = 0; i < 400; ++i) {
    auto* link = page.decision.mutable_page_requested()->add_links();
    link->set_name(Cat("l", i));
    link->set_url("https://example.com/" + std::string(1500, '\\'));
  }
  const HttpCall call = Built(page, RouteOf(Kind::kPagerDuty));
  EXPECT_LE(call.body.size(), 512u * 1024);
  EXPECT_LE(Json::parse(call.body)["payload"]["summary"].get<std::string>().size(), 1024u);
}

TEST(SlackForm, a_message_has_blocks_and_buttons) {
  DeliveryRoute route = RouteOf(Kind::kSlack);
  route.key = Secret();
  route.buttons = true;
  const HttpCall call = Built(FullPage(), route);
  const Json body = Json::parse(call.body);
  EXPECT_EQ(body["text"], "high T-1: site down");
  EXPECT_EQ(body["parse"], "none");
  const Json& blocks = body["blocks"];
  ASSERT_EQ(blocks.size(), 3u);
  EXPECT_EQ(blocks[0]["type"], "header");
  EXPECT_EQ(blocks[0]["text"]["text"], "high T-1: site down");
  const std::string section = blocks[1]["text"]["text"];
  EXPECT_NE(section.find("Used: 2h of 2h; paused for 30m\n"), std::string::npos) << section;
  EXPECT_NE(section.find("Late: by 3m"), std::string::npos) << section;
  const Json& elements = blocks[2]["elements"];
  ASSERT_EQ(elements.size(), 3u);
  EXPECT_EQ(elements[0]["action_id"], kSlackAcknowledge);
  EXPECT_EQ(elements[0]["value"], kKey);
  EXPECT_EQ(elements[1]["action_id"], kSlackResolve);
  EXPECT_EQ(elements[1]["value"], kKey);
  EXPECT_EQ(elements[2]["url"], "https://wiki.example.com/down");
  EXPECT_FALSE(body.contains("channel"));
  EXPECT_EQ(call.headers.size(), 1u);
}

TEST(SlackForm, a_token_goes_with_a_channel_and_a_close_has_no_buttons) {
  DeliveryRoute route = RouteOf(Kind::kSlack);
  route.channel = "C0123";
  route.buttons = true;
  const HttpCall call = Built(CloseOf(2, kKey), route);
  EXPECT_EQ(call.headers.back(),
            (Header{"Authorization", "Bearer 0123456789abcdef0123456789abcdef"}));
  const Json body = Json::parse(call.body);
  EXPECT_EQ(body["channel"], "C0123");
  EXPECT_EQ(body["text"], "closed: T-1 engaged");
  for (const Json& block : body["blocks"]) EXPECT_NE(block["type"], "actions");
}

TEST(SlackForm, keeps_its_limits_whatever_a_ticket_says) {
  Delivery page = FullPage();
  page.decision.mutable_page_requested()->set_subject(std::string(1 << 20, 'x'));
  page.decision.mutable_page_requested()->set_why(std::string(5000, 'y'));
  for (int i = 0; i < 100; ++i) {
    auto* link = page.decision.mutable_page_requested()->add_links();
    link->set_name(std::string(100, 'n'));
    link->set_url("https://example.com/" + std::string(1900, 'y'));
  }
  const Json body = BodyOf(page, RouteOf(Kind::kSlack));
  EXPECT_LE(body["blocks"].size(), 50u);
  for (const Json& block : body["blocks"]) {
    const size_t max = block["type"] == "header" ? 150 : 3000;
    if (block.contains("text")) {
      EXPECT_LE(block["text"]["text"].get<std::string>().size(), max);
    }
    if (!block.contains("elements")) continue;
    EXPECT_LE(block["elements"].size(), 25u);
    for (const Json& element : block["elements"]) {
      EXPECT_LE(element["text"]["text"].get<std::string>().size(), 75u);
    }
  }
}

TEST(JsmForm, an_alert_is_created_acknowledged_and_closed_by_its_alias) {
  const DeliveryRoute route = RouteOf(Kind::kJsm);
  const HttpCall call = Built(FullPage(), route);
  EXPECT_EQ(call.url, "https://provider.example.com/v2/alerts");
  EXPECT_EQ(call.headers.back(),
            (Header{"Authorization", "GenieKey 0123456789abcdef0123456789abcdef"}));
  const Json body = Json::parse(call.body);
  EXPECT_EQ(body["message"], "high T-1: site down");
  EXPECT_EQ(body["alias"], kKey);
  EXPECT_EQ(body["description"], PageTextOf(FullPage()).message);
  EXPECT_EQ(body["priority"], "P1");
  EXPECT_EQ(body["entity"], "T-1");
  EXPECT_EQ(body["details"]["due"], "2026-03-11 01:00 MDT (2026-03-11T07:00:00Z)");
  EXPECT_EQ(body["details"]["link_runbook"], "https://wiki.example.com/down");
  EXPECT_EQ(Built(CloseOf(2, kKey), route).url,
            "https://provider.example.com/v2/alerts/default%2FT-1%2Fnight%2F1%2F1/close"
            "?identifierType=alias");
  EXPECT_EQ(Built(AcknowledgementOf(2, "k"), route).url,
            "https://provider.example.com/v2/alerts/k/acknowledge?identifierType=alias");
}

TEST(JsmForm, a_receipt_is_asked_about) {
  const absl::StatusOr<HttpCall> call =
      ProviderOf(Kind::kJsm).Ask("43a29c5c-3dbf", RouteOf(Kind::kJsm));
  ASSERT_TRUE(call.ok());
  EXPECT_EQ(call->method, HttpCall::Method::kGet);
  EXPECT_EQ(call->url, "https://provider.example.com/v2/alerts/requests/43a29c5c-3dbf");
  EXPECT_EQ(call->headers.back().first, "Authorization");
  EXPECT_TRUE(call->body.empty());
  EXPECT_FALSE(ProviderOf(Kind::kJsm).Ask("../x", RouteOf(Kind::kJsm)).ok());
  EXPECT_FALSE(ProviderOf(Kind::kWebhook).Ask("r", RouteOf(Kind::kWebhook)).ok());
}

TEST(JsmForm, keeps_its_limits_whatever_a_ticket_says) {
  Delivery page = FullPage();
  page.decision.mutable_page_requested()->set_key(std::string(600, 'k'));
  page.decision.mutable_page_requested()->set_subject(std::string(1 << 20, 'x'));
  for (int i = 0; i < 100; ++i) {
    auto* link = page.decision.mutable_page_requested()->add_links();
    link->set_name(Cat("n", i));
    link->set_url("https://example.com/" + std::string(1900, 'y'));
  }
  const Json body = BodyOf(page, RouteOf(Kind::kJsm));
  EXPECT_LE(body["message"].get<std::string>().size(), 130u);
  EXPECT_LE(body["alias"].get<std::string>().size(), 512u);
  EXPECT_LE(body["description"].get<std::string>().size(), 15'000u);
  size_t details = 0;
  for (const auto& [name, value] : body["details"].items()) {
    details += name.size() + value.get<std::string>().size();
  }
  EXPECT_LE(details, 8'000u);
}

TEST(AlertmanagerForm, an_alert_ends_under_the_labels_with_which_it_began) {
  DeliveryRoute route = RouteOf(Kind::kAlertmanager);
  route.labels = {{"team", "support"}};
  const Json page = BodyOf(FullPage(), route).at(0);
  EXPECT_EQ(page["labels"], (Json{{"alertname", "escalationd"},
                                  {"page_key", kKey},
                                  {"team", "support"},
                                  {"tenant", "default"}}));
  EXPECT_EQ(page["annotations"]["summary"], "high T-1: site down");
  EXPECT_EQ(page["annotations"]["used"], "2h of 2h; paused for 30m");
  EXPECT_EQ(page["annotations"]["link_runbook"], "https://wiki.example.com/down");
  EXPECT_EQ(page["generatorURL"], "https://wiki.example.com/down");
  EXPECT_EQ(page["startsAt"], "2026-03-11T07:00:00Z");
  EXPECT_EQ(page["endsAt"], "2026-03-12T07:00:00Z");
  Delivery close = CloseOf(2, kKey);
  ToProto(kNow - Duration::Minutes(5), close.decision.mutable_at());
  const Json ended = BodyOf(close, route).at(0);
  EXPECT_EQ(ended["labels"], page["labels"]);
  EXPECT_EQ(ended["endsAt"], "2026-03-11T06:55:00Z");
  // A clock that is behind the log's ends nothing in the future.
  ToProto(kNow + Duration::Minutes(5), close.decision.mutable_at());
  EXPECT_EQ(BodyOf(close, route).at(0)["endsAt"], "2026-03-11T07:00:00Z");
  Delivery acknowledgement = AcknowledgementOf(3, kKey);
  acknowledgement.decision.set_tenant("default");
  const Json taken = BodyOf(acknowledgement, route).at(0);
  EXPECT_EQ(taken["labels"], page["labels"]);
  EXPECT_EQ(taken["annotations"]["acknowledged_by"], "maria");
  EXPECT_EQ(taken["endsAt"], page["endsAt"]);
}

// A program's body is signed as the standard one is.
TEST(WebhookForm, a_body_of_its_own_is_sent_and_signed) {
  DeliveryRoute route = RouteOf(Kind::kWebhook);
  route.signing_secrets = {Secret("key")};
  Delivery delivery = FullPage();
  const HttpCall standard = Built(delivery, route);
  EXPECT_EQ(standard.body, WebhookBody(delivery));
  delivery.body = PageBody{"payload=1", /*is_json=*/false};
  HttpCall call = Built(delivery, route);
  EXPECT_EQ(call.body, "payload=1");
  EXPECT_EQ(call.headers.front(), (Header{"Content-Type", "text/plain; charset=utf-8"}));
  EXPECT_EQ(call.headers.back(),
            (Header{"webhook-signature",
                    *WebhookSignature(Secret("key"), "inc/0/40/0", kNow.ms / 1000, "payload=1")}));
  delivery.body = PageBody{"[1]", /*is_json=*/true};
  EXPECT_EQ(Built(delivery, route).headers.front(), (Header{"Content-Type", "application/json"}));
  // One type is enough.
  route.headers = {{"content-type", Secret("application/x-www-form-urlencoded")}};
  call = Built(delivery, route);
  EXPECT_EQ(call.headers.front().first, "webhook-id");
  EXPECT_EQ(call.headers.back().second, "application/x-www-form-urlencoded");
}

// The operations of a page are in one partition, and say what a webhook says.
TEST(KafkaForm, a_record_has_the_page_s_key_and_the_body_of_a_webhook) {
  DeliveryRoute route = RouteOf(Kind::kKafka);
  route.topic.topic = "pages";
  Delivery delivery = FullPage();
  const HttpCall call = Built(delivery, route);
  ASSERT_TRUE(call.record.has_value());
  EXPECT_EQ(call.record->topic, "pages");
  EXPECT_EQ(call.record->key, kKey);
  EXPECT_EQ(call.url, "");
  EXPECT_EQ(call.body, Built(delivery, RouteOf(Kind::kWebhook)).body);
  EXPECT_EQ(call.headers, (std::vector<Header>{{"content-type", "application/json"},
                                               {"id", "inc/0/40/0"},
                                               {"seq", "40"},
                                               {"operation", "trigger"},
                                               {"tenant", "default"},
                                               {"ticket", "T-1"},
                                               {"route", "pager"}}));
  const HttpCall close = Built(CloseOf(41, kKey), route);
  EXPECT_EQ(close.record->key, kKey);
  EXPECT_EQ(close.headers[3], (Header{"operation", "close"}));
  EXPECT_EQ(Built(AcknowledgementOf(42, kKey), route).headers[3],
            (Header{"operation", "acknowledge"}));
  EXPECT_FALSE(ProviderOf(Kind::kKafka).Build(PageFor(43, ""), route, kNow).ok());
}

}  // namespace
}  // namespace escalation
