#include "daemon/source/pager_hooks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

#include "daemon/source/event_check.h"
#include "daemon/source/event_json.h"
#include "daemon/source/pager_action.h"
#include "state/base/text.h"
#include "state/ticket/page.h"

namespace escalation {
namespace {

constexpr char kKey[] = "default/T-1/wake/1/2";

SourceMessage Sample(const std::string& name) {
  std::ifstream file(Cat(ESCALATION_SOURCE_DIR, "/tests/daemon/source/pager_samples/", name));
  EXPECT_TRUE(file.good()) << name;
  std::ostringstream text;
  text << file.rdbuf();
  SourceMessage message;
  message.value = text.str();
  return message;
}

SourceMessage With(SourceMessage message, const std::string& from, const std::string& to) {
  size_t at = message.value.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  for (; at != std::string::npos; at = message.value.find(from, at + to.size())) {
    message.value.replace(at, from.size(), to);
  }
  return message;
}

// The events as JSON, one a line; the error; "nothing".
std::string Told(PagerDecode* decode, const SourceMessage& message,
                 const std::string& tenant = "default") {
  const auto events = decode(message, tenant);
  if (!events.ok()) {
    EXPECT_TRUE(absl::IsInvalidArgument(events.status())) << events.status();
    return std::string(events.status().message());
  }
  std::string out;
  for (const v1::Event& event : *events) {
    EXPECT_TRUE(ValidateEvent(event, Trust::kSource).ok()) << ToJson(event);
    CatTo(&out, out.empty() ? "" : "\n", ToJson(event));
  }
  return out.empty() ? "nothing" : out;
}

std::string IdOf(PagerDecode* decode, const SourceMessage& message) {
  const auto events = decode(message, "default");
  return events.ok() && events->size() == 1 ? events->front().id() : "no event";
}

TEST(VictorOpsHook, tells_who_acknowledged_and_who_resolved) {
  const SourceMessage acked = Sample("victorops_acked.json");
  EXPECT_EQ(
      Told(EventsFromVictorOps, acked),
      Cat(R"({"id":")", IdOf(EventsFromVictorOps, acked),
          R"(","occurred_at":"2026-03-11T08:01:05.123Z","actor":{"id":"maria","kind":"AGENT"},)",
          R"("ticket_id":"T-1","page_acknowledged":{"key":"default/T-1/wake/1/2","by":"maria"}})"));
  const SourceMessage resolved = Sample("victorops_resolved.json");
  EXPECT_EQ(Told(EventsFromVictorOps, resolved),
            Cat(R"({"id":")", IdOf(EventsFromVictorOps, resolved),
                R"(","occurred_at":"2026-03-11T08:02:05Z","actor":{"id":"jo","kind":"AGENT"},)",
                R"("ticket_id":"T-1","page_resolved":{"key":"default/T-1/wake/1/2","by":"jo"}})"));
}

TEST(VictorOpsHook, what_comes_again_has_the_same_id) {
  const std::string id = IdOf(EventsFromVictorOps, Sample("victorops_acked.json"));
  EXPECT_EQ(IdOf(EventsFromVictorOps, Sample("victorops_acked.json")), id);
  EXPECT_NE(IdOf(EventsFromVictorOps, Sample("victorops_resolved.json")), id);
  // Another generation of the page.
  EXPECT_NE(
      IdOf(EventsFromVictorOps, With(Sample("victorops_acked.json"), kKey, "default/T-1/wake/1/3")),
      id);
}

TEST(VictorOpsHook, a_form_says_the_same_as_json) {
  const auto form = EventsFromVictorOps(Sample("victorops_acked.form"), "default");
  ASSERT_TRUE(form.ok()) << form.status();
  ASSERT_EQ(form->size(), 1u);
  EXPECT_EQ(form->front().page_acknowledged().key(), kKey);
  EXPECT_EQ(form->front().page_acknowledged().by(), "maria");
  EXPECT_EQ(Told(EventsFromVictorOps, Sample("victorops_escalation.form")), "nothing");
}

