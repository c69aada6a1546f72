// state/policy/zone_source.h
//
// Reads time zones from the machine's zone database. Used where calendars are published, never by
// the fold: the log carries what is found here.
//
//   Input       zone names; the zone database of the machine (TZDIR, else /usr/share/zoneinfo)
//   Output      ZoneDefinition with every transition of the years 1969 to 2101; calendar sets
//   Invariants  1. a name that is not a plain zone name never reaches the file system
//   Errors      kInvalidArgument: not a name, or not a zone of this machine
//   Threads     stateless; safe everywhere
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "escalation/v1/calendar.pb.h"

namespace escalation {

absl::StatusOr<v1::ZoneDefinition> ReadZone(std::string_view name);

// Version of the zone database, such as "2025b"; "unknown" if it does not say.
std::string ZoneVersion();

// The set to publish: calendars sorted by name, and every zone that they use. Does not check the
// definitions themselves: CheckCalendarSet of state/calendar/check.h does.
absl::StatusOr<v1::CalendarSet> MakeCalendarSet(std::vector<v1::CalendarDefinition> calendars,
                                                int64_t revision);

}  // namespace escalation
