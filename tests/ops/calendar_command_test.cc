#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "ops/app.h"
#include "state/base/text.h"

namespace escalation {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr char kVectors[] = ESCALATION_SOURCE_DIR "/tests/state/calendar/vectors.jsonl";
constexpr char kPolicy[] = ESCALATION_SOURCE_DIR "/tests/ops/calendar_policy.yaml";
constexpr char kLater[] = ESCALATION_SOURCE_DIR "/tests/ops/calendar_policy_later.yaml";

struct Result {
  int exit_code = 0;
  std::string out;
  std::string err;
};

Result Ask(std::vector<std::string> arguments, const std::string& input = "") {
  std::istringstream in(input);
  std::ostringstream out, err;
  arguments.insert(arguments.begin(), "calendar");
  const int exit_code = RunEscalationctl(arguments, in, out, err);
  return {exit_code, out.str(), err.str()};
}

std::string Slurp(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(CalendarEval, answers_every_vector_exactly) {
  const std::string questions = Slurp(kVectors);
  const Result result = Ask({"eval"}, questions);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.err, "");
  std::istringstream asked(questions), answered(result.out);
  int count = 0;
  for (std::string question, answer; std::getline(asked, question); ++count) {
    ASSERT_TRUE(std::getline(answered, answer)) << question;
    const json q = json::parse(question);
    const json a = json::parse(answer);
    EXPECT_EQ(a.size(), 2U);
    EXPECT_EQ(a["id"], q["id"]);
    EXPECT_EQ(a["result"], q["expect"]) << question;
  }
  EXPECT_EQ(count, 400);
  EXPECT_EQ(Ask({"eval", kVectors}).out, result.out);
}

TEST(CalendarEval, names_the_wrong_line_and_goes_on) {
  const std::string good =
      R"({"id":"a","op":"is_open","cal":{"tz":"Etc/UTC","week":{}},"start":1})";
  const Result result = Ask({"eval"}, Cat(good, "\nnonsense\n\n", good, "\n"));
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.out, "{\"id\":\"a\",\"result\":false}\n{\"id\":\"a\",\"result\":false}\n");
  EXPECT_EQ(result.err, "stdin:2: not a JSON object\n");
}