TEST(VictorOpsHook, what_no_person_did_is_nothing) {
  for (const char* name : {"victorops_unacked.json", "victorops_acked_by_a_rule.json",
                           "victorops_resolved_by_recovery.json", "victorops_on_call.json"}) {
    EXPECT_EQ(Told(EventsFromVictorOps, Sample(name)), "nothing") << name;
  }
}

TEST(VictorOpsHook, what_cannot_be_understood_is_named) {
  const SourceMessage acked = Sample("victorops_acked.json");
  const struct {
    int line;
    SourceMessage message;
    const char* error;
  } rows[] = {
      {__LINE__, With(acked, "CURRENT_", "FORMER_"),
       "INCIDENT.CURRENT_PHASE: is missing: what happened to the incident?"},
      {__LINE__, With(acked, "ACK", "KCA"), "nothing"},  // A phase that does not concern us.
      {__LINE__, With(With(acked, "STATE.ACK_USER", "X"), "STATE.ACKED_BY", "Y"),
       "STATE.ACK_USER: is missing: who did it?"},
      {__LINE__, With(With(acked, "ALERT.entity_id", "X"), "STATE.ENTITY_ID", "Y"),
       "ALERT.entity_id: is missing: which page is it about?"},
      {__LINE__, With(acked, "{", "{,"), "expected JSON"},
  };
  for (const auto& row : rows) {
    std::string told = Told(EventsFromVictorOps, row.message);
    EXPECT_EQ(told, row.error) << row.line;
  }
  SourceMessage form;
  form.value = "INCIDENT.CURRENT_PHASE=%4";
  EXPECT_EQ(Told(EventsFromVictorOps, form), "byte 23: a broken %-escape of a form");
  form.value = "hello";
  EXPECT_EQ(Told(EventsFromVictorOps, form),
            "expected the fields of VictorOps, such as INCIDENT.CURRENT_PHASE");
}

TEST(PagerDutyHook, tells_who_acknowledged_and_who_resolved) {
  EXPECT_EQ(Told(EventsFromPagerDuty, Sample("pagerduty_acknowledged.json")),
            R"({"id":"01BZ4VLZ7FCPXDKBC4VXLFPLE5","occurred_at":"2026-03-11T08:01:05.123Z",)"
            R"("actor":{"id":"Maria Muster","kind":"AGENT"},"ticket_id":"T-1",)"
            R"("page_acknowledged":{"key":"default/T-1/wake/1/2","by":"Maria Muster"}})");
  EXPECT_EQ(Told(EventsFromPagerDuty, Sample("pagerduty_resolved.json")),
            R"({"id":"01BZ4VLZ7FCPXDKBC4VXLFPLE5","occurred_at":"2026-03-11T08:01:05.123Z",)"
            R"("actor":{"id":"Maria Muster","kind":"AGENT"},"ticket_id":"T-1",)"
            R"("page_resolved":{"key":"default/T-1/wake/1/2","by":"Maria Muster"}})");
}

TEST(PagerDutyHook, a_page_that_is_handed_on_names_who_has_it_now) {
  EXPECT_EQ(Told(EventsFromPagerDuty, Sample("pagerduty_reassigned.json")),
            R"({"id":"01BZ4VLZ7FCPXDKBC4VXLFPLE5","occurred_at":"2026-03-11T08:01:05.123Z",)"
            R"("actor":{"id":"Maria Muster","kind":"SYSTEM"},"ticket_id":"T-1",)"
            R"("fields_changed":{"fields":[{"name":"pager_assignee","value":"Jo Doe, PKIM"}]}})");
}

