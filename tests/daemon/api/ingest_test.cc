#include "daemon/api/ingest.h"

#include <gtest/gtest.h>

#include <string>

namespace escalation {
namespace {

constexpr Instant kNow{1'773'212'400'000};
constexpr char kEvent[] = R"({"id":"e1","ticket_id":"T-1","opened":{}})";

class IngestTest : public testing::Test {
 protected:
  HttpResponse Post(const std::string& body, const std::string& type = "application/json",
                    const std::string& method = "POST") {
    Ingest ingest(
        {"default",
         {"default", "acme"},
         "http",
         [this](const std::string& tenant) { return tenant == "acme" ? redactor_ : nullptr; }},
        [] { return kNow; },
        [this](std::vector<v1::Event> events, AppendDone done) {
          appended_ = std::move(events);
          if (!log_.ok()) return done(log_);
          std::vector<Offset> offsets;
          for (size_t i = 0; i < appended_.size(); ++i) {
            offsets.push_back(Offset{17 + static_cast<int64_t>(i)});
          }
          done(offsets);
        });
    HttpRequest request;
    request.method = method;
    request.path = "/v1/events";
    request.body = body;
    if (!type.empty()) request.headers.emplace_back("content-type", type);
    HttpResponse got;
    got.status = 0;
    ingest.Handle(std::move(request), [&got](HttpResponse response) { got = std::move(response); });
    return got;
  }

  absl::Status log_;
  std::shared_ptr<const Redactor> redactor_;
  std::vector<v1::Event> appended_;
};

TEST_F(IngestTest, what_is_durable_is_acknowledged_with_its_offsets) {
  const std::string two = "[" + std::string(kEvent) + "," + kEvent + "]";
  const HttpResponse response = Post(two, "application/json; charset=utf-8");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "{\"accepted\":2,\"offsets\":[\"17\",\"18\"]}\n");
  EXPECT_EQ(Post(std::string(kEvent) + "\n", "application/x-ndjson").status, 200);
}

TEST_F(IngestTest, tenant_origin_and_time_of_writing_are_ours) {
  EXPECT_EQ(
      Post(R"({"id":"e1","ticket_id":"T-1","opened":{},"origin":{"source":"x","positioned":true},)"
           R"("written_at":"2001-01-01T00:00:00Z"})")
          .status,
      200);
  ASSERT_EQ(appended_.size(), 1u);
  EXPECT_EQ(appended_[0].tenant(), "default");
  EXPECT_EQ(appended_[0].origin().source(), "http");
  EXPECT_FALSE(appended_[0].origin().positioned());
  EXPECT_EQ(FromProto(appended_[0].written_at()), kNow);
}

TEST_F(IngestTest, texts_are_redacted_by_their_tenants_policy_before_they_are_appended) {
  v1::Redaction redaction;
  redaction.set_emails(true);
  redactor_ = std::make_shared<const Redactor>(*Redactor::Create(redaction));
  const std::string rest = R"("ticket_id":"T-1","opened":{"subject":"ann@h.example"}})";
  EXPECT_EQ(Post(R"([{"id":"e1","tenant":"acme",)" + rest + R"(,{"id":"e2",)" + rest +
                 R"(,{"id":"e3","tenant":"acme",)" + rest + "]")
                .status,
            200);
  ASSERT_EQ(appended_.size(), 3u);
  EXPECT_EQ(appended_[0].opened().subject(), "[email]");
  EXPECT_EQ(appended_[1].opened().subject(), "ann@h.example");
  EXPECT_EQ(appended_[2].opened().subject(), "[email]");
}

TEST_F(IngestTest, one_bad_event_refuses_all_and_nothing_is_written) {
  struct Row {
    int line;
    std::string body;
    std::string expected;
  };
  const Row rows[] = {
      {__LINE__, "", R"({"error":{"message":"expected an object, got nothing"}})"},
      {__LINE__, R"({"id":"e","ticket_id":"T","opend":{}})",
       R"({"error":{"message":"opend: unknown field; did you mean \"opened\"?","field":"opend"}})"},
      {__LINE__, R"({"id":"e","opened":{}})",
       R"({"error":{"message":"ticket_id: is missing","field":"ticket_id"}})"},
      {__LINE__, R"({"id":"e","ticket_id":"T","opened":{},"tenant":"other"})",
       R"({"error":{"message":"tenant: \"other\" is not served here","field":"tenant"}})"},
      {__LINE__, R"({"id":"e","tick":{}})",
       R"({"error":{"message":"tick: is written by escalationd only","field":"tick"}})"},
      {__LINE__, "[" + std::string(kEvent) + R"(,{"id":"e","opened":{}}])",
       R"({"error":{"message":"events[1].ticket_id: is missing","field":"events[1].ticket_id"}})"},
      {__LINE__, "[" + std::string(kEvent) + ",{}]",
       R"({"error":{"message":"events[1]: an event without a body, expected one such as \"opened\"","field":"events[1]"}})"},
  };
  for (const Row& row : rows) {
    const HttpResponse response = Post(row.body);
    EXPECT_EQ(response.status, 400) << "line " << row.line;
    EXPECT_EQ(response.body, row.expected + "\n") << "line " << row.line;
    EXPECT_TRUE(appended_.empty()) << "line " << row.line;
  }
}

TEST_F(IngestTest, other_methods_and_types_are_refused) {
  EXPECT_EQ(Post(kEvent, "application/json", "GET").status, 405);
  for (const std::string type : {"", "text/plain", "application/x-www-form-urlencoded"}) {
    EXPECT_EQ(Post(kEvent, type).status, 415) << type;
  }
  EXPECT_EQ(Post(kEvent, "text/plain").body,
            "{\"error\":{\"message\":\"Content-Type is text/plain, expected application/json, "
            "application/x-ndjson\"}}\n");
  EXPECT_TRUE(appended_.empty());
}

TEST_F(IngestTest, a_log_that_cannot_take_it_now_asks_to_come_again) {
  log_ = absl::ResourceExhaustedError("log: the disk is full");
  const HttpResponse full = Post(kEvent);
  EXPECT_EQ(full.status, 503);
  ASSERT_EQ(full.headers.size(), 1u);
  EXPECT_EQ(full.headers[0].first, "Retry-After");
  log_ = absl::UnavailableError("log: stopping");
  EXPECT_EQ(Post(kEvent).status, 503);
  log_ = absl::DataLossError("log: corrupt");
  EXPECT_EQ(Post(kEvent).status, 500);
}

}  // namespace
}  // namespace escalation
