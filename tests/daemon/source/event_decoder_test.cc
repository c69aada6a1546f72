#include "daemon/source/event_decoder.h"

#include <gtest/gtest.h>

#include <string>

#include "daemon/source/event_json.h"

namespace escalation {
namespace {

using namespace std::string_literals;

std::unique_ptr<EventDecoder> Decoder(DecoderOptions options) {
  auto decoder = MakeDecoder(options);
  EXPECT_TRUE(decoder.ok()) << decoder.status();
  return *std::move(decoder);
}

SourceMessage Message(std::string value) {
  SourceMessage message;
  message.topic = "tickets";
  message.value = std::move(value);
  return message;
}

v1::Event Erased() {
  v1::Event event;
  event.set_id("e1");
  event.set_ticket_id("T-1");
  event.mutable_erased();
  return event;
}

std::string ErrorOf(EventDecoder& decoder, const std::string& value) {
  const auto events = decoder.Decode(Message(value));
  EXPECT_TRUE(absl::IsInvalidArgument(events.status())) << events.status();
  return std::string(events.status().message());
}

TEST(EventDecoderTest, every_format_has_a_name) {
  EXPECT_EQ(SourceFormatNames(),
            (std::vector<std::string>{"native", "json", "cloudevents", "confluent", "jq",
                                      "victorops", "pagerduty", "slack", "pager"}));
  for (const std::string& name : SourceFormatNames()) {
    ASSERT_TRUE(SourceFormatFromName(name).has_value());
    EXPECT_EQ(NameOf(*SourceFormatFromName(name)), name);
  }
  EXPECT_FALSE(SourceFormatFromName("avro").has_value());
}

TEST(EventDecoderTest, json_gives_one_or_several_events) {
  const auto decoder = Decoder({.format = SourceFormat::kJson});
  const std::string one = ToJson(Erased());
  EXPECT_EQ(decoder->Decode(Message(one))->size(), 1u);
  EXPECT_EQ(decoder->Decode(Message("[" + one + "," + one + "]"))->size(), 2u);
  EXPECT_EQ(decoder->Decode(Message("{\"events\":[" + one + "]}"))->size(), 1u);
  EXPECT_EQ(ErrorOf(*decoder, "[" + one + ",{\"id\":5}]"),
            "events[1].id: expected a string, got 5");
}

TEST(EventDecoderTest, a_text_of_a_megabyte_is_read_and_dropped) {
  const auto decoder = Decoder({.format = SourceFormat::kJson});
  const auto events = decoder->Decode(
      Message(R"({"id":"e1","ticket_id":"T-1","message_added":{"visibility":"public","text":")" +
              std::string(1'000'000, 'x') + R"("}})"));
  ASSERT_TRUE(events.ok()) << events.status();
  EXPECT_EQ((*events)[0].message_added().length(), 1'000'000);
  EXPECT_LT((*events)[0].ByteSizeLong(), 100u);
}

TEST(EventDecoderTest, a_message_beyond_the_bound_is_refused_with_its_size) {
  const auto decoder = Decoder({.format = SourceFormat::kJson, .message_bytes_max = 100});
  EXPECT_EQ(ErrorOf(*decoder, std::string(101, ' ')),
            "a message of 101 bytes, expected at most 100");
}

TEST(EventDecoderTest, origin_and_written_at_are_not_the_messages_to_say) {
  v1::Event event = Erased();
  event.mutable_origin()->set_source("somebody-else");
  event.mutable_written_at()->set_seconds(1'800'000'000);
  const auto native = Decoder({.format = SourceFormat::kNative});
  const auto events = native->Decode(Message(event.SerializeAsString()));
  ASSERT_TRUE(events.ok()) << events.status();
  EXPECT_EQ((*events)[0].SerializeAsString(), Erased().SerializeAsString());
}

TEST(EventDecoderTest, confluent_takes_our_message_of_the_schema) {
  const auto decoder = Decoder({.format = SourceFormat::kConfluent});
  // Event is the fourth message of event.proto: one index, 3, as zigzag varints.
  const auto events =
      decoder->Decode(Message("\x00\x00\x00\x00\x2a\x02\x06"s + Erased().SerializeAsString()));
  ASSERT_TRUE(events.ok()) << events.status();
  EXPECT_EQ((*events)[0].id(), "e1");
  EXPECT_EQ(ErrorOf(*decoder, "\x00\x00\x00\x00\x2a\x00"s + Erased().SerializeAsString()),
            "byte 5: schema 42: expected its message 3, got 0");
}

TEST(EventDecoderTest, confluent_takes_another_place_in_the_schema) {
  const auto first = Decoder({.format = SourceFormat::kConfluent, .confluent_message_index = 0});
  const std::string event = Erased().SerializeAsString();
  EXPECT_TRUE(first->Decode(Message("\x00\x00\x00\x00\x2a\x00"s + event)).ok());
  EXPECT_TRUE(first->Decode(Message("\x00\x00\x00\x00\x2a\x02\x00"s + event)).ok());
  EXPECT_EQ(ErrorOf(*first, "\x00\x00\x00\x00\x2a\x04\x00\x02"s + event),
            "byte 5: schema 42: expected its message 0, got 0,1");
  EXPECT_TRUE(absl::IsInvalidArgument(
      MakeDecoder({.format = SourceFormat::kConfluent, .confluent_message_index = -1}).status()));
}

TEST(EventDecoderTest, what_is_not_framed_for_confluent_is_told_by_byte) {
  const auto decoder = Decoder({.format = SourceFormat::kConfluent});
  const struct {
    int line;
    std::string value;
    const char* wanted;
  } rows[] = {
      {__LINE__, "", "byte 0: expected the byte 0 of a registry's serializer, got no byte"},
      {__LINE__, "{}",
       "byte 0: expected the byte 0 of a registry's serializer, got 123: this is JSON without a "
       "prefix"},
      {__LINE__, Erased().SerializeAsString(),
       "byte 0: expected the byte 0 of a registry's serializer, got 18: this message has no "
       "prefix"},
      {__LINE__, "\x00\x00\x00"s,
       "byte 3: the message ends within the prefix of a registry's serializer"},
      {__LINE__, "\x00\x00\x00\x00\x07{\"id\":1}"s,
       "byte 5: schema 7: expected a message in Protobuf, got what looks like JSON"},
      {__LINE__, "\x00\x00\x00\x00\x07\x03"s,
       "byte 5: schema 7: expected the number of message indexes, from 0 to 16"},
      {__LINE__, "\x00\x00\x00\x00\x07\x02\x01"s,
       "byte 6: schema 7: expected a message index, 0 or more"},
      {__LINE__, "\x00\x00\x00\x00\x07\x02\x06\x10\x05"s,
       "byte 7: id: expected wire type 2, got 0"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(ErrorOf(*decoder, row.value), row.wanted) << "row " << row.line;
  }
}

TEST(EventDecoderTest, a_program_that_cannot_be_read_is_named) {
  const auto program = ReadMappingProgram("/nowhere/x.jq");
  EXPECT_EQ(program.status().message(), "/nowhere/x.jq: no such file");
}

}  // namespace
}  // namespace escalation
