#include "daemon/source/event_json.h"

#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <string>

#include "daemon/source/message_json.h"

namespace escalation {
namespace {

constexpr char kOpened[] =
    R"({"id":"e1","ticket_id":"T-1","occurred_at":"2026-03-10T23:00:00-06:00",)"
    R"("actor":{"id":"c7","kind":"customer"},)"
    R"("opened":{"plan":"ddev_live","severity":"high","subject":"site down"}})";

std::string ErrorOf(std::string_view text) {
  const absl::StatusOr<v1::Event> event = EventFromJson(text);
  return event.ok() ? "ok" : std::string(event.status().message());
}

std::string BodyError(std::string_view text, BodyForm form = BodyForm::kJson) {
  const auto events = EventsFromBody(text, form);
  return events.ok() ? "ok " + std::to_string(events->size())
                     : std::string(events.status().message());
}

TEST(EventJson, reads_the_line_of_the_documentation) {
  const absl::StatusOr<v1::Event> event = EventFromJson(kOpened);
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(event->id(), "e1");
  EXPECT_EQ(event->occurred_at().seconds(), 1773205200);
  EXPECT_EQ(event->actor().kind(), v1::Actor::CUSTOMER);
  EXPECT_EQ(event->opened().plan(), "ddev_live");
}

TEST(EventJson, writes_one_line_with_the_names_of_the_proto) {
  EXPECT_EQ(
      ToJson(*EventFromJson(kOpened)),
      R"({"id":"e1","occurred_at":"2026-03-11T05:00:00Z","actor":{"id":"c7","kind":"CUSTOMER"},)"
      R"("ticket_id":"T-1","opened":{"plan":"ddev_live","severity":"high","subject":"site down"}})");
}

TEST(EventJson, writes_a_decision_as_documented) {
  v1::Decision decision;
  decision.set_id("9f1c/0/17/2");
  decision.set_seq(40);
  decision.mutable_at()->set_seconds(1773212400);
  decision.mutable_at()->set_nanos(250'000'000);
  decision.mutable_cause()->set_offset(17);
  auto* breached = decision.mutable_clock_breached();
  breached->set_metric("engagement");
  breached->set_cycle(1);
  breached->mutable_used()->set_seconds(7200);
  breached->mutable_within()->set_seconds(-1);
  breached->mutable_within()->set_nanos(-500'000'000);
  EXPECT_EQ(
      ToJson(decision),
      R"({"id":"9f1c/0/17/2","seq":"40","at":"2026-03-11T07:00:00.250Z","cause":{"offset":"17"},)"
      R"("clock_breached":{"metric":"engagement","cycle":1,"used":"7200s","within":"-1.500s"}})");
}

TEST(EventJson, protobufs_own_parser_reads_what_is_written_and_agrees) {
  v1::Event event = *EventFromJson(kOpened);
  event.mutable_opened()->set_subject("quote \" back \\ nl \n tab \t del \x7F \xE2\x82\xAC <b>");
  event.mutable_opened()->set_description_length(-5);
  event.mutable_opened()->add_tags("a");
  event.mutable_opened()->add_tags("");
  auto* field = event.mutable_opened()->add_fields();
  field->set_name("f");
  event.mutable_origin()->set_offset(9'007'199'254'740'993);
  event.mutable_origin()->set_positioned(true);
  event.mutable_written_at()->set_seconds(1773212400);
  event.mutable_written_at()->set_nanos(1'000'000);
  const std::string json = ToJson(event);
  v1::Event theirs;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(json, &theirs).ok()) << json;
  const absl::StatusOr<v1::Event> ours = EventFromJson(json);
  ASSERT_TRUE(ours.ok()) << ours.status();
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(theirs, event)) << json;
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(*ours, event)) << json;
}

TEST(EventJson, reads_what_protobufs_own_writer_writes) {
  v1::Event event;
  event.set_id("p1");
  event.mutable_published()->set_through_seq(18'446'744'073'709'551'615u);
  event.mutable_published()->set_decisions_hash(std::string("\x00\xFF\x10", 3));
  std::string json;
  ASSERT_TRUE(google::protobuf::util::MessageToJsonString(event, &json).ok());
  const absl::StatusOr<v1::Event> read = EventFromJson(json);
  ASSERT_TRUE(read.ok()) << read.status() << json;
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(*read, event)) << json;
}

struct Row {
  int line;
  std::string text;
  std::string expected;
};

