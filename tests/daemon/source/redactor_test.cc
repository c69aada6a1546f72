#include "daemon/source/redactor.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "daemon/source/event_check.h"
#include "daemon/source/event_json.h"
#include "daemon/source/secret_names.h"

namespace escalation {
namespace {

v1::Redaction All() {
  v1::Redaction redaction;
  redaction.set_emails(true);
  redaction.set_phones(true);
  redaction.set_secrets(true);
  return redaction;
}

Redactor Make(const v1::Redaction& redaction) {
  auto redactor = Redactor::Create(redaction);
  EXPECT_TRUE(redactor.ok()) << redactor.status();
  return *std::move(redactor);
}

// Every row is redacted twice: the second time nothing changes.
std::string Redacted(const Redactor& redactor, std::string_view text) {
  const std::string once = redactor.Redact(text);
  EXPECT_EQ(redactor.Redact(once), once) << "of " << text;
  return once;
}

struct Row {
  int line;
  std::string_view text;
  std::string_view redacted;  // "=": the text stays.
};

void Check(const Redactor& redactor, std::initializer_list<Row> rows) {
  for (const Row& row : rows) {
    EXPECT_EQ(Redacted(redactor, row.text), row.redacted == "=" ? row.text : row.redacted)
        << "line " << row.line;
  }
}

TEST(Redactor, email_addresses) {
  Check(Make(All()),
        {
            {__LINE__, "ann@h.example", "[email]"},
            {__LINE__, "From Ann <ann.b+c_d@mail.h.example>, to me.", "From Ann <[email]>, to me."},
            {__LINE__, "mailto:ann@h.example?subject=x", "mailto:[email]?subject=x"},
            {__LINE__, "ann@h.example.", "[email]."},
            {__LINE__, "ann@h.example, bob@h.example", "[email], [email]"},
            {__LINE__, "ann%40h.example", "[email]"},
            {__LINE__, "j\xC3\xB6rg@m\xC3\xBCller.example", "[email]"},
            {__LINE__, "'ann@h.example'", "'[email]'"},
            {__LINE__, "see https://u@h.example/x", "see https://[email]/x"},
            {__LINE__, "meet @ noon, @ann, ann@, a@b", "="},
        });
}

TEST(Redactor, telephone_numbers) {
  Check(Make(All()),
        {
            {__LINE__, "+49 30 1234567", "[phone]"},
            {__LINE__, "call +1-303-555-0100!", "call [phone]!"},
            {__LINE__, "(+49) 151 23456789", "[phone]"},
            {__LINE__, "+49 (0)151 2345 6789.", "[phone]."},
            {__LINE__, "+4915123456789", "[phone]"},
            {__LINE__, "tel:+4915123456789", "tel:[phone]"},
            {__LINE__,
             "+55\xC2\xA0(11)\xC2\xA0"
             "91234-5678",
             "[phone]"},
            {__LINE__, "0049 151 23456789", "[phone]"},
            {__LINE__, "0151 23456789", "[phone]"},
            {__LINE__, "0151/23456789 today", "[phone] today"},
            {__LINE__, "(303) 555-0100", "[phone]"},
            {__LINE__, "303-555-0100 or 303.555.0101", "[phone] or [phone]"},
            {__LINE__, "1-303-555-0100", "[phone]"},
            {__LINE__, "01 23 45 67 89", "[phone]"},
            {__LINE__, "(11) 91234-5678", "[phone]"},
            {__LINE__, "phone: 3035550100", "phone: [phone]"},
            {__LINE__, "please call me at 3035550100", "please call me at [phone]"},
            {__LINE__, "t\xC3\xA9l\xC3\xA9phone 612 345 678", "t\xC3\xA9l\xC3\xA9phone [phone]"},
            {__LINE__, "\xE6\x89\x93+8613812345678\xE3\x80\x82", "\xE6\x89\x93[phone]\xE3\x80\x82"},
            // None.
            {__LINE__, "2026-03-10 09:00:00", "="},
            {__LINE__, "2026-03-10T23:00:00-06:00", "="},
            {__LINE__, "03.10.2026 09:00, 03/10/2026", "="},
            {__LINE__, "call on 2026-03-10", "="},
            {__LINE__, "192.168.100.200", "="},
            {__LINE__, "call 192.168.100.200", "="},
            {__LINE__, "order 4711, ticket 12345678", "="},
            {__LINE__, "1773205200", "="},
            {__LINE__, "1773205200123", "="},
            {__LINE__, "T-3035550100, #3035550100", "="},
            {__LINE__, "v1.2.3-4567890", "="},
            {__LINE__, "12345678-1234-1234-1234-123456789012", "="},
            {__LINE__, "1 000 000 000", "="},
            {__LINE__, "C++11 +5 +12345", "="},
            {__LINE__, "a303-555-0100b", "="},
            {__LINE__, "4111 1111 1111 1111", "="},
        });
}

TEST(Redactor, secrets_in_headers_and_commands) {
  Check(
      Make(All()),
      {
          {__LINE__, "Authorization: Bearer abc.def-123", "Authorization: [secret]"},
          {__LINE__, "authorization: Basic dTpw was refused",
           "authorization: [secret] was refused"},
          {__LINE__, "Authorization: Digest username=\"u\", response=\"r\"\nHost: h",
           "Authorization: [secret]\nHost: h"},
          {__LINE__, "Authorization: made up by us\r\nHost: h",
           "Authorization: [secret]\r\nHost: h"},
          {__LINE__, "Proxy-Authorization: Basic dTpw", "Proxy-Authorization: [secret]"},
          {__LINE__, "curl -H 'Authorization: Bearer abc' https://h/x",
           "curl -H 'Authorization: [secret]' https://h/x"},
          {__LINE__, "Cookie: a=b; c=\"d e\"\nHost: h", "Cookie: [secret]\nHost: h"},
          {__LINE__, "Set-Cookie: sid=abc; Path=/; HttpOnly", "Set-Cookie: [secret]"},
          {__LINE__, "X-Api-Key: abc", "X-Api-Key: [secret]"},
          {__LINE__, "it sent Bearer abcdef123456", "it sent Bearer [secret]"},
          {__LINE__, "basic functionality and a bearer bond", "="},
          {__LINE__, "postgres://user:p%40ss@db.h.example/x", "postgres://[secret]@db.h.example/x"},
          {__LINE__, "https://h/x?token=abc&page=2&key=def#top",
           "https://h/x?token=[secret]&page=2&key=[secret]#top"},
          {__LINE__, "https://h/cb?code=abc&state=1", "https://h/cb?code=[secret]&state=1"},
      });
}

TEST(Redactor, secrets_after_their_names) {
  Check(Make(All()),
        {
            {__LINE__, "password=hunter2", "password=[secret]"},
            {__LINE__, "password = hunter2, user=ann", "password = [secret], user=ann"},
            {__LINE__, "Password: hun,ter2.", "Password: [secret]"},
            {__LINE__, "password='hunter 2' x", "password='[secret]' x"},
            {__LINE__, "DB_PASSWORD=\"hunter 2\" x", "DB_PASSWORD=\"[secret]\" x"},
            {__LINE__, "password=a\\b[c", "password=[secret]"},
            {__LINE__, "(password=hunter2)", "(password=[secret])"},
            {__LINE__, "api_key: abc", "api_key: [secret]"},
            {__LINE__, "api key: abc", "api key: [secret]"},
            {__LINE__, "client_secret=abc&x=1", "client_secret=[secret]&x=1"},
            {__LINE__, "AWS_SECRET_ACCESS_KEY=abc", "AWS_SECRET_ACCESS_KEY=[secret]"},
            {__LINE__, "accessToken => 'abc'", "accessToken => '[secret]'"},
            {__LINE__, "seen {\"password\": \"hun\\\"ter2\"} there",
             "seen {\"password\": \"[secret]\"} there"},
            {__LINE__, "seen {\\\"password\\\": \\\"hunter2\\\"} there",
             "seen {\\\"password\\\": \\\"[secret]\\\"} there"},
            {__LINE__, "my password is hunter2abc", "my password is [secret]"},
            {__LINE__, "the token a1b2c3d4e5 fails", "the token [secret] fails"},
            {__LINE__, "name=\"password\"\r\n\r\nhunter2\r\n--x",
             "name=\"password\"\r\n\r\n[secret]\r\n--x"},
            {__LINE__, "eyJhbGciOiJI.eyJzdWIiOiIx.abc-_d", "[secret]"},
            {__LINE__, "AKIAABCDEFGHIJKLMNOP", "[secret]"},
            {__LINE__, "ghp_abcdefghijklmnopqrst", "[secret]"},
            {__LINE__, "a\n-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\nb",
             "a\n[secret]\nb"},
            {__LINE__, "-----BEGIN PRIVATE KEY-----\nabc", "[secret]"},
            {__LINE__, "the password is wrong", "="},
            {__LINE__, "token_type=bearer", "="},
            {__LINE__, "I forgot my password", "="},
            {__LINE__, "x=1, the keyboard: broken", "="},
        });
}

TEST(Redactor, addresses_and_own_patterns_of_the_policy) {
  v1::Redaction redaction;
  redaction.add_urls("https://intra.h.example/");
  redaction.add_patterns("ACME-[0-9]+");
  redaction.add_patterns("x*");
  redaction.add_patterns("^only");
  Check(Make(redaction), {
                             {__LINE__, "see https://intra.h.example/a?b=c.", "see [url]."},
                             {__LINE__, "(HTTPS://INTRA.h.example/)", "([url])"},
                             {__LINE__, "https://h/https", "="},
                             {__LINE__, "ACME-12 and ACME-34", "[redacted] and [redacted]"},
                             {__LINE__, "axxb", "a[redacted]b"},
                             {__LINE__, "only only", "[redacted] only"},
                             {__LINE__, "ann@h.e +49 30 1234567 password=b", "="},
                         });
}

TEST(Redactor, json_keeps_its_structure) {
  v1::Redaction redaction = All();
  redaction.add_paths("user.name");
  redaction.add_paths("items.note");
  Check(
      Make(redaction),
      {
          {__LINE__, "{}", "="},
          {__LINE__, R"({ "a" : "ann@h.example", "b":[1.50, true, "x"] })",
           R"({ "a" : "[email]", "b":[1.50, true, "x"] })"},
          {__LINE__, R"({"password":"a","pin":1,"token":17,"token_type":"b","secret":null})",
           R"({"password":"[secret]","pin":1,"token":"[secret]","token_type":"b","secret":null})"},
          {__LINE__, R"({"credentials":{"user":"u","list":["a",5,""]},"x":1})",
           R"({"credentials":{"user":"[secret]","list":["[secret]","[secret]",""]},"x":1})"},
          {__LINE__, R"({"user":{"name":"Ann","id":1},"name":"n"})",
           R"({"user":{"name":"[redacted]","id":1},"name":"n"})"},
          {__LINE__, R"({"user":{"name":{"first":"Ann"}}})", R"({"user":{"name":"[redacted]"}})"},
          {__LINE__, R"({"items":[{"note":"a"},{"note":2}]})",
           R"({"items":[{"note":"[redacted]"},{"note":"[redacted]"}]})"},
          {__LINE__, R"({"phone":"3035550100","n":3035550100})",
           R"({"phone":"[phone]","n":3035550100})"},
          {__LINE__, R"({"phone":3035550100})", R"({"phone":"[phone]"})"},
          {__LINE__, R"({"body":"{\"password\":\"a\"}"})",
           R"({"body":"{\"password\":\"[secret]\"}"})"},
          {__LINE__, R"(["a\u0040h.example","\ud800 ann@h.example"])",
           R"(["[email]","\ud800 [email]"])"},
          {__LINE__, R"({"ann@h.example":1})", "="},
          {__LINE__, "{not json ann@h.example}", "{not json [email]}"},
      });
}

TEST(Redactor, a_path_may_begin_with_the_field) {
  v1::Redaction redaction;
  redaction.add_paths("payload.user");
  redaction.add_paths("note");
  const Redactor redactor = Make(redaction);
  EXPECT_EQ(redactor.RedactValue("payload", R"({"user":"a","b":{"user":"c"}})"),
            R"({"user":"[redacted]","b":{"user":"c"}})");
  EXPECT_EQ(redactor.RedactValue("note", "any text"), "[redacted]");
  EXPECT_EQ(redactor.RedactValue("notes", "any text"), "any text");
  EXPECT_EQ(redactor.RedactValue("note", ""), "") << "there is nothing to hide";
}

TEST(Redactor, nothing_asked_for_changes_nothing) {
  const Redactor redactor = Make({});
  EXPECT_TRUE(redactor.empty());
  EXPECT_FALSE(Make(All()).empty());
  EXPECT_EQ(redactor.Redact("ann@h.example +49 30 1234567 password=b"),
            "ann@h.example +49 30 1234567 password=b");
}

TEST(Redactor, a_pattern_that_is_none_is_named) {
  v1::Redaction redaction;
  redaction.add_patterns("a(");
  EXPECT_EQ(Redactor::Create(redaction).status().message(),
            "\"a(\" is not a pattern: missing ): a(");
}

TEST(Redactor, names_of_secrets) {
  for (const char* name :
       {"password", "API_KEY", "api-key", "clientSecret", "x-amz-security-token", "Authorization",
        "Set-Cookie", "pwd", "JSESSIONID", "csrfmiddlewaretoken"}) {
    EXPECT_TRUE(IsSecretName(name)) << name;
  }
  for (const char* name :
       {"", "user", "code", "key", "token_type", "expires", "passenger", "page"}) {
    EXPECT_FALSE(IsSecretName(name)) << name;
  }
  EXPECT_TRUE(IsSecretParameter("code"));
  EXPECT_TRUE(IsSecretParameter("token"));
  EXPECT_FALSE(IsSecretParameter("page"));
}

// Everything that an event says, with a canary in every text.
std::string AllTexts(const std::string& body) {
  v1::Redaction redaction = All();
  redaction.add_patterns("CANARY");
  auto event = EventFromJson(R"({"id":"e1","ticket_id":"T-1",)" + body + "}");
  EXPECT_TRUE(event.ok()) << event.status();
  Make(redaction).RedactEvent(&*event);
  return ToJson(*event);
}

TEST(Redactor, texts_of_an_event_are_redacted_and_what_is_matched_stays) {
  EXPECT_EQ(
      AllTexts(
          R"("actor":{"id":"CANARY","roles":["CANARY"]},)"
          R"("opened":{"account":"CANARY","plan":"CANARY","severity":"CANARY","subject":"a CANARY",)"
          R"("product":"CANARY","reason":"CANARY","requester":"ann@h.example","channel":"CANARY",)"
          R"("topic":"CANARY","tags":["CANARY"],"fields":[{"name":"CANARY","value":"b CANARY"},)"
          R"({"name":"password","value":"c"}],"group":"CANARY","assignee":"CANARY",)"
          R"("participants":["ann@h.example"]})"),
      R"({"id":"e1","actor":{"id":"CANARY","roles":["CANARY"]},"ticket_id":"T-1",)"
      R"("opened":{"account":"CANARY","plan":"CANARY","severity":"CANARY","subject":"a [redacted]",)"
      R"("product":"[redacted]","reason":"[redacted]","requester":"ann@h.example",)"
      R"("channel":"CANARY","topic":"[redacted]","tags":["CANARY"],)"
      R"("fields":[{"name":"CANARY","value":"b [redacted]"},{"name":"password",)"
      R"("value":"[secret]"}],"group":"CANARY","assignee":"CANARY",)"
      R"("participants":["ann@h.example"]}})");
  const std::string reason = R"({"reason":"x CANARY"})";
  for (const char* body : {"status_changed", "escalation_requested", "mute_set", "mute_cleared",
                           "escalation_stopped", "page_requested_manually"}) {
    EXPECT_EQ(AllTexts("\"" + std::string(body) + "\":" + reason),
              R"({"id":"e1","ticket_id":"T-1",")" + std::string(body) +
                  R"(":{"reason":"x [redacted]"}})");
  }
  EXPECT_EQ(AllTexts(R"("fields_changed":{"subject":"CANARY","product":"CANARY",)"
                     R"("fields":[{"name":"f","value":"CANARY"}],"add_tags":["CANARY"]})"),
            R"({"id":"e1","ticket_id":"T-1","fields_changed":{"fields":[{"name":"f",)"
            R"("value":"[redacted]"}],"add_tags":["CANARY"],"subject":"[redacted]",)"
            R"("product":"[redacted]"}})");
  EXPECT_EQ(AllTexts(R"("page_requested_manually":{"route":"CANARY","subject":"a CANARY"})"),
            R"({"id":"e1","ticket_id":"T-1","page_requested_manually":{"route":"CANARY",)"
            R"("subject":"a [redacted]"}})");
  EXPECT_EQ(AllTexts(R"("observed":{"opened":{"subject":"CANARY"},"level":"CANARY"})"),
            R"({"id":"e1","ticket_id":"T-1","observed":{"opened":{"subject":"[redacted]"},)"
            R"("level":"CANARY"}})");
}

