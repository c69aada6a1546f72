// state/base/instant.h
//
// Points in time and lengths of time, in milliseconds. The only time types inside escalationd.
//
//   Instant     milliseconds since 1970-01-01T00:00:00Z, without leap seconds. Accepted:
//               2000-01-01 up to 2100-01-01
//   Duration    a signed number of milliseconds
//   Text        RFC 3339 in UTC, with exactly as many of three fraction digits as needed:
//               "2026-03-11T07:00:00Z"
//   Threads     values; safe everywhere
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace google::protobuf {
class Duration;
class Timestamp;
}  // namespace google::protobuf

namespace escalation {

struct Duration {
  int64_t ms = 0;

  static constexpr Duration Seconds(int64_t n) { return {n * 1000}; }
  static constexpr Duration Minutes(int64_t n) { return {n * 60'000}; }
  static constexpr Duration Hours(int64_t n) { return {n * 3'600'000}; }
  static constexpr Duration Days(int64_t n) { return {n * 86'400'000}; }

  friend constexpr auto operator<=>(Duration, Duration) = default;
  friend constexpr Duration operator+(Duration a, Duration b) { return {a.ms + b.ms}; }
  friend constexpr Duration operator-(Duration a, Duration b) { return {a.ms - b.ms}; }
  friend constexpr Duration operator*(Duration a, int64_t n) { return {a.ms * n}; }
};

struct Instant {
  int64_t ms = 0;

  // Later than every accepted instant: "no such moment" in due-time arithmetic.
  static constexpr Instant Never() { return {std::numeric_limits<int64_t>::max()}; }
  // Earlier than every accepted instant.
  static constexpr Instant Past() { return {std::numeric_limits<int64_t>::min()}; }
  static constexpr Instant Seconds(int64_t s) { return {s * 1000}; }

  friend constexpr auto operator<=>(Instant, Instant) = default;
  friend constexpr Instant operator+(Instant t, Duration d) { return {t.ms + d.ms}; }
  friend constexpr Instant operator-(Instant t, Duration d) { return {t.ms - d.ms}; }
  friend constexpr Duration operator-(Instant a, Instant b) { return {a.ms - b.ms}; }
};

// Accepted range of every instant that enters: [kInstantMin, kInstantMax).
inline constexpr Instant kInstantMin{946'684'800'000};    // 2000-01-01T00:00:00Z
inline constexpr Instant kInstantMax{4'102'444'800'000};  // 2100-01-01T00:00:00Z

// "2026-03-11T07:00:00Z", "2026-03-11T07:00:00.250Z"; "never" and "past" for the two sentinels.
std::string ToText(Instant t);
// "1h30m", "15m", "2d", "250ms", "-5m", "0s". Days are 24 hours.
std::string ToText(Duration d);

// RFC 3339 with an offset or Z, at most nanoseconds (cut to milliseconds). kInvalidArgument outside
// the accepted range or form.
absl::StatusOr<Instant> ParseInstant(std::string_view text);
// What ToText(Duration) prints, without sign: numbers with d, h, m, s, ms in falling order.
// kInvalidArgument else.
absl::StatusOr<Duration> ParseDuration(std::string_view text);

// Protobuf forms. FromProto cuts below a millisecond towards the past and does not check the range.
Instant FromProto(const google::protobuf::Timestamp& t);
Duration FromProto(const google::protobuf::Duration& d);
void ToProto(Instant t, google::protobuf::Timestamp* out);
void ToProto(Duration d, google::protobuf::Duration* out);

// Proleptic Gregorian calendar, days since 1970-01-01.
struct CivilDay {
  int32_t year = 1970;
  int32_t month = 1;  // 1..12
  int32_t day = 1;    // 1..31

  friend constexpr auto operator<=>(CivilDay, CivilDay) = default;
};
int32_t DaysFromCivil(CivilDay civil);
CivilDay CivilFromDays(int32_t days);
// 0 Monday .. 6 Sunday.
int WeekdayOf(int32_t days);
// "2026-03-11"
std::string DayToText(int32_t days);
// YYYY-MM-DD of an existing date in 1970..2200. kInvalidArgument else.
absl::StatusOr<int32_t> ParseDay(std::string_view text);

}  // namespace escalation
