#include "state/base/instant.h"

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <array>
#include <cstdio>

#include "absl/status/status.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr int64_t kDayMs = 86'400'000;

int64_t FloorDivide(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// Reads exactly `digits` decimal digits from the front of *text.
bool TakeNumber(std::string_view* text, int digits, int* out) {
  if (text->size() < static_cast<size_t>(digits)) return false;
  int value = 0;
  for (int i = 0; i < digits; ++i) {
    const char c = (*text)[i];
    if (c < '0' || c > '9') return false;
    value = value * 10 + (c - '0');
  }
  text->remove_prefix(digits);
  *out = value;
  return true;
}

bool TakeChar(std::string_view* text, char expected) {
  if (text->empty() || text->front() != expected) return false;
  text->remove_prefix(1);
  return true;
}

bool TakeDay(std::string_view* text, int32_t* out) {
  int year, month, day;
  if (!TakeNumber(text, 4, &year) || !TakeChar(text, '-') || !TakeNumber(text, 2, &month) ||
      !TakeChar(text, '-') || !TakeNumber(text, 2, &day)) {
    return false;
  }
  if (year < 1970 || year > 2200 || month < 1 || month > 12 || day < 1) return false;
  const CivilDay civil{year, month, day};
  *out = DaysFromCivil(civil);
  return CivilFromDays(*out) == civil;
}

// Offset of "Z" or "+05:30" in seconds.
bool TakeOffset(std::string_view* text, int* offset_s) {
  *offset_s = 0;
  if (TakeChar(text, 'Z') || TakeChar(text, 'z')) return true;
  const bool negative = !text->empty() && text->front() == '-';
  if (!TakeChar(text, '+') && !TakeChar(text, '-')) return false;
  int hours, minutes;
  if (!TakeNumber(text, 2, &hours) || !TakeChar(text, ':') || !TakeNumber(text, 2, &minutes)) {
    return false;
  }
  if (hours > 23 || minutes > 59) return false;
  *offset_s = (hours * 3600 + minutes * 60) * (negative ? -1 : 1);
  return true;
}

// Fraction digits after "."; cut to milliseconds.
bool TakeFraction(std::string_view* text, int* ms) {
  *ms = 0;
  if (!TakeChar(text, '.')) return true;
  int digits = 0;
  while (!text->empty() && text->front() >= '0' && text->front() <= '9') {
    if (digits < 3) *ms = *ms * 10 + (text->front() - '0');
    ++digits;
    text->remove_prefix(1);
  }
  for (int i = digits; i < 3; ++i) *ms *= 10;
  return digits > 0 && digits <= 9;
}

}  // namespace

// Howard Hinnant's algorithm, "chrono-Compatible Low-Level Date Algorithms".
int32_t DaysFromCivil(CivilDay civil) {
  const int y = civil.month <= 2 ? civil.year - 1 : civil.year;
  const int era = (y >= 0 ? y : y - 399) / 400;
  const int yoe = y - era * 400;
  const int doy = (153 * (civil.month + (civil.month > 2 ? -3 : 9)) + 2) / 5 + civil.day - 1;
  const int doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * 146097 + doe - 719468;
}

CivilDay CivilFromDays(int32_t days) {
  const int z = days + 719468;
  const int era = (z >= 0 ? z : z - 146096) / 146097;
  const int doe = z - era * 146097;
  const int yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const int doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const int mp = (5 * doy + 2) / 153;
  const int month = mp < 10 ? mp + 3 : mp - 9;
  return {yoe + era * 400 + (month <= 2 ? 1 : 0), month, doy - (153 * mp + 2) / 5 + 1};
}

int WeekdayOf(int32_t days) {
  const int r = (days + 3) % 7;
  return r < 0 ? r + 7 : r;
}

std::string DayToText(int32_t days) {
  const CivilDay civil = CivilFromDays(days);
  char text[32];
  std::snprintf(text, sizeof(text), "%04d-%02d-%02d", civil.year, civil.month, civil.day);
  return text;
}

absl::StatusOr<int32_t> ParseDay(std::string_view text) {
  std::string_view rest = text;
  int32_t day;
  if (!TakeDay(&rest, &day) || !rest.empty()) {
    return absl::InvalidArgumentError(
        Cat("not a date: \"", text, "\", expected YYYY-MM-DD such as 2026-12-25"));
  }
  return day;
}

