#include "ops/receiver.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <condition_variable>
#include <csignal>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>

#include "daemon/deliver/http_client.h"
#include "daemon/deliver/provider.h"
#include "ops/app.h"
#include "tests/daemon/deliver/pages.h"

namespace escalation {
namespace {

using Json = nlohmann::json;

constexpr Instant kNow{1'773'212'400'000};
constexpr char kAlert[] = "/integrations/generic/20131114/alert/secret-key/night";

class ReceiverTest : public testing::Test {
 protected:
  HttpResponse Ask(const std::string& method, const std::string& path, const std::string& body,
                   const Receiver::Options& options = {}) {
    if (receiver_ == nullptr) {
      receiver_ = std::make_unique<Receiver>(
          options, [] { return kNow; }, &out_);
    }
    HttpRequest request;
    request.method = method;
    request.path = path;
    request.body = body;
    HttpResponse got;
    got.status = 0;
    receiver_->Handle(std::move(request),
                      [&got](HttpResponse response) { got = std::move(response); });
    return got;
  }
  // The request that the daemon would make.
  static std::string BodyFor(DeliveryRoute::Provider provider, const Delivery& delivery) {
    DeliveryRoute route = RouteNamed("night");
    route.provider = provider;
    return ProviderOf(provider).Build(delivery, route, kNow)->body;
  }
  static Delivery Page() {
    Delivery page = PageFor(40, "default/T-1/night/1/1");
    v1::PageRequested& request = *page.decision.mutable_page_requested();
    request.set_severity("high");
    request.set_subject("site down \x1B[31m");
    request.set_metric("engagement");
    request.set_target("internal_high");
    ToProto(Duration::Hours(2), request.mutable_used());
    ToProto(Duration::Hours(2), request.mutable_within());
    return page;
  }

