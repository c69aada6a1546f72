// Random calendars against an oracle that looks at every minute on its own, in every form of
// compilation: the answers never depend on the window.
#include <gtest/gtest.h>

#include <random>

#include "escalation/v1/policy.pb.h"
#include "tests/state/calendar/calendar_text.h"

namespace escalation {
namespace {

constexpr int64_t kDay_s = 86'400;
constexpr int kMinutes = 70 * 1440;

// What the definition says, minute by minute, by the letter.
class Oracle {
 public:
  Oracle(const v1::CalendarDefinition& definition, const v1::ZoneDefinition& zone, int64_t begin_s)
      : definition_(definition), zone_(zone), begin_s_(begin_s) {
    for (int i = 0; i < kMinutes; ++i) {
      const int64_t utc_s = begin_s + i * 60;
      local_s_.push_back(utc_s + OffsetAt(utc_s));
      open_.push_back(IsOpen(local_s_.back()));
    }
  }

  bool IsOpenAt(Instant t) const { return open_[MinuteOf(t)]; }

  Duration OpenBetween(Instant a, Instant b) const {
    int64_t sum_ms = 0;
    for (int i = MinuteOf(a); i <= MinuteOf(b) && i < kMinutes; ++i) {
      if (!open_[i]) continue;
      sum_ms += std::max<int64_t>(0, std::min(b.ms, Begin(i + 1)) - std::max(a.ms, Begin(i)));
    }
    return {sum_ms};
  }

  // Never: not within the minutes that are looked at.
  Instant Add(Instant t, Duration open) const {
    if (open.ms == 0) return t;
    for (int i = MinuteOf(t); i < kMinutes; ++i) {
      if (!open_[i]) continue;
      const int64_t from_ms = std::max(t.ms, Begin(i));
      const int64_t length_ms = Begin(i + 1) - from_ms;
      if (open.ms <= length_ms) return {from_ms + open.ms};
      open.ms -= length_ms;
    }
    return Instant::Never();
  }

  Instant Subtract(Instant t, Duration open) const {
    if (open.ms == 0) return t;
    for (int i = MinuteOf(t); i >= 0; --i) {
      if (!open_[i]) continue;
      const int64_t to_ms = std::min(t.ms, Begin(i + 1));
      const int64_t length_ms = to_ms - Begin(i);
      if (open.ms <= length_ms) return {to_ms - open.ms};
      open.ms -= length_ms;
    }
    return Instant::Past();
  }

  Instant NextOpen(Instant t) const {
    for (int i = MinuteOf(t); i < kMinutes; ++i) {
      if (open_[i]) return {std::max(t.ms, Begin(i))};
    }
    return Instant::Never();
  }

  Instant AddBusinessDays(Instant t, int days, v1::Span::Reading reading) const {
    const Instant from = reading == v1::Span::SAME_TIME ? t : NextOpen(t);
    if (from == Instant::Never()) return from;
    const int64_t date = BusinessDateAfter(local_s_[MinuteOf(from)] / kDay_s, days);
    // The last date may go on behind the minutes that are looked at.
    if (date < 0 || date == local_s_.back() / kDay_s) return Instant::Never();
    if (reading == v1::Span::SAME_TIME) {
      const int64_t wall_ms = local_s_[MinuteOf(t)] % kDay_s * 1000 + (t.ms - Begin(MinuteOf(t)));
      return NextOpen(Showing(date * kDay_s * 1000 + wall_ms));
    }
    for (int i = kMinutes - 1; i >= 0; --i) {
      if (open_[i] && local_s_[i] / kDay_s == date) return {Begin(i + 1)};
    }
    return Instant::Never();
  }

 private:
  int64_t Begin(int minute) const { return (begin_s_ + int64_t{minute} * 60) * 1000; }
  int MinuteOf(Instant t) const { return static_cast<int>((t.ms / 1000 - begin_s_) / 60); }

  int32_t OffsetAt(int64_t utc_s) const {
    int32_t offset_s = zone_.first_offset_s();
    for (const v1::ZoneTransition& transition : zone_.transitions()) {
      if (transition.from_s() > utc_s) break;
      offset_s = transition.offset_s();
    }
    return offset_s;
  }

  const v1::SpecialDay* Special(int64_t day) const {
    for (const auto& special : definition_.special()) {
      if (special.day() == day) return &special;
    }
    return nullptr;
  }
  bool IsHoliday(int64_t day) const {
    for (const auto& holiday : definition_.holidays()) {
      if (holiday.day() == day) return Special(day) == nullptr;
    }
    return false;
  }
  bool StartsOpenAt(int64_t day, int64_t second) const {
    const auto* special = Special(day);
    if (special == nullptr && IsHoliday(day)) return false;
    const auto& shifts = special != nullptr
                             ? special->shifts()
                             : definition_.week(static_cast<int>((day + 3) % 7)).shifts();
    for (const v1::Shift& shift : shifts) {
      if (shift.start_s() <= second && second < shift.end_s()) return true;
    }
    return false;
  }
  bool IsOpen(int64_t local_s) const {
    const int64_t day = local_s / kDay_s;
    const int64_t second = local_s % kDay_s;
    if (IsHoliday(day)) return false;
    return StartsOpenAt(day, second) || StartsOpenAt(day - 1, second + kDay_s);
  }

