#include "tests/scenarios/script.h"

#include <gtest/gtest.h>

namespace escalation::scenarios {
namespace {

constexpr char kScript[] =
    R"(# A rule.
# In two lines.
policy
name: x

plans: {}
----
ok

event 10:00 opened T-1
advance 11:00
----
first
second

# Only a comment.

restart
----
)";

TEST(ScriptTest, parses_commands_input_and_expectations_with_lines) {
  const auto blocks = ParseScript(kScript);
  ASSERT_TRUE(blocks.ok()) << blocks.status();
  ASSERT_EQ(blocks->size(), 4u);
  const Block& policy = (*blocks)[0];
  EXPECT_EQ(policy.comments.size(), 2u);
  ASSERT_EQ(policy.commands.size(), 1u);
  EXPECT_EQ(policy.commands[0].line, 3);
  EXPECT_EQ(policy.commands[0].input, "name: x\n\nplans: {}\n");
  EXPECT_EQ(policy.expected_line, 7);
  EXPECT_EQ(policy.expected, "ok\n");
  const Block& events = (*blocks)[1];
  ASSERT_EQ(events.commands.size(), 2u);
  EXPECT_EQ(events.commands[1].text, "advance 11:00");
  EXPECT_EQ(events.commands[1].line, 11);
  EXPECT_EQ(events.expected, "first\nsecond\n");
  EXPECT_TRUE((*blocks)[2].commands.empty());
  EXPECT_EQ((*blocks)[3].expected, "");
}

TEST(ScriptTest, writing_what_was_parsed_changes_nothing) {
  const auto blocks = ParseScript(kScript);
  ASSERT_TRUE(blocks.ok()) << blocks.status();
  EXPECT_EQ(WriteScript(*blocks), kScript);
}

TEST(ScriptTest, missing_separator_is_reported_with_its_line) {
  const auto blocks = ParseScript("restart\n\nrestart\n----\n");
  ASSERT_FALSE(blocks.ok());
  EXPECT_EQ(blocks.status().message(), "line 2: ---- is missing after \"restart\"");
}

TEST(ScriptTest, missing_separator_at_the_end_is_reported) {
  EXPECT_FALSE(ParseScript("policy\nname: x\n").ok());
}

}  // namespace
}  // namespace escalation::scenarios
