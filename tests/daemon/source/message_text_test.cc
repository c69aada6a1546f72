#include "daemon/source/message_text.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "daemon/source/event_json.h"

namespace escalation {
namespace {

std::string TokensOf(std::string_view text) {
  std::string out;
  for (const std::string& token : ReadMessageText(text).tokens) {
    out += out.empty() ? "" : " ";
    out += token;
  }
  return out;
}

struct TokenRow {
  int line;
  std::string_view claim;
  std::string_view text;
  std::string_view tokens;
};

constexpr TokenRow kTokenRows[] = {
    {__LINE__, "nothing", "", ""},
    {__LINE__, "alone", "#escalate", "#escalate"},
    {__LINE__, "any case", "#Escalate", "#escalate"},
    {__LINE__, "before punctuation", "#Escalate! now", "#escalate"},
    {__LINE__, "at a sentence's end", "I want to #escalate.", "#escalate"},
    {__LINE__, "in brackets, quotes and emphasis", "(#a) '#b' \"#c\" *#d* ~#e~ [#f]",
     "#a #b #c #d #e #f"},
    {__LINE__, "once", "#escalate #ESCALATE #escalate", "#escalate"},
    {__LINE__, "in order", "#b #a", "#b #a"},
    {__LINE__, "digits, underscores and dashes", "#a_1-b", "#a_1-b"},
    {__LINE__, "a longer word is another token", "#escalated", "#escalated"},
    {__LINE__, "with a dash too", "#escalate-now", "#escalate-now"},
    {__LINE__, "after a word", "x#escalate", ""},
    {__LINE__, "after a digit", "1#escalate", ""},
    {__LINE__, "after a letter of another script", "\xC3\xA9#escalate", ""},
    {__LINE__, "after an underscore", "_#escalate", ""},
    {__LINE__, "before a letter of another script", "#escalat\xC3\xA9", ""},
    {__LINE__, "after and before punctuation of another script",
     "\xE2\x80\x9C#escalate\xE2\x80\x9D\xE2\x80\x94#now\xEF\xBC\x81", "#escalate #now"},
    {__LINE__, "after a picture", "\xF0\x9F\x94\xA5#escalate\xF0\x9F\x94\xA5", "#escalate"},
    {__LINE__, "after a no-break space", "a\xC2\xA0#escalate", "#escalate"},
    {__LINE__, "a second hash", "##escalate", ""},
    {__LINE__, "two in a row", "#a#b", "#a"},
    {__LINE__, "a heading", "# escalate", ""},
    {__LINE__, "a hash alone", "#", ""},
    {__LINE__, "a hash before punctuation", "#! #.", ""},
    {__LINE__, "a hash that Markdown escapes", "\\#escalate", "#escalate"},
    {__LINE__, "a character reference", "it&#39;s", ""},
    {__LINE__, "a fragment", "https://h/#escalate", ""},
    {__LINE__, "a fragment after a page", "https://h/page#escalate", ""},
    {__LINE__, "a fragment after a query", "see https://h/?q=#escalate", ""},
    {__LINE__, "a fragment of an address without a scheme", "www.h.example?#escalate", ""},
    {__LINE__, "a path's fragment", "docs/?a=#escalate", ""},
    {__LINE__, "a linked fragment", "[here](https://h/#escalate)", ""},
    {__LINE__, "after an address", "https://h/ #escalate", "#escalate"},
    {__LINE__, "after a tag", "<p>#escalate</p><br/>#now", "#escalate #now"},
    {__LINE__, "after a comment's slashes", "// #escalate", "#escalate"},
    // What the author only quotes.
    {__LINE__, "a quoted line", "> #escalate", ""},
    {__LINE__, "without a space", ">#escalate", ""},
    {__LINE__, "indented", "  > #escalate", ""},
    {__LINE__, "a quote in a quote", ">> #a\n> > #b\n#c", "#c"},
    {__LINE__, "after a quote", "> why?\n\n#escalate", "#escalate"},
    {__LINE__, "between quotes", "> a\n#escalate\n> #b", "#escalate"},
    {__LINE__, "CRLF", "> #a\r\n#b\r\n> #c\r\n", "#b"},
    {__LINE__, "CR alone", "> #a\r#b\r> #c", "#b"},
    {__LINE__, "a greater-than sign inside a line", "a > #b", "#b"},
    {__LINE__, "what an e-mail quotes below", "#a\n\nOn Tue, Ann wrote:\n#b\n#c", "#a"},
    {__LINE__, "with marks, answers count", "On Tue, Ann wrote:\n> #b\n\n#c", "#c"},
    {__LINE__, "broken into two lines", "#a\nOn Tue, 10 Mar 2026,\nAnn <a@h> wrote:\n#b", "#a"},
    {__LINE__, "broken, with marks", "On Tue,\nAnn wrote:\n\n> #b\n#c", "#c"},
    {__LINE__, "a sentence that begins alike", "On Tue we had an outage.\n#escalate", "#escalate"},
    {__LINE__, "the other form", "#a\n-----Original Message-----\n#b", "#a"},
    // What the author only shows.
    {__LINE__, "inline code", "write `#escalate` to escalate", ""},
    {__LINE__, "of two backticks", "``a ` #b`` #c", "#c"},
    {__LINE__, "over two lines", "`a\n#b` #c", "#c"},
    {__LINE__, "a backtick alone", "the ` key is stuck #escalate", "#escalate"},
    {__LINE__, "backticks of other lengths", "``a #b` #c", "#b #c"},
    {__LINE__, "not over paragraphs", "`a\n\n#b` #c", "#b #c"},
    {__LINE__, "beside code", "`a`#b", "#b"},
    {__LINE__, "fenced code", "```\n#a\n```\n#b", "#b"},
    {__LINE__, "with a language", "```sh\n#a\n```\n#b", "#b"},
    {__LINE__, "tildes", "~~~\n#a\n```\n#b\n~~~\n#c", "#c"},
    {__LINE__, "a longer fence", "````\n```\n#a\n````\n#b", "#b"},
    {__LINE__, "an empty line inside", "```\n\n#a\n\n```\n#b", "#b"},
    {__LINE__, "a quote inside", "```\n> a\n#b\n```\n#c", "#c"},
    {__LINE__, "a fence that is not closed", "#a\n```\n#b\n\n#c", "#a"},
    {__LINE__, "a fence in a quote", "> ```\n#a", "#a"},
    {__LINE__, "code on a fence's line is inline code", "```#a``` #b", "#b"},
    {__LINE__, "indented code", "a\n\n    #b\n#c", "#c"},
    {__LINE__, "by a tab", "\t#a\n#b", "#b"},
    {__LINE__, "by two spaces and a tab", "  \t#a", ""},
    {__LINE__, "three columns are text", "   #a", "#a"},
};

TEST(MessageText, finds_whole_tokens_of_the_author) {
  for (const TokenRow& row : kTokenRows) {
    EXPECT_EQ(TokensOf(row.text), row.tokens) << "line " << row.line << ": " << row.claim;
  }
}

struct QuestionRow {
  int line;
  std::string_view text;
  bool is_question;
};

constexpr QuestionRow kQuestionRows[] = {
    {__LINE__, "", false},
    {__LINE__, "Which version?", true},
    {__LINE__, "Which version? Thanks.", true},
    {__LINE__, "Which version?\r\nThanks", true},
    {__LINE__, "Really?!", true},
    {__LINE__, "(Which version?)", true},
    {__LINE__, "*Which version?*", true},
    {__LINE__, "?", true},
    {__LINE__, "Quelle version\xC2\xA0?", true},
    {__LINE__, "\xE4\xBB\x80\xE4\xB9\x88\xEF\xBC\x9F\xE8\xAF\xB7", true},
    {__LINE__, "Really?\xF0\x9F\x98\x80", true},
    {__LINE__, "It is fixed.", false},
    {__LINE__, "see https://h/?a=1", false},
    {__LINE__, "the answer (?) is", false},
    {__LINE__, "it says \"Retry?\" then stops", false},
    {__LINE__, "> Which version?", false},
    {__LINE__, "> Which version?\n1.2", false},
    {__LINE__, "`a ? b : c`", false},
    {__LINE__, "```\nWhich version?\n```", false},
    {__LINE__, "    Which version?", false},
    {__LINE__, "Thanks\n\nOn Tue, Ann wrote:\nWhich version?", false},
};

TEST(MessageText, a_question_mark_that_ends_a_sentence_of_the_author_asks) {
  for (const QuestionRow& row : kQuestionRows) {
    EXPECT_EQ(ReadMessageText(row.text).is_question, row.is_question)
        << "line " << row.line << ": " << row.text;
  }
}

TEST(MessageText, the_length_counts_code_points) {
  EXPECT_EQ(TextLength(""), 0);
  EXPECT_EQ(TextLength("abc"), 3);
  EXPECT_EQ(TextLength("gr\xC3\xBC\xC3\x9F\xF0\x9F\x98\x80"), 5);
  EXPECT_EQ(TextLength(" a\n"), 3);
  EXPECT_EQ(TextLength(" \r\n\t"), 0) << "nothing was written";
}

TEST(MessageText, keeps_no_more_than_an_event_may_hold) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "#t" + std::to_string(i) + " ";
  EXPECT_EQ(ReadMessageText(text).tokens.size(), kTokensMax);
  EXPECT_EQ(TokensOf("#" + std::string(kTokenBytesMax, 'a') + " #b"), "#b");
}

TEST(MessageText, reads_bytes_that_are_not_text) {
  EXPECT_EQ(TokensOf("\xFF#a\xFF \x80\x80\x80\x80\x80#b\xE2\x82"), "#a #b");
}

// A quadratic reader would take hours for these.
TEST(MessageText, reads_megabytes_of_what_is_hard) {
  for (const std::string_view piece :
       {"`", "` ", "`` ` ", "#", "#a", "# ", ">", "> ", "\n", "\r\n", "~~~\n", "On \n", "/#a", "?",
        "On a wrote:\n>\n", "\xC3\xA9", "\t"}) {
    std::string text;
    while (text.size() < 1'000'000) text += piece;
    const MessageText read = ReadMessageText(text);
    EXPECT_LE(read.length, 1'000'014) << piece;
  }
  std::string runs;
  for (size_t i = 1; runs.size() < 1'000'000; ++i) runs += std::string(i, '`') + " ";
  EXPECT_TRUE(ReadMessageText(runs + "#a").tokens.size() == 1);
}

v1::Event Read(const std::string& body) {
  const auto event = EventFromJson(R"({"id":"e1","ticket_id":"T-1",)" + body + "}");
  EXPECT_TRUE(event.ok()) << event.status();
  return event.ok() ? *event : v1::Event();
}

TEST(MessageText, an_event_keeps_what_its_text_says_and_not_the_text) {
  const v1::Event event =
      Read(R"("message_added":{"text":"Hi!\n#Escalate please?","visibility":"public"})");
  EXPECT_EQ(ToJson(event), R"({"id":"e1","ticket_id":"T-1","message_added":{"visibility":"PUBLIC",)"
                           R"("is_question":true,"tokens":["#escalate"],"length":21}})");
}

TEST(MessageText, what_an_event_gives_by_itself_counts_whatever_the_order) {
  for (
      const char* body :
      {R"("message_added":{"text":"#a #b?","tokens":["#b","#c"],"length":7,"is_question":false})",
       R"("message_added":{"tokens":["#b","#c"],"length":7,"is_question":false,"text":"#a #b?"})"}) {
    EXPECT_EQ(ToJson(Read(body)),
              R"({"id":"e1","ticket_id":"T-1","message_added":{"tokens":["#b","#c","#a"],)"
              R"("length":7}})");
  }
  EXPECT_EQ(ToJson(Read(R"("message_added":{"text":"#a?","length":null,"is_question":null})")),
            R"({"id":"e1","ticket_id":"T-1","message_added":{"is_question":true,"tokens":["#a"],)"
            R"("length":3}})");
  EXPECT_EQ(ToJson(Read(R"("message_added":{"text":null,"length":3})")),
            R"({"id":"e1","ticket_id":"T-1","message_added":{"length":3}})");
}

TEST(MessageText, a_description_gives_its_length) {
  EXPECT_EQ(ToJson(Read(R"("opened":{"description":"gr\u00fc\u00df","subject":"s"})")),
            R"({"id":"e1","ticket_id":"T-1","opened":{"subject":"s","description_length":4}})");
  EXPECT_EQ(
      Read(R"("opened":{"description":"a","description_length":9})").opened().description_length(),
      9);
  EXPECT_EQ(Read(R"("observed":{"opened":{"description":"abc"}})")
                .observed()
                .opened()
                .description_length(),
            3);
}

TEST(MessageText, texts_are_strings_given_once_where_they_belong) {
  const auto error = [](std::string_view text) {
    return std::string(EventFromJson(text).status().message());
  };
  EXPECT_EQ(error(R"({"message_added":{"text":5}})"),
            "message_added.text: expected a string, got 5");
  EXPECT_EQ(error(R"({"message_added":{"text":"a","text":"b"}})"),
            "message_added.text: given twice");
  EXPECT_NE(error(R"({"message_added":{"description":"a"}})").find("unknown field"),
            std::string::npos);
  EXPECT_NE(error(R"({"opened":{"text":"a"}})").find("unknown field"), std::string::npos);
  EXPECT_NE(error(R"({"text":"a"})").find("unknown field"), std::string::npos);
}

}  // namespace
}  // namespace escalation
