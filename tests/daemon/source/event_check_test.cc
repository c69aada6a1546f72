#include "daemon/source/event_check.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "daemon/source/event_json.h"
#include "daemon/source/message_json.h"

namespace escalation {
namespace {

std::string Check(const std::string& json, Trust trust = Trust::kSource) {
  const absl::StatusOr<v1::Event> event = EventFromJson(json);
  if (!event.ok()) return "not JSON: " + std::string(event.status().message());
  const absl::Status status = ValidateEvent(*event, trust);
  return status.ok() ? "ok" : std::string(status.message());
}

// An opened ticket with these further members of the event and of the body.
std::string Opened(const std::string& event, const std::string& body = "") {
  return "{\"id\":\"e\",\"ticket_id\":\"T\"," + event + "\"opened\":{" + body + "}}";
}

std::string Repeat(const std::string& item, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += (i == 0 ? "" : ",") + item;
  return out;
}

struct Row {
  int line;
  std::string json;
  std::string expected;
};

TEST(EventCheck, what_a_source_may_say) {
  const std::string subject(1024, 's');
  const Row rows[] = {
      {__LINE__, Opened(""), "ok"},
      {__LINE__, Opened("", R"("subject":")" + subject + "\""), "ok"},
      {__LINE__, Opened("", R"("subject":"two\nlines")"), "ok"},
      {__LINE__, Opened("", R"("subject":"\u00e9)" + subject.substr(1) + "\""), "ok"},
      {__LINE__, Opened("", "\"tags\":[" + Repeat("\"t\"", 64) + "]"), "ok"},
      {__LINE__, R"({"id":"e","ticket_id":"T","message_added":{"length":3}})", "ok"},
      {__LINE__, R"({"id":"e","ticket_id":"T","linked_to":{}})", "ok"},
      {__LINE__, R"({"id":"e","account_changed":{"account":"a b"}})", "ok"},
      {__LINE__, R"({"id":"e","source_mark":{"source":"s","through_time":"2026-01-01T00:00:00Z"}})",
       "ok"},
      {__LINE__, R"({"origin":{"source":"k","positioned":true},"ticket_id":"T","erased":{}})",
       "ok"},
  };
  for (const Row& row : rows) EXPECT_EQ(Check(row.json), row.expected) << "line " << row.line;
}