TEST(PagerDutyHook, the_id_of_the_webhook_comes_before_that_of_the_event) {
  SourceMessage message = Sample("pagerduty_acknowledged.json");
  message.headers.push_back({"x-webhook-id", "7f2a.4"});
  EXPECT_EQ(IdOf(EventsFromPagerDuty, message), "7f2a.4");
  message.headers.back().value = "not an id";
  EXPECT_EQ(IdOf(EventsFromPagerDuty, message),
            "sha256-3c741084fca4a164592115575518afa1a44b411489599a66d0a164e7f759ee7f");
}

TEST(PagerDutyHook, what_no_person_did_is_nothing) {
  for (const char* name : {"pagerduty_resolved_by_integration.json", "pagerduty_triggered.json",
                           "pagerduty_ping.json"}) {
    EXPECT_EQ(Told(EventsFromPagerDuty, Sample(name)), "nothing") << name;
  }
}

TEST(PagerDutyHook, what_cannot_be_understood_is_named) {
  const SourceMessage acked = Sample("pagerduty_acknowledged.json");
  EXPECT_EQ(Told(EventsFromPagerDuty, With(acked, "incident_key", "key")),
            "event.data.incident_key: is missing: which page is it about?");
  EXPECT_EQ(Told(EventsFromPagerDuty, With(acked, "01BZ4VLZ7FCPXDKBC4VXLFPLE5", "")),
            "event.id: is missing, and X-Webhook-Id, too");
  EXPECT_EQ(Told(EventsFromPagerDuty, With(acked, "event_type", "type_of_event")),
            "event.event_type: is missing: expected a V3 webhook");
  SourceMessage other;
  other.value = "[]";
  EXPECT_EQ(Told(EventsFromPagerDuty, other), "expected a JSON object");
}

TEST(SlackHook, buttons_say_who_pressed_them) {
  const SourceMessage pressed = Sample("slack_acknowledge.form");
  EXPECT_EQ(
      Told(EventsFromSlack, pressed),
      Cat(R"({"id":")", IdOf(EventsFromSlack, pressed),
          R"(","occurred_at":"2026-03-11T08:01:05.840Z","actor":{"id":"maria","kind":"AGENT"},)",
          R"("ticket_id":"T-1","page_acknowledged":{"key":"default/T-1/wake/1/2","by":"maria"}})"));
  const auto resolved = EventsFromSlack(Sample("slack_resolve.form"), "default");
  ASSERT_TRUE(resolved.ok() && resolved->size() == 1) << resolved.status();
  EXPECT_EQ(resolved->front().page_resolved().key(), kKey);
  EXPECT_NE(resolved->front().id(), IdOf(EventsFromSlack, pressed));
  EXPECT_EQ(Told(EventsFromSlack, Sample("slack_link.form")), "nothing");
}

TEST(SlackHook, what_cannot_be_understood_is_named) {
  SourceMessage message;
  message.value = "a=b";
  EXPECT_EQ(Told(EventsFromSlack, message),
            "payload: is missing: expected the form of Slack's interactivity");
  message.value = "payload=%7B";
  EXPECT_EQ(Told(EventsFromSlack, message), "payload: expected JSON");
  message.value = "payload={}";
  EXPECT_EQ(Told(EventsFromSlack, message), "payload.type: is missing");
  message.value = "payload={\"type\":\"block_actions\"}";
  EXPECT_EQ(Told(EventsFromSlack, message), "payload.actions: expected an array");
  message.value = "payload={\"type\":\"view_closed\"}";
  EXPECT_EQ(Told(EventsFromSlack, message), "nothing");
  message.value =
      "payload={\"type\":\"block_actions\",\"user\":{\"id\":\"U\"},"
      "\"actions\":[1,{\"action_id\":\"escalation_resolve\"}]}";
  EXPECT_EQ(Told(EventsFromSlack, message), "payload.actions[1].value: is missing");
}

