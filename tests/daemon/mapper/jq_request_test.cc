#include "daemon/source/jq_request.h"

#include <gtest/gtest.h>

#include <string>

namespace escalation {
namespace {

SourceMessage Message(std::string value) {
  SourceMessage message;
  message.value = std::move(value);
  message.stamped = *ParseInstant("2026-03-10T23:00:00.250Z");
  return message;
}

std::string QuotedLarge(std::string_view text) {
  std::string out;
  EXPECT_TRUE(AppendQuotingLarge(text, &out).ok());
  return out;
}

TEST(JqRequestTest, a_hook_has_no_topic_and_no_key) {
  EXPECT_EQ(
      *JqRequest(Message("[1]")),
      R"({"body":[1],"headers":{},"topic":null,"key":null,"stamped":"2026-03-10T23:00:00.250Z"})");
}

TEST(JqRequestTest, the_first_header_of_a_name_counts_in_lower_case) {
  SourceMessage message = Message("{}");
  message.topic = "t";
  message.key = "k\xff";
  message.headers = {{"X-Kind", "a\""}, {"x-kind", "b"}, {"other", ""}};
  EXPECT_EQ(*JqRequest(message),
            R"({"body":{},"headers":{"x-kind":"a\"","other":""},"topic":"t","key":"k)"
            "\xEF\xBF\xBD"
            R"(","stamped":"2026-03-10T23:00:00.250Z"})");
}

TEST(JqRequestTest, whole_numbers_that_a_double_cannot_hold_become_strings) {
  EXPECT_EQ(QuotedLarge("[9007199254740992,9007199254740993,-9007199254740992,-9007199254740993]"),
            R"([9007199254740992,"9007199254740993",-9007199254740992,"-9007199254740993"])");
  EXPECT_EQ(QuotedLarge(R"({"id":123456789012345678901234567890})"),
            R"({"id":"123456789012345678901234567890"})");
  EXPECT_EQ(QuotedLarge("9223372036854775808"), "\"9223372036854775808\"");
  EXPECT_EQ(QuotedLarge("[1e300,12345678901234567890.5,-0,0.1]"),
            "[1e300,12345678901234567890.5,-0,0.1]");
}

TEST(JqRequestTest, numbers_within_strings_and_keys_stay) {
  const std::string text = R"({"9007199254740993":"9007199254740993 \" 9007199254740993 \\"})";
  EXPECT_EQ(QuotedLarge(text), text);
}

TEST(JqRequestTest, what_is_not_json_is_told_with_its_place) {
  const struct {
    int line;
    std::string value;
    const char* wanted;
  } rows[] = {
      {__LINE__, "", "expected JSON, got no byte"},
      {__LINE__, "{\"a\":\n nope}", "2:2: "},
      {__LINE__, "{} {}", "1:4: "},
      {__LINE__, "NaN", "1:1: "},
      {__LINE__, std::string("{}\0{", 4), "1:3: "},
      {__LINE__, "[\"\xff\"]", "expected JSON in UTF-8"},
      {__LINE__, R"(["\ud800"])",
       "JSON with a number out of range, or with half of a surrogate pair"},
      {__LINE__, "[1e999]", "JSON with a number out of range, or with half of a surrogate pair"},
  };
  for (const auto& row : rows) {
    const auto request = JqRequest(Message(row.value));
    EXPECT_TRUE(absl::IsInvalidArgument(request.status())) << "row " << row.line;
    const std::string got(request.status().message());
    EXPECT_EQ(got.substr(0, std::string(row.wanted).size()), row.wanted)
        << "row " << row.line << ": " << got;
  }
}

TEST(JqRequestTest, nesting_is_bounded) {
  const auto nested = [](size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(JqRequest(Message(nested(250))).ok());
  EXPECT_EQ(JqRequest(Message(nested(251))).status().message(),
            "byte 250: JSON nested deeper than 250");
  EXPECT_FALSE(JqRequest(Message(nested(1'000'000))).ok());
}

}  // namespace
}  // namespace escalation
