#include "tests/simulation/reference_calendar.h"

#include <algorithm>

#include "state/base/text.h"

namespace escalation::simulation {
namespace {

constexpr int64_t kMinuteMs = 60'000;
constexpr int64_t kDayMinutes = 1'440;
constexpr int64_t kDayMs = kDayMinutes * kMinuteMs;
constexpr int64_t kDaySeconds = 86'400;
constexpr int64_t kReachDays = 400;

int64_t FloorDivide(int64_t value, int64_t by) {
  const int64_t quotient = value / by;
  return quotient * by > value ? quotient - 1 : quotient;
}

// 1970-01-01 was a Thursday.
int Weekday(int64_t day) { return static_cast<int>(((day + 3) % 7 + 7) % 7); }

bool Covers(const google::protobuf::RepeatedPtrField<v1::Shift>& shifts, int64_t second) {
  return std::any_of(shifts.begin(), shifts.end(), [&](const v1::Shift& shift) {
    return shift.start_s() <= second && second < shift.end_s();
  });
}

}  // namespace

absl::StatusOr<ReferenceCalendar> ReferenceCalendar::Make(const v1::CalendarDefinition& definition,
                                                          const v1::ZoneDefinition& zone) {
  const auto whole = [](int64_t seconds) { return seconds % 60 == 0; };
  bool ok = definition.week_size() == 7 && whole(zone.first_offset_s());
  for (const v1::ZoneTransition& transition : zone.transitions()) {
    ok = ok && whole(transition.from_s()) && whole(transition.offset_s());
  }
  const auto check = [&](const google::protobuf::RepeatedPtrField<v1::Shift>& shifts) {
    for (const v1::Shift& shift : shifts) ok = ok && whole(shift.start_s()) && whole(shift.end_s());
  };
  for (const v1::Shifts& day : definition.week()) check(day.shifts());
  for (const v1::SpecialDay& day : definition.special()) check(day.shifts());
  if (!ok) {
    return absl::InvalidArgumentError(
        Cat("calendar ", definition.name(), ": not a week in whole minutes"));
  }
  ReferenceCalendar calendar;
  calendar.always_ = false;
  calendar.definition_ = definition;
  calendar.zone_ = zone;
  return calendar;
}

int64_t ReferenceCalendar::OffsetMinutes(int64_t utc_minute) const {
  int64_t offset_s = zone_.first_offset_s();
  for (const v1::ZoneTransition& transition : zone_.transitions()) {
    if (transition.from_s() > utc_minute * 60) break;
    offset_s = transition.offset_s();
  }
  return offset_s / 60;
}

bool ReferenceCalendar::HasShift(int64_t local_day, int64_t second) const {
  for (const v1::SpecialDay& special : definition_.special()) {
    if (special.day() == local_day) return Covers(special.shifts(), second);
  }
  for (const v1::Holiday& holiday : definition_.holidays()) {
    if (holiday.day() == local_day) return false;
  }
  return Covers(definition_.week(Weekday(local_day)).shifts(), second);
}

bool ReferenceCalendar::IsOpenMinute(int64_t utc_minute) const {
  const int64_t local = utc_minute + OffsetMinutes(utc_minute);
  const int64_t day = FloorDivide(local, kDayMinutes);
  const int64_t second = (local - day * kDayMinutes) * 60;
  // A shift of the day before may run on past midnight.
  return HasShift(day, second) || HasShift(day - 1, second + kDaySeconds);
}

const std::vector<ReferenceCalendar::Stretch>& ReferenceCalendar::OpenOnDay(int64_t utc_day) const {
  const auto [found, is_new] = days_.try_emplace(utc_day);
  std::vector<Stretch>& stretches = found->second;
  if (!is_new) return stretches;
  for (int64_t minute = utc_day * kDayMinutes; minute < (utc_day + 1) * kDayMinutes; ++minute) {
    if (!IsOpenMinute(minute)) continue;
    if (!stretches.empty() && stretches.back().second == minute * kMinuteMs) {
      stretches.back().second += kMinuteMs;
    } else {
      stretches.emplace_back(minute * kMinuteMs, (minute + 1) * kMinuteMs);
    }
  }
  return stretches;
}

Duration ReferenceCalendar::OpenBetween(Instant from, Instant to) const {
  if (to <= from) return Duration{0};
  if (always_) return to - from;
  int64_t open = 0;
  for (int64_t day = FloorDivide(from.ms, kDayMs); day * kDayMs < to.ms; ++day) {
    for (const auto& [begin, end] : OpenOnDay(day)) {
      open += std::max<int64_t>(0, std::min(end, to.ms) - std::max(begin, from.ms));
    }
  }
  return Duration{open};
}

Instant ReferenceCalendar::After(Instant from, Duration amount) const {
  if (amount.ms <= 0) return from;
  if (always_) return from + amount;
  int64_t left = amount.ms;
  const int64_t first = FloorDivide(from.ms, kDayMs);
  for (int64_t day = first; day < first + kReachDays; ++day) {
    for (const auto& [begin, end] : OpenOnDay(day)) {
      const int64_t since = std::max(begin, from.ms);
      if (end <= since) continue;
      if (end - since >= left) return Instant{since + left};
      left -= end - since;
    }
  }
  return Instant::Never();
}

}  // namespace escalation::simulation
