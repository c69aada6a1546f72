#include "state/calendar/calendar_explain.h"

#include <gtest/gtest.h>

#include <string>

#include "escalation/v1/policy.pb.h"
#include "state/calendar/calendar_view.h"
#include "tests/state/calendar/calendar_text.h"

namespace escalation {
namespace {

// A line for each stretch: when, how much is counted by then, or why it is closed.
std::string Told(const Calendar& calendar, const Explanation& explanation) {
  std::string out;
  for (const ExplainedStretch& stretch : explanation.stretches) {
    CatTo(&out, calendar.FormatLocal(stretch.from), " - ", calendar.FormatLocal(stretch.to), " ",
          stretch.is_open ? OpenText(stretch.counted) : stretch.reason, "\n");
  }
  for (const ExplainedDates& dates : explanation.dates) {
    CatTo(&out, DateText(dates.first), " - ", DateText(dates.last), " ", dates.number,
          dates.reason.empty() ? "" : " ", dates.reason, "\n");
  }
  for (const std::string& change : explanation.clock_changes) CatTo(&out, change, "\n");
  return out;
}

std::string Add(const char* zone, const char* hours, const char* from, Duration open) {
  const auto calendar = Compiled(zone, hours, At(from));
  const Explanation explanation = ExplainAdd(*calendar, At(from), open);
  EXPECT_EQ(explanation.due, calendar->Add(At(from), open));
  return Told(*calendar, explanation);
}

std::string AddDays(const char* zone, const char* hours, const char* from, int days,
                    v1::Span::Reading reading) {
  const auto calendar = Compiled(zone, hours, At(from));
  const Explanation explanation = ExplainBusinessDays(*calendar, At(from), days, reading);
  EXPECT_EQ(explanation.due, calendar->AddBusinessDays(At(from), days, reading));
  return Told(*calendar, explanation);
}

TEST(CalendarExplain, each_stretch_says_how_much_or_why_not) {
  EXPECT_EQ(Add("Europe/Berlin", "mon-fri 09:00-12:00 13:00-17:00; holiday 2026-03-16 Feast",
                "2026-03-13T14:30:00Z", Duration::Hours(5)),
            "2026-03-13 15:30 CET - 2026-03-13 17:00 CET 1h30m\n"
            "2026-03-13 17:00 CET - 2026-03-17 09:00 CET "
            "Sat 2026-03-14 - Sun 2026-03-15 no hours; Mon 2026-03-16 Feast\n"
            "2026-03-17 09:00 CET - 2026-03-17 12:00 CET 4h30m\n"
            "2026-03-17 12:00 CET - 2026-03-17 13:00 CET outside hours\n"
            "2026-03-17 13:00 CET - 2026-03-17 13:30 CET 5h\n");
}

TEST(CalendarExplain, nothing_to_add_has_no_stretches) {
  EXPECT_EQ(Add("Etc/UTC", "mon-sun 00:00-24:00", "2026-03-10T10:00:00.500Z", {}), "");
  EXPECT_EQ(Add("Etc/UTC", "mon-fri 09:00-17:00", "2026-03-14T10:00:00Z", {}), "");
}

TEST(CalendarExplain, a_moment_that_never_comes_is_not_explained) {
  EXPECT_EQ(Add("Etc/UTC", "", "2026-03-10T10:00:00Z", Duration{1}), "");
  EXPECT_EQ(AddDays("Etc/UTC", "", "2026-03-10T10:00:00Z", 1, v1::Span::SAME_TIME), "");
}

TEST(CalendarExplain, many_reasons_are_cut_off) {
  std::string hours = "mon-sun 09:00-10:00";
  for (int day = 11; day <= 18; ++day) CatTo(&hours, "; holiday 2026-03-", day, " Day ", day);
  const std::string told =
      Add("Etc/UTC", hours.c_str(), "2026-03-10T09:30:00Z", Duration::Hours(1));
  EXPECT_NE(told.find("Wed 2026-03-11 Day 11; "), std::string::npos) << told;
  EXPECT_NE(told.find("Mon 2026-03-16 Day 16; and more\n"), std::string::npos) << told;
}

TEST(CalendarExplain, a_skipped_date_and_the_clocks_change_are_told) {
  EXPECT_EQ(Add("Pacific/Apia", "mon-sun 09:00-10:00", "2011-12-29T19:30:00Z", Duration::Hours(1)),
            "2011-12-29 09:30 -10 - 2011-12-29 10:00 -10 30m\n"
            "2011-12-29 10:00 -10 - 2011-12-31 09:00 +14 Fri 2011-12-30 skipped by the zone\n"
            "2011-12-31 09:00 +14 - 2011-12-31 09:30 +14 1h\n"
            "Thu 2011-12-29: clock goes forward 24h at 00:00 -10\n");
}

TEST(CalendarExplain, business_days_are_counted_date_by_date) {
  const char* const hours = "mon-fri 09:00-17:00; holiday 2026-03-16 Feast";
  EXPECT_EQ(AddDays("Europe/Berlin", hours, "2026-03-13T10:00:00Z", 2, v1::Span::SAME_TIME),
            "Sat 2026-03-14 - Sun 2026-03-15 0 no hours\n"
            "Mon 2026-03-16 - Mon 2026-03-16 0 Feast\n"
            "Tue 2026-03-17 - Tue 2026-03-17 1\n"
            "Wed 2026-03-18 - Wed 2026-03-18 2\n");
  // From an evening the end of day counts from the next opening.
  EXPECT_EQ(AddDays("Europe/Berlin", hours, "2026-03-13T20:00:00Z", 1, v1::Span::END_OF_DAY),
            "Wed 2026-03-18 - Wed 2026-03-18 1\n");
}

}  // namespace
}  // namespace escalation
