#include "daemon/api/explain_ticket.h"

#include <nlohmann/json.hpp>

#include "daemon/api/explain_decisions.h"
#include "tests/daemon/api/query_world.h"

namespace escalation {
namespace {

using nlohmann::json;

constexpr char kHigh[] = "/v1/tickets/T-1/explain";
constexpr char kLow[] = "/v1/tickets/T-2/explain";

class ExplainTicketTest : public QueryWorld {
 protected:
  // 23:00 in Denver, the day before a holiday.
  void OpenHigh() {
    Publish();
    Event("2026-03-11T05:00:00Z",
          R"({"ticket_id":"T-1","actor":{"id":"c7","kind":"customer"},
              "opened":{"severity":"high","subject":"site down"}})");
  }
  // Breached at 01:00 in Denver, looked at twelve minutes later.
  void Breach() {
    OpenHigh();
    Tick("2026-03-11T06:30:00Z");
    Tick("2026-03-11T07:00:00Z");
    now_ = *ParseInstant("2026-03-11T07:12:00Z");
  }
  // A ticket of office hours that waited for its customer for an hour.
  void OpenLow() {
    Publish();
    Event(
        "2026-03-11T20:00:00Z",
        R"({"ticket_id":"T-2","actor":{"id":"c7","kind":"customer"},"opened":{"severity":"low"}})");
    Status("2026-03-11T21:00:00Z", "pending");
    Status("2026-03-11T22:00:00Z", "open");
  }
  void Status(const std::string& at, const std::string& status) {
    Event(
        at,
        R"({"ticket_id":"T-2","actor":{"id":"maria","kind":"agent"},"status_changed":{"status":")" +
            status + "\"}}");
  }
};

TEST_F(ExplainTicketTest, a_page_is_explained_down_to_the_event) {
  Breach();
  EXPECT_TRUE(HoldsInOrder(
      Text(kHigh),
      {"Ticket T-1: site down\n", "now          Wed 2026-03-11 01:12 MDT (2026-03-11T07:12:00Z)\n",
       "In short\n", "paged        Wed 2026-03-11 01:00 MDT (2026-03-11T07:00:00Z): route pager",
       "key default/T-1/wake_up/1/1\n", "2h of 2h were used", "then         step 2 at",
       "Clock first_response/reply_high: breached, running, 2h12m of 2h used\n",
       "promise      2h around the clock\n", "plans.gold.targets[0]",
       "started      Tue 2026-03-10 23:00 MDT (2026-03-11T05:00:00Z), by record 2: customer c7 "
       "opened "
       "it: severity high\n",
       "counted      Tue 2026-03-10 23:00 - Wed 2026-03-11 01:00 MDT: +2h = 2h\n",
       "warned       Wed 2026-03-11 00:30 MDT\n",
       "breached     Wed 2026-03-11 01:00 MDT (2026-03-11T07:00:00Z): 2h were used\n",
       "counted      Wed 2026-03-11 01:00 - 01:12 MDT: +12m = 2h12m\n",
       "2h12m of 2h used, over by 12m\n"}));
}

TEST_F(ExplainTicketTest, a_page_shows_who_was_on_call_and_what_was_told_since) {
  OpenHigh();
  EXPECT_EQ(Text(kHigh).find("On call"), std::string::npos);
  const auto shift = [&](const std::string& at, const std::string& person, const std::string& from,
                         const std::string& until) {
    Event(at, R"({"on_call_changed":{"route":"pager","person":")" + person + R"(","from":")" +
                  from + R"(","until":")" + until + "\"}}");
  };
  shift("2026-03-11T05:10:00Z", "maria", "2026-03-11T05:00:00Z", "2026-03-11T09:00:00Z");
  shift("2026-03-11T05:11:00Z", "jo", "2026-03-11T07:00:00Z", "2026-03-11T07:00:01Z");
  shift("2026-03-11T05:12:00Z", "eve", "2026-03-11T07:00:01Z", "2026-03-11T08:00:00Z");
  shift("2026-03-11T05:13:00Z", "ann", "2026-03-11T05:00:00Z", "2026-03-11T07:00:00Z");
  Tick("2026-03-11T07:00:00Z");
  shift("2026-03-11T07:05:00Z", "zoe", "2026-03-11T06:00:00Z", "2026-03-11T10:00:00Z");
  Tick("2026-03-11T07:15:00Z");
  now_ = *ParseInstant("2026-03-11T07:16:00Z");
  EXPECT_TRUE(HoldsInOrder(
      Text(kHigh),
      {"On call\n", "default/T-1/wake_up/1/1, route pager, Wed 2026-03-11 01:00 MDT\n",
       "on call      jo, from Wed 2026-03-11 01:00 MDT until", ", told by record 4\n",
       "since then   zoe, from Wed 2026-03-11 00:00 MDT until Wed 2026-03-11 04:00 MDT",
       "default/T-1/wake_up/1/2, route pager, Wed 2026-03-11 01:15 MDT\n",
       "on call      zoe, from"}));
  const std::string one = Text(kHigh, {{"page", "default/T-1/wake_up/1/2"}});
  EXPECT_EQ(one.find("on call      jo"), std::string::npos);
  EXPECT_EQ(one.find("since then"), std::string::npos);
}

