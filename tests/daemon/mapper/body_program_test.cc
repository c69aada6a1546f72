// Bodies of webhooks, made in the real process with its real limits.
#include "daemon/deliver/body_program.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "daemon/deliver/sample_pages.h"
#include "daemon/deliver/webhook.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr char kMapper[] = ESCALATION_BINARY_DIR "/daemon/escalation-mapper";

std::unique_ptr<BodyProgram> Program(const std::string& text) {
  auto program = BodyProgram::Start({"body.jq", text}, kMapper);
  EXPECT_TRUE(program.ok()) << program.status();
  return program.ok() ? *std::move(program) : nullptr;
}

// "json BODY", "text BODY", or what is wrong.
std::string Made(const std::string& text, const Delivery& delivery = SamplePages("hook")[0]) {
  const absl::StatusOr<PageBody> body = Program(text)->Make(delivery);
  if (!body.ok()) return body.status().ToString();
  return Cat(body->is_json ? "json " : "text ", body->bytes);
}

TEST(BodyProgram, makes_its_body_of_the_standard_one) {
  EXPECT_EQ(Made("{summary: .title, key: $key, at: $stamped}"),
            R"(json {"summary":"high T-1001: Nobody can log in: \"502\" <b>& more</b>",)"
            R"("key":"default/T-1001/night/1/1","at":"2026-03-11T07:00:00Z"})");
  const Delivery page = SamplePages("hook")[0];
  EXPECT_EQ(Made("tojson | length", page), Cat("json ", WebhookBody(page).size()));
  EXPECT_EQ(Made("[.type, $headers, $topic]"), R"(json ["page_requested",{},null])");
}

TEST(BodyProgram, a_text_is_the_body_as_it_is) {
  EXPECT_EQ(Made(R"("payload=" + (.type | @uri) + "\n")"), "text payload=page_requested\n");
}

TEST(BodyProgram, every_kind_of_page_has_one) {
  const auto program = Program("{(.type): .decision.id}");
  std::string bodies;
  for (const Delivery& page : SamplePages("hook")) {
    const absl::StatusOr<PageBody> body = program->Make(page);
    ASSERT_TRUE(body.ok()) << body.status();
    CatTo(&bodies, body->bytes.substr(0, body->bytes.find(':')), " ");
  }
  EXPECT_EQ(bodies,
            "{\"page_requested\" {\"page_digest\" {\"page_acknowledged\" {\"page_closed\" ");
}

TEST(BodyProgram, what_is_no_body_is_said) {
  EXPECT_EQ(Made("empty"), "ABORTED: body.jq: gave no body");
  EXPECT_EQ(Made("null"), "ABORTED: body.jq: gave no body");
  EXPECT_EQ(Made("\"\""), "ABORTED: body.jq: gave no body");
  EXPECT_EQ(Made("\"a\\u0000b\""), "ABORTED: body.jq: gave no body");
  EXPECT_EQ(Made("1, 2"), "ABORTED: body.jq: gave more than one body");
  EXPECT_EQ(Made("error(\"no idea\")"), "ABORTED: body.jq: no idea");
  EXPECT_EQ(Made("[range(1000000)] | map(\"xxxxxxxxxx\")").substr(0, 27),
            "DEADLINE_EXCEEDED: body.jq:");
}

TEST(BodyProgram, one_that_had_to_be_ended_runs_again) {
  const auto program = Program("if .type == \"page_closed\" then last(repeat(1)) else .type end");
  const std::vector<Delivery> pages = SamplePages("hook");
  EXPECT_EQ(program->Make(pages[3]).status(),
            absl::DeadlineExceededError("body.jq: took more than 250ms of processor time"));
  const absl::StatusOr<PageBody> body = program->Make(pages[0]);
  ASSERT_TRUE(body.ok()) << body.status();
  EXPECT_EQ(body->bytes, "page_requested");
}

TEST(BodyProgram, one_that_does_not_compile_says_where) {
  const auto program = BodyProgram::Start({"body.jq", "{\n  a: nope\n}"}, kMapper);
  EXPECT_TRUE(absl::IsInvalidArgument(program.status())) << program.status();
  EXPECT_EQ(program.status().message(), "body.jq:2:6: nope/0 is not defined");
}

}  // namespace
}  // namespace escalation
