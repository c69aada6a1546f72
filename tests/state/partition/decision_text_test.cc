#include "state/partition/decision_text.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

namespace escalation {
namespace {

struct Row {
  int line;
  const char* body;  // In protobuf's text form; "T-1" and the moments are added.
  const char* text;
};

constexpr Row kRows[] = {
    {__LINE__, "clock_started{metric:'engagement' target:'engagement' cycle:1}",
     "clock T-1 engagement started due=2026-03-11T01:00:00-06:00"},
    {__LINE__, "clock_met{metric:'engagement' target:'internal' cycle:2 used{seconds:480}}",
     "clock T-1 engagement/internal met cycle=2 used=8m"},
    {__LINE__, "clock_met{metric:'m' cycle:1 used{seconds:1} late:true}",
     "clock T-1 m met late used=1s"},
    {__LINE__, "clock_cancelled{metric:'m' cycle:1 used{} reason:'merged'}",
     "clock T-1 m cancelled used=0s reason=merged"},
    {__LINE__, "clock_warned{metric:'m' cycle:1 warning:1 used{seconds:60}}",
     "clock T-1 m warned warning=1 used=1m due=2026-03-11T01:00:00-06:00"},
    {__LINE__, "breach_retracted{metric:'m' cycle:1 used{seconds:60}}",
     "clock T-1 m breach_retracted used=1m"},
    {__LINE__,
     "escalation_started{escalation:'night' cycle:1 reason:'requested' waiting_until{seconds:0}}",
     "escalation T-1 night started waiting until=1969-12-31T18:00:00-06:00 reason=requested"},
    {__LINE__, "escalation_stepped{escalation:'night' cycle:3 step:2 repetition:1}",
     "escalation T-1 night step 2 cycle=3 repetition=1"},
    {__LINE__, "escalation_stopped{escalation:'night' cycle:1 reason:'engaged'}",
     "escalation T-1 night stopped reason=engaged"},
    {__LINE__, "page_requested{route:'vo' key:'d/T-1/n/1/1' step:1 severity:'high'}",
     "page T-1 vo key=d/T-1/n/1/1 step=1 severity=high"},
    {__LINE__, "page_requested{route:'vo' key:'k' step:1 test:true by:'maria'}",
     "page T-1 vo test key=k step=1 by=maria"},
    {__LINE__, "escalation_stopped{escalation:'night' cycle:1 reason:'manual' by:'maria'}",
     "escalation T-1 night stopped reason=manual by=maria"},
    {__LINE__,
     "mute_changed{mute_id:'m1' state:'set' scope{route:'vo'} until{seconds:0} by:'maria'"
     " reason:'moving house'}",
     "mute m1 set route=vo until=1969-12-31T18:00:00-06:00 by=maria (moving house)"},
    {__LINE__,
     "mute_changed{mute_id:'m1' state:'ended' scope{ticket_id:'T-1'} kept_back:2"
     " snooze:true}",
     "snooze m1 ended ticket=T-1 kept_back=2"},
    {__LINE__, "page_closed{route:'vo' key:'k' reason:'engaged'}",
     "page T-1 vo closed key=k reason=engaged"},
    {__LINE__, "page_digest{route:'vo' key:'k' suppressed:2 ticket_ids:'A' ticket_ids:'B'}",
     "digest vo key=k suppressed=2 tickets=A,B"},
    {__LINE__, "handover_rejected{level:'l2' missing:'a' missing:'b'}",
     "handover T-1 rejected level=l2 missing=a,b"},
    {__LINE__, "ticket_action_requested{action:'group' group:'g'}", "action T-1 group group=g"},
    {__LINE__, "severity_changed{from:'low' to:'high' reason:'set'}",
     "severity T-1 from=low to=high reason=set"},
    {__LINE__, "flagged{reason:'unknown_ticket' detail:'two words'}",
     "flagged T-1 unknown_ticket (two words)"},
    {__LINE__, "entitlement_counted{account:'acme' entitlement:'go_live' used:2 quota:5}",
     "entitlement acme go_live used=2/5"},
    {__LINE__, "", "(no body)"},
};

v1::Decision DecisionOf(const char* body) {
  v1::Decision decision;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(body, &decision)) << body;
  decision.set_ticket_id("T-1");
  decision.mutable_at()->set_seconds(1'773'205'200);      // 2026-03-10T23:00:00-06:00
  decision.mutable_due_at()->set_seconds(1'773'212'400);  // Two hours later.
  return decision;
}

TEST(DecisionTextTest, every_kind_reads_as_one_line) {
  const DecisionTextOptions options{-6 * 3600, Instant::Seconds(1'773'205'200)};
  for (const Row& row : kRows) {
    EXPECT_EQ(DecisionText(DecisionOf(row.body), options), row.text) << "line " << row.line;
  }
}

TEST(DecisionTextTest, another_moment_than_now_is_shown) {
  const v1::Decision decision = DecisionOf("clock_breached{metric:'m' cycle:1 used{seconds:60}}");
  EXPECT_EQ(DecisionText(decision),
            "clock T-1 m breached used=1m due=2026-03-11T07:00:00Z at=2026-03-11T05:00:00Z");
}

TEST(DecisionTextTest, every_body_has_a_text) {
  const auto* const oneof = v1::Decision::descriptor()->FindOneofByName("body");
  for (int i = 0; i < oneof->field_count(); ++i) {
    v1::Decision decision;
    decision.GetReflection()->MutableMessage(&decision, oneof->field(i));
    EXPECT_NE(DecisionText(decision), "(no body)") << oneof->field(i)->name();
  }
}

TEST(TextWithOffsetTest, offsets_are_shown_as_given) {
  EXPECT_EQ(TextWithOffset(Instant::Seconds(0), 0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(TextWithOffset(Instant::Seconds(0), 20'700), "1970-01-01T05:45:00+05:45");
  EXPECT_EQ(TextWithOffset(Instant::Seconds(0), -12'600), "1969-12-31T20:30:00-03:30");
  EXPECT_EQ(TextWithOffset(Instant::Never(), 3600), "never");
}

}  // namespace
}  // namespace escalation