TEST_F(ExplainTicketTest, closed_stretches_say_why_they_do_not_count) {
  Breach();
  EXPECT_TRUE(HoldsInOrder(
      Text(kHigh, {{"clock", "solve"}}),
      {"Clock resolution/solve: running, 0h of 10h used\n",
       "promise      10h of open time, calendar office (America/Denver)\n",
       "not counted  Tue 2026-03-10 23:00 - Wed 2026-03-11 09:00 MDT: outside hours\n",
       "will count   Wed 2026-03-11 09:00 - 17:00 MDT: +8h = 8h\n",
       "not counted  Wed 2026-03-11 17:00 - Fri 2026-03-13 09:00 MDT: Thu 2026-03-12 Founders "
       "Day\n",
       "will count   Fri 2026-03-13 09:00 - 11:00 MDT: +2h = 10h\n",
       "due          Fri 2026-03-13 11:00 MDT (2026-03-13T17:00:00Z), in 2d 9h 48m\n"}));
}

TEST_F(ExplainTicketTest, a_pause_is_told_with_what_caused_it) {
  OpenLow();
  EXPECT_TRUE(HoldsInOrder(
      Text(kLow),
      {"paged        nobody\n", "Clock resolution/solve: running, 1h of 10h used\n",
       "counted      Wed 2026-03-11 14:00 - 15:00 MDT: +1h = 1h\n",
       "paused       Wed 2026-03-11 15:00 MDT, by record 3: agent maria set it pending\n",
       "not counted  Wed 2026-03-11 15:00 - 16:00 MDT: paused for 1h\n",
       "resumed      Wed 2026-03-11 16:00 MDT, by record 4: agent maria set it open\n",
       "will count   Wed 2026-03-11 16:00 - 17:00 MDT: +1h = 2h\n"}));
}

TEST_F(ExplainTicketTest, a_paused_clock_has_no_due_moment) {
  OpenLow();
  Status("2026-03-11T22:30:00Z", "pending");
  EXPECT_TRUE(
      HoldsInOrder(Text(kLow, {{"clock", "resolution"}}),
                   {"paused, 1h30m of 10h used", "due          no moment while it is paused"}));
}

TEST_F(ExplainTicketTest, an_answer_in_time_is_told_as_met) {
  OpenHigh();
  Event("2026-03-11T05:20:00Z",
        R"({"ticket_id":"T-1","actor":{"id":"maria","kind":"agent","roles":["tier_two"]},
            "message_added":{"visibility":"public"}})");
  EXPECT_TRUE(HoldsInOrder(
      Text(kHigh),
      {"Clock first_response/reply_high: met, 20m of 2h used\n",
       "counted      Tue 2026-03-10 23:00 - 23:20 MDT: +20m = 20m\n",
       "met          Tue 2026-03-10 23:20 MDT (2026-03-11T05:20:00Z), by record 3: agent "
       "maria (tier_two) wrote in public\n"}));
}

TEST_F(ExplainTicketTest, a_late_reply_shows_the_retraction_and_the_new_arithmetic) {
  Breach();
  // Written before the breach, and in the log after it.
  absl::StatusOr<v1::Event> reply = EventFromJson(
      R"({"id":"late","ticket_id":"T-1","tenant":"default","actor":{"id":"maria","kind":"agent"},
          "occurred_at":"2026-03-11T06:00:00Z","message_added":{"visibility":"public"}})");
  ASSERT_TRUE(reply.ok());
  Take(*reply, *ParseInstant("2026-03-11T07:20:00Z"));
  EXPECT_TRUE(HoldsInOrder(Text(kHigh), {"Clock first_response/reply_high: met, 1h of 2h used\n",
                                         "breach_retracted", "page T-1 pager closed"}));
}

