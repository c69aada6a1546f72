#include "state/calendar/open_hours.h"

#include <algorithm>

#include "absl/status/status.h"
#include "escalation/v1/calendar.pb.h"
#include "state/base/text.h"
#include "state/calendar/check.h"

namespace escalation {
namespace {

constexpr int32_t kDay_s = 86'400;

int64_t FloorDiv(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// Sorts, and joins what overlaps or touches.
void Normalize(std::vector<WallShift>* shifts) {
  std::sort(shifts->begin(), shifts->end(),
            [](WallShift a, WallShift b) { return a.start_s < b.start_s; });
  size_t kept = 0;
  for (const WallShift shift : *shifts) {
    if (kept > 0 && shift.start_s <= (*shifts)[kept - 1].end_s) {
      (*shifts)[kept - 1].end_s = std::max((*shifts)[kept - 1].end_s, shift.end_s);
    } else {
      (*shifts)[kept++] = shift;
    }
  }
  shifts->resize(kept);
}

std::vector<WallShift> ReadShifts(const google::protobuf::RepeatedPtrField<v1::Shift>& shifts) {
  std::vector<WallShift> out;
  out.reserve(static_cast<size_t>(shifts.size()));
  for (const v1::Shift& shift : shifts) out.push_back({shift.start_s(), shift.end_s()});
  Normalize(&out);
  return out;
}

// What a date shows: the first 24 hours of its own shifts, which start on it, and the rest of the
// day before's.
void Join(const std::vector<WallShift>& own, const std::vector<WallShift>& before,
          std::vector<WallShift>* out) {
  out->clear();
  for (const WallShift shift : before) {
    if (shift.end_s > kDay_s) out->push_back({0, shift.end_s - kDay_s});
  }
  for (const WallShift shift : own) out->push_back({shift.start_s, std::min(kDay_s, shift.end_s)});
  Normalize(out);
}

// Appends [from_s, to_s) if it is not empty; joins it to a stretch that it touches.
void Append(int64_t from_s, int64_t to_s, std::vector<Stretch>* out) {
  if (from_s >= to_s) return;
  if (!out->empty() && out->back().to_s == from_s) {
    out->back().to_s = to_s;
  } else {
    out->push_back({from_s, to_s});
  }
}

int32_t OpenSeconds(const std::vector<WallShift>& shifts) {
  int32_t sum = 0;
  for (const WallShift shift : shifts) sum += shift.end_s - shift.start_s;
  return sum;
}

template <typename Entry>
const Entry* FindDay(const std::vector<Entry>& entries, int32_t day) {
  const auto found =
      std::lower_bound(entries.begin(), entries.end(), day,
                       [](const Entry& entry, int32_t wanted) { return entry.day < wanted; });
  return found != entries.end() && found->day == day ? &*found : nullptr;
}

}  // namespace

absl::StatusOr<OpenHours> OpenHours::Make(const v1::CalendarDefinition& definition, Zone zone) {
  if (const auto problems = CheckForm(definition); !problems.empty()) {
    return absl::InvalidArgumentError(
        Cat("calendar \"", definition.name(), "\": ", problems[0].path, ": ", problems[0].message));
  }
  if (zone.name() != definition.zone()) {
    return absl::InvalidArgumentError(Cat("calendar \"", definition.name(), "\": given zone \"",
                                          zone.name(), "\", expected \"", definition.zone(), "\""));
  }
  OpenHours hours;
  hours.zone_ = std::move(zone);
  hours.business_day_s_ = definition.business_day_s();
  for (int i = 0; i < 7; ++i) hours.week_[i] = ReadShifts(definition.week(i).shifts());
  for (int i = 0; i < 7; ++i) Join(hours.week_[i], hours.week_[(i + 6) % 7], &hours.regular_[i]);
  for (const v1::Holiday& holiday : definition.holidays()) {
    hours.holidays_.push_back({holiday.day(), holiday.name(), holiday.substitute()});
    hours.irregular_.push_back(holiday.day());
    hours.irregular_.push_back(holiday.day() + 1);
  }
  for (const v1::SpecialDay& special : definition.special()) {
    hours.special_.push_back({special.day(), ReadShifts(special.shifts()), special.name()});
    hours.irregular_.push_back(special.day());
    hours.irregular_.push_back(special.day() + 1);
  }
  std::sort(hours.irregular_.begin(), hours.irregular_.end());
  hours.irregular_.erase(std::unique(hours.irregular_.begin(), hours.irregular_.end()),
                         hours.irregular_.end());
  return hours;
}

OpenHours OpenHours::Always() {
  OpenHours hours;
  hours.zone_ = Zone::Utc();
  for (int i = 0; i < 7; ++i) hours.week_[i] = hours.regular_[i] = {{0, kDay_s}};
  return hours;
}

bool OpenHours::always_open() const {
  // A special date that is open all day would be harmless; nobody writes one.
  if (!holidays_.empty() || !special_.empty()) return false;
  return std::all_of(regular_.begin(), regular_.end(), [](const std::vector<WallShift>& shifts) {
    return shifts.size() == 1 && shifts[0].start_s == 0 && shifts[0].end_s >= kDay_s;
  });
}

Duration OpenHours::business_day() const {
  if (business_day_s_ > 0) return Duration::Seconds(business_day_s_);
  int32_t longest_s = 0;
  for (const auto& shifts : week_) longest_s = std::max(longest_s, OpenSeconds(shifts));
  if (longest_s == 0) {
    for (const Special& special : special_) {
      longest_s = std::max(longest_s, OpenSeconds(special.shifts));
    }
  }
  return Duration::Seconds(longest_s == 0 ? kDay_s : longest_s);
}

void OpenHours::Collect(int64_t from_s, int64_t to_s, std::vector<Stretch>* out) const {
  out->clear();
  from_s = std::max(from_s, kHorizonFirst_s);
  to_s = std::min(to_s, kHorizonEnd_s);
  if (from_s >= to_s) return;
  std::vector<WallShift> scratch;
  int64_t at_s = from_s;
  for (size_t i = zone_.SpanAt(from_s); at_s < to_s; ++i) {
    const Zone::Span span = zone_.span(i);
    const int64_t end_s = std::min(to_s, span.to_s);
    int64_t day = FloorDiv(at_s + span.offset_s, kDay_s);
    while (at_s < end_s) {
      const int64_t midnight_s = day * kDay_s - span.offset_s;
      for (const WallShift shift : OpenOn(static_cast<int32_t>(day), &scratch)) {
        Append(std::max(at_s, midnight_s + shift.start_s),
               std::min(end_s, midnight_s + shift.end_s), out);
      }
      at_s = midnight_s + kDay_s;
      ++day;
    }
    at_s = end_s;
  }
}

void OpenHours::CollectDate(int32_t day, std::vector<Stretch>* out) const {
  out->clear();
  std::vector<WallShift> scratch;
  const std::vector<WallShift>& open = OpenOn(day, &scratch);
  if (open.empty()) return;
  const int64_t local_s = int64_t{day} * kDay_s;
  const size_t last = zone_.SpanAt(local_s + kDay_s + Zone::kOffsetMax_s);
  for (size_t i = zone_.SpanAt(local_s - Zone::kOffsetMax_s); i <= last; ++i) {
    const Zone::Span span = zone_.span(i);
    const int64_t midnight_s = local_s - span.offset_s;
    const int64_t from_s = std::max(span.from_s, kHorizonFirst_s);
    const int64_t to_s = std::min(span.to_s, kHorizonEnd_s);
    for (const WallShift shift : open) {
      Append(std::max(from_s, midnight_s + shift.start_s), std::min(to_s, midnight_s + shift.end_s),
             out);
    }
  }
}

const OpenHours::Holiday* OpenHours::HolidayOn(int32_t day) const {
  return FindDay(holidays_, day);
}

const OpenHours::Special* OpenHours::SpecialOn(int32_t day) const { return FindDay(special_, day); }

const std::vector<WallShift>& OpenHours::ShiftsFrom(int32_t day) const {
  static const std::vector<WallShift> kClosed;
  if (const Special* special = SpecialOn(day)) return special->shifts;
  if (HolidayOn(day) != nullptr) return kClosed;
  return week_[WeekdayOf(day)];
}

const std::vector<WallShift>& OpenHours::OpenOn(int32_t day,
                                                std::vector<WallShift>* scratch) const {
  if (!std::binary_search(irregular_.begin(), irregular_.end(), day)) {
    return regular_[WeekdayOf(day)];
  }
  scratch->clear();
  if (SpecialOn(day) == nullptr && HolidayOn(day) != nullptr) return *scratch;
  Join(ShiftsFrom(day), ShiftsFrom(day - 1), scratch);
  return *scratch;
}

}  // namespace escalation
