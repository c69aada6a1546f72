#include <gtest/gtest.h>

#include <sstream>

#include "daemon/api/http_server.h"
#include "escalation/v1/api.pb.h"
#include "ops/app.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr char kPolicy[] = ESCALATION_SOURCE_DIR "/tests/ops/calendar_policy.yaml";

// Answers as a daemon would, and keeps what it was asked.
class Answering : public HttpHandler {
 public:
  void Handle(HttpRequest request, HttpRespond respond) override {
    request_ = std::move(request);
    respond(response_);
  }

  HttpRequest request_;
  HttpResponse response_;
};

class PolicyCommandTest : public testing::Test {
 protected:
  void SetUp() override {
    HttpServerOptions options;
    options.listen = "127.0.0.1:0";
    absl::StatusOr<std::unique_ptr<HttpServer>> server = HttpServer::Start(options, &daemon_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  int Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "policy");
    arguments.insert(arguments.end(), {"--url", Cat("http://", server_->address())});
    std::istringstream in;
    std::ostringstream out, err;
    const int code = RunEscalationctl(arguments, in, out, err);
    out_ = out.str();
    err_ = err.str();
    return code;
  }

  Answering daemon_;
  std::unique_ptr<HttpServer> server_;
  std::string out_;
  std::string err_;
};

TEST_F(PolicyCommandTest, PublishSendsWhatTheFileSays) {
  daemon_.response_.body = R"({"revision":"1","offset":"17"})";
  EXPECT_EQ(Run({"publish", kPolicy, "--expect-revision", "0", "--apply", "running"}), 0) << err_;
  EXPECT_EQ(daemon_.request_.method, "POST");
  EXPECT_EQ(daemon_.request_.path, "/v1/policy");
  EXPECT_EQ(daemon_.request_.MediaType(), "application/x-protobuf");
  v1::PublishPolicyRequest request;
  ASSERT_TRUE(request.ParseFromString(daemon_.request_.body));
  EXPECT_EQ(request.apply(), v1::PolicyPublished::RUNNING);
  EXPECT_EQ(request.expect_revision(), 0);
  EXPECT_GT(request.calendars().calendars_size(), 0);
  EXPECT_EQ(out_, Cat("published policy ", request.policy().name(), ", revision ",
                      request.policy().revision(), ", for tenant default as record 17\n"));
}

TEST_F(PolicyCommandTest, ARefusalIsPassedOn) {
  daemon_.response_ = ErrorResponse(409, "revision 4 is in force, expected 3");
  EXPECT_EQ(Run({"publish", kPolicy, "--expect-revision", "3"}), 1);
  EXPECT_NE(err_.find("revision 4 is in force, expected 3"), std::string::npos) << err_;
  EXPECT_EQ(out_, "");
}

TEST_F(PolicyCommandTest, AWrongFileIsNeverSent) {
  EXPECT_EQ(Run({"publish", "/nowhere.yaml", "--expect-revision", "0"}), 78);
  EXPECT_EQ(daemon_.request_.path, "");
}

TEST_F(PolicyCommandTest, TheExpectedRevisionMustBeNamed) {
  EXPECT_EQ(Run({"publish", kPolicy}), 2);
  EXPECT_EQ(Run({"publish", kPolicy, "--expect-revision", "-1"}), 2);
  EXPECT_EQ(Run({"publish", kPolicy, "--expect-revision", "0", "--apply", "all"}), 2);
  EXPECT_EQ(Run({}), 2);
  EXPECT_EQ(daemon_.request_.path, "");
}

TEST_F(PolicyCommandTest, ShowSumsUp) {
  daemon_.response_.body =
      R"({"tenant":"default","revision":"3","calendars_revision":"2",)"
      R"("calendars":[{"name":"office","zone":"Europe/Berlin"}],)"
      R"("policy":{"name":"example","plans":[{"targets":[{},{}]},{}],"routes":[{}]}})";
  EXPECT_EQ(Run({"show"}), 0) << err_;
  EXPECT_EQ(daemon_.request_.path, "/v1/policy");
  EXPECT_EQ(out_,
            "tenant     default\n"
            "policy     example, revision 3\n"
            "holds      2 plans, 2 targets, 0 escalations, 1 routes\n"
            "calendars  revision 2, office (Europe/Berlin)\n");
  EXPECT_EQ(Run({"show", "-o", "jsonl"}), 0);
  EXPECT_EQ(out_, daemon_.response_.body + "\n");
}

TEST_F(PolicyCommandTest, ShowSaysWhenThereIsNone) {
  daemon_.response_.body = R"({"tenant":"default","revision":"0","policy":null})";
  EXPECT_EQ(Run({"show"}), 0);
  EXPECT_EQ(out_, "tenant     default\npolicy     none was published: no clock runs\n");
}

}  // namespace
}  // namespace escalation
