// Bytes as a calendar, a zone and some moments: adding and counting agree with each other, with any
// window of compilation, and with what the definition says of single moments.

#include <array>

#include "escalation/v1/calendar.pb.h"
#include "escalation/v1/policy.pb.h"
#include "state/base/check.h"
#include "state/base/text.h"
#include "state/calendar/calendar.h"
#include "state/calendar/check.h"
#include "state/policy/zone_source.h"
#include "tests/fuzz/byte_source.h"

using namespace escalation;

namespace {

constexpr int32_t kDay_s = 86'400;
constexpr std::array<const char*, 14> kZones = {
    "Etc/UTC",          "Europe/Berlin",    "America/New_York",    "Pacific/Apia",
    "Asia/Kathmandu",   "America/St_Johns", "Australia/Lord_Howe", "Africa/Casablanca",
    "Antarctica/Troll", "Asia/Gaza",        "Pacific/Kiritimati",  "America/Sao_Paulo",
    "Africa/El_Aaiun",  "Europe/Dublin"};

v1::ZoneDefinition RandomZone(ByteSource* source) {
  if (source->Flag()) {
    const absl::StatusOr<v1::ZoneDefinition> zone = ReadZone(source->OneOf(kZones));
    ESCALATION_CHECK(zone.ok(), zone.status().ToString());
    return *zone;
  }
  v1::ZoneDefinition zone;
  zone.set_name("Made/Up");
  zone.set_first_offset_s(static_cast<int32_t>(source->Between(-30 * 3600, 30 * 3600)));
  int64_t at_s = kInstantMin.ms / 1000;
  const int transitions = static_cast<int>(source->Below(12));
  for (int i = 0; i < transitions; ++i) {
    at_s += source->Between(0, 40'000'000);
    v1::ZoneTransition* const transition = zone.add_transitions();
    transition->set_from_s(at_s);
    transition->set_offset_s(static_cast<int32_t>(source->Between(-30 * 3600, 30 * 3600)));
    transition->set_abbreviation("MU");
  }
  return zone;
}

template <typename Shifts>
void AddShifts(ByteSource* source, Shifts* shifts) {
  const int count = static_cast<int>(source->Below(4));
  for (int i = 0; i < count; ++i) {
    v1::Shift* const shift = shifts->Add();
    const auto start = source->Between(-10, 1500);
    const int unit = source->Flag() ? 60 : 61;
    shift->set_start_s(static_cast<int32_t>(start * unit));
    shift->set_end_s(static_cast<int32_t>((start + source->Between(-10, 1600)) * unit));
  }
}

v1::CalendarDefinition RandomDefinition(ByteSource* source, const std::string& zone) {
  v1::CalendarDefinition definition;
  definition.set_name("fuzz");
  definition.set_zone(zone);
  for (int i = 0; i < 7; ++i) AddShifts(source, definition.add_week()->mutable_shifts());
  int32_t day = 14'600;  // 2009-12-22
  for (int i = static_cast<int>(source->Below(8)); i > 0; --i) {
    day += static_cast<int32_t>(source->Below(800));
    if (source->Flag()) {
      definition.add_holidays()->set_day(day);
    } else {
      definition.add_special()->set_day(day);
      AddShifts(source,
                definition.mutable_special(definition.special_size() - 1)->mutable_shifts());
    }
  }
  definition.set_business_day_s(static_cast<int32_t>(source->Below(3) * 28'800));
  return definition;
}

// What the definition says of one moment: no table, no stretch, no search.
bool IsOpenByDefinition(const v1::CalendarDefinition& definition, const Zone& zone, Instant t) {
  const int64_t utc_s = (t.ms - (((t.ms % 1000) + 1000) % 1000)) / 1000;
  const int32_t day = zone.LocalDay(t);
  const auto second = static_cast<int32_t>(zone.WallClock_ms(Instant::Seconds(utc_s)) / 1000);
  const auto special_on = [&](int32_t date) -> const v1::SpecialDay* {
    for (const v1::SpecialDay& special : definition.special()) {
      if (special.day() == date) return &special;
    }
    return nullptr;
  };
  const auto holiday_on = [&](int32_t date) {
    for (const v1::Holiday& holiday : definition.holidays()) {
      if (holiday.day() == date) return true;
    }
    return false;
  };
  const auto covers = [](const auto& shifts, int32_t at_s) {
    for (const v1::Shift& shift : shifts) {
      if (shift.start_s() <= at_s && at_s < shift.end_s()) return true;
    }
    return false;
  };
  // Of the shifts that start on a date, at a second since its midnight.
  const auto covered_from = [&](int32_t date, int32_t at_s) {
    if (const v1::SpecialDay* special = special_on(date)) return covers(special->shifts(), at_s);
    if (holiday_on(date)) return false;
    return covers(definition.week(WeekdayOf(date)).shifts(), at_s);
  };
  if (special_on(day) == nullptr && holiday_on(day)) return false;
  return covered_from(day, second) || covered_from(day - 1, second + kDay_s);
}

void Check(bool holds, const char* what, Instant t, Duration d) {
  ESCALATION_CHECK(holds, Cat(what, " at ", t, ", ", d));
}

void CheckMoment(const Calendar& calendar, Instant t, Duration d) {
  const Instant end = calendar.Add(t, d);
  Check(end >= t, "Add goes forward", t, d);
  if (end != Instant::Never()) {
    Check(calendar.OpenBetween(t, end) == d, "OpenBetween(t, Add(t, d)) == d", t, d);
    if (d.ms > 0) {
      const Duration before = calendar.OpenBetween(t, end - Duration{1});
      Check(before < d, "Add gives the least moment", t, d);
    }
    Check(calendar.Add(t, d + Duration{1}) > end, "Add rises with the length", t, d);
    Check(calendar.Add(t + Duration{1}, d) >= end, "Add rises with the moment", t, d);
  }
  const Instant begin = calendar.Subtract(t, d);
  Check(begin <= t, "Subtract goes back", t, d);
  if (begin != Instant::Past()) {
    Check(calendar.OpenBetween(begin, t) == d, "OpenBetween(Subtract(t, d), t) == d", t, d);
  }
  const Instant next = calendar.NextOpen(t);
  Check(next >= t, "NextOpen goes forward", t, d);
  Check((next == t) == calendar.IsOpen(t), "NextOpen of an open moment is itself", t, d);
  if (next != Instant::Never()) {
    Check(calendar.IsOpen(next), "NextOpen is open", t, d);
    Check(calendar.OpenBetween(t, next) == Duration{0}, "nothing opens before NextOpen", t, d);
  }
}

void CheckPair(const Calendar& calendar, Instant a, Instant b, Instant c) {
  if (a > b) std::swap(a, b);
  if (b > c) std::swap(b, c);
  if (a > b) std::swap(a, b);
  const Duration sum = calendar.OpenBetween(a, b) + calendar.OpenBetween(b, c);
  Check(sum == calendar.OpenBetween(a, c), "open time adds up", a, c - a);
  Check(calendar.OpenBetween(a, c) <= c - a, "no more is open than there is", a, c - a);
}

void CheckSame(const Calendar& a, const Calendar& b, Instant t, Duration d, Instant other) {
  Check(a.IsOpen(t) == b.IsOpen(t), "IsOpen by window", t, d);
  Check(a.NextOpen(t) == b.NextOpen(t), "NextOpen by window", t, d);
  Check(a.Add(t, d) == b.Add(t, d), "Add by window", t, d);
  Check(a.Subtract(t, d) == b.Subtract(t, d), "Subtract by window", t, d);
  Check(a.OpenBetween(t, other) == b.OpenBetween(t, other), "OpenBetween by window", t, d);
  const int days = 1 + static_cast<int>(d.ms % 7);
  for (const v1::Span::Reading reading :
       {v1::Span::HOURS, v1::Span::SAME_TIME, v1::Span::END_OF_DAY}) {
    const Instant due = a.AddBusinessDays(t, days, reading);
    Check(due == b.AddBusinessDays(t, days, reading), "AddBusinessDays by window", t, d);
    Check(due >= t, "AddBusinessDays goes forward", t, d);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ByteSource source(data, size);
  const v1::ZoneDefinition zone_definition = RandomZone(&source);
  const v1::CalendarDefinition definition = RandomDefinition(&source, zone_definition.name());
  const absl::StatusOr<Zone> zone = Zone::Make(zone_definition);
  // 2010 to 2040.
  const auto moment = [&] {
    return Instant{source.Between(1'262'304'000, 2'208'988'800) * 1000 +
                   static_cast<int64_t>(source.Below(8) * 250 % 1000)};
  };
  std::array<Instant, 3> moments;
  for (Instant& t : moments) t = moment();
  const Duration d{source.Between(0, int64_t{1} << (8 * source.Below(5)))};

  const Window window = Window::Around(moments[0]);
  const auto calendar = Calendar::Compile(definition, zone_definition, window);
  const bool well_formed = zone.ok() && CheckForm(definition).empty();
  ESCALATION_CHECK(calendar.ok() == well_formed, calendar.status().ToString());
  if (!calendar.ok()) return 0;
  const Window other_window{moments[1], moments[1] + Duration::Days(source.Between(0, 40))};
  const auto elsewhere = Calendar::Compile(definition, zone_definition, other_window);
  ESCALATION_CHECK(elsewhere.ok(), elsewhere.status().ToString());
  CheckDefinition(definition, *zone);  // Says what it likes, and ends.
  for (const Instant t : moments) {
    Check((*calendar)->IsOpen(t) == IsOpenByDefinition(definition, *zone, t), "IsOpen", t, d);
    CheckMoment(**calendar, t, d);
    CheckSame(**calendar, **elsewhere, t, d, moments[2]);
  }
  CheckPair(**calendar, moments[0], moments[1], moments[2]);
  return 0;
}
