#include "state/partition/decision_encoding.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/state/ticket/every_field.h"

namespace escalation {
namespace {

std::string Encoded(const v1::Decision& decision) {
  WireWriter wire;
  EncodeDecision(decision, &wire);
  return std::string(wire.bytes());
}

TEST(DecisionEncoding, every_kind_is_written_as_the_generated_code_writes_it) {
  const auto* const body = v1::Decision::descriptor()->FindOneofByName("body");
  for (int kind = 0; kind < body->field_count(); ++kind) {
    for (int turn = 0; turn < 20; ++turn) {
      v1::Decision decision;
      testing::FillEveryField(turn, &decision);
      auto* const message = decision.GetReflection()->MutableMessage(&decision, body->field(kind));
      testing::FillEveryField(turn, message);
      ASSERT_EQ(Encoded(decision), decision.SerializeAsString())
          << body->field(kind)->name() << ", turn " << turn;
    }
  }
}

TEST(DecisionEncoding, what_is_not_set_is_not_written) {
  const auto* const body = v1::Decision::descriptor()->FindOneofByName("body");
  for (int kind = 0; kind < body->field_count(); ++kind) {
    v1::Decision decision;
    decision.GetReflection()->MutableMessage(&decision, body->field(kind));
    EXPECT_EQ(Encoded(decision), decision.SerializeAsString()) << body->field(kind)->name();
  }
  EXPECT_EQ(Encoded({}), "");
}

}  // namespace
}  // namespace escalation