TEST(CalendarEval, says_what_is_wrong_with_a_line) {
  const struct {
    const char* line;
    const char* message;
  } rows[] = {
      {"[]", "not a JSON object"},
      {R"({"op":"due"})", "\"id\" is missing, expected a text or a number"},
      {R"({"id":1,"op":"jump"})",
       "\"op\" is \"jump\", expected is_open, next_open, elapsed, due, sub, bdays or sla"},
      {R"({"id":1,"op":"due"})", "\"start\" is missing, expected an integer"},
      {R"({"id":1,"op":"due","start":1.5})",
       "\"start\" is 1.5, expected an integer from 0 to 7258118399"},
      {R"({"id":1,"op":"due","start":18446744073709551615})",
       "\"start\" is 18446744073709551615, expected an integer from 0 to 7258118399"},
      {R"({"id":1,"op":"due","start":1})", "\"cal\" is missing or no object"},
      {R"({"id":1,"op":"due","start":1,"cal":{"tz":"Etc/UTC"}})",
       "\"cal.week\" is missing or no object"},
      {R"({"id":1,"op":"due","start":1,"cal":{"tz":"../../etc/passwd","week":{}}})",
       "unknown time zone \"../../etc/passwd\", expected an IANA name such as Europe/Berlin"},
      {R"({"id":1,"op":"due","start":1,"cal":{"tz":"Etc/UTC","week":{"day":[]}}})",
       "\"cal.week\" has \"day\", expected mon to sun"},
      {R"({"id":1,"op":"due","start":1,"cal":{"tz":"Etc/UTC","week":{"mon":[["9","10"]]}}})",
       "\"cal.week.mon\" holds the shift [\"9\",\"10\"], expected start < 24:00 and start < end <= "
       "48:00"},
      {R"({"id":1,"op":"due","start":1,"cal":{"tz":"Etc/UTC","week":{},"holidays":["2026-02-30"]}})",
       "not a date: \"2026-02-30\", expected YYYY-MM-DD such as 2026-12-25"},
      {R"({"id":1,"op":"due","start":1,"cal":{"tz":"Etc/UTC","week":{}}})",
       "\"dur_s\" is missing, expected an integer"},
      {R"({"id":1,"op":"due","start":1,"dur_s":-1,"cal":{"tz":"Etc/UTC","week":{}}})",
       "\"dur_s\" is -1, expected an integer from 0 to 10000000000"},
      {R"({"id":1,"op":"bdays","start":1,"n":0,"mode":"eod","cal":{"tz":"Etc/UTC","week":{}}})",
       "\"n\" is 0, expected an integer from 1 to 10000"},
      {R"({"id":1,"op":"bdays","start":1,"n":1,"mode":"x","cal":{"tz":"Etc/UTC","week":{}}})",
       "\"mode\" is \"x\", expected hours, same_time or eod"},
      {R"({"id":1,"op":"sla","start":5,"now":1,"target_s":1,"cal":{"tz":"Etc/UTC","week":{}}})",
       "\"now\" lies before \"start\""},
      {R"({"id":1,"op":"sla","start":5,"now":9,"target_s":1,"cal":{"tz":"Etc/UTC","week":{}},)"
       R"("events":[{"t":10,"e":"stop"}]})",
       "an event at 1970-01-01T00:00:10Z, expected from `start` to `now`"},
      {R"({"id":1,"op":"sla","start":5,"now":9,"target_s":1,"cal":{"tz":"Etc/UTC","week":{}},)"
       R"("events":[{"t":6,"e":"jump"}]})",
       "an event \"jump\", expected pause, resume, stop, target or cal"},
  };
  for (const auto& row : rows) {
    const Result result = Ask({"eval"}, row.line);
    EXPECT_EQ(result.exit_code, 1) << row.line;
    EXPECT_EQ(result.out, "");
    EXPECT_EQ(result.err, Cat("stdin:1: ", row.message, "\n"));
  }
}

TEST(CalendarShow, prints_a_month) {
  EXPECT_EQ(Ask({"show", "office", "--file", kPolicy, "--month", "2026-10"}).out,
            R"(office, October 2026, Europe/Berlin

  Thu 2026-10-01  09:00-12:00 13:00-17:00      7h
  Fri 2026-10-02  09:00-12:00 13:00-17:00      7h
  Sat 2026-10-03  closed                           German Unity Day
  Sun 2026-10-04  closed

  Mon 2026-10-05  09:00-12:00 13:00-17:00      7h
  Tue 2026-10-06  09:00-12:00 13:00-17:00      7h
  Wed 2026-10-07  09:00-12:00 13:00-17:00      7h
  Thu 2026-10-08  09:00-12:00 13:00-17:00      7h
  Fri 2026-10-09  09:00-12:00 13:00-17:00      7h
  Sat 2026-10-10  closed
  Sun 2026-10-11  closed

  Mon 2026-10-12  09:00-12:00 13:00-17:00      7h
  Tue 2026-10-13  09:00-12:00 13:00-17:00      7h
  Wed 2026-10-14  09:00-12:00 13:00-17:00      7h
  Thu 2026-10-15  09:00-12:00 13:00-17:00      7h
  Fri 2026-10-16  09:00-12:00 13:00-17:00      7h
  Sat 2026-10-17  closed
  Sun 2026-10-18  closed

  Mon 2026-10-19  09:00-12:00 13:00-17:00      7h
  Tue 2026-10-20  09:00-12:00 13:00-17:00      7h
  Wed 2026-10-21  09:00-12:00 13:00-17:00      7h
  Thu 2026-10-22  09:00-12:00 13:00-17:00      7h
  Fri 2026-10-23  09:00-12:00 13:00-17:00      7h
  Sat 2026-10-24  closed
  Sun 2026-10-25  closed                           clock goes back 1h at 03:00 CEST

  Mon 2026-10-26  09:00-12:00 13:00-17:00      7h
  Tue 2026-10-27  09:00-12:00 13:00-17:00      7h
  Wed 2026-10-28  09:00-12:00 13:00-17:00      7h
  Thu 2026-10-29  09:00-12:00 13:00-17:00      7h
  Fri 2026-10-30  09:00-12:00                  3h  Inventory
  Sat 2026-10-31  closed

  22 business days, 150h open
)");
}

