#include "daemon/api/hook.h"

#include <gtest/gtest.h>

#include <future>
#include <string>
#include <vector>

#include "daemon/source/event_decoder.h"
#include "tests/daemon/source/failing_log.h"

namespace escalation {
namespace {

constexpr Instant kNow{1'773'216'100'000};
constexpr char kAcknowledged[] =
    R"({"id":"e1","action":"acknowledged","key":"default/T-1/wake/1/2","by":"maria"})";

class HookTest : public testing::Test {
 protected:
  void SetUp() override {
    EventIntake::World intake;
    intake.source = "pager_hook";
    intake.tenant = "default";
    DecoderOptions options;
    options.format = SourceFormat::kPager;
    options.tenant = "default";
    auto decoder = MakeDecoder(options);
    ASSERT_TRUE(decoder.ok()) << decoder.status();
    intake.decoder = *std::move(decoder);
    intake.now = [] { return kNow; };
    world_.intake = std::make_unique<EventIntake>(std::move(intake));
    world_.verification.kind = HookVerification::Kind::kHeader;
    world_.verification.header = "x-secret";
    world_.verification.secrets = {Secret("hunter2")};
    world_.letters = &letters_;
    world_.now = [] { return kNow; };
    world_.tell = [](const SourceNotice&) {};
    world_.deadline = &deadline_;
    world_.append = [this](std::vector<v1::Event> events, AppendDone done) {
      appended_.insert(appended_.end(), events.begin(), events.end());
      done(log_.ok() ? absl::StatusOr<std::vector<Offset>>(std::vector<Offset>{Offset{17}})
                     : absl::StatusOr<std::vector<Offset>>(log_));
    };
  }

  HttpResponse Post(const std::string& body, const std::string& secret = "hunter2") {
    if (hook_ == nullptr) hook_ = std::make_unique<Hook>(std::move(world_));
    HttpRequest request;
    request.method = "POST";
    request.body = body;
    request.headers = {{"x-secret", secret}, {"x-trace", "t"}};
    std::promise<HttpResponse> answered;
    std::future<HttpResponse> response = answered.get_future();
    hook_->Handle(std::move(request),
                  [&answered, once = std::make_shared<std::once_flag>()](HttpResponse answer) {
                    std::call_once(*once, [&] { answered.set_value(std::move(answer)); });
                  });
    return response.get();
  }

  FakeLetters letters_;
  absl::Status log_;
  std::vector<v1::Event> appended_;
  AnswerDeadline deadline_;
  Hook::World world_;
  std::unique_ptr<Hook> hook_;
};

TEST_F(HookTest, what_a_person_did_is_in_the_log_before_it_is_answered) {
  const HttpResponse response = Post(kAcknowledged);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "{\"accepted\":1}\n");
  ASSERT_EQ(appended_.size(), 1u);
  EXPECT_EQ(appended_[0].id(), "e1");
  EXPECT_EQ(appended_[0].origin().source(), "pager_hook");
  EXPECT_EQ(appended_[0].page_acknowledged().key(), "default/T-1/wake/1/2");
  EXPECT_EQ(Post(kAcknowledged, "hunter3").status, 401);
  EXPECT_EQ(hook_->Status().unverified, 1u);
  EXPECT_EQ(appended_.size(), 1u);
}

TEST_F(HookTest, pages_of_others_are_counted_and_answered_well) {
  std::string other = kAcknowledged;
  other.replace(other.find("default/"), 8, "elsewhere/");
  const HttpResponse response = Post(other);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "{\"accepted\":0}\n");
  EXPECT_EQ(hook_->Status().ignored, 1u);
  EXPECT_TRUE(appended_.empty());
  EXPECT_TRUE(letters_.letters.empty());
}

TEST_F(HookTest, what_cannot_be_understood_is_kept_as_it_came) {
  EXPECT_EQ(Post("{\"action\":\"silenced\"}").status, 202);
  ASSERT_EQ(letters_.letters.size(), 1u);
  EXPECT_EQ(letters_.letters[0].value(), "{\"action\":\"silenced\"}");
  EXPECT_EQ(letters_.letters[0].reason(), "action: expected acknowledged, resolved or reassigned");
  // The secret that came along is no part of it.
  ASSERT_EQ(letters_.letters[0].headers_size(), 1);
  EXPECT_EQ(letters_.letters[0].headers(0).name(), "x-trace");
}

TEST_F(HookTest, what_cannot_be_kept_now_is_asked_for_again) {
  log_ = absl::UnavailableError("the log is away");
  letters_.fails = true;
  for (const char* body : {kAcknowledged, "no JSON"}) {
    const HttpResponse response = Post(body);
    EXPECT_EQ(response.status, 503) << body;
    ASSERT_EQ(response.headers.size(), 1u);
    EXPECT_EQ(response.headers[0].first, "Retry-After");
  }
}

TEST_F(HookTest, a_log_that_does_not_answer_keeps_nobody_waiting) {
  AppendDone late;
  world_.answer_max = std::chrono::milliseconds(1);
  world_.append = [&late](std::vector<v1::Event>, AppendDone done) { late = std::move(done); };
  const HttpResponse response = Post(kAcknowledged);
  EXPECT_EQ(response.status, 503);
  EXPECT_NE(response.body.find("send it again"), std::string::npos) << response.body;
  hook_ = nullptr;  // Its thread has come to its end.
  if (late) late(std::vector<Offset>{Offset{17}});
}

}  // namespace
}  // namespace escalation
