#include "tests/scenarios/event_text.h"

#include <gtest/gtest.h>

namespace escalation::scenarios {
namespace {

v1::Event Read(const std::string& line) {
  TimeReader times;
  EXPECT_TRUE(times.Read("2026-03-10T09:00:00-06:00").ok());
  const auto words = SplitWords(line);
  EXPECT_TRUE(words.ok()) << words.status();
  const auto event = ReadEvent(*words, times);
  EXPECT_TRUE(event.ok()) << event.status();
  return event.ok() ? *event : v1::Event();
}

std::string ErrorOf(const std::string& line) {
  TimeReader times;
  EXPECT_TRUE(times.Read("2026-03-10T09:00:00Z").ok());
  const auto words = SplitWords(line);
  if (!words.ok()) return std::string(words.status().message());
  return std::string(ReadEvent(*words, times).status().message());
}

TEST(EventTextTest, opening_sets_fields_lists_and_named_items) {
  const v1::Event event =
      Read("opened T-1 plan=gold subject=\"site down\" tags=a,b field.region=eu customer=ann");
  EXPECT_EQ(event.ticket_id(), "T-1");
  EXPECT_EQ(event.actor().kind(), v1::Actor::CUSTOMER);
  EXPECT_EQ(event.actor().id(), "ann");
  EXPECT_EQ(event.opened().plan(), "gold");
  EXPECT_EQ(event.opened().subject(), "site down");
  ASSERT_EQ(event.opened().tags_size(), 2);
  EXPECT_EQ(event.opened().tags(1), "b");
  ASSERT_EQ(event.opened().fields_size(), 1);
  EXPECT_EQ(event.opened().fields(0).name(), "region");
  EXPECT_EQ(event.opened().fields(0).value(), "eu");
}

TEST(EventTextTest, short_names_choose_body_and_its_meaning) {
  EXPECT_EQ(Read("reply T-1 agent=m is_question").message_added().visibility(),
            v1::MessageAdded::PUBLIC);
  EXPECT_TRUE(Read("reply T-1 agent=m is_question").message_added().is_question());
  EXPECT_EQ(Read("note T-1 agent=m").message_added().visibility(), v1::MessageAdded::INTERNAL);
  EXPECT_EQ(Read("on_hold T-1 agent=m").status_changed().status(), v1::StatusChanged::ON_HOLD);
}

TEST(EventTextTest, an_agent_who_assigns_without_naming_anybody_takes_it) {
  EXPECT_EQ(Read("assigned T-1 agent=maria").assigned().assignee(), "maria");
  EXPECT_EQ(Read("assigned T-1 assignee=jo agent=maria").assigned().assignee(), "jo");
  EXPECT_TRUE(Read("assigned T-1 agent=maria assignee=").assigned().assignee().empty());
}

TEST(EventTextTest, nested_fields_times_and_durations_are_set_by_name) {
  const v1::Event observed =
      Read("observed T-1 opened.plan=gold opened_at=08:30 engaged_at=2026-03-10T14:45:00Z");
  EXPECT_EQ(observed.observed().opened().plan(), "gold");
  EXPECT_EQ(ToText(FromProto(observed.observed().opened_at())), "2026-03-10T14:30:00Z");
  EXPECT_EQ(ToText(FromProto(observed.observed().engaged_at())), "2026-03-10T14:45:00Z");
  const v1::Event used = Read("entitlement_used - account=acme duration=6h");
  EXPECT_TRUE(used.ticket_id().empty());
  EXPECT_EQ(used.entitlement_used().duration().seconds(), 6 * 3600);
}

TEST(EventTextTest, names_of_the_event_go_to_the_event) {
  const v1::Event event = Read("reply T-1 agent=m roles=a,b id=x source=zendesk offset=7");
  EXPECT_EQ(event.id(), "x");
  EXPECT_EQ(event.actor().roles_size(), 2);
  EXPECT_EQ(event.origin().source(), "zendesk");
  EXPECT_TRUE(event.origin().positioned());
  EXPECT_EQ(event.origin().offset(), 7);
}

TEST(EventTextTest, mistakes_are_named) {
  EXPECT_EQ(ErrorOf("opend T-1"), "there is no event \"opend\"");
  EXPECT_EQ(ErrorOf("opened T-1 plam=x"), "Opened has no field \"plam\"");
  EXPECT_EQ(ErrorOf("opened T-1 subject=\"x"), "a quote is not closed");
  EXPECT_EQ(ErrorOf("observed T-1 status=solved"), "status has no value solved");
  EXPECT_EQ(ErrorOf("opened T-1 description_length=x"), "expected a number, got \"x\"");
}

TEST(TimeReaderTest, short_times_stand_on_the_day_and_offset_before) {
  TimeReader times;
  EXPECT_FALSE(times.Read("10:00").ok());
  ASSERT_TRUE(times.Read("2026-03-10T23:00:00-06:00").ok());
  EXPECT_EQ(times.offset_s(), -6 * 3600);
  EXPECT_EQ(ToText(*times.Read("23:30")), "2026-03-11T05:30:00Z");
  EXPECT_EQ(ToText(*times.Read("+45m")), "2026-03-11T06:15:00Z");
  EXPECT_EQ(ToText(*times.Read("00:20:30")), "2026-03-11T06:20:30Z");
  EXPECT_EQ(ToText(*times.Peek("+1h")), "2026-03-11T07:20:30Z");
  EXPECT_EQ(ToText(times.latest()), "2026-03-11T06:20:30Z");
}

}  // namespace
}  // namespace escalation::scenarios
