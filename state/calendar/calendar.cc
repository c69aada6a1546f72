#include "state/calendar/calendar.h"

#include <algorithm>

#include "absl/status/status.h"
#include "escalation/v1/calendar.pb.h"

namespace escalation {
namespace {

constexpr int64_t kEmptyMax_s = Calendar::kEmptyStretchMax.ms / 1000;

int64_t FloorSeconds(int64_t ms) { return ms / 1000 - (ms % 1000 < 0 ? 1 : 0); }

}  // namespace

Window Window::Around(Instant t) {
  t = std::clamp(t, kInstantMin, kInstantMax);
  const int32_t year = CivilFromDays(static_cast<int32_t>(t.ms / Duration::Days(1).ms)).year;
  const auto new_year = [](int32_t y) {
    return Instant{} + Duration::Days(DaysFromCivil({y, 1, 1}));
  };
  return {new_year(year - 1), new_year(year + 2)};
}

Calendar::Calendar(std::string name, OpenHours hours, Window window)
    : always_open_(hours.always_open()),
      business_day_(hours.business_day()),
      hours_(std::move(hours)),
      name_(std::move(name)) {
  const int64_t from_s = std::max(FloorSeconds(window.from.ms), OpenHours::kHorizonFirst_s);
  const int64_t to_s = std::min(
      {FloorSeconds(window.to.ms), OpenHours::kHorizonEnd_s, from_s + OpenTable::kSpanMax_s});
  window_ = {Instant::Seconds(from_s), Instant::Seconds(std::max(from_s, to_s))};
  if (from_s >= to_s || always_open_) return;  // Nothing to look up.
  std::vector<Stretch> stretches;
  hours_.Collect(from_s, to_s, &stretches);
  if (IsDense(stretches, from_s, to_s)) table_ = OpenTable(stretches, from_s, to_s);
}

bool Calendar::IsDense(const std::vector<Stretch>& stretches, int64_t from_s, int64_t to_s) {
  int64_t end_s = from_s;
  for (const Stretch stretch : stretches) {
    if (stretch.from_s - end_s > kEmptyMax_s) return false;
    end_s = stretch.to_s;
  }
  return to_s - end_s <= kEmptyMax_s;
}

absl::StatusOr<std::shared_ptr<const Calendar>> Calendar::Compile(
    const v1::CalendarDefinition& definition, const v1::ZoneDefinition& zone, Window window) {
  absl::StatusOr<Zone> read_zone = Zone::Make(zone);
  if (!read_zone.ok()) return read_zone.status();
  absl::StatusOr<OpenHours> hours = OpenHours::Make(definition, *std::move(read_zone));
  if (!hours.ok()) return hours.status();
  return std::shared_ptr<const Calendar>(
      new Calendar(definition.name(), *std::move(hours), window));
}

std::shared_ptr<const Calendar> Calendar::Always() {
  // Never destroyed, so that other objects' ends may use it.
  static const auto* const kAlways = new std::shared_ptr<const Calendar>(
      new Calendar("always", OpenHours::Always(), {kInstantMin, kInstantMax}));
  return *kAlways;
}

bool Calendar::IsOpen(Instant t) const {
  if (table_.Holds(t.ms)) return table_.IsOpen(t.ms);
  const int64_t second = FloorSeconds(t.ms);
  if (second < OpenHours::kHorizonFirst_s || second >= OpenHours::kHorizonEnd_s) return false;
  if (always_open_) return true;
  std::vector<Stretch> stretches;
  hours_.Collect(second, second + 1, &stretches);
  return !stretches.empty();
}

Instant Calendar::NextOpen(Instant t) const {
  if (table_.Holds(t.ms)) {
    const int64_t accrued_ms = table_.Accrued(t.ms);
    if (accrued_ms < table_.total_ms()) return {table_.Latest(accrued_ms)};
  }
  return NextOpenSlowly(t);
}

Duration Calendar::OpenBetween(Instant a, Instant b) const {
  if (b <= a) return {};
  if (table_.Holds(a.ms) && table_.Holds(b.ms)) {
    return {table_.Accrued(b.ms) - table_.Accrued(a.ms)};
  }
  return OpenBetweenAcross(a, b);
}

Instant Calendar::Add(Instant t, Duration open) const {
  if (open.ms <= 0) return t;
  if (!table_.Holds(t.ms)) return AddSlowly(t, open);
  const int64_t accrued_ms = table_.Accrued(t.ms);
  const int64_t left_ms = table_.total_ms() - accrued_ms;
  if (open.ms <= left_ms) return {table_.Earliest(accrued_ms + open.ms)};
  // Goes on behind the last opening that the window knows.
  return left_ms == 0 ? AddSlowly(t, open)
                      : AddSlowly({table_.Earliest(table_.total_ms())}, {open.ms - left_ms});
}

Instant Calendar::Subtract(Instant t, Duration open) const {
  if (open.ms <= 0) return t;
  if (!table_.Holds(t.ms)) return SubtractSlowly(t, open);
  const int64_t accrued_ms = table_.Accrued(t.ms);
  if (open.ms <= accrued_ms) return {table_.Latest(accrued_ms - open.ms)};
  return accrued_ms == 0 ? SubtractSlowly(t, open)
                         : SubtractSlowly({table_.Latest(0)}, {open.ms - accrued_ms});
}

}  // namespace escalation
