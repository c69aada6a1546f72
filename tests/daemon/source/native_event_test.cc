#include "daemon/source/native_event.h"

#include <gtest/gtest.h>

#include <string>

namespace escalation {
namespace {

using namespace std::string_literals;

v1::Event Reply() {
  v1::Event event;
  event.set_id("e1");
  event.set_ticket_id("T-1");
  event.mutable_actor()->set_kind(v1::Actor::AGENT);
  event.mutable_message_added()->set_visibility(v1::MessageAdded::PUBLIC);
  event.mutable_message_added()->add_tokens("#escalate");
  return event;
}

std::string MessageOf(const absl::StatusOr<v1::Event>& event) {
  EXPECT_TRUE(absl::IsInvalidArgument(event.status())) << event.status();
  return std::string(event.status().message());
}

TEST(NativeEventTest, what_was_written_is_read) {
  const absl::StatusOr<v1::Event> event = EventFromNative(Reply().SerializeAsString());
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(event->SerializeAsString(), Reply().SerializeAsString());
}

TEST(NativeEventTest, a_body_of_tomorrow_is_an_error_with_its_place) {
  // Field 500, length 0.
  EXPECT_EQ(MessageOf(EventFromNative("\x12\x02"
                                      "e1"
                                      "\xa2\x1f\x00"s)),
            "byte 4: field 500 is unknown in Event of this version");
}

TEST(NativeEventTest, an_unknown_field_within_a_body_is_an_error) {
  v1::Event event = Reply();
  event.mutable_message_added()
      ->GetReflection()
      ->MutableUnknownFields(event.mutable_message_added())
      ->AddLengthDelimited(99, "the text itself");
  EXPECT_EQ(MessageOf(EventFromNative(event.SerializeAsString())),
            "byte 29: message_added: field 99 is unknown in MessageAdded of this version");
}

TEST(NativeEventTest, two_bodies_are_an_error) {
  v1::Event other;
  other.mutable_erased();
  EXPECT_EQ(MessageOf(EventFromNative(Reply().SerializeAsString() + other.SerializeAsString())),
            "byte 29: expected one body, got message_added and erased");
}

TEST(NativeEventTest, text_that_is_no_text_is_an_error) {
  EXPECT_EQ(MessageOf(EventFromNative("\x12\x02\xff\xfe"s)), "byte 2: id: expected UTF-8");
}

TEST(NativeEventTest, a_cut_message_says_where_it_ends) {
  const std::string whole = Reply().SerializeAsString();
  EXPECT_EQ(MessageOf(EventFromNative(whole.substr(0, whole.size() - 1))),
            "byte 13: message_added: a value of 13 bytes, but 12 are left");
}

TEST(NativeEventTest, every_cut_of_a_message_is_read_or_refused_but_never_half_read) {
  const std::string whole = Reply().SerializeAsString();
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(EventFromNative(whole.substr(0, size)).ok()) << size;
  }
}

TEST(NativeEventTest, a_field_of_another_type_is_an_error) {
  // `id` as a number.
  EXPECT_EQ(MessageOf(EventFromNative("\x10\x05"s)), "byte 0: id: expected wire type 2, got 0");
}

TEST(NativeEventTest, places_begin_where_the_caller_says) {
  EXPECT_EQ(MessageOf(EventFromNative("\x10\x05"s, 6)), "byte 6: id: expected wire type 2, got 0");
}

TEST(NativeEventTest, json_is_told_as_such) {
  EXPECT_EQ(MessageOf(EventFromNative(R"({"id":"e1"})")),
            "byte 0: expected an event in Protobuf, got what looks like JSON");
}

TEST(NativeEventTest, an_empty_message_is_no_event) {
  EXPECT_EQ(MessageOf(EventFromNative("")), "byte 0: expected an event in Protobuf, got no byte");
  v1::Event event;
  event.set_id("e1");
  EXPECT_EQ(MessageOf(EventFromNative(event.SerializeAsString())), "byte 0: an event without body");
}

}  // namespace
}  // namespace escalation
