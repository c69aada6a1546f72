#include "state/calendar/calendar.h"

#include <gtest/gtest.h>

#include "escalation/v1/policy.pb.h"
#include "tests/state/calendar/calendar_text.h"

namespace escalation {
namespace {

constexpr char kOffice[] = "mon-fri 09:00-17:00";
constexpr char kNight[] = "mon-sun 22:00-30:00";

struct Row {
  int line;
  const char* claim;
  const char* zone;
  const char* hours;
  const char* from;
  const char* open;      // Duration
  const char* expected;  // Instant
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.line << ": " << row.claim; }

struct ClaimOf {
  template <typename Info>
  std::string operator()(const Info& row) const {
    return row.param.claim;
  }
};

class CalendarAddTest : public testing::TestWithParam<Row> {};
class CalendarSubtractTest : public testing::TestWithParam<Row> {};
class CalendarOpenTest : public testing::TestWithParam<Row> {};

Duration Length(const char* text) {
  const auto length = ParseDuration(text);
  MustHold(length.ok(), text);
  return *length;
}

const Row kAddRows[] = {
    {__LINE__, "open_time_runs_on_the_next_day", "Europe/Berlin", kOffice, "2026-03-10T15:30:00Z",
     "1h", "2026-03-11T08:30:00Z"},
    {__LINE__, "an_exact_fill_ends_at_close", "Europe/Berlin", kOffice, "2026-03-10T15:30:00Z",
     "30m", "2026-03-10T16:00:00Z"},
    {__LINE__, "one_millisecond_more_is_the_next_morning", "Europe/Berlin", kOffice,
     "2026-03-10T15:30:00Z", "30m1ms", "2026-03-11T08:00:00.001Z"},
    {__LINE__, "a_friday_night_begins_on_monday", "Europe/Berlin", kOffice, "2026-03-13T20:00:00Z",
     "2h", "2026-03-16T10:00:00Z"},
    {__LINE__, "nothing_to_add_stays_put_even_when_closed", "Europe/Berlin", kOffice,
     "2026-03-14T12:00:00Z", "0s", "2026-03-14T12:00:00Z"},
    {__LINE__, "a_holiday_is_closed", "Europe/Berlin", "mon-fri 09:00-17:00; holiday 2026-12-25",
     "2026-12-24T15:00:00Z", "2h", "2026-12-28T09:00:00Z"},
    {__LINE__, "a_special_date_wins_over_a_holiday", "Europe/Berlin",
     "mon-fri 09:00-17:00; holiday 2026-12-25; special 2026-12-25 10:00-12:00",
     "2026-12-24T15:00:00Z", "2h", "2026-12-25T10:00:00Z"},
    {__LINE__, "a_night_runs_past_midnight", "America/Denver", kNight, "2026-03-11T05:00:00Z", "3h",
     "2026-03-11T08:00:00Z"},
    {__LINE__, "a_holiday_takes_its_own_night_and_the_rest_of_the_one_before", "Etc/UTC",
     "mon-sun 22:00-30:00; holiday 2026-05-02", "2026-05-01T23:00:00Z", "2h",
     "2026-05-03T23:00:00Z"},
    {__LINE__, "an_hour_that_is_skipped_does_not_count", "Europe/Berlin", "mon-sun 00:00-24:00",
     "2026-03-28T23:00:00Z", "23h", "2026-03-29T22:00:00Z"},
    {__LINE__, "a_shift_within_the_gap_never_opens", "Europe/Berlin", "mon-sun 02:00-03:00",
     "2026-03-28T23:00:00Z", "30m", "2026-03-30T00:30:00Z"},
    {__LINE__, "an_hour_that_is_shown_twice_counts_twice", "Europe/Berlin", "sun 02:00-03:00",
     "2026-10-24T22:00:00Z", "2h", "2026-10-25T02:00:00Z"},
    {__LINE__, "half_an_hour_of_lord_howe_is_shown_twice", "Australia/Lord_Howe", "sun 01:00-03:00",
     "2026-04-04T12:00:00Z", "2h30m", "2026-04-04T16:30:00Z"},
    {__LINE__, "half_an_hour_of_lord_howe_is_skipped", "Australia/Lord_Howe", "sun 01:00-03:00",
     "2026-10-03T12:00:00Z", "1h30m", "2026-10-03T16:00:00Z"},
    {__LINE__, "a_date_that_samoa_skipped_holds_nothing", "Pacific/Apia", "fri 09:00-17:00",
     "2011-12-30T00:00:00Z", "1h", "2012-01-05T20:00:00Z"},
    {__LINE__, "the_night_before_a_skipped_date_goes_on_after_it_by_that_dates_shifts",
     "Pacific/Apia", "thu 22:00-30:00; fri 22:00-30:00", "2011-12-30T08:00:00Z", "3h",
     "2011-12-30T11:00:00Z"},
    {__LINE__, "ramadan_moves_casablanca", "Africa/Casablanca", "mon-sun 09:00-10:00",
     "2025-02-22T12:00:00Z", "2h", "2025-02-24T10:00:00Z"},
    {__LINE__, "an_exact_fill_of_a_long_span_ends_at_close", "Etc/UTC", kOffice,
     "2026-01-01T00:00:00Z", "2080h", "2026-12-30T17:00:00Z"},
    {__LINE__, "a_fill_may_leave_the_window", "Etc/UTC", kOffice, "2026-01-01T00:00:00Z", "20872h",
     "2036-01-01T17:00:00Z"},
};

TEST_P(CalendarAddTest, GivesTheLeastMoment) {
  const Row& row = GetParam();
  const auto calendar = Compiled(row.zone, row.hours, At(row.from));
  const Instant due = calendar->Add(At(row.from), Length(row.open));
  EXPECT_EQ(ToText(due), row.expected) << calendar->FormatLocal(due) << " line " << row.line;
  EXPECT_EQ(calendar->OpenBetween(At(row.from), due).ms, Length(row.open).ms);
}
INSTANTIATE_TEST_SUITE_P(Rows, CalendarAddTest, testing::ValuesIn(kAddRows), ClaimOf{});

const Row kSubtractRows[] = {
    {__LINE__, "back_over_a_night", "Europe/Berlin", kOffice, "2026-03-11T08:30:00Z", "1h",
     "2026-03-10T15:30:00Z"},
    {__LINE__, "an_exact_fill_begins_at_opening", "Europe/Berlin", kOffice, "2026-03-11T08:30:00Z",
     "30m", "2026-03-11T08:00:00Z"},
    {__LINE__, "one_millisecond_more_is_the_evening_before", "Europe/Berlin", kOffice,
     "2026-03-11T08:30:00Z", "30m1ms", "2026-03-10T15:59:59.999Z"},
    {__LINE__, "nothing_to_subtract_stays_put", "Europe/Berlin", kOffice, "2026-03-14T12:00:00Z",
     "0s", "2026-03-14T12:00:00Z"},
    {__LINE__, "back_to_before_the_window", "Etc/UTC", kOffice, "2026-01-01T00:00:00Z", "20872h",
     "2016-01-01T09:00:00Z"},
};

TEST_P(CalendarSubtractTest, GivesTheGreatestMoment) {
  const Row& row = GetParam();
  const auto calendar = Compiled(row.zone, row.hours, At(row.from));
  const Instant start = calendar->Subtract(At(row.from), Length(row.open));
  EXPECT_EQ(ToText(start), row.expected) << calendar->FormatLocal(start) << " line " << row.line;
  EXPECT_EQ(calendar->OpenBetween(start, At(row.from)).ms, Length(row.open).ms);
}
INSTANTIATE_TEST_SUITE_P(Rows, CalendarSubtractTest, testing::ValuesIn(kSubtractRows), ClaimOf{});

// `open` unused: the next opening.
const Row kOpenRows[] = {
    {__LINE__, "open_is_now", "Europe/Berlin", kOffice, "2026-03-10T15:30:00.250Z", "",
     "2026-03-10T15:30:00.250Z"},
    {__LINE__, "the_closing_second_is_closed", "Europe/Berlin", kOffice, "2026-03-10T16:00:00Z", "",
     "2026-03-11T08:00:00Z"},
    {__LINE__, "the_last_millisecond_is_open", "Europe/Berlin", kOffice, "2026-03-10T15:59:59.999Z",
     "", "2026-03-10T15:59:59.999Z"},
    {__LINE__, "a_single_day_a_year_is_found", "Etc/UTC",
     "special 2025-07-01 09:00-10:00; special 2026-07-01 09:00-10:00", "2025-07-02T00:00:00Z", "",
     "2026-07-01T09:00:00Z"},
    {__LINE__, "nothing_within_400_days_is_never", "Etc/UTC", "special 2026-07-01 09:00-10:00",
     "2025-05-27T08:59:59.999Z", "", "never"},
    {__LINE__, "400_days_are_searched", "Etc/UTC", "special 2026-07-01 09:00-10:00",
     "2025-05-27T09:00:00Z", "", "2026-07-01T09:00:00Z"},
};

TEST_P(CalendarOpenTest, FindsTheNextOpening) {
  const Row& row = GetParam();
  const auto calendar = Compiled(row.zone, row.hours, At(row.from));
  const Instant open = calendar->NextOpen(At(row.from));
  EXPECT_EQ(ToText(open), row.expected) << "line " << row.line;
  EXPECT_EQ(calendar->IsOpen(open), open != Instant::Never());
  EXPECT_EQ(calendar->IsOpen(At(row.from)), open == At(row.from));
}
INSTANTIATE_TEST_SUITE_P(Rows, CalendarOpenTest, testing::ValuesIn(kOpenRows), ClaimOf{});

struct DayRow {
  int line;
  const char* claim;
  v1::Span::Reading reading;
  const char* zone;
  const char* hours;
  const char* from;
  int days;
  const char* expected;
};

void PrintTo(const DayRow& row, std::ostream* out) { *out << row.line << ": " << row.claim; }

class BusinessDayTest : public testing::TestWithParam<DayRow> {};

const DayRow kDayRows[] = {
    {__LINE__, "hours_of_the_longest_regular_day", v1::Span::HOURS, "Etc/UTC",
     "mon-thu 09:00-17:00; fri 09:00-13:00", "2026-03-13T09:00:00Z", 1, "2026-03-16T13:00:00Z"},
    {__LINE__, "same_time_skips_the_weekend", v1::Span::SAME_TIME, "Europe/Berlin", kOffice,
     "2026-03-13T10:15:30.500Z", 2, "2026-03-17T10:15:30.500Z"},
    {__LINE__, "same_time_when_closed_is_the_next_opening", v1::Span::SAME_TIME, "Europe/Berlin",
     kOffice, "2026-03-12T22:00:00Z", 1, "2026-03-16T08:00:00Z"},
    {__LINE__, "same_time_skips_a_holiday", v1::Span::SAME_TIME, "Europe/Berlin",
     "mon-fri 09:00-17:00; holiday 2026-12-25", "2026-12-24T10:00:00Z", 1, "2026-12-28T10:00:00Z"},
    {__LINE__, "same_time_in_a_gap_is_later_by_the_gap", v1::Span::SAME_TIME, "Europe/Berlin",
     "mon-sun 00:00-24:00", "2026-03-28T01:30:00Z", 1, "2026-03-29T01:30:00Z"},
    {__LINE__, "same_time_that_is_shown_twice_is_the_first", v1::Span::SAME_TIME, "Europe/Berlin",
     "mon-sun 00:00-24:00", "2026-10-24T00:30:00Z", 1, "2026-10-25T00:30:00Z"},
    {__LINE__, "the_end_of_the_next_day", v1::Span::END_OF_DAY, "Europe/Berlin", kOffice,
     "2026-03-12T10:00:00Z", 1, "2026-03-13T16:00:00Z"},
    {__LINE__, "the_end_of_day_counts_from_the_opening", v1::Span::END_OF_DAY, "Europe/Berlin",
     kOffice, "2026-03-13T20:00:00Z", 1, "2026-03-17T16:00:00Z"},
    {__LINE__, "a_night_shift_ends_its_day_at_midnight", v1::Span::END_OF_DAY, "Etc/UTC", kNight,
     "2026-03-10T23:00:00Z", 1, "2026-03-12T00:00:00Z"},
    {__LINE__, "no_business_date_is_never", v1::Span::END_OF_DAY, "Etc/UTC",
     "special 2026-03-10 09:00-17:00", "2026-03-10T10:00:00Z", 1, "never"},
    {__LINE__, "a_date_that_is_skipped_is_no_business_date", v1::Span::SAME_TIME, "Pacific/Apia",
     kOffice, "2011-12-29T20:00:00Z", 1, "2012-01-01T20:00:00Z"},
};

TEST_P(BusinessDayTest, IsReadAsSaid) {
  const DayRow& row = GetParam();
  const auto calendar = Compiled(row.zone, row.hours, At(row.from));
  const Instant due = calendar->AddBusinessDays(At(row.from), row.days, row.reading);
  EXPECT_EQ(ToText(due), row.expected) << calendar->FormatLocal(due) << " line " << row.line;
}
INSTANTIATE_TEST_SUITE_P(Rows, BusinessDayTest, testing::ValuesIn(kDayRows), ClaimOf{});

TEST(Calendar, always_is_open_without_end) {
  const auto always = Calendar::Always();
  const Instant t = At("2026-03-10T15:30:00.125Z");
  EXPECT_EQ(always->name(), "always");
  EXPECT_TRUE(always->IsOpen(t));
  EXPECT_EQ(always->NextOpen(t), t);
  EXPECT_EQ(always->Add(t, Duration::Days(4000)), t + Duration::Days(4000));
  EXPECT_EQ(always->Subtract(t, Duration::Days(4000)), t - Duration::Days(4000));
  EXPECT_EQ(always->OpenBetween(t, t + Duration::Hours(5)), Duration::Hours(5));
  EXPECT_EQ(always->business_day(), Duration::Days(1));
  EXPECT_EQ(ToText(always->AddBusinessDays(t, 2, v1::Span::SAME_TIME)), "2026-03-12T15:30:00.125Z");
}

TEST(Calendar, sentinels_and_extremes_come_out_as_sentinels) {
  const Instant t = At("2026-03-10T15:30:00Z");
  const Duration huge{std::numeric_limits<int64_t>::max()};
  for (const auto& calendar : {Calendar::Always(), Compiled("Europe/Berlin", kOffice, t)}) {
    EXPECT_EQ(calendar->Add(t, huge), Instant::Never());
    EXPECT_EQ(calendar->Subtract(t, huge), Instant::Past());
    EXPECT_EQ(calendar->Add(Instant::Never(), Duration{1}), Instant::Never());
    EXPECT_EQ(calendar->Add(Instant::Past(), Duration{1}), Instant::Never());
    EXPECT_EQ(calendar->Subtract(Instant::Past(), Duration{1}), Instant::Past());
    EXPECT_EQ(calendar->Subtract(Instant::Never(), Duration{1}), Instant::Past());
    EXPECT_EQ(calendar->NextOpen(Instant::Never()), Instant::Never());
    EXPECT_FALSE(calendar->IsOpen(Instant::Never()));
    EXPECT_FALSE(calendar->IsOpen(Instant::Past()));
    EXPECT_GT(calendar->OpenBetween(Instant::Past(), Instant::Never()), Duration::Days(10'000));
    EXPECT_EQ(calendar->OpenBetween(Instant::Never(), Instant::Past()), Duration{});
    EXPECT_EQ(calendar->AddBusinessDays(Instant::Never(), 1, v1::Span::SAME_TIME),
              Instant::Never());
  }
}

TEST(Calendar, one_that_never_opens_gives_neither_future_nor_past) {
  const Instant t = At("2026-03-10T15:30:00Z");
  const auto closed = Compiled("Europe/Berlin", "", t);
  EXPECT_EQ(closed->NextOpen(t), Instant::Never());
  EXPECT_EQ(closed->Add(t, Duration{1}), Instant::Never());
  EXPECT_EQ(closed->Add(t, Duration{}), t);
  EXPECT_EQ(closed->Subtract(t, Duration{1}), Instant::Past());
  EXPECT_EQ(closed->AddBusinessDays(t, 1, v1::Span::HOURS), Instant::Never());
  EXPECT_EQ(closed->AddBusinessDays(t, 1, v1::Span::SAME_TIME), Instant::Never());
  EXPECT_EQ(closed->AddBusinessDays(t, 1, v1::Span::END_OF_DAY), Instant::Never());
}

TEST(Calendar, a_malformed_definition_does_not_compile) {
  v1::CalendarDefinition definition = Definition("Europe/Berlin", kOffice);
  const Window window = Window::Around(kInstantMin);
  definition.mutable_week(0)->mutable_shifts(0)->set_end_s(0);
  EXPECT_EQ(Calendar::Compile(definition, ZoneOf("Europe/Berlin"), window).status().code(),
            absl::StatusCode::kInvalidArgument);
  definition = Definition("Europe/Berlin", kOffice);
  EXPECT_EQ(Calendar::Compile(definition, ZoneOf("Etc/UTC"), window).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(Calendar, a_malformed_zone_does_not_compile) {
  v1::ZoneDefinition zone = ZoneOf("Europe/Berlin");
  zone.set_first_offset_s(-Zone::kOffsetMax_s - 1);
  EXPECT_EQ(Calendar::Compile(Definition("Europe/Berlin", kOffice), zone, Window::Around({}))
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(Calendar, without_a_window_the_answers_are_the_same) {
  const Instant t = At("2026-03-10T15:30:00.500Z");
  const v1::CalendarDefinition definition = Definition("Etc/UTC", kOffice);
  const auto fast = Compiled(definition, Window::Around(t));
  for (const Window window : {Window{t, t}, Window{Instant::Never(), Instant::Past()},
                              Window{Instant::Seconds(-10), Instant::Seconds(-5)}}) {
    const auto slow = Compiled(definition, window);
    EXPECT_EQ(slow->IsOpen(t), fast->IsOpen(t));
    EXPECT_EQ(slow->IsOpen(t + Duration::Hours(9)), fast->IsOpen(t + Duration::Hours(9)));
    EXPECT_EQ(slow->NextOpen(t), fast->NextOpen(t));
    EXPECT_EQ(slow->Add(t, Duration::Hours(99)), fast->Add(t, Duration::Hours(99)));
    EXPECT_EQ(slow->Subtract(t, Duration::Hours(99)), fast->Subtract(t, Duration::Hours(99)));
    // At an opening, going back begins at the close before it.
    const Instant opening = At("2026-03-10T09:00:00Z");
    EXPECT_EQ(ToText(slow->Subtract(opening, Duration{1})), "2026-03-09T16:59:59.999Z");
    EXPECT_EQ(slow->OpenBetween(t, t + Duration::Days(9)),
              fast->OpenBetween(t, t + Duration::Days(9)));
    EXPECT_EQ(slow->OpenBetween(Instant::Past(), Instant::Seconds(-1)), Duration{});
  }
}

TEST(Calendar, at_the_edges_of_its_window_it_goes_on_behind_them) {
  const auto calendar =
      Compiled(Definition("Etc/UTC", kOffice), Window::Around(At("2026-06-01T00:00:00Z")));
  // After the last opening of the window, and before its first.
  EXPECT_EQ(ToText(calendar->NextOpen(At("2027-12-31T18:00:00Z"))), "2028-01-03T09:00:00Z");
  EXPECT_EQ(ToText(calendar->Add(At("2027-12-31T18:00:00Z"), Duration::Hours(1))),
            "2028-01-03T10:00:00Z");
  EXPECT_EQ(ToText(calendar->Subtract(At("2025-01-01T08:00:00Z"), Duration::Hours(1))),
            "2024-12-31T16:00:00Z");
  EXPECT_EQ(ToText(calendar->Subtract(At("2025-01-01T10:00:00Z"), Duration::Hours(2))),
            "2024-12-31T16:00:00Z");
  EXPECT_EQ(calendar->OpenBetween(At("2027-12-31T16:00:00Z"), At("2028-01-03T10:00:00Z")),
            Duration::Hours(2));
  EXPECT_EQ(calendar->OpenBetween(At("2024-12-31T16:00:00Z"), At("2025-01-01T10:00:00Z")),
            Duration::Hours(2));
}

TEST(Calendar, always_ends_with_the_horizon) {
  const auto always = Calendar::Always();
  const Instant before = Instant::Seconds(-86'400);
  const Instant first{};
  const Instant end = Instant::Seconds(OpenHours::kHorizonEnd_s);
  EXPECT_EQ(always->Add(before, Duration::Hours(1)), first + Duration::Hours(1));
  EXPECT_EQ(always->Subtract(end + Duration::Days(1), Duration::Hours(1)),
            end - Duration::Hours(1));
  EXPECT_EQ(always->Subtract(first + Duration::Hours(1), Duration::Hours(2)), Instant::Past());
  EXPECT_EQ(always->Add(end - Duration::Hours(1), Duration::Hours(2)), Instant::Never());
  EXPECT_EQ(always->Add(end + Duration::Days(1), Duration{1}), Instant::Never());
  EXPECT_EQ(always->Subtract(before, Duration{1}), Instant::Past());
  EXPECT_FALSE(always->IsOpen(end));
  EXPECT_EQ(always->OpenBetween(before, end + Duration::Days(1)), end - first);
}

TEST(Calendar, a_stretch_of_more_than_400_days_ends_every_search) {
  const Instant t = At("2026-03-10T00:00:00Z");
  const auto rare =
      Compiled("Etc/UTC", "special 2026-03-11 09:00-10:00; special 2027-06-01 09:00-10:00", t);
  EXPECT_EQ(ToText(rare->Add(t, Duration::Hours(1))), "2026-03-11T10:00:00Z");
  EXPECT_EQ(rare->Add(t, Duration::Minutes(61)), Instant::Never());
  const Instant late = At("2027-06-02T00:00:00Z");
  EXPECT_EQ(ToText(rare->Subtract(late, Duration::Hours(1))), "2027-06-01T09:00:00Z");
  EXPECT_EQ(rare->Subtract(late, Duration::Minutes(61)), Instant::Past());
  EXPECT_EQ(rare->AddBusinessDays(t, 0, v1::Span::SAME_TIME), t);
}

TEST(Calendar, the_business_day_is_what_is_said_else_the_longest) {
  const Instant t = At("2026-03-10T00:00:00Z");
  v1::CalendarDefinition said = Definition("Etc/UTC", kOffice);
  said.set_business_day_s(6 * 3600);
  EXPECT_EQ(Compiled(said, Window::Around(t))->business_day(), Duration::Hours(6));
  EXPECT_EQ(Compiled("Etc/UTC", "mon 09:00-12:00; tue 09:00-14:00 13:00-18:00", t)->business_day(),
            Duration::Hours(9));
  EXPECT_EQ(Compiled("Etc/UTC", "special 2026-03-11 09:00-10:00", t)->business_day(),
            Duration::Hours(1));
  EXPECT_EQ(Compiled("Etc/UTC", "", t)->business_day(), Duration::Days(1));
}

TEST(Calendar, open_on_every_day_but_a_few_is_not_always) {
  const Instant t = At("2026-03-10T00:00:00Z");
  const Duration week = Duration::Days(7);
  for (const char* hours :
       {"mon-sun 00:00-24:00; holiday 2026-03-11", "mon-sun 00:00-24:00; special 2026-03-11 closed",
        "mon-sat 00:00-24:00", "mon-sun 00:00-23:00", "mon-sun 01:00-24:00",
        "mon-sun 00:00-11:00 12:00-24:00"}) {
    EXPECT_LT(Compiled("Etc/UTC", hours, t)->OpenBetween(t, t + week), week) << hours;
  }
  EXPECT_EQ(Compiled("Etc/UTC", "mon-sun 00:00-24:00", t)->OpenBetween(t, t + week), week);
}

TEST(Calendar, prints_local_time) {
  const Instant t = At("2026-03-11T07:00:00Z");
  EXPECT_EQ(Compiled("America/Denver", kOffice, t)->FormatLocal(t), "2026-03-11 01:00 MDT");
  EXPECT_EQ(Compiled("Asia/Kathmandu", kOffice, t)->FormatLocal(t + Duration::Seconds(5)),
            "2026-03-11 12:45:05 +0545");
  EXPECT_EQ(Calendar::Always()->FormatLocal(Instant::Never()), "never");
}

TEST(Window, around_a_moment_holds_the_years_before_and_after) {
  const Window window = Window::Around(At("2026-03-11T07:00:00Z"));
  EXPECT_EQ(ToText(window.from), "2025-01-01T00:00:00Z");
  EXPECT_EQ(ToText(window.to), "2028-01-01T00:00:00Z");
}

}  // namespace
}  // namespace escalation
