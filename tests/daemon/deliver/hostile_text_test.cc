// Whatever a ticket says, it is only text: at every provider the request has the shape that it has
// for a harmless ticket, and nothing in it is read as markup, a header or an order to a terminal.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "daemon/deliver/plain_text.h"
#include "daemon/deliver/provider.h"
#include "state/base/text.h"
#include "tests/daemon/deliver/full_page.h"
#include "tests/daemon/deliver/mail_server.h"

namespace escalation {
namespace {

using Json = nlohmann::json;
using Kind = DeliveryRoute::Provider;

constexpr int kTitles = 300;

DeliveryRoute RouteOf(Kind kind) {
  DeliveryRoute route = RouteNamed("pager");
  route.provider = kind;
  route.buttons = true;
  route.mail.from = "escalationd@example.com";
  route.mail.to = {"ann@example.com"};
  return route;
}

// What has hurt somebody, joined by chance: the same titles in every run.
std::string HostileTitle(std::mt19937* chance) {
  static const std::vector<std::string> kPieces = {"<!channel>",
                                                   "<!here>",
                                                   "<@U0123>",
                                                   "<#C1|x>",
                                                   "<https://evil.example|log in>",
                                                   "&lt;!channel&gt;",
                                                   "\r\nBcc: mallory@example.com",
                                                   "\n\n.\r\nQUIT\r\n",
                                                   "\r\n\r\nbody",
                                                   "\"},{\"routing_key\":\"",
                                                   "\\",
                                                   "\\u0000",
                                                   "\"",
                                                   "</td><script>alert(1)</script>",
                                                   "<img src=x onerror=y>",
                                                   "' onmouseover='x",
                                                   "\x1B[2J\x1B]0;gone\x07",
                                                   "\xC2\x9B"
                                                   "31m",
                                                   "\xE2\x80\xAE"
                                                   "gpj.exe",
                                                   "\xE2\x80\x8B",
                                                   "=?UTF-8?B?PHNjcmlwdD4=?=",
                                                   "%0d%0aX: y",
                                                   "{{.}}",
                                                   "${HOME}",
                                                   "\xFF\xFE",
                                                   "\xC3",
                                                   "\xED\xA0\x80",
                                                   "\xF0\x9F\x98\x80",
                                                   std::string(1, '\0'),
                                                   "--part-",
                                                   ":",
                                                   "*bold* `code` ~no~",
                                                   "site down",
                                                   " "};
  std::string title;
  const size_t pieces = 1 + (*chance)() % 6;
  for (size_t i = 0; i < pieces; ++i) title += kPieces[(*chance)() % kPieces.size()];
  return title + "x";
}

Delivery PageSaying(const std::string& text) {
  Delivery delivery = FullPage();
  v1::PageRequested& page = *delivery.decision.mutable_page_requested();
  page.set_subject(text);
  page.set_account(text);
  page.set_assignee(text);
  page.set_group(text);
  page.set_severity(text);
  page.mutable_links(0)->set_name(text);
  auto* link = page.add_links();
  link->set_name("from the ticket");
  link->set_url(text);
  return delivery;
}

// The names and kinds of everything, without what texts say. Links differ: what is no link is not
// offered as one.
std::string ShapeOf(const Json& json) {
  if (json.is_string()) return "text";
  if (!json.is_structured()) return json.dump();
  std::string out = json.is_object() ? "{" : "[";
  for (const auto& [name, value] : json.items()) {
    const bool chosen = name.starts_with("link_") || name.starts_with("vo_annotate.u.") ||
                        name == "from_the_ticket" || name == "links" || name == "elements";
    if (!chosen) CatTo(&out, json.is_object() ? name : "", ":", ShapeOf(value), ",");
  }
  return out + (json.is_object() ? "}" : "]");
}

// Nothing that a terminal obeys or a reader does not see.
void ExpectHarmless(const Json& json, const std::string& where) {
  if (json.is_string()) {
    std::string rest = json.get<std::string>();
    for (size_t end; (end = rest.find('\n')) != std::string::npos;) rest.replace(end, 1, "|");
    std::string visible;
    for (const char c : rest)
      visible += c == ' ' && visible.ends_with(' ') ? "" : std::string(1, c);
    while (visible.starts_with(' ')) visible.erase(0, 1);
    while (visible.ends_with(' ')) visible.pop_back();
    EXPECT_EQ(OneLine(rest), visible) << where;
  }
  if (!json.is_structured()) return;
  for (const auto& [name, value] : json.items()) {
    EXPECT_EQ(OneLine(name), name) << where;
    ExpectHarmless(value, Cat(where, ".", name));
  }
}

TEST(HostileText, a_request_of_json_keeps_its_shape) {
  for (const Kind kind : {Kind::kVictorOps, Kind::kPagerDuty, Kind::kSlack, Kind::kJsm,
                          Kind::kAlertmanager, Kind::kWebhook}) {
    const DeliveryRoute route = RouteOf(kind);
    const auto body = [&](const Delivery& page) {
      const absl::StatusOr<HttpCall> call = ProviderOf(kind).Build(page, route, kNow);
      EXPECT_TRUE(call.ok()) << call.status();
      return call.ok() ? Json::parse(call->body, nullptr, false) : Json();
    };
    Json harmless = body(PageSaying("x"));
    if (kind == Kind::kWebhook) harmless.erase("decision");
    std::mt19937 chance(7);
    for (int i = 0; i < kTitles; ++i) {
      const std::string title = HostileTitle(&chance);
      Json got = body(PageSaying(title));
      ASSERT_FALSE(got.is_discarded()) << title;
      // The decision itself is data for programs: as it is, with the escapes of JSON.
      if (kind == Kind::kWebhook) got.erase("decision");
      EXPECT_EQ(ShapeOf(got), ShapeOf(harmless)) << title;
      ExpectHarmless(got, Cat(static_cast<int>(kind), " ", i));
    }
  }
}

void ExpectNoMarkup(const Json& json) {
  if (json.is_object() && json.contains("type")) {
    EXPECT_NE(json["type"], "mrkdwn");
  }
  if (json.is_object() && json.contains("url")) {
    const std::string url = json["url"];
    EXPECT_TRUE(url.starts_with("https://")) << url;
    EXPECT_EQ(url.find_first_of("<>\" "), std::string::npos) << url;
  }
  if (!json.is_structured()) return;
  for (const auto& [name, value] : json.items()) ExpectNoMarkup(value);
}

TEST(HostileText, slack_is_told_to_wake_nobody_else) {
  std::mt19937 chance(8);
  for (int i = 0; i < kTitles; ++i) {
    const Delivery page = PageSaying(HostileTitle(&chance));
    const Json body =
        Json::parse(ProviderOf(Kind::kSlack).Build(page, RouteOf(Kind::kSlack), kNow)->body);
    EXPECT_EQ(body["text"].get<std::string>().find_first_of("<>"), std::string::npos) << body;
    ExpectNoMarkup(body);
  }
}

// The lines before the first empty one, continued ones joined.
std::vector<std::string> HeadersOf(const std::string& message) {
  std::vector<std::string> headers;
  for (size_t at = 0;;) {
    const size_t end = message.find("\r\n", at);
    if (end == std::string::npos || end == at) return headers;
    const std::string line = message.substr(at, end - at);
    EXPECT_LE(line.size(), 78u) << line;
    for (const char c : line) EXPECT_TRUE(c >= 0x20 && c < 0x7F) << line;
    if (line[0] == ' ' && !headers.empty()) {
      headers.back() += line;
    } else {
      headers.push_back(line);
    }
    at = end + 2;
  }
}

// Of a document without links, which differ: what is no link is a line.
std::string TagsOf(const std::string& html) {
  std::string out;
  for (size_t at = 0; (at = html.find('<', at)) != std::string::npos; ++at) {
    const std::string tag = html.substr(at, html.find('>', at) + 1 - at);
    const bool link =
        tag.starts_with("<a href=\"https://") || tag == "</a>" || tag == "<p>" || tag == "</p>";
    if (!link) out += tag;
  }
  return out;
}

TEST(HostileText, a_mail_keeps_its_headers) {
  const auto names = [](const std::string& message) {
    std::string out;
    for (const std::string& header : HeadersOf(message)) {
      CatTo(&out, header.substr(0, header.find(':')), " ");
    }
    return out;
  };
  const auto message = [](const std::string& title) {
    return ProviderOf(Kind::kEmail).Build(PageSaying(title), RouteOf(Kind::kEmail), kNow)->body;
  };
  const std::string harmless = names(message("x"));
  const std::string tags = TagsOf(PartsOf(message("x"))[1]);
  std::mt19937 chance(9);
  for (int i = 0; i < kTitles; ++i) {
    const std::string title = HostileTitle(&chance);
    const std::string got = message(title);
    EXPECT_EQ(names(got), harmless) << title;
    EXPECT_EQ(got.find("\n.\r"), std::string::npos) << title;
    const std::vector<std::string> parts = PartsOf(got);
    ASSERT_EQ(parts.size(), 2u);
    EXPECT_EQ(TagsOf(parts[1]), tags) << parts[1];
  }
}

}  // namespace
}  // namespace escalation
