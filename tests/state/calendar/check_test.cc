#include "state/calendar/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/state/calendar/calendar_text.h"

namespace escalation {
namespace {

using Edit = void (*)(v1::CalendarDefinition&);

struct Row {
  int line;
  const char* claim;
  const char* hours;
  Edit edit;
  // "path: message" of the only problem; empty: none.
  std::string problem;
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.line << ": " << row.claim; }

class CheckDefinitionTest : public testing::TestWithParam<Row> {};

void Keep(v1::CalendarDefinition&) {}

void SetFirstShift(v1::CalendarDefinition& definition, int32_t start_s, int32_t end_s) {
  v1::Shift* shift = definition.mutable_week(0)->mutable_shifts(0);
  shift->set_start_s(start_s);
  shift->set_end_s(end_s);
}

constexpr char kOffice[] = "mon-fri 09:00-17:00";

const Row kRows[] = {
    {__LINE__, "office_hours_are_fine", kOffice, Keep, ""},
    {__LINE__, "touching_shifts_are_fine", "mon 09:00-12:00 12:00-17:00", Keep, ""},
    {__LINE__, "nights_that_touch_are_fine", "mon-sun 22:00-30:00; sat 06:00-22:00", Keep, ""},
    {__LINE__, "a_minute_a_year_is_fine", "special 2026-01-05 09:00-09:01", Keep, ""},
    {__LINE__, "no_hours_never_open", "", Keep,
     ": never opens, expected at least one minute a year"},
    {__LINE__, "hours_that_are_always_skipped_never_open", "special 2026-03-29 02:00-03:00", Keep,
     ": never opens, expected at least one minute a year"},
    {__LINE__, "holidays_may_close_everything", "special 2026-01-05 closed", Keep,
     ": never opens, expected at least one minute a year"},
    {__LINE__, "less_than_a_minute_a_year", "special 2026-01-05 09:00-10:00",
     [](v1::CalendarDefinition& d) { d.mutable_special(0)->mutable_shifts(0)->set_end_s(32459); },
     ": opens for only 59 s in its best year, expected at least one minute"},
    {__LINE__, "overlapping_hours", "mon 09:00-12:00 11:00-17:00", Keep,
     "week.mon[1]: overlapping hours: 11:00-17:00 and 09:00-12:00"},
    {__LINE__, "the_same_hours_twice", "mon 09:00-12:00 09:00-12:00", Keep,
     "week.mon[1]: overlapping hours: 09:00-12:00 and 09:00-12:00"},
    {__LINE__, "hours_that_overlap_the_night_before", "fri 22:00-30:00; sat 05:00-12:00", Keep,
     "week.sat[0]: overlapping hours: 05:00-12:00 begins while fri's 22:00-30:00 still runs"},
    {__LINE__, "the_night_from_sunday_to_monday", "sun 22:00-30:00; mon 05:59-12:00", Keep,
     "week.mon[0]: overlapping hours: 05:59-12:00 begins while sun's 22:00-30:00 still runs"},
    {__LINE__, "overlapping_special_hours",
     "mon 09:00-17:00; special 2026-12-24 09:00-12:00 10:00-11:00", Keep,
     "special[0].shifts[1]: overlapping hours: 10:00-11:00 and 09:00-12:00"},
    {__LINE__, "inverted_hours", kOffice,
     [](v1::CalendarDefinition& d) { SetFirstShift(d, 17 * 3600, 9 * 3600); },
     "week.mon[0]: ends before it starts: 17:00-09:00"},
    {__LINE__, "empty_hours", kOffice,
     [](v1::CalendarDefinition& d) { SetFirstShift(d, 9 * 3600, 9 * 3600); },
     "week.mon[0]: ends before it starts: 09:00-09:00"},
    {__LINE__, "a_start_after_the_day", kOffice,
     [](v1::CalendarDefinition& d) { SetFirstShift(d, 86'400, 90'000); },
     "week.mon[0]: starts at second 86400, expected 00:00 to 23:59:59"},
    {__LINE__, "a_negative_start", kOffice,
     [](v1::CalendarDefinition& d) { SetFirstShift(d, -1, 90); },
     "week.mon[0]: starts at second -1, expected 00:00 to 23:59:59"},
    {__LINE__, "an_end_after_48_hours", kOffice,
     [](v1::CalendarDefinition& d) { SetFirstShift(d, 0, 172'801); },
     "week.mon[0]: ends at second 172801, expected at most 48:00"},
    {__LINE__, "a_week_of_six_days", kOffice,
     [](v1::CalendarDefinition& d) { d.mutable_week()->RemoveLast(); },
     "week: 6 weekdays, expected 7"},
    {__LINE__, "a_path_for_a_zone", kOffice,
     [](v1::CalendarDefinition& d) { d.set_zone("../../etc/passwd"); },
     "zone: not a time zone name: \"../../etc/passwd\", expected such as Europe/Berlin"},
    {__LINE__, "no_name", kOffice, [](v1::CalendarDefinition& d) { d.clear_name(); },
     "name: not a name: \"\", expected 1 to 64 characters of A-Z a-z 0-9 . _ : -"},
    {__LINE__, "the_name_of_a_built_in", kOffice,
     [](v1::CalendarDefinition& d) { d.set_name("always"); },
     "name: \"always\" is a built-in calendar, expected another name"},
    {__LINE__, "a_holiday_twice", "mon-fri 09:00-17:00; holiday 2026-12-25; holiday 2026-12-25",
     Keep, "holidays[1]: the date 2026-12-25 stands twice, expected once"},
    {__LINE__, "holidays_out_of_order",
     "mon-fri 09:00-17:00; holiday 2026-12-25; holiday 2026-12-24", Keep,
     "holidays[1]: the date 2026-12-24 is out of order, expected sorted dates"},
    {__LINE__, "special_dates_out_of_order",
     "mon-fri 09:00-17:00; special 2026-12-25 closed; special 2026-12-24 closed", Keep,
     "special[1]: the date 2026-12-24 is out of order, expected sorted dates"},
    {__LINE__, "a_holiday_in_the_year_9999", kOffice,
     [](v1::CalendarDefinition& d) { d.add_holidays()->set_day(2'932'896); },
     "holidays[0]: date out of range: day 2932896, expected 1970 to 2200"},
    {__LINE__, "a_holiday_before_1970", kOffice,
     [](v1::CalendarDefinition& d) { d.add_holidays()->set_day(-1); },
     "holidays[0]: date out of range: day -1, expected 1970 to 2200"},
    {__LINE__, "the_name_that_means_the_accounts", kOffice,
     [](v1::CalendarDefinition& d) { d.set_name("account"); },
     "name: \"account\" is a built-in calendar, expected another name"},
    {__LINE__, "a_name_that_is_not_utf_8", kOffice,
     [](v1::CalendarDefinition& d) {
       d.add_holidays()->set_day(20'000);
       d.mutable_holidays(0)->set_name("No\xc3l");
     },
     "holidays[0]: the name of 2024-10-04 is too long or no plain text, expected at most 200 bytes "
     "of UTF-8"},
    {__LINE__, "a_business_day_of_a_week", kOffice,
     [](v1::CalendarDefinition& d) { d.set_business_day_s(7 * 86'400); },
     "business_day: a business day of 604800 s, expected more than 0 and at most 24h"},
    {__LINE__, "too_many_shifts", kOffice,
     [](v1::CalendarDefinition& d) {
       while (d.week(3).shifts_size() < 97) *d.mutable_week(3)->add_shifts() = d.week(0).shifts(0);
     },
     "week.thu: 97 shifts on a day, expected at most 96"},
    {__LINE__, "too_many_holidays", kOffice,
     [](v1::CalendarDefinition& d) {
       for (int32_t day = 10'000; day < 14'001; ++day) d.add_holidays()->set_day(day);
     },
     "holidays: 4001 dates, expected at most 4000"},
};

TEST_P(CheckDefinitionTest, SaysWhatIsWrong) {
  const Row& row = GetParam();
  v1::CalendarDefinition definition = Definition("Europe/Berlin", row.hours);
  row.edit(definition);
  const auto zone = Zone::Make(ZoneOf("Europe/Berlin"));
  ASSERT_TRUE(zone.ok());
  std::vector<std::string> found;
  for (const auto& problem : CheckDefinition(definition, *zone)) {
    found.push_back(Cat(problem.path, ": ", problem.message));
  }
  std::vector<std::string> expected;
  if (!row.problem.empty()) expected.push_back(row.problem);
  EXPECT_EQ(found, expected) << "line " << row.line;
}
INSTANTIATE_TEST_SUITE_P(Rows, CheckDefinitionTest, testing::ValuesIn(kRows),
                         [](const auto& row) { return std::string(row.param.claim); });

TEST(Check, at_most_20_problems_are_told) {
  v1::CalendarDefinition definition = Definition("Europe/Berlin", kOffice);
  for (int i = 0; i < 60; ++i) {
    v1::Shift* const shift = definition.mutable_week(6)->add_shifts();
    shift->set_start_s(61);
    shift->set_end_s(60 - i);
  }
  const auto problems = CheckForm(definition);
  ASSERT_EQ(problems.size(), 20U);
  EXPECT_EQ(problems[1].message, "ends before it starts: 00:01:01-00:00:59");
}

TEST(Check, hours_are_judged_in_the_zone_that_they_name) {
  const auto utc = Zone::Make(ZoneOf("Etc/UTC"));
  const auto problems = CheckDefinition(Definition("Europe/Berlin", kOffice), *utc);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_THAT(problems[0].message, testing::HasSubstr("given zone \"Etc/UTC\""));
}

TEST(Check, zone_names_stay_below_the_zone_folder) {
  for (const char* name : {"Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "UTC",
                           "America/Port-au-Prince"}) {
    EXPECT_TRUE(IsZoneName(name)) << name;
  }
  for (const char* name :
       {"", "/etc/passwd", "../../etc/passwd", "Europe/../Berlin", "Europe/", "Europe//Berlin", ".",
        "a.b", "Europe/Berlin\n", "Europe Berlin", ":UTC", "C:\\zones", "Europe{Berlin"}) {
    EXPECT_FALSE(IsZoneName(name)) << name;
  }
  EXPECT_TRUE(IsZoneName(std::string(64, 'a')));
  EXPECT_FALSE(IsZoneName(std::string(65, 'a')));
  EXPECT_FALSE(IsZoneName(std::string_view("UTC\0x", 5)));
}

TEST(Check, day_names_are_utf_8) {
  for (const char* name :
       {"", "Christmas Day", "No\xc3\xabl", "\xe5\x85\x83\xe6\x97\xa5", "\xf0\x9f\x8e\x84",
        "\xe0\xa4\x95", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf", "~"}) {
    EXPECT_TRUE(IsDayName(name)) << name;
  }
  EXPECT_TRUE(IsDayName(std::string(200, 'x')));
  EXPECT_FALSE(IsDayName(std::string(201, 'x')));
  for (const char* name :
       {"tab\t", "\x7f", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\xff",
        "\xe0\x9f\x80", "\xf0\x8f\x80\x80", "\xe2\xc2\x80", "\xe2\x82\xc2"}) {
    EXPECT_FALSE(IsDayName(name)) << name;
  }
}

TEST(Check, a_set_names_the_calendar) {
  const auto set_of = [](std::vector<v1::CalendarDefinition> calendars) {
    auto set = MakeCalendarSet(std::move(calendars), 3);
    MustHold(set.ok(), "set");
    return *std::move(set);
  };
  v1::CalendarDefinition office = Definition("Europe/Berlin", kOffice);
  v1::CalendarDefinition closed = Definition("America/Denver", "");
  office.set_name("office");
  closed.set_name("closed");
  EXPECT_TRUE(CheckCalendarSet(set_of({office})).empty());

  v1::CalendarSet set = set_of({office, closed});
  ASSERT_EQ(CheckCalendarSet(set).size(), 1U);
  EXPECT_EQ(CheckCalendarSet(set)[0].path, "calendars.closed");

  set = set_of({office});
  set.clear_zones();
  ASSERT_EQ(CheckCalendarSet(set).size(), 1U);
  EXPECT_EQ(CheckCalendarSet(set)[0].message, "its zone \"Europe/Berlin\" is missing in the set");

  set = set_of({office});
  *set.add_calendars() = office;
  ASSERT_EQ(CheckCalendarSet(set).size(), 1U);
  EXPECT_EQ(CheckCalendarSet(set)[0].message,
            "out of order, expected calendars sorted by name, each once");

  set = set_of({office, closed});
  set.mutable_zones()->SwapElements(0, 1);
  EXPECT_EQ(CheckCalendarSet(set)[0].message,
            "out of order, expected zones sorted by name, each once");

  set = set_of({office});
  while (set.calendars_size() <= kCalendarsMax) *set.add_calendars() = office;
  ASSERT_EQ(CheckCalendarSet(set).size(), 1U);
  EXPECT_EQ(CheckCalendarSet(set)[0].message, "1025 calendars, expected at most 1024");

  set = set_of({office});
  set.mutable_calendars(0)->set_business_day_s(-1);
  ASSERT_EQ(CheckCalendarSet(set).size(), 1U);
  EXPECT_EQ(CheckCalendarSet(set)[0].path, "calendars.office.business_day");

  set = set_of({office});
  set.mutable_zones(0)->mutable_transitions(5)->set_from_s(0);
  EXPECT_THAT(CheckCalendarSet(set)[0].message, testing::HasSubstr("transitions do not rise at 0"));
}

}  // namespace
}  // namespace escalation
