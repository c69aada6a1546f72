#include "daemon/deliver/dispatcher.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "daemon/source/event_decoder.h"
#include "tests/daemon/deliver/pages.h"

namespace escalation {
namespace {

// Keeps what the dispatcher hands over, and lets a test wait for it.
template <typename Item>
class Inbox {
 public:
  void Put(Item item) {
    const std::lock_guard<std::mutex> lock(mutex_);
    items_.push_back(std::move(item));
    came_.notify_all();
  }
  Item Take() {
    std::unique_lock<std::mutex> lock(mutex_);
    came_.wait(lock, [this] { return !items_.empty(); });
    Item item = std::move(items_.front());
    items_.erase(items_.begin());
    return item;
  }
  bool empty() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return items_.empty();
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<Item> items_;
};

struct Sent {
  HttpCall call;
  HttpClient::Done done;
};
struct Composing {
  std::string route;
  Delivery delivery;
  std::function<void(Delivery)> done;
};
struct Reported {
  DispatchOutcome outcome;
  Dispatcher::Kept kept;
};

class FakeClient : public HttpClient {
 public:
  void Send(HttpCall call, Done done) override { sent.Put({std::move(call), std::move(done)}); }
  Inbox<Sent> sent;
};

class DispatcherTest : public testing::Test {
 protected:
  DispatcherTest() {
    Dispatcher::World world;
    world.client = &client_;
    world.now = [this] { return Instant{now_ms_}; };
    world.chance = [](uint64_t bound) { return bound - 1; };
    world.compose = [this](const DeliveryRoute& route, Delivery delivery,
                           std::function<void(Delivery)> done) {
      composing_.Put({route.name, std::move(delivery), std::move(done)});
    };
    world.report = [this](DispatchOutcome outcome, Dispatcher::Kept kept) {
      reported_.Put({std::move(outcome), std::move(kept)});
    };
    dispatcher_ = std::make_unique<Dispatcher>(DispatchOptions{}, world);
    dispatcher_->SetRoutes({RouteNamed("pager"), RouteNamed("other")});
    dispatcher_->Start();
  }
  ~DispatcherTest() override { dispatcher_.reset(); }

  static HttpReply Status(int status, const std::string& body = "") {
    HttpReply reply;
    reply.status = status;
    reply.body = body;
    return reply;
  }

