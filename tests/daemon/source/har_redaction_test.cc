#include "daemon/source/har_redaction.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "absl/strings/escaping.h"

namespace escalation {
namespace {

using nlohmann::ordered_json;

Redactor All() {
  v1::Redaction redaction;
  redaction.set_emails(true);
  redaction.set_phones(true);
  redaction.set_secrets(true);
  return *Redactor::Create(redaction);
}

std::string Redacted(const std::string& har) {
  const Redactor redactor = All();
  const auto once = RedactHar(har, redactor);
  EXPECT_TRUE(once.ok()) << once.status();
  if (!once.ok()) return "";
  const auto twice = RedactHar(*once, redactor);
  EXPECT_TRUE(twice.ok() && *twice == *once) << *once;
  return *once;
}

// A whole archive; @NAME@ are the slots, filled with harmless texts unless a test fills one.
constexpr char kArchive[] = R"({"log": {
  "version": "1.2", "creator": {"name": "Browser", "version": "144.0.1"},
  "pages": [{"startedDateTime": "2026-03-10T23:00:00.123Z", "id": "page_1", "title": "@title@",
             "pageTimings": {"onLoad": 1720.50}}],
  "entries": [{
    "startedDateTime": "2026-03-10T23:00:00.123Z", "time": 50, "serverIPAddress": "192.168.100.200",
    "_initiator": {"type": "script", "url": "@initiator@", "lineNumber": 3035550100},
    "request": {
      "method": "POST", "url": "https://@userinfo@h.example/a/@path@?page=2&@query@#@fragment@",
      "httpVersion": "HTTP/2", "headersSize": -1, "bodySize": 4,
      "headers": [
        {"name": "Accept", "value": "*/*"},
        {"name": "Authorization", "value": "@authorization@"},
        {"value": "@cookie_header@", "name": "Cookie"},
        {"name": "X-Api-Key", "value": "@api_key@"},
        {"name": "Referer", "value": "@referer@"}],
      "cookies": [{"name": "theme", "value": "@cookie@", "path": "/", "httpOnly": true}],
      "queryString": [{"name": "page", "value": "2"}, {"name": "@query_name@", "value": "@query_value@"}],
      "postData": {"mimeType": "application/x-www-form-urlencoded", "text": "a=1&@form@",
                   "params": [{"name": "a", "value": "1"}, {"name": "password", "value": "@param@"}]}},
    "response": {
      "status": 200, "statusText": "OK", "redirectURL": "@redirect@", "cookies": [],
      "headers": [{"name": "Set-Cookie", "value": "@set_cookie@"},
                  {"name": "Content-Type", "value": "application/json"}],
      "content": {"size": 17, "mimeType": "application/json", "text": "{\"id\": 1.50, @json@}"},
      "_transferSize": 1e3},
    "_webSocketMessages": [{"type": "send", "time": 1.5, "opcode": 1, "data": "@socket@"}],
    "cache": {}, "timings": {"wait": 0.10}, "comment": "@comment@"}]}}
)";

struct Slot {
  const char* name;
  // With nothing to hide.
  const char* harmless;
  // CANARY stands for what is to be hidden.
  const char* harmful;
};

constexpr Slot kSlots[] = {
    {"title", "Shop", "Shop of CANARY@h.example"},
    {"initiator", "https://h.example/app.js", "https://h.example/app.js?token=CANARY"},
    {"userinfo", "", "ann:CANARY@"},
    {"path", "b", "b?x=1&api_key=CANARY"},
    {"query", "x=1", "code=CANARY"},
    {"query", "x=1", "access%5Ftoken=CANARY"},
    {"query", "x=1", "mail=CANARY%40h.example"},
    {"fragment", "top", "id_token=CANARY&x=1"},
    {"authorization", "", "Bearer CANARY"},
    {"cookie_header", "", "a=CANARY"},
    {"api_key", "", "CANARY"},
    {"referer", "https://h.example/", "https://h.example/?session=CANARY"},
    {"cookie", "", "CANARY"},
    {"query_value", "1", "CANARY@h.example"},
    {"form", "b=2", "password=CANARY&b=2"},
    {"form", "b=2", "mail=CANARY%40h.example"},
    {"param", "", "CANARY"},
    {"redirect", "", "https://ann:CANARY@h.example/"},
    {"set_cookie", "", "sid=CANARY; Path=/"},
    {"json", "\\\"b\\\": 2", "\\\"client_secret\\\": \\\"CANARY\\\""},
    {"json", "\\\"b\\\": 2", "\\\"mail\\\": [\\\"CANARY@h.example\\\"]"},
    {"json", "\\\"b\\\": 2",
     "\\\"inner\\\": \\\"{\\\\\\\"token\\\\\\\":\\\\\\\"CANARY\\\\\\\"}\\\""},
    {"socket", "ping", "{\\\"password\\\":\\\"CANARY\\\"}"},
    {"comment", "slow", "password=CANARY"},
};

std::string Filled(const Slot& harmful) {
  std::string har = kArchive;
  const auto fill = [&har](const std::string& name, const std::string& text) {
    const std::string slot = "@" + name + "@";
    const size_t at = har.find(slot);
    if (at != std::string::npos) har.replace(at, slot.size(), text);
  };
  fill(harmful.name, harmful.harmful);
  for (const Slot& slot : kSlots) fill(slot.name, slot.harmless);
  fill("query_name", "x");
  return har;
}

