#include "daemon/source/cloud_events.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "daemon/source/event_json.h"
#include "state/base/ids.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr char kData[] = R"({"ticket_id":"T-1","erased":{}})";

SourceMessage KafkaMessage(std::string value, std::vector<SourceMessage::Header> headers) {
  SourceMessage message;
  message.topic = "tickets";
  message.value = std::move(value);
  message.headers = std::move(headers);
  return message;
}

SourceMessage HttpMessage(std::string value, std::vector<SourceMessage::Header> headers) {
  SourceMessage message = KafkaMessage(std::move(value), std::move(headers));
  message.topic.clear();
  return message;
}

SourceMessage Structured(std::string value) {
  return KafkaMessage(std::move(value),
                      {{"content-type", "application/cloudevents+json; charset=UTF-8"}});
}

// All events as JSON, one a line; or the error.
std::string Read(const SourceMessage& message) {
  const absl::StatusOr<std::vector<v1::Event>> events = EventsFromCloudEvents(message);
  if (!events.ok()) {
    EXPECT_TRUE(absl::IsInvalidArgument(events.status())) << events.status();
    return std::string(events.status().message());
  }
  std::string out;
  for (const v1::Event& event : *events) CatTo(&out, ToJson(event), "\n");
  return out;
}

const std::string kWanted =
    Cat(R"({"id":"a-1.)", CloudEventId("/desk", "a-1").substr(4),
        R"(","occurred_at":"2026-03-10T23:00:00Z","ticket_id":"T-1","erased":{}})", "\n");

TEST(CloudEventsTest, binary_by_kafka) {
  EXPECT_EQ(Read(KafkaMessage(kData, {{"ce_specversion", "1.0"},
                                      {"ce_id", "a-1"},
                                      {"ce_source", "/desk"},
                                      {"ce_type", "ticket"},
                                      {"ce_time", "2026-03-11T00:00:00+01:00"},
                                      {"ce_subject", "ignored"},
                                      {"content-type", "application/json"}})),
            kWanted);
}

TEST(CloudEventsTest, binary_by_http_resolves_percent_signs) {
  EXPECT_EQ(Read(HttpMessage(kData, {{"ce-specversion", "1.0"},
                                     {"ce-id", "a%2D1"},
                                     {"ce-source", "%2Fdesk"},
                                     {"ce-type", "ticket"},
                                     {"ce-time", "2026-03-10T23:00:00Z"}})),
            kWanted);
}

TEST(CloudEventsTest, structured) {
  EXPECT_EQ(
      Read(Structured(Cat(R"({"specversion":"1.0","id":"a-1","source":"\/desk","type":"t",)",
                          R"("time":"2026-03-10T23:00:00Z","extension":5,"data":)", kData, "}"))),
      kWanted);
}

TEST(CloudEventsTest, a_batch_gives_all_events_in_order) {
  SourceMessage message = Structured(
      Cat(R"([{"specversion":"1.0","id":"a","source":"s","type":"t","data":)", kData,
          R"(},{"specversion":"1.0","id":"b","source":"s","type":"t","data":)", kData, "}]"));
  message.headers[0].value = "application/cloudevents-batch+json";
  const auto events = EventsFromCloudEvents(message);
  ASSERT_TRUE(events.ok()) << events.status();
  ASSERT_EQ(events->size(), 2u);
  EXPECT_EQ((*events)[0].id(), CloudEventId("s", "a"));
  EXPECT_EQ((*events)[1].id(), CloudEventId("s", "b"));
}

TEST(CloudEventsTest, an_error_in_a_batch_gives_no_event) {
  SourceMessage message =
      Structured(Cat(R"([{"specversion":"1.0","id":"a","source":"s","type":"t","data":)", kData,
                     R"(},{"specversion":"1.0","id":"b","type":"t","data":)", kData, "}]"));
  message.headers[0].value = "application/cloudevents-batch+json";
  EXPECT_EQ(Read(message), "batch[1]: source: this attribute is missing");
}