  std::atomic<int64_t> now_ms_{1'773'230'400'000};
  FakeClient client_;
  Inbox<Composing> composing_;
  Inbox<Reported> reported_;
  std::unique_ptr<Dispatcher> dispatcher_;
};

TEST_F(DispatcherTest, delivers_and_is_done_only_once_the_outcome_is_kept) {
  ASSERT_TRUE(dispatcher_->Enqueue(PageFor(1, "k")).ok());
  dispatcher_->Resume();
  const Sent sent = client_.sent.Take();
  EXPECT_EQ(sent.call.url, RouteNamed("pager").url.Reveal());
  sent.done(Status(200));
  Reported reported = reported_.Take();
  EXPECT_EQ(reported.outcome.outcome.outcome(), v1::PageOutcome::DELIVERED);
  EXPECT_FALSE(dispatcher_->empty());
  reported.kept(absl::UnavailableError("the log is full"));
  EXPECT_FALSE(dispatcher_->empty());
  now_ms_ += 1'000;
  dispatcher_->Wake();
  reported = reported_.Take();
  reported.kept(absl::OkStatus());
  EXPECT_TRUE(dispatcher_->empty());
  EXPECT_EQ(dispatcher_->Statistics().at("pager").delivered, 1u);
}

TEST_F(DispatcherTest, a_page_that_comes_with_its_close_is_not_sent) {
  dispatcher_->Resume();
  const absl::StatusOr<size_t> taken =
      dispatcher_->Enqueue({PageFor(1, "k"), CloseOf(2, "k"), PageFor(3, "j")});
  ASSERT_TRUE(taken.ok()) << taken.status();
  EXPECT_EQ(*taken, 3u);
  EXPECT_EQ(reported_.Take().outcome.outcome.outcome(), v1::PageOutcome::SUPPRESSED);
  EXPECT_EQ(reported_.Take().outcome.outcome.outcome(), v1::PageOutcome::SUPPRESSED);
  EXPECT_NE(client_.sent.Take().call.body.find("\"j\""), std::string::npos);
}

TEST_F(DispatcherTest, retries_when_the_clock_says_so) {
  dispatcher_->Resume();
  ASSERT_TRUE(dispatcher_->Enqueue(PageFor(1, "k")).ok());
  client_.sent.Take().done(Status(500));
  // Another page shows that the thread has looked at the clock, and the first is not sent yet.
  ASSERT_TRUE(dispatcher_->Enqueue(PageFor(2, "j", 0, "other")).ok());
  EXPECT_NE(client_.sent.Take().call.url.find("/other/"), std::string::npos);
  EXPECT_TRUE(client_.sent.empty());
  now_ms_ += 1'000;
  dispatcher_->Wake();
  EXPECT_NE(client_.sent.Take().call.url.find("/pager/"), std::string::npos);
}

TEST_F(DispatcherTest, what_a_provider_says_is_redacted) {
  dispatcher_->Resume();
  ASSERT_TRUE(dispatcher_->Enqueue(PageFor(1, "k")).ok());
  client_.sent.Take().done(Status(404, "nothing at /pager/s3cr3t-path\nhere"));
  const Reported reported = reported_.Take();
  EXPECT_EQ(reported.outcome.outcome.outcome(), v1::PageOutcome::FAILED);
  EXPECT_EQ(reported.outcome.outcome.reason(), "status 404: nothing at [redacted] here");
}

TEST_F(DispatcherTest, what_can_never_be_sent_fails_without_an_attempt_on_the_wire) {
  DeliveryRoute route = RouteNamed("pager");
  route.provider = DeliveryRoute::Provider::kVictorOps;
  dispatcher_->SetRoutes({route});
  dispatcher_->Resume();
  ASSERT_TRUE(dispatcher_->Enqueue(PageFor(1, std::string(600, 'k'))).ok());
  EXPECT_EQ(reported_.Take().outcome.outcome.reason(),
            "a page key of 600 bytes, expected 1 to 512");
  EXPECT_TRUE(client_.sent.empty());
}

// A route whose bodies a program makes.
class DispatcherBodyTest : public DispatcherTest {
 protected:
  DispatcherBodyTest() {
    DeliveryRoute route = RouteNamed("pager");
    route.body = std::make_shared<MappingProgram>();
    dispatcher_->SetRoutes({route, RouteNamed("other")});
    dispatcher_->Resume();
  }
};

TEST_F(DispatcherBodyTest, a_page_leaves_with_the_body_that_its_program_makes) {
  ASSERT_TRUE(dispatcher_->Enqueue(PageFor(1, "k")).ok());
  Composing composing = composing_.Take();
  EXPECT_EQ(composing.route, "pager");
  EXPECT_EQ(composing.delivery.decision.seq(), 1u);
  // Meanwhile the dispatcher goes on with others.
  ASSERT_TRUE(dispatcher_->Enqueue(PageFor(2, "j", 0, "other")).ok());
  EXPECT_NE(client_.sent.Take().call.url.find("/other/"), std::string::npos);
  composing.delivery.body = PageBody{"{}", /*is_json=*/true};
  composing.done(composing.delivery);
  const Sent sent = client_.sent.Take();
  EXPECT_EQ(sent.call.body, "{}");
  sent.done(Status(200));
  EXPECT_EQ(reported_.Take().outcome.outcome.reason(), "");
}

TEST_F(DispatcherBodyTest, why_a_page_left_with_the_standard_body_is_in_its_outcome) {
  ASSERT_TRUE(dispatcher_->Enqueue(PageFor(1, "k")).ok());
  Composing composing = composing_.Take();
  composing.delivery.body_trouble =
      "body.jq: no idea\nof https://hooks.example.com/pager/s3cr3t-path";
  composing.done(composing.delivery);
  Sent sent = client_.sent.Take();
  EXPECT_NE(sent.call.body.find("\"page_requested\""), std::string::npos);
  // Of each attempt anew.
  sent.done(Status(500));
  now_ms_ += 1'000;
  dispatcher_->Wake();
  composing = composing_.Take();
  EXPECT_EQ(composing.delivery.body_trouble, "");
  composing.delivery.body_trouble =
      "body.jq: no idea\nof https://hooks.example.com/pager/s3cr3t-path";
  composing.done(composing.delivery);
  client_.sent.Take().done(Status(200));
  const Reported reported = reported_.Take();
  EXPECT_EQ(reported.outcome.outcome.outcome(), v1::PageOutcome::DELIVERED);
  EXPECT_EQ(reported.outcome.outcome.reason(),
            "with the standard body: body.jq: no idea of [redacted]");
}

TEST_F(DispatcherBodyTest, a_body_that_comes_after_the_end_harms_nobody) {
  ASSERT_TRUE(dispatcher_->Enqueue(PageFor(1, "k")).ok());
  Composing composing = composing_.Take();
  dispatcher_->Stop(Duration{0});
  dispatcher_.reset();
  composing.done(composing.delivery);
  client_.sent.Take().done(Status(200));
  EXPECT_TRUE(reported_.empty());
}

TEST_F(DispatcherTest, stop_waits_for_what_is_under_way_and_sends_nothing_more) {
  dispatcher_->Resume();
  ASSERT_TRUE(dispatcher_->Enqueue(PageFor(1, "k")).ok());
  const Sent sent = client_.sent.Take();
  std::thread stopper([this] { dispatcher_->Stop(Duration::Minutes(1)); });
  sent.done(Status(200));
  reported_.Take().kept(absl::OkStatus());
  stopper.join();
  EXPECT_TRUE(dispatcher_->empty());
  ASSERT_TRUE(dispatcher_->Enqueue(PageFor(2, "j")).ok());
  EXPECT_TRUE(client_.sent.empty());
}

TEST_F(DispatcherTest, replies_after_its_end_harm_nobody) {
  dispatcher_->Resume();
  ASSERT_TRUE(dispatcher_->Enqueue(PageFor(1, "k")).ok());
  const Sent sent = client_.sent.Take();
  dispatcher_->Stop(Duration{0});
  dispatcher_.reset();
  sent.done(Status(200));
  EXPECT_TRUE(reported_.empty());
}

TEST_F(DispatcherTest, nothing_is_sent_after_another_took_over) {
  dispatcher_->Resume();
  ASSERT_TRUE(dispatcher_->Enqueue(PageFor(1, "k")).ok());
  const Sent sent = client_.sent.Take();
  ASSERT_TRUE(dispatcher_->Enqueue(PageFor(2, "j")).ok());
  client_.sent.Take();
  dispatcher_->Forget(Partition{0});
  EXPECT_TRUE(dispatcher_->empty());
  sent.done(Status(200));
  EXPECT_TRUE(dispatcher_->empty());
  // Owned again: what is still pending is offered again.
  ASSERT_TRUE(dispatcher_->Enqueue(PageFor(3, "i")).ok());
  dispatcher_->Resume();
  client_.sent.Take().done(Status(200));
  EXPECT_EQ(reported_.Take().outcome.outcome.decision_seq(), 3u);
}

}  // namespace
}  // namespace escalation
