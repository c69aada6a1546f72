// Each condition of a matcher, met and not met.

#include <gtest/gtest.h>

#include <string>

#include "google/protobuf/text_format.h"
#include "state/ticket/facts.h"

namespace escalation {
namespace {

struct Row {
  int line;
  const char* claim;
  const char* matcher;
  bool matches;
};

template <typename Message>
Message Parse(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

TEST(MatcherTest, every_condition_that_is_set_must_match) {
  const auto facts = Parse<v1::TicketFacts>(
      "tags: 'a' tags: 'b' fields { name: 'x' value: '1' } topic: 'bug' channel: 'portal'"
      " level: 'l1' plan: 'gold' group: 'desk'");
  const auto account = Parse<v1::AccountState>("facts { entitlements: 'slack' }");
  const Row rows[] = {
      {__LINE__, "nothing is asked", "", true},
      {__LINE__, "one of the tags", "tags: 'z' tags: 'b'", true},
      {__LINE__, "none of the tags", "tags: 'z'", false},
      {__LINE__, "a field has its value", "fields { name: 'x' value: '1' }", true},
      {__LINE__, "a field has another value", "fields { name: 'x' value: '2' }", false},
      {__LINE__, "a field that must be absent is", "fields { name: 'y' }", true},
      {__LINE__, "a field that must be absent is not", "fields { name: 'x' }", false},
      {__LINE__, "the entitlement is held", "entitlements: 'slack'", true},
      {__LINE__, "one entitlement is not", "entitlements: 'slack' entitlements: 'phone'", false},
      {__LINE__, "an entitlement that must not be held is", "without_entitlements: 'slack'", false},
      {__LINE__, "it is not held", "without_entitlements: 'phone'", true},
      {__LINE__, "the topic", "topics: 'bug' topics: 'access'", true},
      {__LINE__, "another topic", "topics: 'access'", false},
      {__LINE__, "other than these topics", "other_than_topics: 'access'", true},
      {__LINE__, "one of these topics", "other_than_topics: 'access' other_than_topics: 'bug'",
       false},
      {__LINE__, "the channel", "channels: 'portal'", true},
      {__LINE__, "another channel", "channels: 'phone'", false},
      {__LINE__, "the level", "levels: 'l1'", true},
      {__LINE__, "another level", "levels: 'l2'", false},
      {__LINE__, "the plan", "plans: 'silver' plans: 'gold'", true},
      {__LINE__, "another plan", "plans: 'silver'", false},
      {__LINE__, "the group", "groups: 'desk'", true},
      {__LINE__, "another group", "groups: 'sales'", false},
      {__LINE__, "one of two conditions", "groups: 'desk' plans: 'silver'", false},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(Matches(Parse<v1::Matcher>(row.matcher), facts, &account), row.matches)
        << row.line << ": " << row.claim;
  }
}

TEST(MatcherTest, a_ticket_that_says_nothing_matches_what_asks_for_nothing) {
  const v1::TicketFacts facts;
  const Row rows[] = {
      {__LINE__, "no topic is not another topic", "other_than_topics: 'bug'", false},
      {__LINE__, "no topic is none of these", "topics: 'bug'", false},
      {__LINE__, "no group", "groups: 'desk'", false},
      {__LINE__, "no plan", "plans: 'gold'", false},
      {__LINE__, "an unknown account holds nothing", "entitlements: 'slack'", false},
      {__LINE__, "an unknown account lacks everything", "without_entitlements: 'slack'", true},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(Matches(Parse<v1::Matcher>(row.matcher), facts, nullptr), row.matches)
        << row.line << ": " << row.claim;
  }
}

}  // namespace
}  // namespace escalation