  std::ostringstream out_;
  std::unique_ptr<Receiver> receiver_;
};

TEST_F(ReceiverTest, shows_a_victorops_page_with_its_arithmetic_and_answers_as_victorops) {
  const HttpResponse response =
      Ask("POST", kAlert, BodyFor(DeliveryRoute::Provider::kVictorOps, Page()));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "{\"result\":\"success\",\"entity_id\":\"default/T-1/night/1/1\"}\n");
  EXPECT_EQ(out_.str(),
            "2026-03-11T07:00:00Z  CRITICAL  victorops night  default/T-1/night/1/1\n"
            "  high T-1: site down [31m\n"
            "    Ticket    T-1 high\n"
            "    Subject   site down [31m\n"
            "    Target    engagement internal_high within 2h\n"
            "    Used      2h of 2h\n"
            "    Assigned  nobody\n"
            "    Cause     record 0\n"
            "    Explain   escalationctl explain T-1\n"
            "\n");
}

TEST_F(ReceiverTest, what_it_answers_counts_as_delivered) {
  for (const auto provider :
       {DeliveryRoute::Provider::kVictorOps, DeliveryRoute::Provider::kWebhook}) {
    const bool victorops = provider == DeliveryRoute::Provider::kVictorOps;
    const HttpResponse response =
        Ask("POST", victorops ? kAlert : "/hook", BodyFor(provider, Page()));
    HttpReply reply;
    reply.status = response.status;
    reply.body = response.body;
    EXPECT_EQ(ProviderOf(provider).Classify(reply).kind, Verdict::Kind::kDelivered);
  }
}

TEST_F(ReceiverTest, understands_every_provider) {
  using Kind = DeliveryRoute::Provider;
  const struct {
    int line;
    Kind kind;
    std::string url;
    std::string shown;
    std::string closed;
  } rows[] = {
      {__LINE__, Kind::kPagerDuty, "http://h/v2/enqueue", "trigger  pagerduty",
       "resolve  pagerduty"},
      {__LINE__, Kind::kSlack, "http://h/services/T0/B0/secret-key", "message  slack",
       "message  slack"},
      {__LINE__, Kind::kSlack, "http://h/api/chat.postMessage", "message  slack", "message  slack"},
      {__LINE__, Kind::kJsm, "http://h/jsm/ops/integration/v2/alerts", "create  jsm", "close  jsm"},
      {__LINE__, Kind::kAlertmanager, "http://h/api/v2/alerts", "firing  alertmanager",
       "resolved  alertmanager"},
  };
  for (const auto& row : rows) {
    const Provider& provider = ProviderOf(row.kind);
    DeliveryRoute route = RouteNamed("night");
    route.provider = row.kind;
    route.url = Secret(row.url);
    route.key = Secret("secret-key");
    route.buttons = true;
    for (const bool closes : {false, true}) {
      const Delivery delivery = closes ? CloseOf(41, "default/T-1/night/1/1") : Page();
      const HttpCall call = *provider.Build(delivery, route, kNow);
      std::string path = call.url.substr(8);
      path = path.substr(0, path.find('?'));
      out_.str("");
      const HttpResponse response = Ask("POST", *PercentDecode(path), call.body);
      HttpReply reply;
      reply.status = response.status;
      reply.body = response.body;
      const Verdict verdict = provider.Classify(reply);
      if (verdict.receipt.empty()) {
        EXPECT_EQ(verdict.kind, Verdict::Kind::kDelivered) << "line " << row.line;
      } else {
        reply.body = Ask("GET", provider.Ask(verdict.receipt, route)->url.substr(8), "").body;
        reply.status = 200;
        EXPECT_EQ(provider.ClassifyAnswer(verdict.receipt, reply).kind, Verdict::Kind::kDelivered);
      }
      const std::string shown = out_.str();
      EXPECT_NE(shown.find(closes ? row.closed : row.shown), std::string::npos) << shown;
      // A resolve of PagerDuty is about its key and says nothing else.
      const bool has_title = row.kind != Kind::kPagerDuty || !closes;
      const char* title = closes ? "  closed: T-1 engaged\n" : "  high T-1: site down [31m\n";
      EXPECT_EQ(shown.find(title) != std::string::npos, has_title) << shown;
      const bool has_key = row.kind != Kind::kSlack || !closes;
      EXPECT_EQ(shown.find("default/T-1/night/1/1") != std::string::npos, has_key) << shown;
    }
  }
  EXPECT_EQ(Ask("GET", "/pages", "").body.find("secret-key"), std::string::npos);
}

TEST_F(ReceiverTest, refuses_as_each_provider_does) {
  EXPECT_EQ(Ask("POST", "/v2/enqueue", R"({"event_action":"wake"})").status, 400);
  EXPECT_EQ(Ask("POST", "/v2/enqueue", R"({"event_action":"resolve","dedup_key":"k"})").status,
            400);
  EXPECT_EQ(Ask("POST", "/services/x", R"({"blocks":7})").body, "no_text");
  EXPECT_EQ(Ask("POST", "/api/chat.postMessage", "{}").body,
            "{\"ok\":false,\"error\":\"no_text\"}\n");
  EXPECT_EQ(Ask("POST", "/v2/alerts", "{}").status, 422);
  EXPECT_EQ(Ask("GET", "/v2/alerts/requests/other", "").status, 404);
  EXPECT_EQ(Ask("POST", "/api/v2/alerts", "[]").status, 400);
  EXPECT_EQ(Ask("POST", "/api/v2/alerts", "no json").status, 400);
  EXPECT_EQ(out_.str(), "");
}

TEST_F(ReceiverTest, shows_a_webhook) {
  Ask("POST", "/hook", BodyFor(DeliveryRoute::Provider::kWebhook, CloseOf(1, "k")));
  EXPECT_EQ(out_.str(),
            "2026-03-11T07:00:00Z  page_closed  webhook /hook  k\n"
            "  closed: T-1 engaged\n"
            "    Closed    engaged\n"
            "    Cause     record 0\n"
            "\n");
}

TEST_F(ReceiverTest, lists_what_came_without_the_key) {
  Ask("POST", kAlert, BodyFor(DeliveryRoute::Provider::kVictorOps, Page()));
  Ask("POST", "/hook", BodyFor(DeliveryRoute::Provider::kWebhook, CloseOf(1, "k")));
  const HttpResponse list = Ask("GET", "/pages", "");
  EXPECT_EQ(list.body.find("secret-key"), std::string::npos);
  const Json pages = Json::parse(list.body)["pages"];
  ASSERT_EQ(pages.size(), 2u);
  EXPECT_EQ(pages[0]["provider"], "victorops");
  EXPECT_EQ(pages[0]["route"], "night");
  EXPECT_EQ(pages[0]["body"]["message_type"], "CRITICAL");
  EXPECT_EQ(pages[1]["operation"], "page_closed");
}

TEST_F(ReceiverTest, json_is_one_line_a_page) {
  Receiver::Options options;
  options.json = true;
  Ask("POST", kAlert, BodyFor(DeliveryRoute::Provider::kVictorOps, Page()), options);
  EXPECT_EQ(Json::parse(out_.str())["key"], "default/T-1/night/1/1");
  EXPECT_EQ(out_.str().find('\n'), out_.str().size() - 1);
}

TEST_F(ReceiverTest, bad_bodies_fail_and_are_not_shown) {
  for (const std::string body : {"", "[]", "{", "{}", R"({"message_type":"LOUD","entity_id":"k"})",
                                 R"({"message_type":"CRITICAL"})", "\xFF"}) {
    const HttpResponse response = Ask("POST", kAlert, body);
    EXPECT_EQ(response.status, 400) << body;
    EXPECT_EQ(Json::parse(response.body)["result"], "failure") << body;
  }
  EXPECT_EQ(Ask("GET", "/elsewhere", "").status, 405);
  EXPECT_EQ(out_.str(), "");
}

TEST_F(ReceiverTest, the_first_requests_can_be_refused) {
  Receiver::Options options;
  options.fail_first = 2;
  const std::string body = BodyFor(DeliveryRoute::Provider::kVictorOps, Page());
  EXPECT_EQ(Ask("POST", kAlert, body, options).status, 503);
  EXPECT_EQ(Ask("POST", kAlert, body).status, 503);
  EXPECT_EQ(Ask("POST", kAlert, body).status, 200);
}

TEST_F(ReceiverTest, every_page_can_get_the_same_status) {
  Receiver::Options options;
  options.status = 500;
  EXPECT_EQ(
      Ask("POST", kAlert, BodyFor(DeliveryRoute::Provider::kVictorOps, Page()), options).status,
      500);
}

// A stream whose text a test can wait for.
class WaitableBuffer : public std::stringbuf {
 public:
  std::string WaitFor(const std::string& text) {
    std::unique_lock<std::mutex> lock(mutex_);
    came_.wait(lock, [&] { return seen_.find(text) != std::string::npos; });
    return seen_;
  }