  int64_t BusinessDateAfter(int64_t date, int days) const {
    int64_t last = date;
    for (int i = 0; i < kMinutes; ++i) {
      const int64_t today = local_s_[i] / kDay_s;
      if (!open_[i] || today <= last) continue;
      last = today;
      if (--days == 0) return last;
    }
    return -1;
  }

  // The first moment at which the clock shows `local_ms`; in a gap, later by its length.
  Instant Showing(int64_t local_ms) const {
    for (int i = 0; i + 1 < kMinutes; ++i) {
      const int64_t shown_ms = local_s_[i] * 1000;
      if (shown_ms <= local_ms && local_ms < shown_ms + 60'000) {
        return {Begin(i) + (local_ms - shown_ms)};
      }
    }
    for (int i = 0; i + 1 < kMinutes; ++i) {
      const int64_t end_ms = local_s_[i] * 1000 + 60'000;
      if (end_ms <= local_ms && local_ms < local_s_[i + 1] * 1000) {
        return {Begin(i + 1) + (local_ms - end_ms)};
      }
    }
    return Instant::Never();
  }

  const v1::CalendarDefinition& definition_;
  const v1::ZoneDefinition& zone_;
  int64_t begin_s_;
  std::vector<int64_t> local_s_;
  std::vector<bool> open_;
};

class Dice {
 public:
  explicit Dice(uint32_t seed) : generator_(seed) {}
  int64_t Below(int64_t n) { return static_cast<int64_t>(generator_() % static_cast<uint64_t>(n)); }
  bool OneIn(int n) { return Below(n) == 0; }

