// state/policy/holiday_file.h
//
// Holidays from an iCalendar file (RFC 5545), as helpdesks and governments publish them.
//
//   Input       a file of at most 4 MiB with all-day events; yearly ones may repeat by RRULE, RDATE
//               and EXDATE
//   Output      the holidays of the years 2000 to 2100, sorted by date, one a date; an event of
//               several days is a holiday on each. The original wins over a substitute of the same
//               date. An event is a substitute if its summary or a category says "substitute" or
//               "observed"
//   Errors      kInvalidArgument, kNotFound, kPermissionDenied: the message begins with the path.
//               An event with a time of day, an unreadable rule and a file without any holiday are
//               errors, for a calendar with a missing holiday pages people on it
//   Threads     one call at a time
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "escalation/v1/calendar.pb.h"

namespace escalation {

absl::StatusOr<std::vector<v1::Holiday>> ReadHolidayFile(const std::string& path);

// `name` stands in messages for the path.
absl::StatusOr<std::vector<v1::Holiday>> ReadHolidayText(const std::string& name,
                                                         const std::string& text);

}  // namespace escalation
