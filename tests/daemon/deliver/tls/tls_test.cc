// Pages, and the keys in them, go to nobody whose certificate does not say that it is the provider.

#include <gtest/gtest.h>

#include <csignal>
#include <future>
#include <string>

#include "daemon/deliver/http_client.h"
#include "tests/daemon/deliver/tls/tls_server.h"
#include "tests/support/temporary_directory.h"

namespace escalation {
namespace {

using Kind = HttpReply::Kind;

class TlsTest : public testing::Test {
 protected:
  // A peer that refuses a certificate hangs up while the server still writes.
  TlsTest() { std::signal(SIGPIPE, SIG_IGN); }

  HttpReply Post(const TlsServer& server, const std::string& ca_file) {
    HttpClientOptions options;
    options.allow_private_addresses = true;
    options.ca_file = ca_file;
    const auto client = *CurlHttpClient::Start(options);
    HttpCall call;
    call.url = server.Url();
    call.body = "{\"key\":\"hunter2\"}";
    std::promise<HttpReply> promise;
    client->Send(std::move(call), [&](HttpReply reply) { promise.set_value(std::move(reply)); });
    return promise.get_future().get();
  }
  // Told to trust the server's certificate, which may still be the wrong one.
  HttpReply PostTrusting(const TlsServer& server) {
    const std::string file = folder_ / "ca.pem";
    server.WriteCertificate(file);
    return Post(server, file);
  }

  TemporaryDirectory folder_;
};

TEST_F(TlsTest, a_server_that_proves_who_it_is_gets_the_page) {
  const TlsServer server({});
  const HttpReply reply = PostTrusting(server);
  EXPECT_EQ(reply.kind, Kind::kResponse) << reply.error;
  EXPECT_EQ(reply.status, 200);
  EXPECT_GT(server.heard(), 0u);
}

TEST_F(TlsTest, who_vouches_only_for_itself_hears_nothing) {
  const TlsServer server({});
  const HttpReply reply = Post(server, "");
  EXPECT_NE(reply.kind, Kind::kResponse);
  EXPECT_FALSE(reply.error.empty());
  EXPECT_EQ(server.heard(), 0u);
}

TEST_F(TlsTest, a_certificate_of_another_name_hears_nothing) {
  const TlsServer server({.name = "DNS:example.com"});
  EXPECT_NE(PostTrusting(server).kind, Kind::kResponse);
  EXPECT_EQ(server.heard(), 0u);
}

TEST_F(TlsTest, a_certificate_whose_time_is_over_hears_nothing) {
  const TlsServer server({.valid_from = -7200, .valid_until = -3600});
  EXPECT_NE(PostTrusting(server).kind, Kind::kResponse);
  EXPECT_EQ(server.heard(), 0u);
}

}  // namespace
}  // namespace escalation
