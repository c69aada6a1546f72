#include "daemon/api/api_gate.h"

#include <gtest/gtest.h>

#include <string>

#include "state/base/text.h"

namespace escalation {
namespace {

constexpr char kReader[] = "reader-0123456789abcdef";
constexpr char kWriter[] = "writer-0123456789abcdef";
constexpr char kOperator[] = "operator-0123456789abcdef";

class PassedThrough : public HttpHandler {
 public:
  void Handle(HttpRequest, HttpRespond respond) override { respond({}); }
};

class ApiGateTest : public testing::Test {
 protected:
  HttpResponse Ask(const std::string& method, const std::string& path,
                   const std::string& authorization) {
    HttpRequest request;
    request.method = method;
    request.path = path;
    if (!authorization.empty()) request.headers.emplace_back("authorization", authorization);
    HttpResponse got;
    got.status = 0;
    gate_.Handle(std::move(request), [&got](HttpResponse response) { got = std::move(response); });
    return got;
  }
  int StatusOf(const std::string& method, const std::string& path, const std::string& token) {
    return Ask(method, path, token.empty() ? "" : Cat("Bearer ", token)).status;
  }

  PassedThrough handler_;
  ApiGate gate_{
      {{"dashboards", Secret(kReader), {ApiScope::kRead}},
       {"helpdesk", Secret(kWriter), {ApiScope::kWrite}},
       {"operator", Secret(kOperator), {ApiScope::kRead, ApiScope::kWrite, ApiScope::kAdmin}}},
      &handler_};
};

TEST_F(ApiGateTest, each_token_is_good_for_its_scopes) {
  const struct {
    int line;
    const char* method;
    const char* path;
    int none, reader, writer, admin;
  } rows[] = {
      {__LINE__, "GET", "/v1/tickets", 401, 200, 403, 200},
      {__LINE__, "HEAD", "/v1/tickets", 401, 200, 403, 200},
      {__LINE__, "GET", "/metrics", 401, 200, 403, 200},
      {__LINE__, "GET", "/v1/policy", 401, 200, 403, 200},
      {__LINE__, "POST", "/v1/events", 401, 403, 200, 200},
      {__LINE__, "POST", "/v1/dead-letters/1/retry", 401, 403, 200, 200},
      {__LINE__, "DELETE", "/v1/tickets", 401, 403, 200, 200},
      {__LINE__, "POST", "/v1/policy", 401, 403, 403, 200},
      {__LINE__, "GET", "/", 401, 200, 403, 200},
      {__LINE__, "GET", "/-/healthy", 200, 200, 200, 200},
      {__LINE__, "GET", "/-/ready", 200, 200, 200, 200},
      // Whose senders are verified in their own ways.
      {__LINE__, "POST", "/v1/hooks/pager", 200, 200, 200, 200},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(StatusOf(row.method, row.path, ""), row.none) << row.line;
    EXPECT_EQ(StatusOf(row.method, row.path, kReader), row.reader) << row.line;
    EXPECT_EQ(StatusOf(row.method, row.path, kWriter), row.writer) << row.line;
    EXPECT_EQ(StatusOf(row.method, row.path, kOperator), row.admin) << row.line;
  }
}

TEST_F(ApiGateTest, what_is_no_token_does_not_pass) {
  for (const std::string& header :
       {Cat("Bearer ", kReader, "x"), Cat("Bearer ", std::string(kReader).substr(1)),
        Cat("Basic ", kReader), std::string(kReader), std::string("Bearer "), std::string("Bearer"),
        Cat("Bearer  ", kReader), Cat("Bearer ", kReader, " ")}) {
    EXPECT_EQ(Ask("GET", "/v1/tickets", header).status, 401) << header;
  }
  // The word is read in any case.
  EXPECT_EQ(Ask("GET", "/v1/tickets", Cat("bearer ", kReader)).status, 200);
}

TEST_F(ApiGateTest, refusals_say_what_is_expected_and_no_secret) {
  const HttpResponse none = Ask("GET", "/v1/tickets", "");
  EXPECT_EQ(none.body,
            "{\"error\":{\"message\":\"a token is missing, expected the header Authorization: "
            "Bearer TOKEN\"}}\n");
  ASSERT_EQ(none.headers.size(), 1u);
  EXPECT_EQ(none.headers[0].first, "WWW-Authenticate");
  const HttpResponse unknown = Ask("GET", "/v1/tickets", "Bearer hunter2");
  EXPECT_EQ(unknown.body, "{\"error\":{\"message\":\"the token is not known here\"}}\n");
  const HttpResponse other = Ask("POST", "/v1/events", Cat("Bearer ", kReader));
  EXPECT_EQ(other.body,
            "{\"error\":{\"message\":\"the token \\\"dashboards\\\" is not for this, expected one "
            "with the scope write\"}}\n");
  EXPECT_NE(gate_.Metrics().find("{status=\"401\"} 2\n"), std::string::npos) << gate_.Metrics();
  EXPECT_NE(gate_.Metrics().find("{status=\"403\"} 1\n"), std::string::npos) << gate_.Metrics();
}

TEST_F(ApiGateTest, tokens_may_change) {
  gate_.SetTokens({{"dashboards", Secret("another-0123456789abcdef"), {ApiScope::kRead}}});
  EXPECT_EQ(StatusOf("GET", "/v1/tickets", kReader), 401);
  EXPECT_EQ(StatusOf("GET", "/v1/tickets", "another-0123456789abcdef"), 200);
  // None: everything passes; the config allows it on loopback only.
  gate_.SetTokens({});
  EXPECT_EQ(StatusOf("POST", "/v1/policy", ""), 200);
}

}  // namespace
}  // namespace escalation
