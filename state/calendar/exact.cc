// The exact path of Calendar: what its table answers within the window, found by walking the
// definition. Slower by orders of magnitude, and without bounds other than the horizon.
#include <algorithm>

#include "escalation/v1/policy.pb.h"
#include "state/calendar/calendar.h"

namespace escalation {
namespace {

constexpr int64_t kFirst_ms = OpenHours::kHorizonFirst_s * 1000;
constexpr int64_t kEnd_ms = OpenHours::kHorizonEnd_s * 1000;
constexpr int64_t kEmptyMax_ms = Calendar::kEmptyStretchMax.ms;
// Seconds that are collected at a time: a short search first, then longer ones.
constexpr int64_t kChunkFirst_s = 8 * 86'400;
constexpr int64_t kChunkMax_s = 128 * 86'400;

int64_t FloorSeconds(int64_t ms) { return ms / 1000 - (ms % 1000 < 0 ? 1 : 0); }

// False: so far outside that no search can reach the horizon.
bool IsSearchable(Instant t) {
  return t.ms >= kFirst_ms - kEmptyMax_ms && t.ms <= kEnd_ms + kEmptyMax_ms;
}

}  // namespace

Instant Calendar::NextOpenSlowly(Instant t) const {
  // The first open millisecond, without going through it.
  const Instant after = AddSlowly(t, Duration{1});
  return after == Instant::Never() ? after : after - Duration{1};
}

Instant Calendar::AddSlowly(Instant t, Duration open) const {
  if (!IsSearchable(t)) return Instant::Never();
  if (always_open_ && t.ms >= kFirst_ms) {
    return open.ms <= kEnd_ms - t.ms ? t + open : Instant::Never();
  }
  std::vector<Stretch> stretches;
  int64_t left_ms = open.ms;
  int64_t last_ms = t.ms;  // End of the last opening.
  int64_t chunk_s = kChunkFirst_s;
  for (int64_t at_s = FloorSeconds(t.ms); at_s < OpenHours::kHorizonEnd_s;) {
    if (at_s * 1000 - last_ms > kEmptyMax_ms) break;
    hours_.Collect(at_s, at_s + chunk_s, &stretches);
    for (const Stretch stretch : stretches) {
      const int64_t from_ms = std::max(stretch.from_s * 1000, t.ms);
      const int64_t to_ms = stretch.to_s * 1000;
      if (from_ms - last_ms > kEmptyMax_ms) return Instant::Never();
      if (left_ms <= to_ms - from_ms) return {from_ms + left_ms};
      left_ms -= to_ms - from_ms;
      last_ms = to_ms;
    }
    at_s += chunk_s;
    chunk_s = std::min(chunk_s * 2, kChunkMax_s);
  }
  return Instant::Never();
}

Instant Calendar::SubtractSlowly(Instant t, Duration open) const {
  if (!IsSearchable(t)) return Instant::Past();
  if (always_open_ && t.ms <= kEnd_ms) {
    return open.ms <= t.ms - kFirst_ms ? t - open : Instant::Past();
  }
  std::vector<Stretch> stretches;
  int64_t left_ms = open.ms;
  int64_t last_ms = t.ms;  // Begin of the last opening.
  int64_t chunk_s = kChunkFirst_s;
  for (int64_t at_s = FloorSeconds(t.ms) + 1; at_s > OpenHours::kHorizonFirst_s;) {
    if (last_ms - at_s * 1000 > kEmptyMax_ms) break;
    hours_.Collect(at_s - chunk_s, at_s, &stretches);
    for (auto stretch = stretches.rbegin(); stretch != stretches.rend(); ++stretch) {
      const int64_t from_ms = stretch->from_s * 1000;
      const int64_t to_ms = std::min(stretch->to_s * 1000, t.ms);
      if (from_ms >= to_ms) continue;  // Within the second of t, behind it.
      if (last_ms - to_ms > kEmptyMax_ms) return Instant::Past();
      if (left_ms <= to_ms - from_ms) return {to_ms - left_ms};
      left_ms -= to_ms - from_ms;
      last_ms = from_ms;
    }
    at_s -= chunk_s;
    chunk_s = std::min(chunk_s * 2, kChunkMax_s);
  }
  return Instant::Past();
}

Duration Calendar::OpenBetweenSlowly(Instant a, Instant b) const {
  const int64_t from_ms = std::clamp(a.ms, kFirst_ms, kEnd_ms);
  const int64_t to_ms = std::clamp(b.ms, kFirst_ms, kEnd_ms);
  if (from_ms >= to_ms) return {};
  if (always_open_) return {to_ms - from_ms};
  std::vector<Stretch> stretches;
  int64_t sum_ms = 0;
  for (int64_t at_s = FloorSeconds(from_ms); at_s * 1000 < to_ms; at_s += kChunkMax_s) {
    hours_.Collect(at_s, std::min(at_s + kChunkMax_s, FloorSeconds(to_ms) + 1), &stretches);
    for (const Stretch stretch : stretches) {
      const int64_t begin_ms = std::max(stretch.from_s * 1000, from_ms);
      const int64_t end_ms = std::min(stretch.to_s * 1000, to_ms);
      sum_ms += std::max<int64_t>(0, end_ms - begin_ms);
    }
  }
  return {sum_ms};
}

Duration Calendar::OpenBetweenAcross(Instant a, Instant b) const {
  const Instant begin = window_.from;
  const Instant end = window_.to;
  if (!table_.Holds(begin.ms)) return OpenBetweenSlowly(a, b);
  const auto accrued_ms = [&](Instant t) {
    if (t <= begin) return int64_t{0};
    return t >= end ? table_.total_ms() : table_.Accrued(t.ms);
  };
  return OpenBetweenSlowly(a, std::min(b, begin)) + Duration{accrued_ms(b) - accrued_ms(a)} +
         OpenBetweenSlowly(std::max(a, end), b);
}

std::optional<int32_t> Calendar::BusinessDateAfter(int32_t day, int days) const {
  std::vector<Stretch> stretches;
  int32_t last = day;  // The last business date met.
  while (days > 0) {
    ++day;
    if (Duration::Days(day - last) > kEmptyStretchMax) return std::nullopt;
    hours_.CollectDate(day, &stretches);
    if (stretches.empty()) continue;
    last = day;
    --days;
  }
  return day;
}

Instant Calendar::AddBusinessDays(Instant t, int days, v1::Span_Reading reading) const {
  if (days <= 0) return t;
  if (reading == v1::Span::HOURS) return Add(t, business_day_ * days);
  if (!IsSearchable(t)) return Instant::Never();
  const Zone& zone = hours_.zone();
  if (reading == v1::Span::SAME_TIME) {
    const std::optional<int32_t> date = BusinessDateAfter(zone.LocalDay(t), days);
    return date ? NextOpen(zone.FirstAt(*date, zone.WallClock_ms(t))) : Instant::Never();
  }
  const Instant open = NextOpen(t);
  if (open == Instant::Never()) return open;
  const std::optional<int32_t> date = BusinessDateAfter(zone.LocalDay(open), days);
  if (!date) return Instant::Never();
  std::vector<Stretch> stretches;
  hours_.CollectDate(*date, &stretches);
  return Instant::Seconds(stretches.back().to_s);
}

}  // namespace escalation