TEST(EventCheck, what_it_may_not) {
  const std::string alphabet = " characters of A-Z a-z 0-9 . _ : -, got ";
  const Row rows[] = {
      {__LINE__, "{}", "an event without a body, expected one such as \"opened\""},
      {__LINE__, R"({"ticket_id":"T","erased":{}})", "id: is missing"},
      {__LINE__, R"({"id":"e","erased":{}})", "ticket_id: is missing"},
      {__LINE__, R"({"id":"e e","ticket_id":"T","erased":{}})",
       "id: expected 1 to 128" + alphabet + "\"e e\""},
      {__LINE__, R"({"id":"e","ticket_id":"T/1","erased":{}})",
       "ticket_id: expected 1 to 128" + alphabet + "\"T/1\""},
      {__LINE__, R"({"id":"e","ticket_id":"\u00e9","erased":{}})",
       "ticket_id: expected 1 to 128" + alphabet + "\"\xC3\xA9\""},
      {__LINE__, R"({"id":"e","ticket_id":")" + std::string(129, 'a') + R"(","erased":{}})",
       "ticket_id: expected 1 to 128" + alphabet + "\"" + std::string(129, 'a') + "\""},
      {__LINE__, Opened(R"("tenant":")" + std::string(33, 't') + "\","),
       "tenant: expected 1 to 32" + alphabet + "\"" + std::string(33, 't') + "\""},
      {__LINE__, Opened("", R"("subject":")" + std::string(1025, 's') + "\""),
       "opened.subject: 1025 characters, expected at most 1024"},
      {__LINE__, Opened("", R"("plan":")" + std::string(129, 's') + "\""),
       "opened.plan: 129 characters, expected at most 128"},
      {__LINE__, Opened("", R"("assignee":"a\nb")"),
       "opened.assignee: expected no control characters, got one of code 10"},
      {__LINE__, Opened("", R"("account":"a\u007fb")"),
       "opened.account: expected no control characters, got one of code 127"},
      {__LINE__, Opened("", "\"tags\":[" + Repeat("\"t\"", 65) + "]"),
       "opened.tags: 65 entries, expected at most 64"},
      {__LINE__, Opened("", "\"fields\":[" + Repeat("{}", 129) + "]"),
       "opened.fields: 129 entries, expected at most 128"},
      {__LINE__, Opened("", R"("fields":[{"name":"a"},{"name":"\u0001"}])"),
       "opened.fields[1].name: expected no control characters, got one of code 1"},
      {__LINE__, Opened("", R"("description_length":-1)"),
       "opened.description_length: expected 0 or more, got -1"},
      {__LINE__, Opened("\"actor\":{\"roles\":[" + Repeat("\"r\"", 65) + "]},"),
       "actor.roles: 65 entries, expected at most 64"},
      {__LINE__, R"({"id":"e","ticket_id":"T","merged":{}})", "merged.into: is missing"},
      {__LINE__, R"({"id":"e","ticket_id":"T","merged":{"into":"a b"}})",
       "merged.into: expected 1 to 128" + alphabet + "\"a b\""},
      {__LINE__, R"({"id":"e","ticket_id":"T","status_changed":{}})",
       "status_changed.status: is missing"},
      {__LINE__, R"({"id":"e","ticket_id":"T","update_agreed":{}})",
       "update_agreed.until: is missing"},
      {__LINE__, R"({"id":"e","source_mark":{"source":"s"}})",
       "source_mark.through_time: is missing"},
      {__LINE__, R"({"id":"e","mute_set":{}})", "mute_set.mute_id: is missing"},
      {__LINE__,
       R"({"id":"e","entitlement_used":{"account":"a","entitlement":"b","duration":"-1s"}})",
       "entitlement_used.duration: expected a duration from 0 to 100 years, got -1s"},
      {__LINE__, R"({"id":"e","plan_change_requested":{"plan":"p"}})",
       "plan_change_requested.account: is missing"},
      {__LINE__, R"({"id":"e","plan_activated":{"plan":"p"}})",
       "plan_activated.account: is missing"},
      {__LINE__, R"({"id":"e","plan_activated":{"account":"a"}})",
       "plan_activated.plan: is missing"},
      {__LINE__, R"({"id":"e","on_call_changed":{"route":"r"}})",
       "on_call_changed.person: is missing"},
      {__LINE__, R"({"id":"e","on_call_changed":{"person":"jo"}})",
       "on_call_changed.route: is missing"},
      {__LINE__, R"({"id":"e","tick":{}})", "tick: is written by escalationd only"},
      {__LINE__, R"({"id":"e","owner_took":{}})", "owner_took: is written by escalationd only"},
      {__LINE__, R"({"id":"e","published":{}})", "published: is written by escalationd only"},
      {__LINE__, R"({"id":"e","page_outcome":{}})", "page_outcome: is written by escalationd only"},
      {__LINE__, R"({"id":"e","semantics_raised":{}})",
       "semantics_raised: is written by escalationd only"},
  };
  for (const Row& row : rows) EXPECT_EQ(Check(row.json), row.expected) << "line " << row.line;
}

// What is missing of a request is for people to see: it enters the log and is flagged.
TEST(EventCheck, an_incomplete_request_for_a_plan_is_taken) {
  EXPECT_EQ(Check(R"({"id":"e","plan_change_requested":{"account":"a"}})"), "ok");
}

TEST(EventCheck, a_history_holds_what_escalationd_wrote) {
  EXPECT_EQ(Check(R"({"tick":{"until":"2026-01-01T00:00:00Z"}})", Trust::kHistory), "ok");
  EXPECT_EQ(Check(R"({"page_outcome":{"key":"d/T/e/1/1"}})", Trust::kHistory), "ok");
  EXPECT_EQ(Check("{}", Trust::kHistory).substr(0, 23), "an event without a body");
}

