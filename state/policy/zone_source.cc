#include "state/policy/zone_source.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>

#include "absl/time/time.h"
#include "state/base/text.h"
#include "state/calendar/check.h"

namespace escalation {
namespace {

// Transitions in [kFirst_s, kEnd_s): a year and more around every accepted instant, and all of
// UNIX time before it.
constexpr int64_t kFirst_s = -31'536'000;  // 1969-01-01
constexpr int64_t kEnd_s = 4'165'516'800;  // 2102-01-01

std::string DatabaseFolder() {
  const char* const folder = std::getenv("TZDIR");
  return folder != nullptr && *folder != '\0' ? folder : "/usr/share/zoneinfo";
}

// Plain names that are not zones of the world: they depend on the machine or count leap seconds.
bool IsLocalName(std::string_view name) {
  return name == "localtime" || name == "posixrules" || name == "Factory" ||
         name.substr(0, 6) == "posix/" || name.substr(0, 6) == "right/";
}

int32_t OffsetAt(const absl::TimeZone& zone, int64_t s) {
  return zone.At(absl::FromUnixSeconds(s)).offset;
}

std::string AbbreviationAt(const absl::TimeZone& zone, int64_t s) {
  return zone.At(absl::FromUnixSeconds(s)).zone_abbr;
}

}  // namespace

absl::StatusOr<v1::ZoneDefinition> ReadZone(std::string_view name) {
  const auto refuse = [name] {
    return absl::InvalidArgumentError(Cat("unknown time zone \"", name.substr(0, kZoneNameBytesMax),
                                          "\", expected an IANA name such as Europe/Berlin"));
  };
  if (!IsZoneName(name) || IsLocalName(name)) return refuse();
  absl::TimeZone zone;
  if (!absl::LoadTimeZone(std::string(name), &zone)) return refuse();

  v1::ZoneDefinition definition;
  definition.set_name(std::string(name));
  int32_t offset_s = OffsetAt(zone, kFirst_s - 1);
  std::string abbreviation = AbbreviationAt(zone, kFirst_s - 1);
  definition.set_first_offset_s(offset_s);
  definition.set_first_abbreviation(abbreviation);

  absl::Time at = absl::FromUnixSeconds(kFirst_s - 1);
  absl::TimeZone::CivilTransition change;
  while (zone.NextTransition(at, &change)) {
    // `to` is the first civil second under the new offset; shown twice, its second showing is
    // meant.
    at = zone.At(change.to).post;
    const int64_t s = absl::ToUnixSeconds(at);
    if (s >= kEnd_s) break;
    const int32_t new_offset_s = OffsetAt(zone, s);
    std::string new_abbreviation = AbbreviationAt(zone, s);
    // A change of the daylight-saving flag alone does not show on a wall clock.
    if (new_offset_s == offset_s && new_abbreviation == abbreviation) continue;
    v1::ZoneTransition* transition = definition.add_transitions();
    transition->set_from_s(s);
    transition->set_offset_s(new_offset_s);
    transition->set_abbreviation(new_abbreviation);
    offset_s = new_offset_s;
    abbreviation = std::move(new_abbreviation);
  }
  return definition;
}

std::string ZoneVersion() {
  const std::string folder = DatabaseFolder();
  std::string line;
  std::ifstream rules(folder + "/tzdata.zi");
  static constexpr std::string_view kPrefix = "# version ";
  if (std::getline(rules, line) && line.compare(0, kPrefix.size(), kPrefix) == 0) {
    return line.substr(kPrefix.size(), 32);
  }
  std::ifstream version(folder + "/+VERSION");
  if (std::getline(version, line) && !line.empty()) return line.substr(0, 32);
  return "unknown";
}

absl::StatusOr<v1::CalendarSet> MakeCalendarSet(std::vector<v1::CalendarDefinition> calendars,
                                                int64_t revision) {
  std::sort(calendars.begin(), calendars.end(),
            [](const auto& a, const auto& b) { return a.name() < b.name(); });
  v1::CalendarSet set;
  set.set_revision(revision);
  set.set_zone_version(ZoneVersion());
  std::set<std::string> zones;
  for (v1::CalendarDefinition& calendar : calendars) {
    zones.insert(calendar.zone());
    *set.add_calendars() = std::move(calendar);
  }
  for (const std::string& name : zones) {
    absl::StatusOr<v1::ZoneDefinition> zone = ReadZone(name);
    if (!zone.ok()) return zone.status();
    *set.add_zones() = *std::move(zone);
  }
  return set;
}

}  // namespace escalation