std::string ToText(Instant t) {
  if (t == Instant::Never()) return "never";
  if (t == Instant::Past()) return "past";
  const int64_t days = FloorDivide(t.ms, kDayMs);
  const int64_t ms = t.ms - days * kDayMs;
  char text[48];
  std::snprintf(text, sizeof(text), "%sT%02d:%02d:%02d",
                DayToText(static_cast<int32_t>(days)).c_str(), static_cast<int>(ms / 3'600'000),
                static_cast<int>(ms / 60'000 % 60), static_cast<int>(ms / 1000 % 60));
  std::string out = text;
  if (ms % 1000 != 0) {
    std::snprintf(text, sizeof(text), ".%03d", static_cast<int>(ms % 1000));
    out += text;
  }
  return out + "Z";
}

std::string ToText(Duration d) {
  if (d.ms == 0) return "0s";
  std::string out = d.ms < 0 ? "-" : "";
  uint64_t rest = d.ms < 0 ? 0 - static_cast<uint64_t>(d.ms) : static_cast<uint64_t>(d.ms);
  const std::pair<uint64_t, const char*> units[] = {
      {86'400'000, "d"}, {3'600'000, "h"}, {60'000, "m"}, {1000, "s"}, {1, "ms"}};
  for (const auto& [size, unit] : units) {
    if (rest >= size) CatTo(&out, rest / size, unit);
    rest %= size;
  }
  return out;
}

absl::StatusOr<Instant> ParseInstant(std::string_view text) {
  std::string_view rest = text;
  int32_t day;
  int hour, minute, second, ms, offset_s;
  const bool formed = TakeDay(&rest, &day) &&
                      (TakeChar(&rest, 'T') || TakeChar(&rest, 't') || TakeChar(&rest, ' ')) &&
                      TakeNumber(&rest, 2, &hour) && TakeChar(&rest, ':') &&
                      TakeNumber(&rest, 2, &minute) && TakeChar(&rest, ':') &&
                      TakeNumber(&rest, 2, &second) && TakeFraction(&rest, &ms) &&
                      TakeOffset(&rest, &offset_s) && rest.empty();
  if (!formed || hour > 23 || minute > 59 || second > 59) {
    return absl::InvalidArgumentError(
        Cat("not an instant: \"", text, "\", expected RFC 3339 such as 2026-03-11T07:00:00Z"));
  }
  const Instant t{day * kDayMs + hour * 3'600'000LL + minute * 60'000LL + second * 1000LL + ms -
                  offset_s * 1000LL};
  if (t < kInstantMin || t >= kInstantMax) {
    return absl::InvalidArgumentError(
        Cat("instant out of range: \"", text, "\", expected a year from 2000 to 2099"));
  }
  return t;
}

absl::StatusOr<Duration> ParseDuration(std::string_view text) {
  const absl::Status malformed = absl::InvalidArgumentError(
      Cat("not a duration: \"", text, "\", expected such as 15m, 2h, 1h30m, 1d, 250ms"));
  static constexpr std::array<std::pair<std::string_view, int64_t>, 5> kUnits = {
      {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};
  std::string_view rest = text;
  int64_t total = 0;
  size_t next_unit = 0;
  if (rest.empty()) return malformed;
  while (!rest.empty()) {
    int64_t value = 0;
    size_t digits = 0;
    while (digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9') {
      value = value * 10 + (rest[digits++] - '0');
      if (value > 4'000'000'000'000) return malformed;
    }
    if (digits == 0) return malformed;
    rest.remove_prefix(digits);
    size_t letters = 0;
    while (letters < rest.size() && rest[letters] >= 'a' && rest[letters] <= 'z') ++letters;
    const std::string_view unit = rest.substr(0, letters);
    size_t found = next_unit;
    while (found < kUnits.size() && kUnits[found].first != unit) ++found;
    if (found == kUnits.size() || value > 4'000'000'000'000 / kUnits[found].second)
      return malformed;
    total += value * kUnits[found].second;
    next_unit = found + 1;
    rest.remove_prefix(letters);
  }
  return Duration{total};
}

Instant FromProto(const google::protobuf::Timestamp& t) {
  return {t.seconds() * 1000 + FloorDivide(t.nanos(), 1'000'000)};
}

Duration FromProto(const google::protobuf::Duration& d) {
  return {d.seconds() * 1000 + d.nanos() / 1'000'000};
}

void ToProto(Instant t, google::protobuf::Timestamp* out) {
  const int64_t seconds = FloorDivide(t.ms, 1000);
  out->set_seconds(seconds);
  out->set_nanos(static_cast<int32_t>(t.ms - seconds * 1000) * 1'000'000);
}

void ToProto(Duration d, google::protobuf::Duration* out) {
  out->set_seconds(d.ms / 1000);
  out->set_nanos(static_cast<int32_t>(d.ms % 1000) * 1'000'000);
}

}  // namespace escalation
