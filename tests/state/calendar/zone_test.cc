#include "state/calendar/zone.h"

#include <gtest/gtest.h>

#include "tests/state/calendar/calendar_text.h"

namespace escalation {
namespace {

Zone Read(const std::string& name) {
  auto zone = Zone::Make(ZoneOf(name));
  MustHold(zone.ok(), name);
  return *std::move(zone);
}

struct Row {
  int line;
  const char* zone;
  const char* day;
  Duration wall;
  const char* expected;
};

TEST(Zone, finds_the_moment_of_a_wall_time) {
  const Row rows[] = {
      {__LINE__, "Etc/UTC", "2026-03-29", Duration::Hours(2), "2026-03-29T02:00:00Z"},
      {__LINE__, "Europe/Berlin", "2026-03-28", Duration::Minutes(150), "2026-03-28T01:30:00Z"},
      // Skipped: an hour later. The first moment behind the gap is the gap's end.
      {__LINE__, "Europe/Berlin", "2026-03-29", Duration::Minutes(150), "2026-03-29T01:30:00Z"},
      {__LINE__, "Europe/Berlin", "2026-03-29", Duration::Hours(2), "2026-03-29T01:00:00Z"},
      {__LINE__, "Europe/Berlin", "2026-03-29", Duration::Hours(3), "2026-03-29T01:00:00Z"},
      // Shown twice: the first.
      {__LINE__, "Europe/Berlin", "2026-10-25", Duration::Minutes(150), "2026-10-25T00:30:00Z"},
      {__LINE__, "Europe/Berlin", "2026-10-25", Duration::Hours(3), "2026-10-25T02:00:00Z"},
      {__LINE__, "Australia/Lord_Howe", "2026-10-04", Duration::Minutes(135),
       "2026-10-03T15:45:00Z"},
      // A whole date skipped: a day later.
      {__LINE__, "Pacific/Apia", "2011-12-30", Duration::Hours(12), "2011-12-30T22:00:00Z"},
      {__LINE__, "America/Sao_Paulo", "2018-11-04", Duration{}, "2018-11-04T03:00:00Z"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(ToText(Read(row.zone).FirstAt(Day(row.day), row.wall.ms)), row.expected)
        << "line " << row.line;
  }
}

TEST(Zone, reads_the_wall_clock) {
  const Zone apia = Read("Pacific/Apia");
  EXPECT_EQ(DayToText(apia.LocalDay(At("2011-12-30T09:59:59Z"))), "2011-12-29");
  EXPECT_EQ(DayToText(apia.LocalDay(At("2011-12-30T10:00:00Z"))), "2011-12-31");
  EXPECT_EQ(apia.WallClock_ms(At("2011-12-30T09:59:59.250Z")), 86'399'250);
  EXPECT_EQ(apia.Format(At("2011-12-30T10:00:00Z")), "2011-12-31 00:00 +14");
  EXPECT_EQ(apia.Format(Instant::Seconds(-2'208'988'801)),
            ToText(Instant::Seconds(-2'208'988'801)));
  EXPECT_EQ(apia.Format(Instant::Seconds(10'413'792'001)),
            ToText(Instant::Seconds(10'413'792'001)));
  EXPECT_EQ(Read("America/Denver").Format(At("2026-03-08T08:59:59Z")), "2026-03-08 01:59:59 MST");
  EXPECT_EQ(Read("America/Denver").Format(At("2026-03-08T09:00:00Z")), "2026-03-08 03:00 MDT");
}

TEST(Zone, refuses_what_no_zone_can_be) {
  v1::ZoneDefinition zone;
  zone.set_name("Etc/Odd");
  zone.set_first_offset_s(Zone::kOffsetMax_s + 1);
  EXPECT_EQ(Zone::Make(zone).status().code(), absl::StatusCode::kInvalidArgument);
  zone.set_first_offset_s(3600);
  EXPECT_TRUE(Zone::Make(zone).ok());
  zone.add_transitions()->set_from_s(1000);
  zone.add_transitions()->set_from_s(1000);
  EXPECT_EQ(Zone::Make(zone).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace escalation
