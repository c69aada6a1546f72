#include "state/ticket/ticket_encoding.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/state/ticket/every_field.h"

namespace escalation {
namespace {

std::string Encoded(const v1::TicketState& state) {
  WireWriter wire;
  EncodeTicket(state, &wire);
  return std::string(wire.bytes());
}

TEST(TicketEncoding, a_ticket_of_which_nothing_is_known_is_no_byte) { EXPECT_EQ(Encoded({}), ""); }

// Lengths on either side of what fits into one byte and into two.
TEST(TicketEncoding, every_field_is_written_as_the_generated_code_writes_it) {
  for (int turn = 0; turn < 30; ++turn) {
    v1::TicketState state;
    testing::FillEveryField(turn, &state);
    ASSERT_EQ(Encoded(state), state.SerializeAsString()) << "turn " << turn;
  }
}

TEST(TicketEncoding, empty_parts_are_kept) {
  v1::TicketState state;
  state.mutable_live()->mutable_facts()->add_tags();
  state.mutable_live()->add_runs();
  state.mutable_live()->add_clocks();
  state.mutable_base();
  state.add_fired();
  EXPECT_EQ(Encoded(state), state.SerializeAsString());
}

// A newer program may have written the store.
TEST(TicketEncoding, fields_that_this_program_does_not_know_are_kept) {
  v1::TicketState state;
  const auto add = [](google::protobuf::Message* message) {
    message->GetReflection()->MutableUnknownFields(message)->AddVarint(1'000, 7);
  };
  add(&state);
  add(state.mutable_live());
  add(state.mutable_live()->mutable_facts());
  add(state.mutable_live()->add_runs());
  add(state.mutable_live()->add_clocks());
  add(state.add_escalations());
  EXPECT_EQ(Encoded(state), state.SerializeAsString());
}

TEST(TicketEncoding, one_writer_writes_many) {
  v1::TicketState state;
  testing::FillEveryField(40, &state);
  WireWriter wire;
  EncodeTicket(state, &wire);
  wire.Clear();
  state.Clear();
  state.set_wake_ms(5);
  EncodeTicket(state, &wire);
  EXPECT_EQ(wire.bytes(), state.SerializeAsString());
}

}  // namespace
}  // namespace escalation