TEST_F(ExplainTicketTest, an_escalation_says_what_it_did_what_comes_and_what_stops_it) {
  Breach();
  EXPECT_TRUE(HoldsInOrder(
      Text(kHigh),
      {"Escalation wake_up: running\n",
       "because      clock first_response/reply_high was breached (plans.gold.targets[0])",
       "step 1       after 0m: page pager [done]\n",
       "step 2       after 15m: page pager, notify lead\n",
       "next         Wed 2026-03-11 01:15 MDT (2026-03-11T07:15:00Z), in 3m: step 2",
       "page         default/T-1/wake_up/1/1: route pager, step 1, generation 1, requested, open\n",
       "stopped by   an acknowledgement at the pager; a public reply of an agent; resolving or "
       "closing "
       "it; the end of the clock that started it\n",
       "pages again  30m after an acknowledgement"}));
}

TEST_F(ExplainTicketTest, an_acknowledged_escalation_says_so) {
  Breach();
  Event("2026-03-11T07:13:00Z",
        R"({"page_acknowledged":{"key":"default/T-1/wake_up/1/1","by":"maria"}})");
  EXPECT_TRUE(HoldsInOrder(Text(kHigh), {"Escalation wake_up: acknowledged\n",
                                         "answered     Wed 2026-03-11 01:13 MDT at the pager; it "
                                         "pages again if nobody acts\n",
                                         "next         Wed 2026-03-11 01:43 MDT"}));
}

TEST_F(ExplainTicketTest, a_page_key_narrows_it_to_its_clock_and_escalation) {
  Breach();
  const std::string text = Text(kHigh, {{"page", "default/T-1/wake_up/1/1"}});
  EXPECT_TRUE(HoldsInOrder(text, {"In short", "Clock first_response", "Escalation wake_up"}));
  EXPECT_EQ(text.find("Clock resolution"), std::string::npos);
}

TEST_F(ExplainTicketTest, an_unknown_clock_or_page_is_not_found) {
  Breach();
  const HttpResponse clock = Get(kHigh, {{"clock", "nothing"}});
  EXPECT_EQ(clock.status, 404);
  EXPECT_TRUE(HoldsInOrder(clock.body, {"first_response/reply_high", "resolution/solve"}));
  EXPECT_EQ(Get(kHigh, {{"page", "default/T-1/wake_up/1/9"}}).status, 404);
}

TEST_F(ExplainTicketTest, decisions_are_found_in_the_stream_and_in_the_outbox) {
  OpenHigh();
  PublishDecisions();
  Tick("2026-03-11T06:30:00Z");
  Tick("2026-03-11T07:00:00Z");
  const std::string text = Text(kHigh);
  EXPECT_TRUE(HoldsInOrder(text, {"Decisions, oldest first\n", "started", "warned", "breached",
                                  "escalation T-1 wake_up step 1", "page T-1 pager"}));
  EXPECT_EQ(text.find("may be missing"), std::string::npos);
}

TEST_F(ExplainTicketTest, in_a_long_stream_the_tickets_own_decisions_are_still_found) {
  Breach();
  std::vector<PublishedDecision> others;
  for (uint64_t seq = decisions_.back().seq() + 1; seq <= kDecisionsReadMax * 2; ++seq) {
    v1::Decision decision;
    decision.set_seq(seq);
    decision.set_id(Cat("1ca5e/0/1000/", seq));
    decision.set_ticket_id("T-9");
    decision.mutable_cause()->set_offset(1000);
    others.push_back({seq, decision.id(), decision.SerializeAsString()});
  }
  PublishDecisions();
  ASSERT_TRUE(log_.Publish(Partition{0}, others).ok());
  EXPECT_TRUE(
      HoldsInOrder(Text(kHigh), {"paged        Wed 2026-03-11 01:00 MDT", "Decisions", "breached",
                                 "page T-1 pager", "Older ones may be missing here"}));
}

TEST_F(ExplainTicketTest, what_a_customer_wrote_cannot_steer_a_terminal) {
  Publish();
  Event("2026-03-11T05:00:00Z",
        R"({"ticket_id":"T-1","actor":{"id":"c7","kind":"customer"},
            "opened":{"severity":"high","subject":"\u001b[31mred\nTicket T-9: forged\u202e"}})");
  const std::string text = Text(kHigh);
  EXPECT_EQ(text.find('\x1B'), std::string::npos);
  EXPECT_EQ(text.find("\nTicket T-9"), std::string::npos);
  EXPECT_TRUE(HoldsInOrder(text, {"Ticket T-1: [31mred Ticket T-9: forged\n"}));
}

