#include "daemon/api/http_server.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/daemon/api/raw_client.h"

namespace escalation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Echoes; keeps what comes to /later until told; throws at /throw; forgets at /forget.
class Echo : public HttpHandler {
 public:
  void Handle(HttpRequest request, HttpRespond respond) override {
    if (request.path == "/later") {
      const std::lock_guard<std::mutex> lock(mutex_);
      kept_.push_back(std::move(respond));
      came_.notify_all();
      return;
    }
    if (request.path == "/throw") throw std::runtime_error("thrown by the handler");
    if (request.path == "/forget") return;
    HttpResponse response;
    response.content_type = "text/plain";
    response.body = request.method + " " + request.path;
    for (const auto& [name, value] : request.query) response.body += " " + name + "=" + value;
    response.body += " body=" + std::to_string(request.body.size()) + "\n";
    if (const auto test = request.Header("x-test")) response.body += std::string(*test) + "\n";
    respond(response);
  }

  // Waits until `count` requests are kept, and hands them over.
  std::vector<HttpRespond> Kept(size_t count) {
    std::unique_lock<std::mutex> lock(mutex_);
    came_.wait(lock, [&] { return kept_.size() >= count; });
    return std::move(kept_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<HttpRespond> kept_;
};

class HttpServerTest : public testing::Test {
 protected:
  void Start(HttpServerOptions options = {}) {
    options.listen = "127.0.0.1:0";
    auto server = HttpServer::Start(options, &echo_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  std::string Ask(const std::string& text) {
    RawClient client(server_->port());
    client.Send(text);
    return client.ReadAll();
  }
  static std::string Get(const std::string& target, const std::string& headers = "") {
    return "GET " + target + " HTTP/1.1\r\nHost: t\r\n" + headers + "Connection: close\r\n\r\n";
  }
  static std::string StatusOf(const std::string& reply) { return reply.substr(9, 3); }
  static std::string BodyOf(const std::string& reply) {
    const size_t end = reply.find("\r\n\r\n");
    return end == std::string::npos ? "" : reply.substr(end + 4);
  }

  Echo echo_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, answers_with_path_query_and_headers) {
  Start();
  EXPECT_NE(server_->port(), 0);
  EXPECT_EQ(server_->address(), "127.0.0.1:" + std::to_string(server_->port()));
  const std::string reply = Ask(Get("/a%20b/c?x=1%2B2&y=a+b&z", "X-Test: yes\r\n"));
  EXPECT_EQ(StatusOf(reply), "200");
  EXPECT_EQ(BodyOf(reply), "GET /a b/c x=1+2 y=a b z= body=0\nyes\n");
}

TEST_F(HttpServerTest, broken_and_zero_escapes_are_refused) {
  Start();
  for (const std::string target : {"/a%00b", "/a%", "/a%4", "/a%zz", "/?x=%00", "/?%0a=1"}) {
    EXPECT_EQ(StatusOf(Ask(Get(target))), "400") << target;
  }
}

TEST_F(HttpServerTest, pipelined_requests_are_answered_in_order) {
  Start();
  std::string text;
  for (int i = 0; i < 50; ++i) {
    const std::string body(i, 'b');
    text += "POST /p" + std::to_string(i) +
            " HTTP/1.1\r\nHost: t\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
            body;
  }
  const std::string reply = Ask(text + Get("/end"));
  size_t at = 0;
  for (int i = 0; i < 50; ++i) {
    const std::string expected =
        "POST /p" + std::to_string(i) + " body=" + std::to_string(i) + "\n";
    at = reply.find(expected, at);
    ASSERT_NE(at, std::string::npos) << expected;
  }
  EXPECT_NE(reply.find("GET /end", at), std::string::npos);
}

TEST_F(HttpServerTest, a_body_at_the_limit_fits_and_one_byte_more_does_not) {
  HttpServerOptions options;
  options.body_bytes_max = 1000;
  Start(options);
  const auto post = [](size_t bytes) {
    return "POST /p HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: " +
           std::to_string(bytes) + "\r\n\r\n" + std::string(bytes, 'b');
  };
  EXPECT_EQ(BodyOf(Ask(post(1000))), "POST /p body=1000\n");
  const std::string reply = Ask(post(1001));
  EXPECT_EQ(StatusOf(reply), "413");
  EXPECT_EQ(BodyOf(reply),
            "{\"error\":{\"message\":\"the body is too large, expected at most 1000 bytes\"}}\n");
}

TEST_F(HttpServerTest, a_length_beyond_the_limit_is_refused_before_the_body) {
  Start();
  RawClient client(server_->port());
  client.Send("POST /p HTTP/1.1\r\nHost: t\r\nContent-Length: 99999999999\r\n\r\n");
  // No byte of the body was sent, and the answer is here and the connection closed.
  EXPECT_EQ(StatusOf(client.ReadAll()), "413");
}

// Where a proxy takes one length and the server another, the rest of the body is a request of its
// own that the proxy never saw.
TEST_F(HttpServerTest, a_body_with_two_ends_is_refused) {
  Start();
  const std::string lengths[] = {
      "Content-Length: 5\r\nContent-Length: 0\r\n",
      "Content-Length: 5\r\ncontent-length: 5\r\n",
      "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
  };
  for (const std::string& length : lengths) {
    const std::string reply =
        Ask("POST /a HTTP/1.1\r\nHost: t\r\n" + length + "\r\nhello" + Get("/hidden"));
    EXPECT_EQ(StatusOf(reply), "400") << length;
    EXPECT_EQ(reply.find("/hidden"), std::string::npos) << reply;
  }
}

TEST_F(HttpServerTest, a_chunked_body_is_counted) {
  HttpServerOptions options;
  options.body_bytes_max = 100;
  Start(options);
  const std::string head =
      "POST /p HTTP/1.1\r\nHost: t\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string chunk = "32\r\n" + std::string(50, 'b') + "\r\n";
  EXPECT_EQ(BodyOf(Ask(head + chunk + chunk + "0\r\n\r\n")), "POST /p body=100\n");
  EXPECT_EQ(StatusOf(Ask(head + chunk + chunk + "1\r\nb\r\n0\r\n\r\n")), "413");
}

TEST_F(HttpServerTest, an_endless_header_line_is_cut_off) {
  Start();
  RawClient client(server_->port());
  client.Send("GET / HTTP/1.1\r\nHost: t\r\nX-Endless: ");
  const std::string piece(16 * 1024, 'e');
  size_t sent = 0;
  while (client.Send(piece)) {
    sent += piece.size();
    // Socket buffers take a few MiB at most; a server that kept reading would take all of this.
    ASSERT_LT(sent, 64u * 1024 * 1024);
  }
  EXPECT_EQ(StatusOf(Ask(Get("/still"))), "200");
}

TEST_F(HttpServerTest, an_endless_request_line_is_cut_off) {
  Start();
  const std::string reply = Ask("GET /" + std::string(1'000'000, 'a'));
  EXPECT_NE(StatusOf(reply + std::string(16, ' ')), "200");
}

TEST_F(HttpServerTest, slow_and_silent_clients_do_not_stop_others_and_are_cut_off) {
  HttpServerOptions options;
  options.request_timeout = milliseconds(300);
  options.connections_max = 64;
  Start(options);
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 40; ++i) {
    slow.push_back(std::make_unique<RawClient>(server_->port()));
    if (i % 2 == 0) slow.back()->Send("GET / HTTP/1.1\r\nHost: ");
    if (i % 3 == 0) slow.back()->Send("t\r\nContent-Length: 10\r\n\r\nabc");
  }
  EXPECT_EQ(StatusOf(Ask(Get("/meanwhile"))), "200");
  for (const auto& client : slow) {
    const std::string reply = client->ReadAll();
    EXPECT_EQ(reply.find("200"), std::string::npos) << reply;
  }
  EXPECT_EQ(StatusOf(Ask(Get("/after"))), "200");
}

TEST_F(HttpServerTest, a_client_that_trickles_is_cut_off_too) {
  HttpServerOptions options;
  options.request_timeout = milliseconds(200);
  Start(options);
  RawClient client(server_->port());
  client.Send("GET / HTTP/1.1\r\nHost: t\r\nX: ");
  // Each byte starts the library's own time-out again, and 30,000 bytes fit its buffer, so only the
  // deadline can end this. A round trip of another client paces this one.
  RawClient other(server_->port());
  int bytes = 0;
  while (bytes < 30'000 && client.Send("x")) {
    ++bytes;
    other.Send("GET /pace HTTP/1.1\r\nHost: t\r\n\r\n");
    ASSERT_FALSE(other.ReadUntil("body=0\n").empty());
  }
  EXPECT_LT(bytes, 30'000);
}

TEST_F(HttpServerTest, more_connections_than_allowed_wait_for_a_free_one) {
  HttpServerOptions options;
  options.connections_max = 4;
  options.request_timeout = milliseconds(200);
  Start(options);
  std::vector<std::unique_ptr<RawClient>> silent;
  for (int i = 0; i < 16; ++i) silent.push_back(std::make_unique<RawClient>(server_->port()));
  EXPECT_EQ(StatusOf(Ask(Get("/queued"))), "200");
}

TEST_F(HttpServerTest, an_answer_may_come_later_and_holds_no_thread) {
  HttpServerOptions options;
  options.threads = 2;
  Start(options);
  std::vector<std::unique_ptr<RawClient>> waiting;
  for (int i = 0; i < 20; ++i) {
    waiting.push_back(std::make_unique<RawClient>(server_->port()));
    waiting.back()->Send(Get("/later"));
  }
  std::vector<HttpRespond> kept = echo_.Kept(20);
  EXPECT_EQ(StatusOf(Ask(Get("/others"))), "200");
  HttpResponse response;
  response.status = 202;
  response.body = "done";
  for (const HttpRespond& respond : kept) {
    respond(response);
    respond(response);  // A second answer does nothing.
  }
  for (const auto& client : waiting) {
    const std::string reply = client->ReadAll();
    EXPECT_EQ(StatusOf(reply), "202");
    EXPECT_EQ(BodyOf(reply), "done");
  }
}

TEST_F(HttpServerTest, answers_from_many_threads_reach_their_own_clients) {
  Start();
  constexpr int kClients = 8;
  constexpr int kRequests = 200;
  std::thread answerer([this] {
    int answered = 0;
    while (answered < kClients * kRequests) {
      for (const HttpRespond& respond : echo_.Kept(1)) {
        respond({200, "late\n", "text/plain", {}});
        ++answered;
      }
    }
  });
  std::vector<std::thread> clients;
  std::vector<int> good(kClients, 0);
  for (int c = 0; c < kClients; ++c) {
    clients.emplace_back([this, c, &good] {
      RawClient client(server_->port());
      for (int i = 0; i < kRequests; ++i) {
        client.Send("GET /later HTTP/1.1\r\nHost: t\r\n\r\n");
        good[c] += client.ReadUntil("late\n").find("200 OK") != std::string::npos;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  answerer.join();
  EXPECT_EQ(good, std::vector<int>(kClients, kRequests));
}

TEST_F(HttpServerTest, a_client_that_leaves_while_waiting_harms_nobody) {
  Start();
  {
    RawClient client(server_->port());
    client.Send("GET /later HTTP/1.1\r\nHost: t\r\n\r\n");
    std::vector<HttpRespond> kept = echo_.Kept(1);
    client.Close();
    kept[0]({200, "nobody reads this", "text/plain", {}});
  }
  EXPECT_EQ(StatusOf(Ask(Get("/next"))), "200");
}

TEST_F(HttpServerTest, a_handler_that_throws_or_forgets_answers_500) {
  Start();
  EXPECT_EQ(BodyOf(Ask(Get("/throw"))), "{\"error\":{\"message\":\"thrown by the handler\"}}\n");
  EXPECT_EQ(BodyOf(Ask(Get("/forget"))),
            "{\"error\":{\"message\":\"the request was dropped unanswered\"}}\n");
}

TEST_F(HttpServerTest, what_is_not_http_is_refused) {
  HttpServerOptions options;
  options.request_timeout = milliseconds(300);
  Start(options);
  for (const std::string& text :
       {std::string("\0\0\0\0\r\n\r\n", 8), std::string("GET\r\n\r\n"), std::string("\r\n\r\n\r\n"),
        std::string("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: -5\r\n\r\n"),
        std::string("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: abc\r\n\r\n")}) {
    RawClient client(server_->port());
    client.Send(text);
    EXPECT_EQ(client.ReadAll().find(" 200 "), std::string::npos) << text;
  }
  EXPECT_EQ(StatusOf(Ask(Get("/next"))), "200");
}

TEST_F(HttpServerTest, stop_waits_for_answers_under_way) {
  Start();
  RawClient client(server_->port());
  client.Send(Get("/later"));
  std::vector<HttpRespond> kept = echo_.Kept(1);
  std::thread stopper([this] { server_->Stop(seconds(60)); });
  kept[0]({200, "in time\n", "text/plain", {}});
  EXPECT_EQ(BodyOf(client.ReadAll()), "in time\n");
  stopper.join();
  EXPECT_FALSE(RawClient(server_->port()).connected());
}

TEST_F(HttpServerTest, stop_ends_what_is_never_answered) {
  Start();
  RawClient client(server_->port());
  client.Send(Get("/later"));
  std::vector<HttpRespond> kept = echo_.Kept(1);
  server_->Stop(milliseconds(1));
  const std::string reply = client.ReadAll();
  EXPECT_TRUE(reply.empty() || StatusOf(reply) == "503") << reply;
  kept[0]({200, "too late", "text/plain", {}});
  server_.reset();
}

TEST(HttpServerStart, says_why_it_cannot_listen) {
  Echo echo;
  HttpServerOptions options;
  options.listen = "127.0.0.1:0";
  auto first = HttpServer::Start(options, &echo);
  ASSERT_TRUE(first.ok());
  options.listen = (*first)->address();
  const auto second = HttpServer::Start(options, &echo);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(second.status().message(), "listen: " + options.listen + ": Address already in use");
  for (const std::string listen : {"", "8320", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999",
                                   "example.com:80", "[::1:80", "127.0.0.1:8x"}) {
    options.listen = listen;
    EXPECT_EQ(HttpServer::Start(options, &echo).status().code(), absl::StatusCode::kInvalidArgument)
        << listen;
  }
}

}  // namespace
}  // namespace escalation