TEST(PagerHook, says_it_in_our_own_words) {
  EXPECT_EQ(Told(EventsFromPager, Sample("pager_acknowledged.json")),
            R"({"id":"evt-1","occurred_at":"2026-03-11T08:01:05.123Z",)"
            R"("actor":{"id":"maria","kind":"AGENT"},"ticket_id":"T-1",)"
            R"("page_acknowledged":{"key":"default/T-1/wake/1/2","by":"maria"}})");
  EXPECT_EQ(Told(EventsFromPager, Sample("pager_reassigned.json")),
            R"({"id":"evt-2","actor":{"id":"maria","kind":"SYSTEM"},"ticket_id":"T-1",)"
            R"("fields_changed":{"fields":[{"name":"pager_assignee","value":"jo"}]}})");
  SourceMessage message = With(Sample("pager_acknowledged.json"), "\"id\": \"evt-1\",", "");
  EXPECT_EQ(Told(EventsFromPager, message), "id: is missing, and the header webhook-id, too");
  message.headers.push_back({"webhook-id", "msg_1"});
  EXPECT_EQ(IdOf(EventsFromPager, message), "msg_1");
}

TEST(PagerHook, what_cannot_be_understood_is_named) {
  const auto told = [](const char* text) {
    SourceMessage message;
    message.value = text;
    return Told(EventsFromPager, message);
  };
  EXPECT_EQ(told("{\"acton\":\"resolved\"}"),
            "acton: unknown, expected action, key, by, to, at or id");
  EXPECT_EQ(told("{\"by\":5}"), "by: expected a string");
  EXPECT_EQ(told("{\"action\":\"silenced\"}"),
            "action: expected acknowledged, resolved or reassigned");
  EXPECT_EQ(told("{\"action\":\"resolved\"}"), "key: is missing: which page is it about?");
  EXPECT_EQ(told("{\"action\":\"resolved\",\"key\":\"k\"}"), "by: is missing: who did it?");
  EXPECT_EQ(told("{\"action\":\"resolved\",\"key\":\"k\",\"by\":\"m\",\"id\":\"1\",\"to\":\"j\"}"),
            "to: expected with reassigned, and only with it");
  EXPECT_EQ(told("{\"action\":\"reassigned\",\"key\":\"k\",\"by\":\"m\",\"id\":\"1\"}"),
            "to: expected with reassigned, and only with it");
  EXPECT_EQ(
      told("{\"action\":\"resolved\",\"key\":\"k\",\"by\":\"m\",\"id\":\"1\",\"at\":\"now\"}"),
      "at: expected a time as of RFC 3339");
}

TEST(PagerHooks, pages_of_others_are_nothing) {
  const SourceMessage acked = Sample("pagerduty_acknowledged.json");
  EXPECT_EQ(Told(EventsFromPagerDuty, acked, "acme"), "nothing");
  for (const char* key : {"web01/disk", "acme/T-1/wake/1/2", "default", "default/T-1/wake/1/x",
                          "default//digest/pager/1773216000000"}) {
    EXPECT_EQ(Told(EventsFromPagerDuty, With(acked, kKey, key)), "nothing") << key;
  }
}

TEST(PagerHooks, keys_that_were_made_here_are_known) {
  v1::EscalationState run;
  run.set_name("wake");
  run.set_cycle(1);
  run.set_generation(12);
  for (const bool first : {true, false}) {
    const std::string key = PageKey("default", "T-1", run, "pager", first);
    EXPECT_TRUE(IsPageKeyOf("default", key)) << key;
    EXPECT_TRUE(IsPageKeyOf("default", ShortPageKey(key))) << ShortPageKey(key);
    EXPECT_FALSE(IsPageKeyOf("defaul", key)) << key;
  }
  run.set_name(std::string(kNameBytesMax, 'e'));
  const std::string longest =
      PageKey(std::string(kTenantBytesMax, 't'), std::string(kIdBytesMax, 'i'), run,
              std::string(kNameBytesMax, 'r'), false);
  EXPECT_GT(longest.size(), 255u);
  EXPECT_LE(ShortPageKey(longest).size(), kShortPageKeyBytesMax);
}

}  // namespace
}  // namespace escalation