TEST(EventJson, says_which_field_is_wrong_and_what_is_expected) {
  const Row rows[] = {
      {__LINE__, "", "expected an object, got nothing"},
      {__LINE__, "[]", "expected an object, got ["},
      {__LINE__, "null", "expected an object, got null"},
      {__LINE__, R"({"opened":{"severity":5}})", "opened.severity: expected a string, got 5"},
      {__LINE__, R"({"opened":{"severity":["a"]}})",
       "opened.severity: expected a string, got [\"a\""},
      {__LINE__, R"({"opend":{}})", "opend: unknown field; did you mean \"opened\"?"},
      {__LINE__, R"({"zebra":{}})", "zebra: unknown field"},
      {__LINE__, R"({"ze\nbra":{}})", R"("ze\nbra": unknown field)"},
      {__LINE__, R"({"id":"a","id":"b"})", "id: given twice"},
      {__LINE__, R"({"ticket_id":"a","ticketId":"b"})", "ticket_id: given twice"},
      {__LINE__, R"({"erased":{},"opened":{}})",
       "opened: only one body is expected, and \"erased\" is given too"},
      {__LINE__, R"({"opened":[]})", "opened: expected an object, got ["},
      {__LINE__, R"({"opened":{"tags":"a"}})", "opened.tags: expected an array, got \"a\""},
      {__LINE__, R"({"opened":{"tags":["a",7]}})", "opened.tags[1]: expected a string, got 7"},
      {__LINE__, R"({"opened":{"tags":[null]}})", "opened.tags[0]: expected a string, got null"},
      {__LINE__, R"({"opened":{"fields":[{},{"value":1}]}})",
       "opened.fields[1].value: expected a string, got 1"},
      {__LINE__, R"({"message_added":{"is_question":"yes"}})",
       "message_added.is_question: expected true or false, got \"yes\""},
      {__LINE__, R"({"message_added":{"length":1.5}})",
       "message_added.length: expected a whole number of 32 bits, got 1.5"},
      {__LINE__, R"({"message_added":{"length":2147483648}})",
       "message_added.length: expected a whole number of 32 bits, got 2147483648"},
      {__LINE__, R"({"message_added":{"length":1e999}})",
       "message_added.length: expected a whole number of 32 bits, got 1e999"},
      {__LINE__, R"({"message_added":{"length":"1e1x"}})",
       "message_added.length: expected a whole number of 32 bits, got 1e1x"},
      {__LINE__, R"({"owner_took":{"epoch":-1}})",
       "owner_took.epoch: expected a whole number of 64 bits, 0 or more, got -1"},
      {__LINE__, R"({"actor":{"kind":"robot"}})",
       "actor.kind: expected one of customer, agent, bot, system, got \"robot\""},
      {__LINE__, R"({"actor":{"kind":9}})",
       "actor.kind: expected one of customer, agent, bot, system, got 9"},
      {__LINE__, R"({"occurred_at":5})",
       "occurred_at: expected an instant such as \"2026-03-11T07:00:00Z\", got 5"},
      {__LINE__, R"({"occurred_at":"1999-12-31T23:59:59Z"})",
       "occurred_at: instant out of range: \"1999-12-31T23:59:59Z\", expected a year from 2000 to "
       "2099"},
      {__LINE__, R"({"occurred_at":"2100-01-01T00:00:00Z"})",
       "occurred_at: instant out of range: \"2100-01-01T00:00:00Z\", expected a year from 2000 to "
       "2099"},
      {__LINE__, R"({"entitlement_used":{"duration":"7200"}})",
       "entitlement_used.duration: expected a duration such as \"7200s\", got \"7200\""},
      {__LINE__, R"({"entitlement_used":{"duration":7200}})",
       "entitlement_used.duration: expected a duration such as \"7200s\", got 7200"},
      {__LINE__, R"({"published":{"decisions_hash":"***"}})",
       "published.decisions_hash: expected bytes in base64"},
      {__LINE__, R"({"id":"a"} x)", "byte 11: expected nothing more, got x"},
      {__LINE__, R"({"opened":{"subject":"a)",
       "opened.subject: byte 23: expected the end of a string, but the text ends here"},
      {__LINE__, "{\"opened\":{\"subject\":\"\xFF\"}}", "opened.subject: byte 22: not valid UTF-8"},
  };
  for (const Row& row : rows) EXPECT_EQ(ErrorOf(row.text), row.expected) << "line " << row.line;
}

