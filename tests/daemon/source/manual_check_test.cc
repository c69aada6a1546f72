#include "daemon/source/manual_check.h"

#include <gtest/gtest.h>

#include <string>

#include "daemon/source/event_json.h"

namespace escalation {
namespace {

constexpr char kMissingScope[] =
    "is missing, expected one such as {\"ticket_id\":\"T-1\"}; {} is the whole tenant";
constexpr char kAlphabet[] = " characters of A-Z a-z 0-9 . _ : -, got ";

// `rest`: the body, and "ticket_id" where there is one.
std::string Check(const std::string& rest, const std::string& who = R"("actor":{"id":"maria"},)",
                  Trust trust = Trust::kSource) {
  const auto event = EventFromJson("{\"id\":\"e\"," + who + rest + "}");
  if (!event.ok()) return std::string(event.status().message());
  const absl::Status status = ValidateEvent(*event, trust);
  return status.ok() ? "ok" : std::string(status.message());
}

struct Row {
  int line;
  std::string json;
  std::string expected;
};

TEST(ManualCheck, what_a_person_may_ask_for) {
  const Row rows[] = {
      {__LINE__, R"("mute_set":{"mute_id":"m","scope":{},"reason":"r"})", "ok"},
      {__LINE__,
       R"("mute_set":{"mute_id":"m","scope":{"ticket_id":"T-1","account":"a b","route":"r",)"
       R"("escalation":"e"},"until":"2026-03-10T12:00:00Z","reason":"r"})",
       "ok"},
      {__LINE__,
       R"("mute_set":{"mute_id":"m","scope":{"ticket_id":"T-1","escalation":"e"},"snooze":true,)"
       R"("until":"2026-03-10T12:00:00Z","reason":"r"})",
       "ok"},
      {__LINE__, R"("mute_cleared":{"mute_id":"m"})", "ok"},
      {__LINE__, R"("ticket_id":"T-1","escalation_stopped":{"reason":"r"})", "ok"},
      {__LINE__, R"("escalation_stopped":{"scope":{},"reason":"r"})", "ok"},
      {__LINE__,
       R"("ticket_id":"T-1","escalation_stopped":{"scope":{"ticket_id":"T-1"},"reason":"r"})",
       "ok"},
      {__LINE__, R"("ticket_id":"T-1","page_requested_manually":{"escalation":"night"})", "ok"},
      {__LINE__, R"("ticket_id":"T-1","page_requested_manually":{"key":"d/T-1/night/1/1"})", "ok"},
      {__LINE__,
       R"("ticket_id":"T-1","page_requested_manually":{"route":"r","test":true,)"
       R"("close_after":"60s"})",
       "ok"},
  };
  for (const Row& row : rows) EXPECT_EQ(Check(row.json), row.expected) << "line " << row.line;
}

TEST(ManualCheck, who_silences_says_whom_why_and_who_it_is) {
  const Row rows[] = {
      {__LINE__, R"("mute_set":{"mute_id":"m","reason":"r"})",
       std::string("mute_set.scope: ") + kMissingScope},
      {__LINE__, R"("mute_set":{"mute_id":"m m","scope":{},"reason":"r"})",
       std::string("mute_set.mute_id: expected 1 to 64") + kAlphabet + "\"m m\""},
      {__LINE__, R"("mute_set":{"mute_id":"m","scope":{}})",
       "mute_set.reason: is missing, expected why: somebody is silenced"},
      {__LINE__, R"("mute_set":{"mute_id":"m","scope":{"route":"a/b"},"reason":"r"})",
       std::string("mute_set.scope.route: expected 1 to 64") + kAlphabet + "\"a/b\""},
      {__LINE__,
       R"("mute_set":{"mute_id":"m","scope":{"ticket_id":"T-1"},"reason":"r","snooze":true})",
       "mute_set.until: is missing: a snooze has an end"},
      {__LINE__,
       R"("mute_set":{"mute_id":"m","scope":{"escalation":"e"},"reason":"r","snooze":true,)"
       R"("until":"2026-03-10T12:00:00Z"})",
       "mute_set.scope.ticket_id: is missing: a snooze is of a ticket"},
      {__LINE__,
       R"("mute_set":{"mute_id":"m","scope":{"ticket_id":"T-1","route":"r"},"reason":"r",)"
       R"("snooze":true,"until":"2026-03-10T12:00:00Z"})",
       "mute_set.scope.route: expected none: a snooze is of a ticket, or of one of its "
       "escalations"},
      {__LINE__,
       R"("mute_set":{"mute_id":"m","scope":{"ticket_id":"T-1","account":"a"},"reason":"r",)"
       R"("snooze":true,"until":"2026-03-10T12:00:00Z"})",
       "mute_set.scope.account: expected none: a snooze is of a ticket, or of one of its "
       "escalations"},
      {__LINE__, R"("escalation_stopped":{"reason":"r"})",
       std::string("escalation_stopped.scope: ") + kMissingScope},
      {__LINE__, R"("ticket_id":"T-1","escalation_stopped":{})",
       "escalation_stopped.reason: is missing, expected why: somebody is silenced"},
      {__LINE__,
       R"("ticket_id":"T-1","escalation_stopped":{"scope":{"ticket_id":"T-2"},"reason":"r"})",
       "escalation_stopped.scope.ticket_id: expected T-1 as in ticket_id, or none, got T-2"},
      {__LINE__, R"("page_requested_manually":{"route":"r"})", "ticket_id: is missing"},
      {__LINE__, R"("ticket_id":"T-1","page_requested_manually":{})",
       "page_requested_manually: expected one of route, escalation and key, got 0"},
      {__LINE__, R"("ticket_id":"T-1","page_requested_manually":{"route":"r","escalation":"e"})",
       "page_requested_manually: expected one of route, escalation and key, got 2"},
      {__LINE__, R"("ticket_id":"T-1","page_requested_manually":{"route":"a b"})",
       std::string("page_requested_manually.route: expected 1 to 64") + kAlphabet + "\"a b\""},
      {__LINE__, R"("ticket_id":"T-1","page_requested_manually":{"escalation":"e","test":true})",
       "page_requested_manually.test: expected with route only"},
      {__LINE__, R"("ticket_id":"T-1","page_requested_manually":{"key":"k","close_after":"60s"})",
       "page_requested_manually.close_after: expected with route only"},
  };
  for (const Row& row : rows) EXPECT_EQ(Check(row.json), row.expected) << "line " << row.line;
  EXPECT_EQ(Check(R"("mute_cleared":{"mute_id":"m"})", ""),
            "actor.id: is missing, expected who does it");
  EXPECT_EQ(Check(R"("ticket_id":"T-1","page_requested_manually":{"route":"r"})", ""),
            "actor.id: is missing, expected who does it");
}

// What an older version has taken must be read again.
TEST(ManualCheck, a_history_may_hold_less) {
  EXPECT_EQ(Check(R"("mute_set":{"mute_id":"m"})", "", Trust::kHistory), "ok");
  EXPECT_EQ(Check(R"("escalation_stopped":{})", "", Trust::kHistory), "ok");
}

}  // namespace
}  // namespace escalation