TEST(Redactor, a_text_that_grows_still_passes_the_gate) {
  v1::Redaction redaction;
  redaction.add_patterns("Q");
  auto event = EventFromJson(R"({"id":"e1","ticket_id":"T-1","opened":{"subject":"x"}})");
  std::string text;
  for (int i = 0; i < 500; ++i) text += "Q\xC3\xBC";
  event->mutable_opened()->set_subject(text);
  ASSERT_TRUE(ValidateEvent(*event, Trust::kSource).ok());
  Make(redaction).RedactEvent(&*event);
  EXPECT_EQ(event->opened().subject().find('Q'), std::string::npos);
  const absl::Status status = ValidateEvent(*event, Trust::kSource);
  EXPECT_TRUE(status.ok()) << status;
}

// A quadratic search would take very long for these.
TEST(Redactor, hard_texts_of_many_kilobytes) {
  const Redactor redactor = Make(All());
  for (const std::string_view piece : {"a",
                                       "1",
                                       "1 ",
                                       "+1",
                                       "(1",
                                       "a@",
                                       "@",
                                       "a.",
                                       "[",
                                       "[email]",
                                       "password=\"",
                                       "password='",
                                       "token ",
                                       "://a:",
                                       "name=\"a\"\n",
                                       "eyJaaaaa.",
                                       "phone ",
                                       "-----BEGIN PRIVATE KEY-----",
                                       "Authorization:",
                                       "bearer ",
                                       "cookie:",
                                       "\xC3\xBC",
                                       "{",
                                       "\\\""}) {
    std::string text;
    while (text.size() < 300'000) text += piece;
    EXPECT_FALSE(redactor.Redact(text).empty()) << piece;
  }
}

}  // namespace
}  // namespace escalation