TEST(CalendarShow, marks_long_days_and_skipped_dates) {
  EXPECT_THAT(Ask({"show", "night", "--file", kPolicy, "--month", "2026-10"}).out,
              HasSubstr("  Sun 2026-10-25  00:00-06:00 22:00-24:00      9h  clock goes back"));
  EXPECT_THAT(Ask({"show", "samoa", "--file", kPolicy, "--month", "2011-12"}).out,
              HasSubstr("  Fri 2011-12-30  skipped              the zone skips this date\n"));
  EXPECT_THAT(Ask({"show", "always", "--file", kPolicy, "--month", "2026-02"}).out,
              HasSubstr("28 business days, 672h open"));
}

TEST(CalendarShow, speaks_json) {
  const json month = json::parse(
      Ask({"show", "office", "--file", kPolicy, "--month", "2026-10", "-o", "json"}).out);
  EXPECT_EQ(month["business_days"], 22);
  EXPECT_EQ(month["dates"].size(), 31U);
  EXPECT_EQ(month["dates"][29]["open"], json::parse(R"([["09:00","12:00"]])"));
  EXPECT_EQ(month["dates"][29]["note"], "Inventory");
}

TEST(CalendarAdd, says_how_the_answer_comes_about) {
  EXPECT_EQ(Ask({"add", "2026-12-24T16:00", "4h", "--in", "office", "--file", kPolicy}).out,
            R"(2026-12-28 12:00 CET  2026-12-28T11:00:00Z

office (Europe/Berlin), from 2026-12-24 16:00 CET, 4h

  2026-12-24 16:00 CET to 2026-12-24 17:00 CET  open    1h      1h of 4h
  2026-12-24 17:00 CET to 2026-12-28 09:00 CET  closed  Fri 2026-12-25 Christmas Day; Sat 2026-12-26 - Sun 2026-12-27 no hours
  2026-12-28 09:00 CET to 2026-12-28 12:00 CET  open    3h      4h of 4h
)");
}

TEST(CalendarAdd, the_stretches_add_up_over_a_change_of_the_clock) {
  const Result result = Ask({"add", "2026-10-24T23:30:00+02:00", "10h", "--in", "night", "--file",
                             kPolicy, "-o", "json"});
  const json answer = json::parse(result.out);
  EXPECT_EQ(answer["due"], "2026-10-25T23:30:00Z");
  EXPECT_EQ(answer["due_local"], "2026-10-26 00:30 CET");
  ASSERT_EQ(answer["stretches"].size(), 3U);
  EXPECT_EQ(answer["stretches"][0]["counted_ms"], 27'000'000);
  EXPECT_EQ(answer["stretches"][2]["counted_ms"], 36'000'000);
  EXPECT_EQ(answer["clock_changes"][0], "Sun 2026-10-25: clock goes back 1h at 03:00 CEST");
}

TEST(CalendarAdd, counts_business_days_by_date) {
  EXPECT_EQ(Ask({"add", "2026-12-23T10:00", "2bd", "--reading", "same_time", "--in", "office",
                 "--file", kPolicy})
                .out,
            R"(2026-12-28 10:00 CET  2026-12-28T09:00:00Z

office (Europe/Berlin), from 2026-12-23 10:00 CET, 2bd read as same_time

  Thu 2026-12-24  business day 1: 09:00-12:00 13:00-17:00
  Fri 2026-12-25  closed: Christmas Day
  Sat 2026-12-26 - Sun 2026-12-27  closed: no hours
  Mon 2026-12-28  business day 2: 09:00-12:00 13:00-17:00
  Due when the clock shows the time of the start, or at the next opening.
)");
  EXPECT_THAT(Ask({"add", "2026-12-23T10:00", "2bd", "--reading", "end_of_day", "--in", "office",
                   "--file", kPolicy})
                  .out,
              HasSubstr("2026-12-28 17:00 CET  2026-12-28T16:00:00Z\n"));
  EXPECT_THAT(Ask({"add", "2026-12-23T10:00", "2bd", "--in", "office", "--file", kPolicy}).out,
              HasSubstr("2bd read as hours: 2 x 7h\n"));
}

