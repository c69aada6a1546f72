#include "daemon/source/json_scanner.h"

#include <gtest/gtest.h>

#include <string>

namespace escalation {
namespace {

using Kind = JsonScanner::Kind;

// Reads any value and gives it back in one fixed form.
std::string ReadAny(JsonScanner* scanner) {
  std::string text;
  std::string_view number;
  bool flag = false;
  switch (scanner->Peek()) {
    case Kind::kObject: {
      std::string out = "{";
      scanner->BeginObject();
      while (scanner->NextKey(&text)) {
        out += text + "=";
        out += ReadAny(scanner) + ";";
      }
      return out + "}";
    }
    case Kind::kArray: {
      std::string out = "[";
      scanner->BeginArray();
      while (scanner->NextElement()) out += ReadAny(scanner) + ";";
      return out + "]";
    }
    case Kind::kString:
      scanner->ReadString(&text);
      return "'" + text + "'";
    case Kind::kNumber:
      scanner->ReadNumber(&number);
      return std::string(number);
    case Kind::kTrue:
    case Kind::kFalse:
      scanner->ReadBool(&flag);
      return flag ? "true" : "false";
    default:
      scanner->ReadNull();
      return "null";
  }
}

std::string Read(std::string_view text) {
  JsonScanner scanner(text);
  const std::string out = ReadAny(&scanner);
  return scanner.ReadEnd() ? out : scanner.error();
}

struct Row {
  int line;
  std::string text;
  std::string expected;
};

TEST(JsonScanner, reads_what_the_standard_allows) {
  const Row rows[] = {
      {__LINE__, R"({"a":1,"b":[true,false,null]})", "{a=1;b=[true;false;null;];}"},
      {__LINE__, " \t\r\n[ ]\n", "[]"},
      {__LINE__, "{ }", "{}"},
      {__LINE__, R"("")", "''"},
      {__LINE__, R"("\"\\\/\b\f\n\r\t")", "'\"\\/\b\f\n\r\t'"},
      {__LINE__, R"("\u00e9\u20ac\uD83D\uDE00")", "'\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80'"},
      {__LINE__, "\"\xC3\xA9\xF0\x9F\x98\x80\"", "'\xC3\xA9\xF0\x9F\x98\x80'"},
      {__LINE__, "-0.5e+10", "-0.5e+10"},
      {__LINE__, "0", "0"},
  };
  for (const Row& row : rows) EXPECT_EQ(Read(row.text), row.expected) << "line " << row.line;
}

TEST(JsonScanner, refuses_everything_else_and_says_where) {
  const Row rows[] = {
      {__LINE__, "", "byte 0: expected a value, but the text ends here"},
      {__LINE__, "{", "byte 1: expected a field name in quotes, but the text ends here"},
      {__LINE__, R"({"a")", "byte 4: expected \":\", but the text ends here"},
      {__LINE__, R"({"a":)", "byte 5: expected a value, but the text ends here"},
      {__LINE__, R"({"a":1)", "byte 6: expected \",\" or \"}\", but the text ends here"},
      {__LINE__, R"({"a":1,})", "byte 7: expected a field name in quotes, got }"},
      {__LINE__, R"({a:1})", "byte 1: expected a field name in quotes, got a:1"},
      {__LINE__, R"({"a" 1})", "byte 5: expected \":\", got 1"},
      {__LINE__, "[1,]", "byte 3: expected a value, got ]"},
      {__LINE__, "[,1]", "byte 1: expected a value, got ,1"},
      {__LINE__, "[1 2]", "byte 3: expected \",\" or \"]\", got 2"},
      {__LINE__, "[1}", "byte 2: expected \",\" or \"]\", got }"},
      {__LINE__, "01", "byte 1: expected nothing more, got 1"},
      {__LINE__, "1.", "byte 2: expected a digit, but the text ends here"},
      {__LINE__, "1e", "byte 2: expected a digit, but the text ends here"},
      {__LINE__, "-", "byte 1: expected a number, but the text ends here"},
      {__LINE__, "+1", "byte 0: expected a value, got +1"},
      {__LINE__, "NaN", "byte 0: expected a value, got NaN"},
      {__LINE__, "truth", "byte 0: expected a value, got truth"},
      {__LINE__, "'a'", "byte 0: expected a value, got 'a'"},
      {__LINE__, "{} {}", "byte 3: expected nothing more, got {"},
      {__LINE__, "\"a", "byte 2: expected the end of a string, but the text ends here"},
      {__LINE__, "\"a\nb\"",
       "byte 2: a control character in a string, expected an escape such as \\n"},
      {__LINE__, R"("\x")", R"(byte 2: expected one of \" \\ \/ \b \f \n \r \t \u, got x")"},
      {__LINE__, R"("\u12g4")", "byte 5: expected four hexadecimal digits, got g4\""},
      {__LINE__, R"("\u0000")", "byte 7: \\u0000 is not accepted in text"},
      {__LINE__, R"("\uD83D")", "byte 7: half of a surrogate pair"},
      {__LINE__, R"("\uD83D\u0041")", "byte 13: half of a surrogate pair"},
      {__LINE__, R"("\uDE00")", "byte 7: half of a surrogate pair"},
      {__LINE__, "\"\xFF\"", "byte 1: not valid UTF-8"},
      {__LINE__, "\"\xC3\"", "byte 1: not valid UTF-8"},
      {__LINE__, "\"\xC0\xAF\"", "byte 1: not valid UTF-8"},
      {__LINE__, "\"\xED\xA0\x80\"", "byte 1: not valid UTF-8"},
      {__LINE__, "\"\xF4\x90\x80\x80\"", "byte 1: not valid UTF-8"},
      {__LINE__, "\xEF\xBB\xBF{}", "byte 0: expected a value, got \\xef\\xbb\\xbf{"},
      {__LINE__, std::string("{}\0", 3), "byte 2: expected nothing more, got \\x00"},
      {__LINE__, std::string("\"\0\"", 3),
       "byte 1: a control character in a string, expected an escape such as \\n"},
  };
  for (const Row& row : rows) EXPECT_EQ(Read(row.text), row.expected) << "line " << row.line;
}

TEST(JsonScanner, depth_is_bounded) {
  const std::string fits = std::string(32, '[') + std::string(32, ']');
  EXPECT_EQ(Read(fits).substr(0, 4), "[[[[");
  EXPECT_EQ(Read(std::string(33, '[') + std::string(33, ']')), "byte 32: nested deeper than 32");
  EXPECT_EQ(Read(std::string(1'000'000, '[')), "byte 32: nested deeper than 32");
}

TEST(JsonScanner, every_truncation_fails) {
  const std::string whole = R"({"a":[1,-2.5e3,"x\u20ac"],"b":{"c":null,"d":true}})";
  ASSERT_EQ(Read(whole).front(), '{');
  for (size_t bytes = 0; bytes < whole.size(); ++bytes) {
    EXPECT_EQ(Read(std::string_view(whole).substr(0, bytes)).substr(0, 5), "byte ") << bytes;
  }
}

TEST(JsonScanner, code_points_are_counted) {
  EXPECT_EQ(CodePoints("a\xC3\xA9\xF0\x9F\x98\x80"), 3u);
  EXPECT_TRUE(IsUtf8("a\xC3\xA9\xF0\x9F\x98\x80"));
  EXPECT_FALSE(IsUtf8("\xE2\x82"));
}

}  // namespace
}  // namespace escalation