TEST(CloudEventsTest, data_in_protobuf) {
  v1::Event event;
  event.set_id("own");
  event.set_ticket_id("T-1");
  event.mutable_erased();
  const std::string bytes = event.SerializeAsString();
  const std::string wanted = Cat(R"({"id":"own","ticket_id":"T-1","erased":{}})", "\n");
  EXPECT_EQ(Read(KafkaMessage(bytes, {{"ce_specversion", "1.0"},
                                      {"ce_id", "a"},
                                      {"ce_source", "s"},
                                      {"ce_type", "t"},
                                      {"content-type", "application/protobuf"}})),
            wanted);
  EXPECT_EQ(Read(Structured(Cat(R"({"specversion":"1.0","id":"a","source":"s","type":"t",)",
                                R"("datacontenttype":"application/protobuf","data_base64":")",
                                absl::Base64Escape(bytes), R"("})"))),
            wanted);
}

TEST(CloudEventsTest, several_events_in_one_are_told_apart) {
  const auto events = EventsFromCloudEvents(
      Structured(Cat(R"({"specversion":"1.0","id":"a","source":"s","type":"t","data":[)", kData,
                     ",", kData, "]}")));
  ASSERT_TRUE(events.ok()) << events.status();
  ASSERT_EQ(events->size(), 2u);
  EXPECT_EQ((*events)[0].id(), CloudEventId("s", "a") + ".0");
  EXPECT_EQ((*events)[1].id(), CloudEventId("s", "a") + ".1");
}

TEST(CloudEventsTest, ids_differ_where_source_or_id_do_and_are_always_ids) {
  EXPECT_NE(CloudEventId("s", "a"), CloudEventId("t", "a"));
  EXPECT_NE(CloudEventId("s", "a"), CloudEventId("s", "b"));
  EXPECT_NE(CloudEventId("1", "/x"), CloudEventId("1/", "x"));
  EXPECT_NE(CloudEventId("a", "b c"), CloudEventId("ab", " c"));
  for (const std::string& id : {std::string("ä"), std::string(500, 'x'), std::string("a b")}) {
    EXPECT_TRUE(IsId(CloudEventId("https://desk.example/t", id), kIdBytesMax));
  }
}

TEST(CloudEventsTest, what_is_wrong_is_named) {
  const struct {
    int line;
    SourceMessage message;
    std::string wanted;
  } rows[] = {
      {__LINE__, KafkaMessage(kData, {}),
       "headers: expected a CloudEvent: the header ce_specversion, or content-type "
       "application/cloudevents+json"},
      {__LINE__, KafkaMessage(kData, {{"ce_specversion", "0.3"}}),
       R"(specversion: expected "1.0", got "0.3")"},
      {__LINE__, KafkaMessage(kData, {{"ce_specversion", "1.0"}, {"ce_id", ""}}),
       "id: this attribute is missing"},
      {__LINE__, KafkaMessage(kData, {{"ce_id", "a"}, {"CE_ID", "b"}}),
       "ce_id: this header was given twice"},
      {__LINE__, Structured("[]"), "event: expected an object"},
      {__LINE__, Structured(R"({"specversion":1.0})"), "specversion: expected a string, got 1.0"},
      {__LINE__, Structured(R"({"specversion":"1.0","id":"a","source":"s","type":"t"})"),
       "data: expected either data or data_base64"},
      {__LINE__,
       Structured(R"({"specversion":"1.0","id":"a","source":"s","type":"t","data_base64":"?"})"),
       "data_base64: expected a string in base64"},
      {__LINE__,
       Structured(R"({"specversion":"1.0","id":"a","source":"s","type":"t","data":{"x":1}})"),
       "data: x: unknown field"},
      {__LINE__,
       Structured(R"({"specversion":"1.0","id":"a","source":"s","type":"t","time":"noon",)"
                  R"("data":{"ticket_id":"T-1","erased":{}}})"),
       "time: "},
      {__LINE__, Structured(R"({"specversion":"1.0",)"), "1:"},
      {__LINE__, KafkaMessage(kData, {{"content-type", "application/cloudevents+avro"}}),
       "content-type: expected application/cloudevents+json"},
      {__LINE__,
       KafkaMessage(kData, {{"ce_specversion", "1.0"},
                            {"ce_id", "a"},
                            {"ce_source", "s"},
                            {"ce_type", "t"},
                            {"content-type", "text/xml"}}),
       "datacontenttype: expected application/json or application/protobuf, got \"text/xml\""},
  };
  for (const auto& row : rows) {
    const std::string got = Read(row.message);
    EXPECT_EQ(got.substr(0, row.wanted.size()), row.wanted) << "row " << row.line << ": " << got;
  }
}

}  // namespace
}  // namespace escalation