 protected:
  std::streamsize xsputn(const char* text, std::streamsize size) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    seen_.append(text, static_cast<size_t>(size));
    came_.notify_all();
    return size;
  }
  int_type overflow(int_type c) override {
    const char one = traits_type::to_char_type(c);
    xsputn(&one, 1);
    return c;
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::string seen_;
};

TEST(ReceiverCommand, runs_until_it_is_interrupted) {
  const std::string port_file = testing::TempDir() + "receiver_command_port";
  std::istringstream in;
  WaitableBuffer out_buffer;
  WaitableBuffer err_buffer;
  std::ostream out(&out_buffer);
  std::ostream err(&err_buffer);
  int exit_code = -1;
  std::thread command([&] {
    exit_code = RunEscalationctl({"receiver", "--port-file", port_file}, in, out, err);
  });
  err_buffer.WaitFor("listening on http://127.0.0.1:");
  err_buffer.WaitFor("\n");
  std::string port;
  std::ifstream(port_file) >> port;
  HttpClientOptions options;
  options.allow_private_addresses = true;
  auto client = *CurlHttpClient::Start(options);
  HttpCall call;
  call.url = "http://127.0.0.1:" + port + kAlert;
  call.body = R"({"message_type":"CRITICAL","entity_id":"k","entity_display_name":"it works"})";
  client->Send(std::move(call), [](HttpReply) {});
  out_buffer.WaitFor("  it works\n");
  pthread_kill(command.native_handle(), SIGTERM);
  command.join();
  EXPECT_EQ(exit_code, 0);
}

TEST(ReceiverCommand, says_why_it_cannot_listen) {
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(RunEscalationctl({"receiver", "--listen", "nowhere"}, in, out, err), 1);
  EXPECT_EQ(err.str(),
            "escalationctl receiver: listen: not an address: \"nowhere\", expected such as "
            "127.0.0.1:8320\n");
  EXPECT_EQ(RunEscalationctl({"receiver", "--status", "20"}, in, out, err), 2);
}

}  // namespace
}  // namespace escalation
