#include "state/calendar/zone.h"

#include <algorithm>
#include <cstdio>
#include <limits>

#include "absl/status/status.h"
#include "escalation/v1/calendar.pb.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr int64_t kDay_ms = 86'400'000;
constexpr int64_t kYear1900_s = -2'208'988'800;
constexpr int64_t kYear2300_s = 10'413'792'000;
constexpr int64_t kBegin_s = std::numeric_limits<int64_t>::min();
constexpr int64_t kEnd_s = std::numeric_limits<int64_t>::max();

int64_t FloorDiv(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

int64_t LocalMs(Instant t, int32_t offset_s) { return t.ms + int64_t{offset_s} * 1000; }

}  // namespace

absl::StatusOr<Zone> Zone::Make(const v1::ZoneDefinition& definition) {
  Zone zone;
  zone.name_ = definition.name();
  const auto size = static_cast<size_t>(definition.transitions_size());
  zone.from_s_.reserve(size + 1);
  zone.offset_s_.reserve(size + 1);
  zone.abbreviation_.reserve(size + 1);
  zone.from_s_.push_back(kBegin_s);
  zone.offset_s_.push_back(definition.first_offset_s());
  zone.abbreviation_.push_back(definition.first_abbreviation());
  for (const v1::ZoneTransition& transition : definition.transitions()) {
    if (transition.from_s() <= zone.from_s_.back()) {
      return absl::InvalidArgumentError(Cat("zone ", zone.name_, ": transitions do not rise at ",
                                            transition.from_s(), ", expected sorted and unique"));
    }
    zone.from_s_.push_back(transition.from_s());
    zone.offset_s_.push_back(transition.offset_s());
    zone.abbreviation_.push_back(transition.abbreviation());
  }
  for (const int32_t offset : zone.offset_s_) {
    if (offset < -kOffsetMax_s || offset > kOffsetMax_s) {
      return absl::InvalidArgumentError(Cat("zone ", zone.name_, ": offset ", offset,
                                            " s is out of range, expected at most 26 h"));
    }
  }
  return zone;
}

Zone Zone::Utc() {
  Zone zone;
  zone.name_ = "Etc/UTC";
  zone.from_s_ = {kBegin_s};
  zone.offset_s_ = {0};
  zone.abbreviation_ = {"UTC"};
  return zone;
}

Zone::Span Zone::span(size_t index) const {
  return {from_s_[index], index + 1 < from_s_.size() ? from_s_[index + 1] : kEnd_s,
          offset_s_[index]};
}

size_t Zone::SpanAt(int64_t utc_s) const {
  const auto after = std::upper_bound(from_s_.begin() + 1, from_s_.end(), utc_s);
  return static_cast<size_t>(after - from_s_.begin()) - 1;
}

int32_t Zone::LocalDay(Instant t) const {
  const int32_t offset_s = OffsetAt(FloorDiv(t.ms, 1000));
  return static_cast<int32_t>(FloorDiv(LocalMs(t, offset_s), kDay_ms));
}

int64_t Zone::WallClock_ms(Instant t) const {
  const int64_t local_ms = LocalMs(t, OffsetAt(FloorDiv(t.ms, 1000)));
  return local_ms - FloorDiv(local_ms, kDay_ms) * kDay_ms;
}

Instant Zone::FirstAt(int32_t day, int64_t wall_ms) const {
  const int64_t local_ms = day * kDay_ms + wall_ms;
  const int64_t local_s = FloorDiv(local_ms, 1000);
  // Whatever the offset, the moment lies in this range of spans; they come in order, so the first
  // match is the first showing.
  const size_t last = SpanAt(local_s + kOffsetMax_s);
  size_t before = SpanAt(local_s - kOffsetMax_s);
  for (size_t i = before; i <= last; ++i) {
    const Span s = span(i);
    const int64_t utc_s = local_s - s.offset_s;
    if (utc_s >= s.from_s && utc_s < s.to_s) return {local_ms - int64_t{s.offset_s} * 1000};
    // Shown later by the gap: read with the offset that held before the gap.
    if (utc_s >= s.to_s) before = i;
  }
  return {local_ms - int64_t{offset_s_[before]} * 1000};
}

std::string Zone::Format(Instant t) const {
  // Far outside of all accepted years there is no date to print.
  if (t < Instant::Seconds(kYear1900_s) || t > Instant::Seconds(kYear2300_s)) return ToText(t);
  const int64_t utc_s = FloorDiv(t.ms, 1000);
  const int64_t wall_s = WallClock_ms(t) / 1000;
  char clock[16];
  if (wall_s % 60 == 0) {
    std::snprintf(clock, sizeof(clock), "%02d:%02d", static_cast<int>(wall_s / 3600),
                  static_cast<int>(wall_s / 60 % 60));
  } else {
    std::snprintf(clock, sizeof(clock), "%02d:%02d:%02d", static_cast<int>(wall_s / 3600),
                  static_cast<int>(wall_s / 60 % 60), static_cast<int>(wall_s % 60));
  }
  return Cat(DayToText(LocalDay(t)), " ", clock, " ", AbbreviationAt(utc_s));
}

}  // namespace escalation
