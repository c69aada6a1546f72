#include "state/calendar/calendar_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/state/calendar/calendar_text.h"

namespace escalation {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Row {
  int line;
  const char* zone;
  const char* hours;
  const char* day;
  const char* shown;  // Its hours.
  const char* open;
  const char* reason;
};

TEST(CalendarView, a_date_shows_its_hours_and_what_is_particular_about_it) {
  const Row rows[] = {
      {__LINE__, "Europe/Berlin", "mon-fri 09:00-12:00 13:00-17:30", "2026-03-10",
       "09:00-12:00 13:00-17:30", "7h30m", ""},
      {__LINE__, "Europe/Berlin", "mon-fri 09:00-17:00", "2026-03-14", "closed", "0h", ""},
      {__LINE__, "Europe/Berlin", "mon-sun 22:00-30:00", "2026-03-10", "00:00-06:00 22:00-24:00",
       "8h", ""},
      {__LINE__, "Europe/Berlin", "mon-sun 00:00-24:00", "2026-03-29", "00:00-24:00", "23h", ""},
      {__LINE__, "Pacific/Apia", "mon-sun 00:00-24:00", "2011-12-30", "skipped", "0h", ""},
      {__LINE__, "Europe/Berlin", "fri 09:00-17:00; holiday 2026-12-25 Christmas", "2026-12-25",
       "closed", "0h", "Christmas"},
      {__LINE__, "Europe/Berlin", "fri 09:00-17:00; holiday 2026-12-25", "2026-12-25", "closed",
       "0h", "holiday"},
      {__LINE__, "Europe/Berlin", "fri 09:00-17:00; substitute 2026-12-25 Boxing Day", "2026-12-25",
       "closed", "0h", "Boxing Day (substitute)"},
      {__LINE__, "Europe/Berlin", "fri 09:00-17:00; special 2026-12-25 10:00-10:45", "2026-12-25",
       "10:00-10:45", "45m", "exception"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.line);
    const auto calendar = Compiled(row.zone, row.hours, At("2026-03-10T00:00:00Z"));
    const DateView view = ViewDate(*calendar, Day(row.day));
    EXPECT_EQ(HoursText(view), row.shown);
    EXPECT_EQ(OpenText(view.open), row.open);
    EXPECT_EQ(view.reason, row.reason);
    EXPECT_EQ(view.exists, std::string(row.shown) != "skipped");
  }
}

TEST(CalendarView, an_exception_may_have_a_name_and_hours_seconds) {
  v1::CalendarDefinition definition = Definition("Europe/Berlin", "special 2026-12-24 09:00-12:00");
  definition.mutable_special(0)->set_name("Christmas Eve");
  definition.mutable_special(0)->mutable_shifts(0)->set_end_s(12 * 3600 + 5);
  const auto calendar = Compiled(definition, Window::Around(At("2026-12-24T00:00:00Z")));
  const DateView view = ViewDate(*calendar, Day("2026-12-24"));
  EXPECT_EQ(view.reason, "Christmas Eve");
  EXPECT_EQ(HoursText(view), "09:00-12:00:05");
  EXPECT_EQ(OpenText(view.open), "3h5s");
}

TEST(CalendarView, the_clocks_changes_stand_on_the_date_that_shows_them) {
  const auto berlin = Compiled("Europe/Berlin", "", At("2026-03-10T00:00:00Z"));
  EXPECT_THAT(ViewDate(*berlin, Day("2026-03-28")).clock_changes, IsEmpty());
  EXPECT_THAT(ViewDate(*berlin, Day("2026-03-29")).clock_changes,
              ElementsAre("clock goes forward 1h at 02:00 CET"));
  EXPECT_THAT(ViewDate(*berlin, Day("2026-10-25")).clock_changes,
              ElementsAre("clock goes back 1h at 03:00 CEST"));
  // Midnight is shown again: the end of the date that it repeats.
  const auto havana = Compiled("America/Sao_Paulo", "", At("2018-02-18T00:00:00Z"));
  EXPECT_THAT(ViewDate(*havana, Day("2018-02-17")).clock_changes,
              ElementsAre("clock goes back 1h at 24:00 -02"));
}

TEST(CalendarView, another_abbreviation_alone_is_no_change) {
  v1::ZoneDefinition definition;
  definition.set_name("Etc/Odd");
  definition.set_first_abbreviation("ONE");
  for (int i = 1; i <= 3; ++i) {
    v1::ZoneTransition* const transition = definition.add_transitions();
    transition->set_from_s(i * 1'000);
    transition->set_offset_s(i == 1 ? 0 : 1'800);
    transition->set_abbreviation(i == 1 ? "TWO" : "THREE");
  }
  const auto zone = Zone::Make(definition);
  ASSERT_TRUE(zone.ok());
  const auto changes = ClockChanges(*zone, Instant{}, Instant::Seconds(10'000));
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].at, Instant::Seconds(2'000));
  EXPECT_EQ(changes[0].text, "clock goes forward 30m at 00:33:20 TWO");
  // [from, to): not before, not at the end.
  EXPECT_EQ(ClockChanges(*zone, Instant::Seconds(2'000), Instant::Seconds(2'001)).size(), 1u);
  EXPECT_THAT(ClockChanges(*zone, Instant{2'000'001}, Instant::Seconds(10'000)), IsEmpty());
  EXPECT_THAT(ClockChanges(*zone, Instant{}, Instant::Seconds(2'000)), IsEmpty());
}

TEST(CalendarView, dates_and_months_have_names) {
  EXPECT_EQ(DateText(Day("2026-12-25")), "Fri 2026-12-25");
  EXPECT_EQ(MonthText(2026, 12), "December 2026");
}

}  // namespace
}  // namespace escalation