// Binary sources bypass the JSON reader, so nothing may rest on it.
TEST(EventCheck, binary_events_get_the_same_checks) {
  v1::Event event = *EventFromJson(Opened(""));
  event.mutable_occurred_at()->set_seconds(4'102'444'800);
  EXPECT_EQ(ValidateEvent(event, Trust::kSource).message(),
            "occurred_at: instant out of range: 4102444800 seconds since 1970, "
            "expected a year from 2000 to 2099");
  event.mutable_occurred_at()->set_seconds(4'102'444'799);
  EXPECT_TRUE(ValidateEvent(event, Trust::kSource).ok());
  event.mutable_occurred_at()->set_seconds(946'684'799);
  EXPECT_FALSE(ValidateEvent(event, Trust::kSource).ok());
  event.mutable_occurred_at()->set_seconds(946'684'800);
  event.mutable_occurred_at()->set_nanos(-1);
  EXPECT_FALSE(ValidateEvent(event, Trust::kSource).ok());
  event.clear_occurred_at();
  event.mutable_actor()->set_kind(static_cast<v1::Actor::Kind>(77));
  EXPECT_EQ(ValidateEvent(event, Trust::kSource).message(), "actor.kind: unknown value 77 of Kind");
  event.clear_actor();
  event.mutable_opened()->set_subject(std::string("a\0b", 3));
  EXPECT_EQ(ValidateEvent(event, Trust::kSource).message(),
            "opened.subject: expected no control characters, got one of code 0");
  event.mutable_opened()->set_subject("\xFF");
  EXPECT_EQ(ValidateEvent(event, Trust::kSource).message(), "opened.subject: expected UTF-8");
  event = *EventFromJson(R"({"id":"e","ticket_id":"T","message_added":{}})");
  event.mutable_message_added()->mutable_next_follow_up_at()->set_seconds(1);
  EXPECT_EQ(FieldOf(ValidateEvent(event, Trust::kSource)), "message_added.next_follow_up_at");
}

TEST(EventCheck, a_body_of_a_later_version_is_refused) {
  // Field 900, which no version has.
  v1::Event event;
  ASSERT_TRUE(
      event.ParseFromString(std::string("\x12\x01"
                                        "e"
                                        "\x82\x38\x00",
                                        6)));
  EXPECT_FALSE(ValidateEvent(event, Trust::kSource).ok());
  event.set_ticket_id("T");
  event.mutable_erased();
  EXPECT_EQ(ValidateEvent(event, Trust::kSource).message(),
            "holds a field that this version does not know");
}

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Puts `text` into every text of `message`, one after the other, and calls `check` with its path.
void ForEachText(Message* message, const std::string& text, const std::string& path,
                 const std::function<void(const std::string& path)>& check) {
  const auto& reflection = *message->GetReflection();
  for (int i = 0; i < message->GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* const field = message->GetDescriptor()->field(i);
    const std::string name = path + field->name();
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      if (field->message_type()->file()->package() != "escalation.v1") continue;
      if (field->message_type()->name() == "Policy") continue;
      if (field->message_type()->name() == "CalendarSet") continue;
      ForEachText(field->is_repeated() ? reflection.AddMessage(message, field)
                                       : reflection.MutableMessage(message, field),
                  text, name + ".", check);
      reflection.ClearField(message, field);
    } else if (field->type() == FieldDescriptor::TYPE_STRING) {
      if (field->is_repeated()) {
        reflection.AddString(message, field, text);
      } else {
        reflection.SetString(message, field, text);
      }
      check(name);
      reflection.ClearField(message, field);
    }
  }
}

TEST(EventCheck, every_text_of_every_body_is_looked_at) {
  const std::string nul("a\0b", 3);
  size_t refused = 0;
  const google::protobuf::Descriptor& type = *v1::Event::descriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* const body = type.field(i);
    if (body->real_containing_oneof() == nullptr) continue;
    v1::Event event;
    event.set_id("e");
    event.set_ticket_id("T");
    Message* const message = event.GetReflection()->MutableMessage(&event, body);
    ForEachText(message, nul, body->name() + ".", [&](const std::string& path) {
      const absl::Status status = ValidateEvent(event, Trust::kHistory);
      EXPECT_FALSE(status.ok()) << path;
      refused += status.ok() ? 0 : 1;
    });
    ForEachText(message, std::string(200, 'a') + "\xff", body->name() + ".",
                [&](const std::string& path) {
                  EXPECT_FALSE(ValidateEvent(event, Trust::kHistory).ok()) << path;
                });
  }
  EXPECT_GT(refused, 60u);
}

}  // namespace
}  // namespace escalation
