// A provider that takes a request before it has done it: nothing is delivered until it says so.

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <mutex>
#include <string>
#include <vector>

#include "daemon/deliver/dispatcher.h"
#include "daemon/deliver/http_client.h"
#include "tests/daemon/deliver/dispatch_queue_fixture.h"
#include "tests/daemon/deliver/full_page.h"
#include "tests/daemon/deliver/scripted_server.h"

namespace escalation {
namespace {

class ReceiptTest : public DispatchQueueFixture {
 protected:
  static Verdict Taken(const std::string& receipt) {
    Verdict verdict;
    verdict.maybe_received = true;
    verdict.receipt = receipt;
    return verdict;
  }
  // What the only attempt that is due asks with; "new": it makes the request.
  std::string Asked() {
    DispatchActions actions = queue_.Step(now_);
    if (actions.attempts.empty()) {
      now_ = actions.next;
      actions = queue_.Step(now_);
    }
    EXPECT_EQ(actions.attempts.size(), 1u);
    if (actions.attempts.empty()) return "nothing";
    attempts_[actions.attempts[0].id.seq] = actions.attempts[0].attempt;
    const std::string& receipt = actions.attempts[0].delivery.receipt;
    return receipt.empty() ? "new" : receipt;
  }
};

TEST_F(ReceiptTest, the_receipt_is_asked_about_until_there_is_an_answer) {
  Add(PageFor(1, "k"));
  EXPECT_EQ(Asked(), "new");
  Reply(1, Taken("r1"));
  EXPECT_EQ(Asked(), "r1");
  Reply(1, Taken("r1"));
  EXPECT_EQ(Asked(), "r1");
  Verdict done;
  done.kind = Verdict::Kind::kDelivered;
  Reply(1, done);
  EXPECT_EQ(Step(), "delivered 1");
}

TEST_F(ReceiptTest, a_request_that_seems_lost_is_made_again) {
  chance_ = [](uint64_t) { return uint64_t{0}; };  // The shortest waits.
  Add(PageFor(1, "k"));
  EXPECT_EQ(Asked(), "new");
  int questions = 0;
  for (; questions < 9; ++questions) {
    Reply(1, Taken("r1"));
    if (Asked() == "new") break;
  }
  EXPECT_EQ(questions, 8);
  Reply(1, Taken("r2"));
  EXPECT_EQ(Asked(), "r2");
}

std::string Answer(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\nConnection: close\r\n\r\n" + body;
}

TEST(Receipt, a_real_server_is_asked_and_believed_only_then) {
  std::mutex mutex;
  std::vector<std::string> asked;
  ScriptedServer server([&](Peer& peer) {
    const std::string request = peer.ReadRequest();
    const std::lock_guard<std::mutex> lock(mutex);
    asked.push_back(request.substr(0, request.find(" HTTP")));
    if (asked.size() == 1) {
      peer.Send(Answer("202 Accepted", R"({"requestId":"43a2-9f"})"));
    } else if (asked.size() == 2) {
      peer.Send(Answer("404 Not Found", R"({"message":"not processed yet"})"));
    } else {
      peer.Send(Answer("200 OK", R"({"data":{"isSuccess":true}})"));
    }
  });
  HttpClientOptions options;
  options.allow_private_addresses = true;
  const auto client = *CurlHttpClient::Start(options);
  std::promise<DispatchOutcome> reported;
  std::atomic<int64_t> now_ms{kNow.ms};
  Dispatcher::World world;
  world.client = client.get();
  // Each look at the clock finds it a second later, so no wait is waited for.
  world.now = [&] { return Instant{now_ms += 1'000}; };
  world.chance = [](uint64_t) { return uint64_t{0}; };
  world.report = [&](DispatchOutcome outcome, const Dispatcher::Kept& kept) {
    kept(absl::OkStatus());
    reported.set_value(std::move(outcome));
  };
  Dispatcher dispatcher(DispatchOptions{}, world);
  DeliveryRoute route = RouteNamed("pager");
  route.provider = DeliveryRoute::Provider::kJsm;
  route.url = Secret(server.Url("/v2/alerts"));
  route.key = Secret("0123456789abcdef");
  dispatcher.SetRoutes({route});
  dispatcher.Start();
  dispatcher.Resume();
  ASSERT_TRUE(dispatcher.Enqueue(FullPage()).ok());
  const DispatchOutcome outcome = reported.get_future().get();
  EXPECT_EQ(outcome.outcome.outcome(), v1::PageOutcome::DELIVERED);
  EXPECT_EQ(outcome.outcome.attempts(), 3);
  dispatcher.Stop(Duration{0});
  const std::lock_guard<std::mutex> lock(mutex);
  EXPECT_EQ(asked, (std::vector<std::string>{"POST /v2/alerts", "GET /v2/alerts/requests/43a2-9f",
                                             "GET /v2/alerts/requests/43a2-9f"}));
}

}  // namespace
}  // namespace escalation
