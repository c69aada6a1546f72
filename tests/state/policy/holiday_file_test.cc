#include "state/policy/holiday_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "state/base/text.h"

namespace escalation {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string File(const std::string& events) {
  return Cat("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test\r\n", events, "END:VCALENDAR\r\n");
}

std::string Event(const std::string& lines) {
  return Cat("BEGIN:VEVENT\r\nUID:1\r\n", lines, "END:VEVENT\r\n");
}

// "2026-12-25 Christmas Day", with "*" for a substitute.
std::vector<std::string> Read(const std::string& text) {
  const auto holidays = ReadHolidayText("h.ics", text);
  if (!holidays.ok()) return {std::string(holidays.status().message())};
  std::vector<std::string> out;
  for (const v1::Holiday& holiday : *holidays) {
    out.push_back(
        Cat(DayToText(holiday.day()), " ", holiday.name(), holiday.substitute() ? "*" : ""));
  }
  return out;
}

TEST(HolidayFile, reads_single_dates_in_order) {
  EXPECT_THAT(Read(File(Event("DTSTART;VALUE=DATE:20261225\r\nDTEND;VALUE=DATE:20261226\r\n"
                              "SUMMARY:Christmas Day\r\n") +
                        Event("DTSTART;VALUE=DATE:20260101\r\nSUMMARY:New Year\\, the first\r\n"))),
              ElementsAre("2026-01-01 New Year, the first", "2026-12-25 Christmas Day"));
}

TEST(HolidayFile, an_event_of_days_is_a_holiday_on_each) {
  EXPECT_THAT(Read(File(Event("DTSTART;VALUE=DATE:20261230\r\nDTEND;VALUE=DATE:20270102\r\n"
                              "SUMMARY:Break\r\n"))),
              ElementsAre("2026-12-30 Break", "2026-12-31 Break", "2027-01-01 Break"));
  EXPECT_THAT(Read(File(Event("DTSTART;VALUE=DATE:20261230\r\nDURATION:P2D\r\nSUMMARY:Break\r\n"))),
              ElementsAre("2026-12-30 Break", "2026-12-31 Break"));
}

TEST(HolidayFile, a_yearly_rule_reaches_2100) {
  const auto days = Read(
      File(Event("DTSTART;VALUE=DATE:19900501\r\nRRULE:FREQ=YEARLY\r\nSUMMARY:Labour Day\r\n")));
  ASSERT_EQ(days.size(), 101U);
  EXPECT_EQ(days.front(), "2000-05-01 Labour Day");
  EXPECT_EQ(days.back(), "2100-05-01 Labour Day");
}

TEST(HolidayFile, rules_know_weekdays_counts_and_ends) {
  EXPECT_THAT(
      Read(File(Event("DTSTART;VALUE=DATE:20261126\r\n"
                      "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH;COUNT=3\r\n"
                      "SUMMARY:Thanksgiving\r\n"))),
      ElementsAre("2026-11-26 Thanksgiving", "2027-11-25 Thanksgiving", "2028-11-23 Thanksgiving"));
  EXPECT_THAT(Read(File(Event("DTSTART;VALUE=DATE:20280229\r\n"
                              "RRULE:FREQ=YEARLY;UNTIL=20330101\r\nSUMMARY:Leap\r\n"))),
              ElementsAre("2028-02-29 Leap", "2032-02-29 Leap"));
}

TEST(HolidayFile, dates_are_added_removed_and_moved) {
  EXPECT_THAT(Read(File(Event("DTSTART;VALUE=DATE:20260501\r\nRRULE:FREQ=YEARLY;COUNT=4\r\n"
                              "EXDATE;VALUE=DATE:20270501,20290501\r\nRDATE;VALUE=DATE:20260701,"
                              "20260702\r\nSUMMARY:D\r\n") +
                        Event("DTSTART;VALUE=DATE:20280503\r\nRECURRENCE-ID;VALUE=DATE:20280501\r\n"
                              "SUMMARY:D moved\r\n"))),
              ElementsAre("2026-05-01 D", "2026-07-01 D", "2026-07-02 D", "2028-05-03 D moved"));
}

TEST(HolidayFile, a_substitute_is_kept_apart_and_gives_way_to_an_original) {
  EXPECT_THAT(
      Read(File(Event("DTSTART;VALUE=DATE:20261226\r\nSUMMARY:Boxing Day\r\n") +
                Event("DTSTART;VALUE=DATE:20261228\r\nSUMMARY:Boxing Day (Substitute day)\r\n") +
                Event("DTSTART;VALUE=DATE:20270101\r\nSUMMARY:Other (observed)\r\n") +
                Event("DTSTART;VALUE=DATE:20270101\r\nSUMMARY:New Year\r\n") +
                Event("DTSTART;VALUE=DATE:20270103\r\nSUMMARY:Day\r\nCATEGORIES:a,OBSERVED\r\n"))),
      ElementsAre("2026-12-26 Boxing Day", "2026-12-28 Boxing Day (Substitute day)*",
                  "2027-01-01 New Year", "2027-01-03 Day*"));
}

TEST(HolidayFile, cancelled_events_and_empty_lines_do_no_harm) {
  EXPECT_THAT(Read(File(Event("DTSTART;VALUE=DATE:20261225\r\nSTATUS:CANCELLED\r\n") +
                        Event("DTSTART;VALUE=DATE:20261226\r\nSUMMARY:B\r\nLOCATION:\r\n"))),
              ElementsAre("2026-12-26 B"));
}

TEST(HolidayFile, says_what_is_wrong) {
  const struct {
    int line;
    std::string text;
    std::string message;
  } rows[] = {
      {__LINE__, "", "h.ics: holds no events"},
      {__LINE__, "policy: example\n", "h.ics: holds no events"},
      {__LINE__, File(""), "h.ics: holds no events"},
      {__LINE__, std::string("BEGIN:VCALENDAR\0", 16), "h.ics: holds a zero byte"},
      {__LINE__, File(Event("SUMMARY:X\r\n")), "event \"X\": DTSTART is missing"},
      {__LINE__, File(Event("DTSTART:20261224T130000Z\r\nSUMMARY:Half day\r\n")),
       "event \"Half day\": DTSTART is missing or has a time of day, expected a date"},
      {__LINE__, File(Event("DTSTART;VALUE=DATE:20260231\r\nSUMMARY:X\r\n")), "h.ics: "},
      {__LINE__, File(Event("DTSTART;VALUE=DATE:christmas\r\nSUMMARY:X\r\n")), "h.ics: "},
      {__LINE__,
       File(Event("DTSTART;VALUE=DATE:20261224\r\nDTEND;VALUE=DATE:20271224\r\nSUMMARY:X\r\n")),
       "event \"X\": lasts 365 days, expected 1 to 31"},
      {__LINE__,
       File(Event("DTSTART;VALUE=DATE:20261224\r\nDTEND;VALUE=DATE:20261201\r\nSUMMARY:X\r\n")),
       "event \"X\": lasts -23 days"},
      {__LINE__, File(Event("DTSTART;VALUE=DATE:20261224\r\nRRULE:FREQ=WEEKLY\r\nSUMMARY:X\r\n")),
       "event \"X\": RRULE does not repeat yearly, expected FREQ=YEARLY"},
      {__LINE__, File(Event("DTSTART;VALUE=DATE:20261224\r\nRRULE:FREQ=OFTEN\r\nSUMMARY:X\r\n")),
       "h.ics: cannot be read: "},
      {__LINE__, "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261224\r\nSUMMARY:X\r\n",
       "h.ics: holds no events, expected an iCalendar file from BEGIN:VCALENDAR to END:VCALENDAR"},
      {__LINE__, File(Event("DTSTART;VALUE=DATE:19991224\r\nSUMMARY:X\r\n")),
       "h.ics: holds no holiday of the years 2000 to 2100"},
      {__LINE__, File(Event("DTSTART;VALUE=DATE:20261224\r\nSUMMARY:\xff\r\n")),
       "SUMMARY is too long or no plain text"},
      {__LINE__,
       File(Event(Cat("DTSTART;VALUE=DATE:20261224\r\nSUMMARY:", std::string(201, 'x'), "\r\n"))),
       "SUMMARY is too long or no plain text"},
  };
  for (const auto& row : rows) {
    const auto holidays = ReadHolidayText("h.ics", row.text);
    EXPECT_EQ(holidays.status().code(), absl::StatusCode::kInvalidArgument) << "line " << row.line;
    EXPECT_THAT(std::string(holidays.status().message()), HasSubstr(row.message))
        << "line " << row.line;
  }
}

TEST(HolidayFile, deep_nesting_is_refused_before_it_is_parsed) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "BEGIN:VEVENT\r\n";
  EXPECT_THAT(Read(text), ElementsAre(HasSubstr("nests components too deep")));
}

TEST(HolidayFile, many_rules_are_refused) {
  std::string events;
  for (int i = 0; i < 1100; ++i) {
    events += Event("DTSTART;VALUE=DATE:20000101\r\nRRULE:FREQ=YEARLY\r\nSUMMARY:X\r\n");
  }
  EXPECT_THAT(Read(File(events)), ElementsAre(HasSubstr("too many dates")));
}

TEST(HolidayFile, names_the_path) {
  EXPECT_THAT(std::string(ReadHolidayFile("/nowhere/h.ics").status().message()),
              HasSubstr("/nowhere/h.ics: "));
  const std::string path = testing::TempDir() + "/holidays.ics";
  std::ofstream(path) << File(Event("DTSTART;VALUE=DATE:20261225\r\nSUMMARY:C\r\n"));
  const auto holidays = ReadHolidayFile(path);
  ASSERT_TRUE(holidays.ok()) << holidays.status();
  EXPECT_EQ(holidays->size(), 1U);
  std::remove(path.c_str());
}

}  // namespace
}  // namespace escalation