TEST_F(ExplainTicketTest, earlier_cycles_are_one_line_until_they_are_asked_for) {
  OpenLow();
  const auto write = [this](const std::string& at, const std::string& kind) {
    Event(at, Cat(R"({"ticket_id":"T-2","actor":{"id":"x","kind":")", kind,
                  R"("},"message_added":{"visibility":"public"}})"));
  };
  write("2026-03-11T22:00:00Z", "customer");
  write("2026-03-11T22:10:00Z", "agent");
  write("2026-03-11T22:20:00Z", "customer");
  const std::string text = Text(kLow);
  EXPECT_TRUE(HoldsInOrder(text, {"Clock next_response/again, cycle 2: running", "Earlier cycles\n",
                                  "next_response/again: met, 10m of 3h used\n"}));
  EXPECT_EQ(text.find("Clock next_response/again: met"), std::string::npos);
  EXPECT_TRUE(HoldsInOrder(Text(kLow, {{"clock", "again"}}),
                           {"Clock next_response/again: met, 10m of 3h used\n",
                            "Clock next_response/again, cycle 2: running"}));
}

TEST_F(ExplainTicketTest, around_the_clock_moments_are_shown_in_the_zone_of_the_policy) {
  Publish();
  Event("2026-03-11T05:00:00Z",
        R"({"ticket_id":"T-1","actor":{"id":"c7","kind":"customer"},"opened":{"plan":"night"}})");
  EXPECT_TRUE(HoldsInOrder(
      Text(kHigh), {"now          Wed 2026-03-11 06:00 CET", "around the clock\n",
                    "will count   Wed 2026-03-11 06:00 - 07:00 CET: +1h = 1h\n",
                    "due          Wed 2026-03-11 07:00 CET (2026-03-11T06:00:00Z), in 1h\n"}));
}

TEST_F(ExplainTicketTest, what_was_noticed_late_says_when) {
  OpenHigh();
  Tick("2026-03-11T09:00:00Z");
  const std::string text = Text(kHigh);
  EXPECT_TRUE(HoldsInOrder(text, {"paged ", "(noticed Wed 2026-03-11 03:00 MDT)\n", "Decisions",
                                  "breached used=2h (noticed Wed 2026-03-11 03:00 MDT)\n"}));
}

TEST_F(ExplainTicketTest, json_holds_the_lines_and_the_ticket) {
  Breach();
  const json document = json::parse(Get(kHigh).body);
  EXPECT_EQ(document["lines"][0], "Ticket T-1: site down");
  EXPECT_EQ(document["ticket"]["clocks"][0]["state"], "running");
}

TEST_F(ExplainTicketTest, after_new_calendars_the_older_past_is_one_sum) {
  OpenLow();
  absl::StatusOr<LoadedPolicy> loaded = LoadPolicyText("test.yaml", kQueryPolicy);
  ASSERT_TRUE(loaded.ok());
  v1::Event calendars;
  calendars.set_tenant("default");
  *calendars.mutable_calendars_published()->mutable_calendars() = loaded->calendars;
  calendars.mutable_calendars_published()->mutable_calendars()->set_revision(4);
  Take(calendars, *ParseInstant("2026-03-11T22:30:00Z"));
  Event("2026-03-13T16:00:00Z",
        R"({"ticket_id":"T-2","actor":{"id":"bob","kind":"agent"},"assigned":{"assignee":"bob"}})");
  Tick("2026-03-13T22:30:00Z");
  EXPECT_TRUE(HoldsInOrder(
      Text(kLow, {{"clock", "solve"}}),
      {"earlier      1h30m were used up to Wed 2026-03-11 16:30 MDT",
       "counted      Wed 2026-03-11 16:30 - 17:00 MDT: +30m = 2h\n", "not counted ",
       "Fri 2026-03-13 09:00 - 17:00 MDT: +8h = 10h\n", "warned       Fri 2026-03-13 16:30 MDT\n",
       "Events", "Older events are part of the ticket's state of Wed 2026-03-11 16:30 MDT"}));
}

}  // namespace
}  // namespace escalation
