#include "daemon/source/json_document.h"

#include <gtest/gtest.h>

#include <string>

namespace escalation {
namespace {

std::string ErrorOf(std::string_view text) {
  const auto node = ParseJson(text);
  return node.ok() ? "ok" : std::string(node.status().message());
}

TEST(JsonDocument, says_where_text_is_not_json) {
  struct Row {
    int line;
    const char* text;
    const char* error;
  };
  const Row rows[] = {
      {__LINE__, "{}", "ok"},
      {__LINE__, " [1, -0.5e+3, \"\\u00fc\", true, null, {\"a\":[]}]\n", "ok"},
      {__LINE__, "", "1:1: expected a value"},
      {__LINE__, "{\n  \"a\" 1}", "2:7: expected \":\""},
      {__LINE__, "[1 2]", "1:4: expected \",\" or \"]\""},
      {__LINE__, "[1,]", "1:4: expected a value"},
      {__LINE__, "{a:1}", "1:2: expected a name in quotes"},
      {__LINE__, "[01]", "1:3: expected \",\" or \"]\""},
      {__LINE__, "[1.]", "1:4: expected a digit"},
      {__LINE__, "\"a", "1:3: a string that does not end"},
      {__LINE__, "\"\\x\"", "1:3: not an escape of JSON"},
      {__LINE__, "\"\\u12g4\"", "1:3: not an escape of JSON"},
      {__LINE__, "\"\n\"", "1:2: a control character in a string"},
      {__LINE__, "1 2", "1:3: expected nothing more"},
      {__LINE__, "\"\\", "1:3: not an escape of JSON"},
      {__LINE__, "\"\\u", "1:3: not an escape of JSON"},
  };
  for (const Row& row : rows) EXPECT_EQ(ErrorOf(row.text), row.error) << "line " << row.line;
  EXPECT_EQ(ErrorOf(std::string(512, '[') + std::string(512, ']')), "ok");
  EXPECT_EQ(ErrorOf(std::string(100'000, '[')), "1:514: deeper than 512");
}

TEST(JsonDocument, strings_are_read_and_written_the_same) {
  struct Row {
    int line;
    std::string quoted;
    std::string text;
  };
  const Row rows[] = {
      {__LINE__, R"("")", ""},
      {__LINE__, R"("a\"b\\c/d\n\t\r\b\f")", "a\"b\\c/d\n\t\r\b\f"},
      {__LINE__, R"("\u0000\u001f")", std::string("\0\x1f", 2)},
      {__LINE__, "\"gr\xC3\xBC\xC3\x9F\"", "gr\xC3\xBC\xC3\x9F"},
      {__LINE__, R"("\ud800x")", "\xED\xA0\x80x"},
      {__LINE__, R"("\udfff")", "\xED\xBF\xBF"},
      {__LINE__, "\"\xFF\"", "\xFF"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(JsonUnescaped(row.quoted), row.text) << "line " << row.line;
    EXPECT_EQ(JsonQuoted(row.text), row.quoted) << "line " << row.line;
  }
  EXPECT_EQ(JsonUnescaped(R"("\/\u00fc\ud83d\ude00")"), "/\xC3\xBC\xF0\x9F\x98\x80");
}

TEST(JsonDocument, what_is_not_replaced_stays_byte_by_byte) {
  const std::string text = "{ \"a\" : 1.50 , \"b\":[ \"x\\u0041\",\t\"y\" ],\"a\":\"z\" }\n";
  const auto root = ParseJson(text);
  ASSERT_TRUE(root.ok());
  JsonEdit nothing(text);
  EXPECT_EQ(nothing.Finish(), text);
  JsonEdit edit(text);
  edit.Replace(root->Find("b")->children[1], "null");
  edit.Replace(*root->Find("a"), "2");
  EXPECT_EQ(edit.Finish(), "{ \"a\" : 1.50 , \"b\":[ \"x\\u0041\",\tnull ],\"a\":2 }\n");
  EXPECT_EQ(root->Find("c"), nullptr);
}

}  // namespace
}  // namespace escalation
