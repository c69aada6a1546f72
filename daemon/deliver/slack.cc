#include "daemon/deliver/slack.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/deliver/json_request.h"
#include "daemon/deliver/page_text.h"
#include "daemon/deliver/plain_text.h"
#include "state/base/text.h"

namespace escalation {
namespace {

// Slack counts characters; bytes are never fewer.
constexpr size_t kHeaderBytesMax = 150;
constexpr size_t kSectionBytesMax = 3000;
constexpr size_t kButtonBytesMax = 75;
constexpr size_t kButtonValueBytesMax = 2000;
constexpr size_t kSectionsMax = 10;

JsonBody PlainText(std::string_view text, size_t bytes_max) {
  return {{"type", "plain_text"}, {"text", CutText(text, bytes_max)}, {"emoji", false}};
}

JsonBody Button(std::string_view label, std::string_view action) {
  return {{"type", "button"}, {"text", PlainText(label, kButtonBytesMax)}, {"action_id", action}};
}

JsonBody ActionsOf(const Delivery& delivery, const PageText& text, const DeliveryRoute& route) {
  JsonBody elements = JsonBody::array();
  const std::string& key = PageKeyOf(delivery.decision);
  const bool is_page = OperationOf(delivery.decision) == v1::PageOutcome::TRIGGER;
  if (route.buttons && is_page && key.size() <= kButtonValueBytesMax) {
    for (const auto& [label, action] :
         {std::pair{"Acknowledge", kSlackAcknowledge}, std::pair{"Resolve", kSlackResolve}}) {
      JsonBody& button = elements.emplace_back(Button(label, action));
      button["value"] = key;
    }
  }
  for (const PageLine& link : text.links) {
    JsonBody& button = elements.emplace_back(
        Button(link.name.empty() ? "Open" : link.name, Cat("escalation_link_", elements.size())));
    button["url"] = link.value;
  }
  return elements;
}

// Lines in as few sections as they fit into.
void AddSections(const PageText& text, JsonBody* blocks) {
  std::vector<std::string> sections(1);
  for (const PageLine& line : text.lines) {
    const std::string one = Cat(line.name, ": ", line.value, "\n");
    if (sections.back().size() + one.size() > kSectionBytesMax) sections.emplace_back();
    sections.back() += one;
  }
  sections.resize(std::min(sections.size(), kSectionsMax));
  for (const std::string& section : sections) {
    if (section.empty()) continue;
    blocks->push_back({{"type", "section"}, {"text", PlainText(section, kSectionBytesMax)}});
  }
}

// What passes by itself, in the words of the API.
bool IsPassing(std::string_view error) {
  static constexpr std::array<std::string_view, 7> kPassing = {
      "ratelimited",         "rate_limited",    "internal_error",        "fatal_error",
      "service_unavailable", "request_timeout", "message_limit_exceeded"};
  return std::find(kPassing.begin(), kPassing.end(), error) != kPassing.end();
}

}  // namespace

std::string EscapeSlack(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else {
      out.push_back(c);
    }
  }
  return out;
}

absl::StatusOr<HttpCall> Slack::Build(const Delivery& delivery, const DeliveryRoute& route,
                                      Instant) const {
  const PageText text = PageTextOf(delivery);
  JsonBody body;
  if (!route.channel.empty()) body["channel"] = route.channel;
  // Shown in notifications, and read as markup.
  body["text"] = EscapeSlack(text.title);
  body["mrkdwn"] = false;
  body["parse"] = "none";
  body["link_names"] = false;
  body["unfurl_links"] = false;
  body["unfurl_media"] = false;
  JsonBody& blocks = body["blocks"];
  blocks.push_back({{"type", "header"}, {"text", PlainText(text.title, kHeaderBytesMax)}});
  AddSections(text, &blocks);
  const JsonBody actions = ActionsOf(delivery, text, route);
  if (!actions.empty()) blocks.push_back({{"type", "actions"}, {"elements", actions}});
  HttpCall call = JsonCall(route.url.Reveal(), body, route);
  if (!route.key.empty()) {
    call.headers.emplace_back("Authorization", Cat("Bearer ", route.key.Reveal()));
  }
  return call;
}

Verdict Slack::Classify(const HttpReply& reply) const {
  Verdict verdict = ClassifyTransport(reply);
  if (verdict.kind != Verdict::Kind::kDelivered) return verdict;
  if (OneLine(reply.body) == "ok") return verdict;
  const JsonBody json = ReplyObject(reply);
  const auto ok = json.find("ok");
  if (ok == json.end() || !ok->is_boolean()) return NotItsWord(reply);
  if (ok->get<bool>()) return verdict;
  const std::string error = TextOf(json, "error");
  verdict = Refused(reply, error.empty() ? "refused without an error" : error);
  if (!IsPassing(error)) return verdict;
  verdict.kind = Verdict::Kind::kRetry;
  verdict.after = reply.retry_after;
  verdict.maybe_received = true;
  return verdict;
}

}  // namespace escalation
