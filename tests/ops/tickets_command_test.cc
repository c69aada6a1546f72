#include "ops/tickets_command.h"

#include <nlohmann/json.hpp>
#include <sstream>

#include "daemon/api/http_server.h"
#include "ops/app.h"
#include "tests/daemon/api/query_world.h"

namespace escalation {
namespace {

using nlohmann::json;

// Commands that ask a daemon, against the real server and handler.
class TicketsCommandTest : public QueryWorld {
 protected:
  void SetUp() override {
    QueryWorld::SetUp();
    HttpServerOptions options;
    options.listen = "127.0.0.1:0";
    absl::StatusOr<std::unique_ptr<HttpServer>> server = HttpServer::Start(options, handler_.get());
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    Publish();
    Event("2026-03-11T05:00:00Z",
          R"({"ticket_id":"T-1","actor":{"id":"c7","kind":"customer"},
              "opened":{"severity":"high","subject":"site\u001b[2J down","account":"acme"}})");
    Tick("2026-03-11T07:00:00Z");
    Event(
        "2026-03-11T07:10:00Z",
        R"({"ticket_id":"T-2","actor":{"id":"c8","kind":"customer"},"opened":{"severity":"low"}})");
  }
  void TearDown() override { server_.reset(); }

  int Run(std::vector<std::string> arguments, bool reachable = true) {
    arguments.insert(arguments.end(), {"--url", Cat("http://", server_->address(), "/")});
    if (!reachable) {
      server_->Stop(std::chrono::milliseconds(0));
    }
    std::istringstream in;
    std::ostringstream out, err;
    const int code = RunEscalationctl(arguments, in, out, err);
    out_ = out.str();
    err_ = err.str();
    return code;
  }

  std::unique_ptr<HttpServer> server_;
  std::string out_;
  std::string err_;
};

TEST_F(TicketsCommandTest, tickets_are_a_table) {
  EXPECT_EQ(Run({"tickets"}), 0);
  EXPECT_TRUE(
      HoldsInOrder(out_, {"ticket  status  severity  plan  account", "\nT-1 ", "open", "high",
                          "gold", "acme", "reply_high", "site [2J down\n", "T-2 ", "low"}));
  EXPECT_EQ(out_.find('\x1B'), std::string::npos);
  EXPECT_EQ(err_, "");
}

TEST_F(TicketsCommandTest, a_part_says_how_to_go_on) {
  EXPECT_EQ(Run({"tickets", "--limit", "1", "-o", "jsonl"}), 0);
  EXPECT_EQ(json::parse(out_)["ticket_id"], "T-1");
  EXPECT_EQ(err_, "there are more: --after T-1\n");
  EXPECT_EQ(Run({"tickets", "--limit", "1", "--after", "T-1", "-o", "json"}), 0);
  EXPECT_EQ(json::parse(out_)[0]["ticket_id"], "T-2");
}

TEST_F(TicketsCommandTest, clocks_at_risk_begin_with_the_breached) {
  EXPECT_EQ(Run({"tickets", "--at-risk"}), 0);
  EXPECT_TRUE(HoldsInOrder(
      out_, {"T-1 ", "first_response", "reply_high", "yes", "2026-03-11T07:00:00Z", "T-2 ", "no"}));
  EXPECT_EQ(Run({"tickets", "--at-risk", "--status", "open"}), 2);
}

TEST_F(TicketsCommandTest, timers_and_pages) {
  EXPECT_EQ(Run({"timers"}), 0);
  EXPECT_TRUE(HoldsInOrder(out_, {"due ", "2026-03-11T07:15:00Z", "escalation wake_up goes on"}));
  EXPECT_EQ(Run({"pages", "-o", "jsonl"}), 0);
  EXPECT_EQ(json::parse(out_)["key"], "default/T-1/wake_up/1/1");
}

TEST_F(TicketsCommandTest, explain_prints_what_the_daemon_says) {
  EXPECT_EQ(Run({"explain", "T-1", "--clock", "reply_high"}), 0);
  EXPECT_TRUE(HoldsInOrder(out_, {"Ticket T-1: site [2J down\n", "\nIn short\n  paged        Wed",
                                  "\nClock first_response/reply_high: breached",
                                  "\n  counted      Tue 2026-03-10 23:00 - "}));
  EXPECT_EQ(Run({"explain", "T-1", "-o", "json"}), 0);
  EXPECT_EQ(json::parse(out_)["ticket_id"], "T-1");
}

TEST_F(TicketsCommandTest, what_is_not_there_is_exit_one_with_a_reason) {
  EXPECT_EQ(Run({"explain", "T-77"}), 1);
  EXPECT_TRUE(HoldsInOrder(err_, {"escalationctl explain: there is no ticket T-77"}));
  EXPECT_EQ(Run({"explain", "T-1", "--page", "x"}), 1);
  EXPECT_TRUE(HoldsInOrder(err_, {"has no page with the key x"}));
  EXPECT_EQ(Run({"tickets", "--tenant", "nobody"}), 1);
  EXPECT_TRUE(HoldsInOrder(err_, {"\"nobody\" is not served here"}));
  EXPECT_EQ(out_, "");
}

TEST_F(TicketsCommandTest, wrong_usage_is_exit_two) {
  EXPECT_EQ(Run({"explain"}), 2);
  EXPECT_EQ(Run({"tickets", "--limit", "0"}), 2);
  EXPECT_EQ(Run({"tickets", "-o", "xml"}), 2);
}

TEST_F(TicketsCommandTest, a_daemon_that_does_not_answer_is_said_with_a_hint) {
  EXPECT_EQ(Run({"tickets"}, /*reachable=*/false), 1);
  EXPECT_TRUE(
      HoldsInOrder(err_, {"no answer from escalationd at http://127.0.0.1:", "\n  hint: "}));
}

}  // namespace
}  // namespace escalation
