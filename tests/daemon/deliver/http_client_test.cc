#include "daemon/deliver/http_client.h"

#include <gtest/gtest.h>

#include <future>
#include <string>

#include "tests/daemon/deliver/scripted_server.h"

namespace escalation {
namespace {

using Kind = HttpReply::Kind;

class HttpClientTest : public testing::Test {
 protected:
  HttpClientTest() { Start(true); }
  void Start(bool allow_private_addresses) {
    HttpClientOptions options;
    options.allow_private_addresses = allow_private_addresses;
    client_ = *CurlHttpClient::Start(options);
  }
  HttpReply Send(HttpCall call) {
    std::promise<HttpReply> promise;
    client_->Send(std::move(call), [&](HttpReply reply) { promise.set_value(std::move(reply)); });
    return promise.get_future().get();
  }
  static HttpCall Call(const std::string& url, Duration timeout = Duration::Seconds(30)) {
    HttpCall call;
    call.url = url;
    call.body = "{\"a\":1}";
    call.headers = {{"Content-Type", "application/json"}, {"X-Empty", ""}};
    call.timeout = timeout;
    return call;
  }

  std::unique_ptr<CurlHttpClient> client_;
};

std::string Answer(const std::string& status, const std::string& headers, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\nConnection: close\r\n" + headers + "\r\n" + body;
}

TEST_F(HttpClientTest, posts_and_returns_what_came) {
  std::string request;
  ScriptedServer server([&](Peer& peer) {
    request = peer.ReadRequest();
    peer.Send(Answer("202 Accepted", "", "thanks"));
  });
  const HttpReply reply = Send(Call(server.Url("/a/b?c=d")));
  EXPECT_EQ(reply.kind, Kind::kResponse);
  EXPECT_EQ(reply.status, 202);
  EXPECT_EQ(reply.body, "thanks");
  EXPECT_FALSE(reply.retry_after.has_value());
  EXPECT_EQ(request.substr(0, 24), "POST /a/b?c=d HTTP/1.1\r\n");
  EXPECT_NE(request.find("\r\nContent-Type: application/json\r\n"), std::string::npos) << request;
  EXPECT_NE(request.find("\r\nX-Empty:\r\n"), std::string::npos) << request;
  EXPECT_EQ(request.find("Expect:"), std::string::npos) << request;
  EXPECT_TRUE(request.ends_with("\r\n\r\n{\"a\":1}")) << request;
}

TEST_F(HttpClientTest, retry_after_is_read) {
  ScriptedServer server([&](Peer& peer) {
    peer.ReadRequest();
    peer.Send(Answer("429 Too Many Requests", "Retry-After: 17\r\n", ""));
  });
  const HttpReply reply = Send(Call(server.Url()));
  EXPECT_EQ(reply.status, 429);
  EXPECT_EQ(reply.retry_after, Duration::Seconds(17));
}

TEST_F(HttpClientTest, redirects_are_not_followed) {
  ScriptedServer target([&](Peer& peer) { peer.Send(Answer("200 OK", "", "")); });
  ScriptedServer server([&](Peer& peer) {
    peer.ReadRequest();
    peer.Send(Answer("302 Found", "Location: " + target.Url() + "\r\n", ""));
  });
  EXPECT_EQ(Send(Call(server.Url())).status, 302);
  EXPECT_EQ(target.connections(), 0);
}

TEST_F(HttpClientTest, an_endless_body_is_cut_off) {
  ScriptedServer server([&](Peer& peer) {
    peer.ReadRequest();
    peer.Send("HTTP/1.1 200 OK\r\n\r\n");
    const std::string piece(16 * 1024, 'b');
    while (peer.Send(piece)) {
    }
  });
  const HttpReply reply = Send(Call(server.Url()));
  EXPECT_EQ(reply.kind, Kind::kTooLong);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body.size(), 64u * 1024);
}

TEST_F(HttpClientTest, endless_headers_are_cut_off) {
  ScriptedServer server([&](Peer& peer) {
    peer.ReadRequest();
    peer.Send("HTTP/1.1 200 OK\r\n");
    const std::string line = "X-Header: " + std::string(1000, 'h') + "\r\n";
    while (peer.Send(line)) {
    }
  });
  EXPECT_EQ(Send(Call(server.Url())).kind, Kind::kTooLong);
}

TEST_F(HttpClientTest, a_body_at_the_limit_is_whole) {
  ScriptedServer server([&](Peer& peer) {
    peer.ReadRequest();
    peer.Send(Answer("200 OK", "", std::string(64 * 1024, 'b')));
  });
  const HttpReply reply = Send(Call(server.Url()));
  EXPECT_EQ(reply.kind, Kind::kResponse);
  EXPECT_EQ(reply.body.size(), 64u * 1024);
}

TEST_F(HttpClientTest, a_reset_and_an_early_end_may_have_arrived) {
  ScriptedServer reset([&](Peer& peer) {
    peer.ReadRequest();
    peer.ResetOnClose();
  });
  EXPECT_EQ(Send(Call(reset.Url())).kind, Kind::kBroken);
  ScriptedServer empty([&](Peer& peer) { peer.ReadRequest(); });
  EXPECT_EQ(Send(Call(empty.Url())).kind, Kind::kBroken);
  ScriptedServer partial([&](Peer& peer) {
    peer.ReadRequest();
    peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
  });
  EXPECT_EQ(Send(Call(partial.Url())).kind, Kind::kBroken);
}

TEST_F(HttpClientTest, what_is_not_http_is_broken) {
  for (const std::string text : {"hello\r\n\r\n", "HTTP/9 x\r\n\r\n", "220 smtp.example.com\r\n"}) {
    ScriptedServer server([&](Peer& peer) {
      peer.ReadRequest();
      peer.Send(text);
    });
    EXPECT_EQ(Send(Call(server.Url())).kind, Kind::kBroken) << text;
  }
}

TEST_F(HttpClientTest, a_server_that_never_answers_times_out) {
  ScriptedServer server([&](Peer& peer) { peer.WaitForClose(); });
  const HttpReply reply = Send(Call(server.Url(), Duration{100}));
  EXPECT_EQ(reply.kind, Kind::kTimeout);
  EXPECT_EQ(reply.error, "no answer within 100ms");
}

TEST_F(HttpClientTest, a_server_that_trickles_times_out) {
  ScriptedServer server([&](Peer& peer) {
    peer.ReadRequest();
    peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    peer.WaitForClose();
  });
  EXPECT_EQ(Send(Call(server.Url(), Duration{100})).kind, Kind::kTimeout);
}

TEST_F(HttpClientTest, a_closed_port_is_unreachable) {
  std::string url;
  {
    url = ScriptedServer([](Peer&) {}).Url();
  }
  const HttpReply reply = Send(Call(url));
  EXPECT_EQ(reply.kind, Kind::kUnreachable);
  EXPECT_FALSE(reply.error.empty());
}

TEST_F(HttpClientTest, private_addresses_are_refused_unless_allowed) {
  ScriptedServer server([&](Peer& peer) {
    peer.ReadRequest();
    peer.Send(Answer("200 OK", "", ""));
  });
  Start(false);
  const HttpReply refused = Send(Call(server.Url()));
  EXPECT_EQ(refused.kind, Kind::kForbidden);
  EXPECT_EQ(server.connections(), 0);
  // A name that resolves to this machine is no way around it.
  const std::string port = server.Url("").substr(server.Url("").rfind(':'));
  EXPECT_EQ(Send(Call("http://localhost" + port + "/")).kind, Kind::kForbidden);
  EXPECT_EQ(server.connections(), 0);
  client_->AllowPrivateAddresses(true);
  EXPECT_EQ(Send(Call(server.Url())).status, 200);
}

TEST_F(HttpClientTest, other_schemes_and_broken_urls_send_nothing) {
  for (const std::string url :
       {"file:///etc/passwd", "gopher://127.0.0.1/", "http://", "nonsense:"}) {
    const HttpReply reply = Send(Call(url));
    EXPECT_NE(reply.kind, Kind::kResponse) << url;
    EXPECT_TRUE(reply.body.empty()) << url;
  }
}

TEST_F(HttpClientTest, a_header_cannot_bring_another_one) {
  HttpCall call = Call("http://127.0.0.1:1/");
  call.headers.emplace_back("X-A", "b\r\nX-C: d");
  const HttpReply reply = Send(std::move(call));
  EXPECT_EQ(reply.kind, Kind::kUnreachable);
  EXPECT_EQ(reply.error, "header X-A holds a line end");
}

TEST_F(HttpClientTest, a_server_without_tls_is_not_spoken_to_in_clear) {
  ScriptedServer server([&](Peer& peer) {
    peer.Send(Answer("200 OK", "", "clear"));
    peer.WaitForClose();
  });
  std::string url = server.Url();
  url.replace(0, 4, "https");
  const HttpReply reply = Send(Call(url));
  EXPECT_NE(reply.kind, Kind::kResponse);
  EXPECT_TRUE(reply.body.empty());
}

TEST_F(HttpClientTest, many_calls_at_once_get_their_own_replies) {
  ScriptedServer slow([&](Peer& peer) { peer.WaitForClose(); });
  ScriptedServer server([&](Peer& peer) {
    const std::string request = peer.ReadRequest();
    peer.Send(Answer("200 OK", "", request.substr(6, request.find(' ', 6) - 6)));
  });
  std::promise<HttpReply> hanging;
  client_->Send(Call(slow.Url()), [&](HttpReply reply) { hanging.set_value(std::move(reply)); });
  std::vector<std::promise<HttpReply>> replies(50);
  for (size_t i = 0; i < replies.size(); ++i) {
    client_->Send(Call(server.Url("/" + std::to_string(i))),
                  [&, i](HttpReply reply) { replies[i].set_value(std::move(reply)); });
  }
  for (size_t i = 0; i < replies.size(); ++i) {
    EXPECT_EQ(replies[i].get_future().get().body, std::to_string(i));
  }
  client_.reset();
  EXPECT_EQ(hanging.get_future().get().kind, Kind::kStopped);
}

}  // namespace
}  // namespace escalation