TEST(EventJson, is_as_lenient_as_proto3_json_asks) {
  const Row rows[] = {
      {__LINE__, R"({"ticketId":"T"})", R"({"ticket_id":"T"})"},
      {__LINE__, R"({"ticket_id":null,"opened":{"tags":null}})", R"({"opened":{}})"},
      {__LINE__, R"({"actor":{"kind":"CuStOmEr"}})", R"({"actor":{"kind":"CUSTOMER"}})"},
      {__LINE__, R"({"actor":{"kind":3}})", R"({"actor":{"kind":"BOT"}})"},
      {__LINE__, R"({"message_added":{"length":1e1}})", R"({"message_added":{"length":10}})"},
      {__LINE__, R"({"message_added":{"length":"12"}})", R"({"message_added":{"length":12}})"},
      {__LINE__, R"({"owner_took":{"epoch":7}})", R"({"owner_took":{"epoch":"7"}})"},
      {__LINE__, R"({"entitlement_used":{"duration":"-1.5s"}})",
       R"({"entitlement_used":{"duration":"-1.500s"}})"},
      {__LINE__, R"({"occurred_at":"2026-03-11T07:00:00.123456789+05:30"})",
       R"({"occurred_at":"2026-03-11T01:30:00.123Z"})"},
  };
  for (const Row& row : rows) {
    const absl::StatusOr<v1::Event> event = EventFromJson(row.text);
    ASSERT_TRUE(event.ok()) << "line " << row.line << ": " << event.status();
    EXPECT_EQ(ToJson(*event), row.expected) << "line " << row.line;
  }
}

TEST(EventJson, a_body_is_one_event_an_array_an_envelope_or_lines) {
  const std::string one = kOpened;
  EXPECT_EQ(BodyError(one), "ok 1");
  EXPECT_EQ(BodyError("[" + one + "," + one + "]"), "ok 2");
  EXPECT_EQ(BodyError("{\"events\":[" + one + "," + one + "]}"), "ok 2");
  EXPECT_EQ(BodyError(one + "\n\n" + one + "\r\n", BodyForm::kJsonLines), "ok 2");
}

TEST(EventJson, a_body_with_one_bad_event_gives_none) {
  const Row rows[] = {
      {__LINE__, R"([{},{},{},{"opened":{"severity":5}}])",
       "events[3].opened.severity: expected a string, got 5"},
      {__LINE__, R"({"events":[{"opend":{}}]})",
       "events[0].opend: unknown field; did you mean \"opened\"?"},
      {__LINE__, R"({"events":{}})", "events: expected an array, got {"},
      {__LINE__, R"({"events":[{}],"more":1})", "expected nothing beside \"events\""},
      {__LINE__, R"({"events":[{}]} {})", "byte 16: expected nothing more, got {"},
      {__LINE__, R"([{})", "events: byte 3: expected \",\" or \"]\", but the text ends here"},
      {__LINE__, "[]", "expected at least one event, got none"},
      {__LINE__, R"({"events":[]})", "expected at least one event, got none"},
      {__LINE__, "", "expected an object, got nothing"},
      {__LINE__, "5", "expected an object, got 5"},
  };
  for (const Row& row : rows) EXPECT_EQ(BodyError(row.text), row.expected) << "line " << row.line;
  EXPECT_EQ(BodyError("{}\n\n{\"id\":1}\n", BodyForm::kJsonLines),
            "line 3: id: expected a string, got 1");
  EXPECT_EQ(BodyError("\n \n", BodyForm::kJsonLines), "expected at least one event, got none");
}

TEST(EventJson, the_field_of_an_error_can_be_read_by_programs) {
  const auto events = EventsFromBody(R"([{"opened":{"severity":5}}])", BodyForm::kJson);
  EXPECT_EQ(FieldOf(events.status()), "events[0].opened.severity");
  const auto lines = EventsFromBody(R"({"id":5})", BodyForm::kJsonLines);
  EXPECT_EQ(FieldOf(lines.status()), "id");
  EXPECT_EQ(FieldOf(absl::OkStatus()), "");
}

TEST(EventJson, size_and_count_are_bounded) {
  const std::string large = R"({"id":")" + std::string(kEventJsonBytesMax, 'a') + "\"}";
  EXPECT_EQ(ErrorOf(large),
            "an event of " + std::to_string(large.size()) + " bytes, expected at most 262144");
  EXPECT_TRUE(EventFromJson(large, large.size()).ok());
  std::string many = "[{}";
  for (size_t i = 0; i < kEventsPerBodyMax; ++i) many += ",{}";
  EXPECT_EQ(BodyError(many + "]"), "events: expected at most 10000 events in one request");
}

TEST(EventJson, every_truncation_and_flipped_byte_is_survived) {
  const std::string whole = kOpened;
  for (size_t bytes = 0; bytes < whole.size(); ++bytes) {
    EXPECT_NE(ErrorOf(whole.substr(0, bytes)), "ok") << bytes;
  }
  for (size_t i = 0; i < whole.size(); ++i) {
    for (const int flip : {0x01, 0x20, 0x80, 0xFF}) {
      std::string changed = whole;
      changed[i] = static_cast<char>(changed[i] ^ flip);
      const absl::StatusOr<v1::Event> event = EventFromJson(changed);
      if (!event.ok()) continue;
      EXPECT_EQ(ToJson(*EventFromJson(ToJson(*event))), ToJson(*event)) << changed;
    }
  }
}

}  // namespace
}  // namespace escalation