 private:
  std::mt19937_64 generator_;
};

template <typename Shifts>
void ThrowShifts(Dice& dice, int count, Shifts* shifts) {
  for (int i = 0; i < count; ++i) {
    v1::Shift* shift = shifts->Add();
    const int64_t start = dice.Below(1440);
    const int64_t length = 1 + dice.Below(dice.OneIn(3) ? 1440 : 120);
    shift->set_start_s(static_cast<int32_t>(start * 60));
    shift->set_end_s(static_cast<int32_t>(std::min<int64_t>(start + length, 2880) * 60));
  }
}

v1::CalendarDefinition ThrowCalendar(Dice& dice, const std::string& zone, int64_t begin_s) {
  v1::CalendarDefinition definition = Definition(zone, "");
  // Usual ones, scattered ones, and ones that are too broken up for bucket arrays.
  const int64_t kind = dice.Below(4);
  for (int i = 0; i < 7; ++i) {
    auto* shifts = definition.mutable_week(i)->mutable_shifts();
    if (kind == 0 && i < 5) AddShift("09:00-17:00", shifts);
    if (kind == 1) ThrowShifts(dice, static_cast<int>(dice.Below(4)), shifts);
    if (kind == 2)
      AddShift(i == 6 ? "closed" : dice.OneIn(2) ? "00:00-24:00" : "22:00-30:00", shifts);
    if (kind == 3) ThrowShifts(dice, static_cast<int>(dice.Below(90)), shifts);
  }
  const auto begin_day = static_cast<int32_t>(begin_s / kDay_s);
  for (int32_t day = begin_day; day < begin_day + 71; ++day) {
    if (dice.OneIn(12)) definition.add_holidays()->set_day(day);
    if (!dice.OneIn(12)) continue;
    v1::SpecialDay* special = definition.add_special();
    special->set_day(day);
    ThrowShifts(dice, static_cast<int>(dice.Below(3)), special->mutable_shifts());
  }
  return definition;
}

class ExactnessTest : public testing::TestWithParam<const char*> {};

TEST_P(ExactnessTest, agrees_with_every_minute_in_every_window) {
  const v1::ZoneDefinition zone = ZoneOf(GetParam());
  uint32_t seed = 0;
  for (const char c : std::string(GetParam())) seed = seed * 31 + static_cast<unsigned char>(c);
  Dice dice(seed);
  int answered = 0;
  for (int round = 0; round < 8; ++round) {
    // Around a change of the clock, where the zone has one.
    int64_t begin_s = int64_t{Day("2003-01-01")} * kDay_s + dice.Below(30 * 365) * kDay_s;
    for (const v1::ZoneTransition& transition : zone.transitions()) {
      if (transition.from_s() > begin_s) {
        begin_s = (transition.from_s() / kDay_s - 30) * kDay_s;
        break;
      }
    }
    const v1::CalendarDefinition definition = ThrowCalendar(dice, GetParam(), begin_s);
    const Oracle oracle(definition, zone, begin_s);
    const Instant begin = Instant::Seconds(begin_s);
    const Instant end = begin + Duration::Minutes(kMinutes);
    const Window windows[] = {
        Window::Around(begin),
        {begin, begin},
        {begin + Duration::Days(20) + Duration::Minutes(7), begin + Duration::Days(45)},
        {begin + Duration{1'234'567}, begin + Duration::Days(3000)},
        {begin - Duration::Days(500), begin + Duration::Days(28) + Duration::Hours(13)}};
    std::vector<std::shared_ptr<const Calendar>> calendars;
    for (const Window window : windows) calendars.push_back(Compiled(definition, window));

    for (int question = 0; question < 40; ++question) {
      const Instant a = begin + Duration{dice.Below((end - begin).ms)};
      Instant b = begin + Duration{dice.Below((end - begin).ms)};
      if (dice.OneIn(3)) b = {b.ms / 60'000 * 60'000};
      Duration open{1 + dice.Below(dice.OneIn(2) ? 200'000'000 : 3'000'000'000)};
      if (dice.OneIn(3)) open = {open.ms / 60'000 * 60'000};
      if (dice.OneIn(4) && a < b) open = oracle.OpenBetween(a, b);
      const int days = 1 + static_cast<int>(dice.Below(12));
      for (size_t i = 0; i < calendars.size(); ++i) {
        const Calendar& calendar = *calendars[i];
        SCOPED_TRACE(Cat("round ", round, " question ", question, " window ", i, " from ", a,
                         " to ", b, " open ", open));
        ASSERT_EQ(calendar.IsOpen(a), oracle.IsOpenAt(a));
        if (a < b) {
          ASSERT_EQ(calendar.OpenBetween(a, b).ms, oracle.OpenBetween(a, b).ms);
        }
        // An answer beyond the minutes that the oracle looks at is not compared.
        const auto compare = [&](Instant expected, Instant got) {
          if (expected == Instant::Never() || expected == Instant::Past()) return true;
          ++answered;
          return expected == got;
        };
        ASSERT_TRUE(compare(oracle.NextOpen(a), calendar.NextOpen(a)));
        ASSERT_TRUE(compare(oracle.Add(a, open), calendar.Add(a, open)))
            << ToText(calendar.Add(a, open));
        ASSERT_TRUE(compare(oracle.Subtract(a, open), calendar.Subtract(a, open)))
            << ToText(calendar.Subtract(a, open));
        for (const auto reading : {v1::Span::SAME_TIME, v1::Span::END_OF_DAY}) {
          ASSERT_TRUE(compare(oracle.AddBusinessDays(a, days, reading),
                              calendar.AddBusinessDays(a, days, reading)))
              << ToText(calendar.AddBusinessDays(a, days, reading));
        }
      }
    }
  }
  EXPECT_GT(answered, 3000);
}

INSTANTIATE_TEST_SUITE_P(Zones, ExactnessTest,
                         testing::Values("Etc/UTC", "Europe/Berlin", "America/Denver",
                                         "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca",
                                         "America/St_Johns", "Antarctica/Troll", "Europe/Dublin",
                                         "America/Sao_Paulo", "Asia/Gaza", "Asia/Kathmandu"));

// Beyond the oracle's minutes: the forms agree with each other over many years.
TEST(Exactness, far_answers_do_not_depend_on_the_window) {
  Dice dice(7);
  for (const char* zone : {"Europe/London", "America/Santiago", "Pacific/Chatham"}) {
    for (int round = 0; round < 6; ++round) {
      const int64_t begin_s = int64_t{Day("2012-01-01")} * kDay_s;
      v1::CalendarDefinition definition = ThrowCalendar(dice, zone, begin_s);
      if (round == 0) {
        definition = Definition(zone,
                                "special 2014-03-01 09:00-17:00; special 2015-04-05 09:00-17:00; "
                                "special 2015-12-31 09:00-30:00; special 2016-03-27 00:00-30:00");
      }
      const Instant begin = Instant::Seconds(begin_s);
      const auto walked = Compiled(definition, {begin, begin});
      for (const Window window :
           {Window{kInstantMin, kInstantMax}, Window::Around(begin),
            Window{begin + Duration::Days(900), begin + Duration::Days(1200)},
            Window{begin + Duration::Days(1100), begin + Duration::Days(1600)}}) {
        const auto compiled = Compiled(definition, window);
        for (int question = 0; question < 60; ++question) {
          const Instant t = begin + Duration{dice.Below(Duration::Days(3000).ms)};
          const Instant u = begin + Duration{dice.Below(Duration::Days(3000).ms)};
          const Duration open{1 + dice.Below(Duration::Days(round == 0 ? 1 : 1000).ms)};
          ASSERT_EQ(compiled->OpenBetween(t, u).ms, walked->OpenBetween(t, u).ms);
          ASSERT_EQ(compiled->NextOpen(t).ms, walked->NextOpen(t).ms);
          ASSERT_EQ(compiled->Add(t, open).ms, walked->Add(t, open).ms);
          ASSERT_EQ(compiled->Subtract(t, open).ms, walked->Subtract(t, open).ms);
        }
      }
    }
  }
}

}  // namespace
}  // namespace escalation
