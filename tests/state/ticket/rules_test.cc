// The policy's rules: what applies once, and that they come to an end.

#include "state/ticket/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "state/base/text.h"
#include "state/partition/decision_text.h"

namespace escalation {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RulesTest : public ::testing::Test {
 protected:
  RulesTest() {
    facts_.set_opened_ms(1);
    for (const char* severity : {"low", "high"}) policy_.add_severities(severity);
  }

  v1::Rule& Add(const std::string& name) {
    v1::Rule& rule = *policy_.add_rules();
    rule.set_name(name);
    rule.set_path(Cat("rules[", policy_.rules_size() - 1, "]"));
    return rule;
  }
  std::vector<std::string> Apply() {
    const CompiledPolicy policy(policy_);
    FactChange change;
    ApplyRules(policy, nullptr, &facts_, &change);
    std::vector<std::string> told;
    for (const v1::Decision& note : change.notes) {
      EXPECT_FALSE(note.cause().rule().empty());
      told.push_back(DecisionText(note));
    }
    return told;
  }

  v1::Policy policy_;
  v1::TicketFacts facts_;
};

TEST_F(RulesTest, each_rule_wakes_the_next_one_in_whatever_order_they_stand) {
  // Sixty-four in a row, each of which waits for the one that stands behind it.
  for (int i = 0; i < 64; ++i) {
    v1::Rule& rule = Add(Cat("r", i));
    rule.mutable_when()->add_groups(Cat("g", i + 1));
    rule.set_group(Cat("g", i));
  }
  facts_.set_group("g64");
  EXPECT_EQ(Apply().size(), 64u);
  EXPECT_EQ(facts_.group(), "g0");
  EXPECT_THAT(facts_.rules(), IsEmpty()) << "none matches in the end";
}

TEST_F(RulesTest, rules_that_undo_each_other_apply_once_an_event) {
  v1::Rule& there = Add("there");
  there.mutable_when()->add_groups("a");
  there.set_group("b");
  v1::Rule& back = Add("back");
  back.mutable_when()->add_groups("b");
  back.set_group("a");
  facts_.set_group("a");
  EXPECT_EQ(Apply().size(), 2u);
  EXPECT_EQ(facts_.group(), "a");
  EXPECT_THAT(facts_.rules(), ElementsAre("there"));
  EXPECT_THAT(Apply(), IsEmpty()) << "it matched before";
}

TEST_F(RulesTest, what_a_policy_does_not_have_any_more_is_forgotten) {
  facts_.add_rules("old");
  v1::Rule& kept = Add("kept");
  kept.mutable_when()->add_tags("t");
  kept.set_flag("seen");
  facts_.add_tags("t");
  EXPECT_EQ(Apply().size(), 1u);
  EXPECT_THAT(facts_.rules(), ElementsAre("kept"));
  policy_.clear_rules();
  EXPECT_THAT(Apply(), IsEmpty());
  EXPECT_THAT(facts_.rules(), IsEmpty());
}

TEST_F(RulesTest, a_ticket_that_nobody_opened_has_no_rules) {
  Add("all").set_flag("seen");
  facts_.set_provisional(true);
  EXPECT_THAT(Apply(), IsEmpty());
  facts_.clear_provisional();
  facts_.clear_opened_ms();
  EXPECT_THAT(Apply(), IsEmpty());
  facts_.set_opened_ms(1);
  EXPECT_EQ(Apply().size(), 1u);
}

TEST_F(RulesTest, a_level_or_severity_that_the_policy_does_not_have_does_nothing) {
  v1::Rule& rule = Add("gone");
  rule.set_level("l9");
  rule.set_severity("urgent");
  facts_.set_severity("low");
  EXPECT_THAT(Apply(), IsEmpty());
  EXPECT_EQ(facts_.severity(), "low");
}

}  // namespace
}  // namespace escalation
