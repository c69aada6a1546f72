#include "daemon/api/query_handler.h"

#include <atomic>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/daemon/api/query_world.h"

namespace escalation {
namespace {

using nlohmann::json;

class QueryHandlerTest : public QueryWorld {
 protected:
  void Open(const std::string& ticket_id, const std::string& severity, const std::string& at) {
    Event(at, Cat(R"({"ticket_id":")", ticket_id,
                  R"(","actor":{"id":"c7","kind":"customer"},"opened":{"severity":")", severity,
                  R"(","subject":"s"}})"));
  }
  json GetJson(const std::string& path, HttpPairs query = {}) {
    const HttpResponse response = Get(path, std::move(query));
    EXPECT_EQ(response.status, 200) << response.body;
    return json::parse(response.body);
  }
  static std::vector<std::string> Ids(const json& rows) {
    std::vector<std::string> ids;
    for (const json& row : rows) ids.push_back(row["ticket_id"]);
    return ids;
  }
};

using Names = std::vector<std::string>;

TEST_F(QueryHandlerTest, tickets_come_in_parts) {
  Publish();
  for (const char* id : {"T-1", "T-2", "T-3"}) Open(id, "low", "2026-03-11T16:00:00Z");
  const json first = GetJson("/v1/tickets", {{"limit", "2"}});
  EXPECT_EQ(Ids(first["tickets"]), (Names{"T-1", "T-2"}));
  ASSERT_EQ(first["next"], "T-2");
  const json second = GetJson("/v1/tickets", {{"limit", "2"}, {"after", "T-2"}});
  EXPECT_EQ(Ids(second["tickets"]), (Names{"T-3"}));
  EXPECT_FALSE(second.contains("next"));
}

TEST_F(QueryHandlerTest, a_row_shows_the_worst_clock) {
  Publish();
  Open("T-1", "high", "2026-03-11T05:00:00Z");
  Tick("2026-03-11T07:00:00Z");
  const json row = GetJson("/v1/tickets")["tickets"][0];
  EXPECT_EQ(row["severity"], "high");
  EXPECT_EQ(row["plan"], "gold");
  EXPECT_EQ(row["status"], "open");
  EXPECT_EQ(row["next_due_at"], "2026-03-13T17:00:00Z");
  EXPECT_EQ(row["worst_clock"]["target"], "reply_high");
  EXPECT_EQ(row["worst_clock"]["breached_at"], "2026-03-11T07:00:00Z");
}

TEST_F(QueryHandlerTest, tickets_of_one_status) {
  Publish();
  Open("T-1", "low", "2026-03-11T16:00:00Z");
  Open("T-2", "low", "2026-03-11T16:00:00Z");
  Event("2026-03-11T17:00:00Z",
        R"({"ticket_id":"T-1","actor":{"kind":"agent"},"status_changed":{"status":"on_hold"}})");
  EXPECT_EQ(Ids(GetJson("/v1/tickets", {{"status", "on_hold"}})["tickets"]), Names{"T-1"});
  EXPECT_EQ(Get("/v1/tickets", {{"status", "odd"}}).status, 400);
}

TEST_F(QueryHandlerTest, one_ticket_whole) {
  Publish();
  Open("T-1", "high", "2026-03-11T05:00:00Z");
  Tick("2026-03-11T07:00:00Z");
  now_ = *ParseInstant("2026-03-11T07:30:00Z");
  const json ticket = GetJson("/v1/tickets/T-1");
  EXPECT_EQ(ticket["facts"]["subject"], "s");
  EXPECT_EQ(ticket["entries"], 1);
  const json clock = ticket["clocks"][0];
  EXPECT_EQ(clock["metric"], "first_response");
  EXPECT_EQ(clock["state"], "running");
  EXPECT_EQ(clock["used"], "9000s");
  EXPECT_EQ(clock["within"], "7200s");
  EXPECT_EQ(clock["left"], "-1800s");
  EXPECT_EQ(clock["rule"], "plans.gold.targets[0]");
  EXPECT_EQ(clock["breached_at"], "2026-03-11T07:00:00Z");
  EXPECT_EQ(ticket["clocks"][1]["due_local"], "2026-03-13 11:00 MDT");
  const json page = ticket["escalations"][0]["pages"][0];
  EXPECT_EQ(page["key"], "default/T-1/wake_up/1/1");
  EXPECT_EQ(page["state"], "requested");
}

TEST_F(QueryHandlerTest, at_risk_shows_breaches_first_and_then_by_due_moment) {
  Publish();
  Open("T-1", "low", "2026-03-11T16:00:00Z");   // Due in office hours.
  Open("T-2", "high", "2026-03-11T16:30:00Z");  // Due two hours later.
  Open("T-0", "high", "2026-03-11T14:00:00Z");
  Tick("2026-03-11T16:31:00Z");
  const json answer = GetJson("/v1/at-risk");
  const json& clocks = answer["clocks"];
  ASSERT_GE(clocks.size(), 4u);
  EXPECT_EQ(clocks[0]["ticket_id"], "T-0");
  EXPECT_EQ(clocks[0]["breached"], true);
  EXPECT_EQ(clocks[0]["due_in"], "-1860s");
  EXPECT_EQ(clocks[1]["ticket_id"], "T-2");
  EXPECT_EQ(clocks[1]["target"], "reply_high");
  EXPECT_EQ(clocks[1]["due_in"], "7140s");
  EXPECT_EQ(clocks[2]["target"], "reply_low");
  EXPECT_EQ(answer["cut"], false);
  EXPECT_EQ(GetJson("/v1/at-risk", {{"limit", "1"}})["clocks"].size(), 1u);
}

TEST_F(QueryHandlerTest, timers_come_in_order_of_time_and_say_why) {
  Publish();
  Open("T-2", "low", "2026-03-11T16:00:00Z");
  Open("T-1", "high", "2026-03-11T16:00:00Z");
  const json answer = GetJson("/v1/timers");
  EXPECT_EQ(Ids(answer["timers"]), (Names{"T-1", "T-2"}));
  EXPECT_EQ(answer["timers"][0]["what"], "clock first_response/reply_high warns");
  EXPECT_EQ(answer["timers"][0]["due_at"], "2026-03-11T17:30:00Z");
  EXPECT_EQ(answer["timers"][1]["what"], "clock first_response/reply_low is due");
  EXPECT_EQ(answer["more"], false);
  EXPECT_EQ(GetJson("/v1/timers", {{"limit", "1"}})["more"], true);
}

TEST_F(QueryHandlerTest, pages_show_what_is_open_and_what_waits_for_an_outcome) {
  Publish();
  Open("T-1", "high", "2026-03-11T05:00:00Z");
  Tick("2026-03-11T07:00:00Z");
  json answer = GetJson("/v1/pages");
  ASSERT_EQ(answer["pages"].size(), 1u);
  EXPECT_EQ(answer["pages"][0]["ticket_id"], "T-1");
  ASSERT_EQ(answer["pending"].size(), 1u);
  EXPECT_EQ(answer["pending"][0]["operation"], "page");
  const std::string seq = answer["pending"][0]["seq"];
  Event("2026-03-11T07:00:01Z",
        Cat(R"({"page_outcome":{"key":"default/T-1/wake_up/1/1","destination":"team",
                "outcome":"delivered","operation":"trigger","decision_seq":")",
            seq, "\"}}"));
  answer = GetJson("/v1/pages");
  EXPECT_EQ(answer["pages"][0]["state"], "delivered");
  EXPECT_EQ(answer["pages"][0]["destination"], "team");
  EXPECT_TRUE(answer["pending"].empty());
}

TEST_F(QueryHandlerTest, the_policy_with_its_revisions) {
  const json before = GetJson("/v1/policy");
  EXPECT_EQ(before["revision"], "0");
  EXPECT_EQ(before["policy"], nullptr);
  Publish();
  const json after = GetJson("/v1/policy");
  EXPECT_EQ(after["revision"], "3");
  EXPECT_EQ(after["calendars_revision"], "3");
  EXPECT_EQ(after["calendars"][0]["zone"], "America/Denver");
  EXPECT_EQ(after["policy"]["plans"][0]["targets"][0]["name"], "reply_high");
}

TEST_F(QueryHandlerTest, a_tenant_sees_its_own_tickets_only) {
  Publish();
  Open("T-1", "high", "2026-03-11T05:00:00Z");
  EXPECT_TRUE(GetJson("/v1/tickets", {{"tenant", "empty"}})["tickets"].empty());
  EXPECT_TRUE(GetJson("/v1/timers", {{"tenant", "empty"}})["timers"].empty());
  EXPECT_EQ(Get("/v1/tickets/T-1", {{"tenant", "empty"}}).status, 404);
}

TEST_F(QueryHandlerTest, wrong_questions_are_refused_with_the_reason) {
  Publish();
  const struct {
    int line;
    std::string path;
    HttpPairs query;
    int status;
    std::string part;
  } rows[] = {
      {__LINE__, "/v1/tickets", {{"colour", "red"}}, 400, "\"field\":\"colour\""},
      {__LINE__, "/v1/tickets", {{"limit", "0"}}, 400, "from 1 to 1000, got 0"},
      {__LINE__, "/v1/tickets", {{"limit", "1001"}}, 400, "from 1 to 1000"},
      {__LINE__, "/v1/tickets", {{"limit", "5x"}}, 400, "from 1 to 1000"},
      {__LINE__, "/v1/tickets", {{"limit", "5"}, {"limit", "6"}}, 400, "given twice"},
      {__LINE__, "/v1/tickets", {{"after", "a/b"}}, 400, "expected a ticket id"},
      {__LINE__, "/v1/tickets", {{"tenant", "nobody"}}, 400, "is not served here"},
      {__LINE__, "/v1/timers", {{"tenant", "nobody"}}, 400, "is not served here"},
      {__LINE__, "/v1/policy", {{"limit", "1"}}, 400, "\"field\":\"limit\""},
      {__LINE__, "/v1/tickets/T-1", {}, 404, "there is no ticket T-1"},
      {__LINE__, "/v1/tickets/T-1/explain", {}, 404, "there is no ticket T-1"},
      {__LINE__, "/v1/tickets/T 1", {}, 400, "\"field\":\"ticket_id\""},
      {__LINE__, "/v1/tickets/", {}, 400, "\"field\":\"ticket_id\""},
      {__LINE__, "/v1/tickets/T-1/secrets", {}, 404, "there is nothing at"},
      {__LINE__, "/v1/nothing", {}, 404, "there is nothing at"},
  };
  for (const auto& row : rows) {
    const HttpResponse response = Get(row.path, row.query);
    EXPECT_EQ(response.status, row.status) << "line " << row.line << ": " << response.body;
    EXPECT_NE(response.body.find(row.part), std::string::npos)
        << "line " << row.line << ": " << response.body;
  }
}

TEST_F(QueryHandlerTest, a_damaged_ticket_is_an_error_and_no_answer) {
  Publish();
  Turn turn;
  turn.writes.push_back({keys::Ticket("default", "T-1"), "\xFF\xFF"});
  ASSERT_TRUE(store_.Commit(turn).ok());
  for (const char* path : {"/v1/tickets", "/v1/tickets/T-1", "/v1/at-risk", "/v1/pages"}) {
    EXPECT_EQ(Get(path).status, 500) << path;
  }
}

TEST_F(QueryHandlerTest, requests_are_answered_on_another_thread) {
  Publish();
  std::promise<std::pair<int, std::thread::id>> answered;
  HttpRequest request;
  request.method = "GET";
  request.path = "/v1/tickets";
  handler_->Handle(request, [&answered](HttpResponse response) {
    answered.set_value({response.status, std::this_thread::get_id()});
  });
  const auto [status, thread] = answered.get_future().get();
  EXPECT_EQ(status, 200);
  EXPECT_NE(thread, std::this_thread::get_id());
  request.method = "DELETE";
  int refused = 0;
  handler_->Handle(request, [&refused](HttpResponse response) { refused = response.status; });
  EXPECT_EQ(refused, 405);
}

TEST_F(QueryHandlerTest, too_many_waiting_queries_are_refused_and_none_is_forgotten) {
  Publish();
  HttpRequest request;
  request.method = "GET";
  request.path = "/v1/tickets";
  std::promise<void> begun, go_on;
  std::shared_future<void> may_go_on = go_on.get_future().share();
  // The first answer holds the thread, so that everything after it waits.
  handler_->Handle(request, [&begun, may_go_on](HttpResponse) {
    begun.set_value();
    may_go_on.wait();
  });
  begun.get_future().wait();
  std::atomic<int> busy = 0;
  std::atomic<int> answered = 0;
  const size_t count = QueryHandler::kWaitingMax + 3;
  for (size_t i = 0; i < count; ++i) {
    handler_->Handle(request, [&](HttpResponse response) {
      ++answered;
      if (response.status == 503) ++busy;
    });
  }
  EXPECT_EQ(busy, 3);
  go_on.set_value();
  handler_.reset();
  EXPECT_EQ(answered, static_cast<int>(count));
}

}  // namespace
}  // namespace escalation
