#include "state/ticket/entry_list.h"

#include <gtest/gtest.h>

#include <string>

#include "google/protobuf/util/message_differencer.h"

namespace escalation {
namespace {

using google::protobuf::util::MessageDifferencer;

// One event of every kind that there is, the envelope filled in.
std::vector<v1::Event> EveryKind() {
  std::vector<v1::Event> events;
  const auto* const body = v1::Event::descriptor()->FindOneofByName("body");
  for (int i = 0; i < body->field_count(); ++i) {
    v1::Event& event = events.emplace_back();
    event.set_tenant("default");
    event.set_id("e1");
    event.set_ticket_id("T-1");
    event.mutable_origin()->set_source("http");
    event.mutable_occurred_at()->set_seconds(1);
    event.mutable_written_at()->set_seconds(2);
    event.GetReflection()->MutableMessage(&event, body->field(i));
    if (i % 3 == 0) continue;  // Nobody in particular.
    event.mutable_actor()->set_id(std::string(static_cast<size_t>(i) * 20, 'm'));
    event.mutable_actor()->set_kind(v1::Actor::AGENT);
  }
  events[0].mutable_opened()->set_subject(std::string(300, 's'));
  return events;
}

TEST(EntryList, what_is_appended_comes_back_without_its_envelope) {
  v1::TicketState state;
  std::vector<v1::Entry> stored;
  int64_t at_ms = 1'000;
  for (const v1::Event& event : EveryKind()) {
    const PlacedEvent placed{Instant{at_ms}, at_ms + 7, 3, at_ms % 2 == 0, event};
    AppendEntry(placed, &state);
    stored.push_back(ToEntry(placed));
    at_ms += 111;
  }
  const auto entries = DecodeEntries(state);
  ASSERT_TRUE(entries.has_value());
  ASSERT_EQ(entries->size(), stored.size());
  for (size_t i = 0; i < stored.size(); ++i) {
    EXPECT_TRUE(MessageDifferencer::Equals((*entries)[i], stored[i])) << stored[i].DebugString();
    EXPECT_FALSE((*entries)[i].event().has_origin());
    EXPECT_EQ((*entries)[i].event().id(), "");
    const PlacedEvent placed = Placed((*entries)[i]);
    EXPECT_EQ(placed.at.ms, 1'000 + 111 * static_cast<int64_t>(i));
    EXPECT_EQ(placed.offset, placed.at.ms + 7);
    EXPECT_EQ(placed.policy_revision, 3);
    EXPECT_EQ(placed.starts_nothing, placed.at.ms % 2 == 0);
  }
  // Appended one by one or stored as a whole: the same entries.
  v1::TicketState whole;
  StoreEntries(stored, &whole);
  EXPECT_EQ(whole.entry_count(), state.entry_count());
  EXPECT_EQ(whole.entries().size(), state.entries().size());
  const auto again = DecodeEntries(whole);
  ASSERT_TRUE(again.has_value());
  for (size_t i = 0; i < stored.size(); ++i) {
    EXPECT_TRUE(MessageDifferencer::Equals((*again)[i], stored[i])) << stored[i].DebugString();
  }
  ClearEntries(&whole);
  EXPECT_EQ(whole.ByteSizeLong(), 0u);
  EXPECT_TRUE(DecodeEntries(whole)->empty());
}

TEST(EntryList, damaged_bytes_are_noticed) {
  v1::TicketState whole;
  v1::Event event;
  event.mutable_message_added()->set_visibility(v1::MessageAdded::PUBLIC);
  for (int i = 0; i < 3; ++i) AppendEntry({Instant{1'000}, i, 1, false, event}, &whole);
  ASSERT_TRUE(DecodeEntries(whole).has_value());
  const auto decodes = [&](const std::string& bytes, int count) {
    v1::TicketState state;
    state.set_entries(bytes);
    state.set_entry_count(count);
    return DecodeEntries(state).has_value();
  };
  const std::string& bytes = whole.entries();
  EXPECT_TRUE(decodes(bytes, 3));
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decodes(bytes.substr(0, size), 3)) << size;
  }
  EXPECT_FALSE(decodes(bytes, 2));
  EXPECT_FALSE(decodes(bytes, 4));
  EXPECT_FALSE(decodes(std::string(11, '\xff'), 1)) << "a length without an end";
  EXPECT_FALSE(decodes(std::string("\x02\x07\x07", 3), 1)) << "no message";
  EXPECT_FALSE(decodes(std::string("\x02\x0c\x0c", 3), 1)) << "an end of no group";
}

}  // namespace
}  // namespace escalation