TEST(CalendarAdd, says_when_a_wall_time_is_in_doubt) {
  EXPECT_THAT(Ask({"add", "2026-03-29T02:30", "1h", "--in", "night", "--file", kPolicy}).out,
              HasSubstr("note: the clock skips that time; read as 2026-03-29 03:30 CEST\n"));
  EXPECT_THAT(Ask({"add", "2026-10-25T02:30", "1h", "--in", "night", "--file", kPolicy}).out,
              HasSubstr("note: the clock shows that time twice; read as 2026-10-25 02:30 CEST, not "
                        "2026-10-25 02:30 CET\n"));
}

TEST(CalendarDiff, lists_the_dates_that_differ) {
  EXPECT_EQ(Ask({"diff", kPolicy, kLater, "--in", "office", "--year", "2026"}).out,
            R"(Fri 2026-10-30  09:00-12:00             -> closed  Inventory
Mon 2026-12-28  09:00-12:00 13:00-17:00 -> closed  Christmas Day (substitute)
2 dates of 2026 differ
)");
  EXPECT_EQ(Ask({"diff", kPolicy, kPolicy, "--in", "office", "--year", "2026"}).out,
            "office: no date of 2026 differs\n");
  const json answer = json::parse(
      Ask({"diff", kPolicy, kLater, "--in", "office", "--year", "2026", "-o", "json"}).out);
  EXPECT_EQ(answer["dates"].size(), 2U);
}

TEST(CalendarCommand, exit_codes_are_honest) {
  const struct {
    std::vector<std::string> arguments;
    int exit_code;
    const char* message;
  } rows[] = {
      {{}, 2, "A subcommand is required"},
      {{"show", "office"}, 2, "--file is required"},
      {{"show", "office", "--file", "/nowhere.yaml"}, 78, "/nowhere.yaml"},
      {{"show", "offices", "--file", kPolicy},
       2,
       "has no calendar \"offices\", expected one of night, office, samoa, always"},
      {{"show", "office", "--file", kPolicy, "--month", "2026-13"}, 2, "not a month: \"2026-13\""},
      {{"add", "tomorrow", "4h", "--in", "office", "--file", kPolicy},
       2,
       "not a time: \"tomorrow\""},
      {{"add", "1999-12-31T10:00", "4h", "--in", "office", "--file", kPolicy},
       2,
       "time out of range"},
      {{"add", "2026-12-24T24:00", "4h", "--in", "office", "--file", kPolicy}, 2, "not a time"},
      {{"add", "2026-12-24T16:00", "4", "--in", "office", "--file", kPolicy},
       2,
       "not a length: \"4\""},
      {{"add", "2026-12-24T16:00", "367bd", "--in", "office", "--file", kPolicy},
       2,
       "business days out of range"},
      {{"add", "2026-12-24T16:00", "4h", "--reading", "x", "--in", "office", "--file", kPolicy},
       2,
       "--reading"},
      {{"eval", "/nowhere.jsonl"}, 1, "/nowhere.jsonl: cannot be read"},
      {{"eval", "/"}, 1, "/: cannot be read"},
  };
  for (const auto& row : rows) {
    const Result result = Ask(row.arguments);
    EXPECT_EQ(result.exit_code, row.exit_code) << row.message;
    EXPECT_THAT(result.err, HasSubstr(row.message));
    EXPECT_EQ(result.out, "");
  }
}

}  // namespace
}  // namespace escalation