// Names, kinds and everything that is no text.
ordered_json Shape(const ordered_json& value) {
  if (value.is_string()) return "";
  if (!value.is_structured()) return value;
  ordered_json shape = value.is_array() ? ordered_json::array() : ordered_json::object();
  if (value.is_array()) {
    for (const ordered_json& element : value) shape.push_back(Shape(element));
  } else {
    for (const auto& [key, element] : value.items()) shape[key] = Shape(element);
  }
  return shape;
}

TEST(HarRedaction, an_archive_with_nothing_to_hide_stays_byte_by_byte) {
  const std::string har = Filled({"none", "", ""});
  EXPECT_EQ(Redacted(har), har);
}

TEST(HarRedaction, no_secret_survives_in_any_slot_and_the_shape_stays) {
  for (const Slot& slot : kSlots) {
    const std::string har = Filled(slot);
    ASSERT_NE(har.find("CANARY"), std::string::npos) << slot.name;
    const std::string redacted = Redacted(har);
    EXPECT_EQ(redacted.find("CANARY"), std::string::npos) << slot.name << ": " << redacted;
    const ordered_json before = ordered_json::parse(har, nullptr, false);
    const ordered_json after = ordered_json::parse(redacted, nullptr, false);
    ASSERT_FALSE(after.is_discarded()) << slot.name;
    EXPECT_EQ(Shape(before), Shape(after)) << slot.name;
    // Of all texts at most those change that hold the canary.
    const ordered_json flat_before = before.flatten();
    const ordered_json flat_after = after.flatten();
    for (const auto& [path, value] : flat_before.items()) {
      const bool holds =
          value.is_string() && value.get<std::string>().find("CANARY") != std::string::npos;
      if (!holds) {
        EXPECT_EQ(flat_after.at(path), value) << slot.name << " at " << path;
      }
    }
  }
}

std::string Archive(const std::string& request, const std::string& response) {
  return R"({"log":{"entries":[{"request":{)" + request + R"(},"response":{)" + response + "}}]}}";
}

TEST(HarRedaction, what_stands_beside_a_secret_can_be_read) {
  struct Row {
    int line;
    std::string before;
    std::string after;
  };
  const Row rows[] = {
      {__LINE__, R"("url":"https://h.example/a?page=2&token=abc&x=%7E#top")",
       R"("url":"https://h.example/a?page=2&token=[secret]&x=%7E#top")"},
      {__LINE__, R"("url":"https://h.example/?mail=ann%40h.example&q=call+%2B4930123456")",
       R"("url":"https://h.example/?mail=[email]&q=call%20[phone]")"},
      {__LINE__,
       R"("queryString":[{"name":"code","value":"a"},{"name":"mail","value":"a@h.example"}])",
       R"("queryString":[{"name":"code","value":"[secret]"},{"name":"mail","value":"[email]"}])"},
      {__LINE__, R"("headers":[{"name":"code","value":"a"},{"name":"COOKIE","value":"b"}])",
       R"("headers":[{"name":"code","value":"a"},{"name":"COOKIE","value":"[secret]"}])"},
      {__LINE__, R"("postData":{"mimeType":"text/plain","text":"a@h.example wrote"})",
       R"("postData":{"mimeType":"text/plain","text":"[email] wrote"})"},
      {__LINE__, R"("method":"a@h.example","postData":{})",
       R"("method":"a@h.example","postData":{})"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(Redacted(Archive(row.before, "")), Archive(row.after, "")) << "line " << row.line;
  }
}

TEST(HarRedaction, bodies_in_base64_are_read) {
  const auto body = [](const std::string& bytes) {
    return Archive(
        "", R"("content":{"text":")" + absl::Base64Escape(bytes) + R"(","encoding":"base64"})");
  };
  EXPECT_EQ(Redacted(body(R"({"password": "a"})")), body(R"({"password": "[secret]"})"));
  EXPECT_EQ(Redacted(body("\xFF\xFEpassword=a")), body("\xFF\xFEpassword=a")) << "not text";
  const std::string broken = Archive("", R"("content":{"text":"%%%","encoding":"base64"})");
  EXPECT_EQ(Redacted(broken), broken);
}

TEST(HarRedaction, what_a_policy_does_not_ask_for_stays) {
  v1::Redaction redaction;
  redaction.set_emails(true);
  const std::string har = Archive(
      R"("cookies":[{"name":"a","value":"b"}],"url":"https://h/?token=a&m=a@h.example")", "");
  const auto redacted = RedactHar(har, *Redactor::Create(redaction));
  ASSERT_TRUE(redacted.ok());
  EXPECT_EQ(*redacted, Archive(R"("cookies":[{"name":"a","value":"b"}],)"
                               R"("url":"https://h/?token=a&m=[email]")",
                               ""));
}

TEST(HarRedaction, what_is_no_archive_is_refused_with_its_place) {
  const auto error = [](const std::string& text) {
    return std::string(RedactHar(text, All()).status().message());
  };
  EXPECT_EQ(error("{\"log\": {\n  \"entries\" [}}"), "2:13: expected \":\"");
  EXPECT_EQ(error("{}"), "log: missing, expected an object");
  EXPECT_EQ(error(R"({"log":{}})"), "log.entries: missing, expected an array");
  EXPECT_EQ(error(R"({"log":{"entries":[{"request":{}}]}})"),
            "log.entries[0].response: missing, expected an object");
  EXPECT_EQ(error("[1]"), "log: missing, expected an object");
}

}  // namespace
}  // namespace escalation
