#include "state/policy/zone_source.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "absl/time/time.h"
#include "state/base/text.h"
#include "state/calendar/check.h"

namespace escalation {
namespace {

TEST(ZoneSource, berlin_changes_twice_a_year_until_2101) {
  const auto zone = ReadZone("Europe/Berlin");
  ASSERT_TRUE(zone.ok()) << zone.status();
  EXPECT_EQ(zone->name(), "Europe/Berlin");
  EXPECT_EQ(zone->first_offset_s(), 3600);
  EXPECT_EQ(zone->first_abbreviation(), "CET");
  int in_2026 = 0;
  for (const v1::ZoneTransition& transition : zone->transitions()) {
    const Instant t = Instant::Seconds(transition.from_s());
    if (ToText(t).substr(0, 4) != "2026") continue;
    EXPECT_EQ(ToText(t), in_2026 == 0 ? "2026-03-29T01:00:00Z" : "2026-10-25T01:00:00Z");
    EXPECT_EQ(transition.offset_s(), in_2026 == 0 ? 7200 : 3600);
    EXPECT_EQ(transition.abbreviation(), in_2026 == 0 ? "CEST" : "CET");
    ++in_2026;
  }
  EXPECT_EQ(in_2026, 2);
  const Instant last = Instant::Seconds(zone->transitions().rbegin()->from_s());
  EXPECT_EQ(ToText(last).substr(0, 7), "2101-10");
}

TEST(ZoneSource, utc_has_no_changes) {
  const auto zone = ReadZone("Etc/UTC");
  ASSERT_TRUE(zone.ok());
  EXPECT_EQ(zone->transitions_size(), 0);
  EXPECT_EQ(zone->first_abbreviation(), "UTC");
}

// Every zone of the machine: what was read says the same as the database, on both sides of each
// change and between them.
TEST(ZoneSource, agrees_with_the_database_for_every_zone) {
  std::ifstream list("/usr/share/zoneinfo/tzdata.zi");
  int zones = 0;
  for (std::string line; std::getline(list, line);) {
    if (line.rfind("Z ", 0) != 0) continue;
    const std::string name = line.substr(2, line.find(' ', 2) - 2);
    if (name == "Factory") continue;
    const auto zone = ReadZone(name);
    ASSERT_TRUE(zone.ok()) << zone.status();
    absl::TimeZone expected;
    ASSERT_TRUE(absl::LoadTimeZone(name, &expected));
    const auto agrees = [&](int64_t s, int32_t offset_s, const std::string& abbreviation) {
      const auto at = expected.At(absl::FromUnixSeconds(s));
      EXPECT_EQ(at.offset, offset_s) << name << " " << s;
      EXPECT_EQ(at.zone_abbr, abbreviation) << name << " " << s;
    };
    int32_t offset_s = zone->first_offset_s();
    std::string abbreviation = zone->first_abbreviation();
    int64_t from_s = 0;
    for (const v1::ZoneTransition& transition : zone->transitions()) {
      agrees(transition.from_s() - 1, offset_s, abbreviation);
      if (from_s > 0) agrees((from_s + transition.from_s()) / 2, offset_s, abbreviation);
      offset_s = transition.offset_s();
      abbreviation = transition.abbreviation();
      from_s = transition.from_s();
      agrees(from_s, offset_s, abbreviation);
    }
    ++zones;
  }
  EXPECT_GT(zones, 200);
}

TEST(ZoneSource, refuses_what_is_no_zone) {
  for (const char* name :
       {"", "../../etc/passwd", "/etc/passwd", "Europe/../../../etc/passwd", "Europe", "Nowhere",
        "europe/berlin ", "leapseconds", "localtime", "posixrules", "right/Europe/Berlin",
        "posix/Europe/Berlin", "Factory", "Fixed/UTC+01:00:00", "tzdata.zi"}) {
    const auto zone = ReadZone(name);
    EXPECT_EQ(zone.status().code(), absl::StatusCode::kInvalidArgument) << name;
    EXPECT_EQ(zone.status().message(),
              Cat("unknown time zone \"", name, "\", expected an IANA name such as Europe/Berlin"));
  }
}

TEST(ZoneSource, a_long_name_is_not_repeated) {
  EXPECT_LT(ReadZone(std::string(100'000, 'x')).status().message().size(), 200U);
}

TEST(ZoneSource, the_database_has_a_version) {
  const std::string version = ZoneVersion();
  EXPECT_TRUE(IsId(version, 32)) << version;
}

TEST(ZoneSource, a_set_is_sorted_and_holds_each_zone_once) {
  std::vector<v1::CalendarDefinition> calendars(3);
  const char* names[][2] = {{"c", "Europe/Berlin"}, {"a", "Asia/Tokyo"}, {"b", "Europe/Berlin"}};
  for (size_t i = 0; i < 3; ++i) {
    calendars[i].set_name(names[i][0]);
    calendars[i].set_zone(names[i][1]);
    for (int day = 0; day < 7; ++day) {
      v1::Shift* shift = calendars[i].add_week()->add_shifts();
      shift->set_start_s(3600);
      shift->set_end_s(7200);
    }
  }
  auto set = MakeCalendarSet(calendars, 4);
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_EQ(set->revision(), 4);
  EXPECT_EQ(set->zone_version(), ZoneVersion());
  ASSERT_EQ(set->calendars_size(), 3);
  EXPECT_EQ(set->calendars(0).name(), "a");
  EXPECT_EQ(set->calendars(2).name(), "c");
  ASSERT_EQ(set->zones_size(), 2);
  EXPECT_EQ(set->zones(0).name(), "Asia/Tokyo");
  EXPECT_EQ(set->zones(1).name(), "Europe/Berlin");
  EXPECT_TRUE(CheckCalendarSet(*set).empty());

  calendars[0].set_zone("Nowhere");
  EXPECT_EQ(MakeCalendarSet(calendars, 4).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace escalation
