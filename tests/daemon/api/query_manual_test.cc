#include "daemon/api/query_manual.h"

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/daemon/api/query_world.h"

namespace escalation {
namespace {

using nlohmann::json;

class QueryManualTest : public QueryWorld {
 protected:
  void SetUp() override {
    QueryWorld::SetUp();
    Publish();
    Event(
        "2026-03-11T05:00:00Z",
        R"({"ticket_id":"T-1","actor":{"id":"c7","kind":"customer"},"opened":{"severity":"high"}})");
  }

  json GetJson(const std::string& path) {
    const HttpResponse response = Get(path);
    EXPECT_EQ(response.status, 200) << response.body;
    return json::parse(response.body);
  }

  // Of the ticket, by maria, at 06:00.
  void Mute(const std::string& members) {
    Event(
        "2026-03-11T06:00:00Z",
        Cat(R"({"actor":{"id":"maria","kind":"agent"},"mute_set":{"mute_id":"m1","reason":"drill",)",
            R"("scope":{"ticket_id":"T-1"})", members, "}}"));
  }
};

// Whose end is asked for, and a moment later more is published.
class BusyLog : public MemoryLog {
 public:
  BusyLog() : MemoryLog("1ca5e", 1, [] { return kInstantMin; }) {}
  absl::StatusOr<uint64_t> PublishedThrough(Partition partition) const override {
    const absl::StatusOr<uint64_t> through = MemoryLog::PublishedThrough(partition);
    if (publish != nullptr) std::exchange(publish, nullptr)();
    return through;
  }
  mutable std::function<void()> publish;
};

TEST_F(QueryManualTest, what_is_published_while_a_record_is_looked_at_is_found) {
  BusyLog log;
  const QueryHandler handler({{Partition{0}, &store_, &log}}, {{"default", Partition{0}}},
                             "default", [this] { return now_; });
  log.publish = [&] {
    std::vector<PublishedDecision> batch;
    for (const v1::Decision& decision : decisions_) {
      batch.push_back({decision.seq(), decision.id(), decision.SerializeAsString()});
    }
    ASSERT_TRUE(log.Publish(Partition{0}, batch).ok());
    v1::Event published;
    published.mutable_published()->set_through_seq(decisions_.back().seq());
    published.mutable_published()->set_decisions_hash(fold_->decisions_hash());
    Take(published, now_);
  };
  HttpRequest request;
  request.method = "GET";
  request.path = Cat("/v1/records/", next_.value - 1);
  const json record = json::parse(handler.Answer(request).body);
  EXPECT_EQ(log.publish, nullptr) << "the end of the stream was not asked for";
  EXPECT_FALSE(record["decisions"].empty()) << record;
}

TEST_F(QueryManualTest, mutes_say_who_until_when_why_and_how_much_they_kept_back) {
  EXPECT_EQ(GetJson("/v1/mutes")["mutes"], json::array());
  Mute(R"(,"until":"2026-03-11T09:00:00Z")");
  Tick("2026-03-11T07:00:00Z");
  const json expected = {{"mute_id", "m1"},   {"scope", {{"ticket_id", "T-1"}}},
                         {"snooze", false},   {"until", "2026-03-11T09:00:00Z"},
                         {"by", "maria"},     {"set_at", "2026-03-11T06:00:00Z"},
                         {"reason", "drill"}, {"kept_back", 1}};
  EXPECT_EQ(GetJson("/v1/mutes")["mutes"], json::array({expected}));
  EXPECT_EQ(GetJson("/v1/tickets/T-1")["escalations"][0]["pages"][0]["muted_by"], "m1");
  EXPECT_EQ(GetJson("/v1/tickets/T-1")["escalations"][0]["unmuted_at"], "2026-03-11T09:00:00Z");
  Tick("2026-03-11T09:00:00Z");
  EXPECT_EQ(GetJson("/v1/mutes")["mutes"], json::array());
}

TEST_F(QueryManualTest, explain_tells_what_was_kept_back_and_by_whom) {
  Mute("");
  Tick("2026-03-11T07:00:00Z");
  std::string text = Text("/v1/tickets/T-1/explain");
  for (const char* const words :
       {"default/T-1/wake_up/1/1 through pager by mute m1", "by maria, until it is cleared: drill",
        "until the mute is cleared; then it begins at step 1"}) {
    EXPECT_NE(text.find(words), std::string::npos) << words << "\n" << text;
  }
  Event("2026-03-11T07:20:00Z",
        R"({"actor":{"id":"jo","kind":"agent"},"mute_cleared":{"mute_id":"m1"}})");
  text = Text("/v1/tickets/T-1/explain");
  for (const char* const words : {"step 1 reason=unmuted", "mute m1 cleared", "by=jo"}) {
    EXPECT_NE(text.find(words), std::string::npos) << words << "\n" << text;
  }
}

TEST_F(QueryManualTest, explain_tells_of_a_snooze_and_of_a_page_by_hand) {
  Tick("2026-03-11T07:00:00Z");
  Event("2026-03-11T07:01:00Z",
        R"({"actor":{"id":"maria","kind":"agent"},"mute_set":{"mute_id":"s1","snooze":true,
            "reason":"lunch","scope":{"ticket_id":"T-1"},"until":"2026-03-11T08:00:00Z"}})");
  Event("2026-03-11T07:02:00Z",
        R"({"ticket_id":"T-1","actor":{"id":"jo","kind":"agent"},"page_requested_manually":
            {"route":"pager","reason":"fire","close_after":"600s"}})");
  const std::string text = Text("/v1/tickets/T-1/explain");
  for (const char* const words :
       {"under snooze s1; then step 1 is taken again", "a snooze of ticket T-1",
        "jo paged by hand: fire", "closes itself"}) {
    EXPECT_NE(text.find(words), std::string::npos) << words << "\n" << text;
  }
  EXPECT_NE(Get("/v1/timers").body.find("manual closes itself"), std::string::npos);
  Tick("2026-03-11T07:12:00Z");
  EXPECT_NE(Get("/v1/timers").body.find("wake_up waits for a mute to end"), std::string::npos);
}

TEST_F(QueryManualTest, a_record_tells_what_it_decided) {
  const std::string path = Cat("/v1/records/", next_.value);
  EXPECT_EQ(GetJson(path)["folded"], false);
  Event("2026-03-11T06:00:00Z",
        R"({"ticket_id":"T-1","actor":{"id":"jo","kind":"agent"},"page_requested_manually":
            {"route":"pager","reason":"fire"}})");
  Tick("2026-03-11T07:00:00Z");
  for (const char* const where : {"the outbox", "the stream"}) {
    const json record = GetJson(path);
    EXPECT_EQ(record["folded"], true) << where;
    ASSERT_EQ(record["decisions"].size(), 3u) << where << record;
    EXPECT_EQ(record["decisions"][2]["page_requested"]["by"], "jo") << where;
    EXPECT_EQ(record["outcomes"], json::array()) << where;
    PublishDecisions();
  }
}

TEST_F(QueryManualTest, what_is_no_record_is_refused) {
  for (const char* const path :
       {"/v1/records/", "/v1/records/x", "/v1/records/-1", "/v1/records/1x"}) {
    EXPECT_EQ(Get(path).status, 400) << path;
  }
}

}  // namespace
}  // namespace escalation
