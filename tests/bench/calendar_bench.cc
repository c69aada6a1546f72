// Calendar arithmetic: hot on one calendar, and on 512 calendars in random order.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include "state/calendar/calendar.h"
#include "state/policy/zone_source.h"

namespace escalation {
namespace {

constexpr const char* kZones[] = {"Europe/Berlin",    "America/Denver",    "Asia/Kolkata",
                                  "Australia/Sydney", "America/Sao_Paulo", "Asia/Tokyo"};

void AddShift(int32_t start_s, int32_t end_s, v1::Shifts* day) {
  v1::Shift* shift = day->add_shifts();
  shift->set_start_s(start_s);
  shift->set_end_s(end_s);
}

// Office hours, with a lunch break, or around the clock on weekdays; twelve holidays a year.
v1::CalendarDefinition Definition(int number) {
  v1::CalendarDefinition definition;
  definition.set_name("bench");
  definition.set_zone(kZones[number % std::size(kZones)]);
  for (int day = 0; day < 7; ++day) {
    v1::Shifts* shifts = definition.add_week();
    if (day > 4) continue;
    if (number % 3 == 0) {
      AddShift((8 * 60 + number % 60) * 60, 17 * 3600, shifts);
    } else if (number % 3 == 1) {
      AddShift(9 * 3600, 12 * 3600, shifts);
      AddShift((12 * 60 + number % 60) * 60, 18 * 3600, shifts);
    } else {
      AddShift(0, 86'400, shifts);
    }
  }
  for (int year = 2025; year < 2029; ++year) {
    for (int month = 1; month <= 12; ++month) {
      definition.add_holidays()->set_day(DaysFromCivil({year, month, 1 + number % 28}));
    }
  }
  return definition;
}

v1::ZoneDefinition ZoneOf(const std::string& name) {
  auto zone = ReadZone(name);
  if (zone.ok()) return *std::move(zone);
  std::fprintf(stderr, "%s\n", std::string(zone.status().message()).c_str());
  std::exit(1);
}

const Instant kBegin = Instant::Seconds(int64_t{DaysFromCivil({2026, 1, 1})} * 86'400);
const Window kTwoYears = {kBegin, kBegin + Duration::Days(730)};

std::shared_ptr<const Calendar> Compiled(int number) {
  const v1::CalendarDefinition definition = Definition(number);
  auto calendar = Calendar::Compile(definition, ZoneOf(definition.zone()), kTwoYears);
  if (calendar.ok()) return *std::move(calendar);
  std::fprintf(stderr, "%s\n", std::string(calendar.status().message()).c_str());
  std::exit(1);
}

struct Question {
  uint32_t calendar;
  Instant t;
  Instant later;
  Duration open;
};

// Moments anywhere in the first 21 months, spans up to some weeks, all to the millisecond.
std::vector<Question> Questions(size_t count, uint32_t calendars) {
  std::mt19937_64 dice(1);
  std::vector<Question> out;
  for (size_t i = 0; i < count; ++i) {
    const Instant t =
        kBegin +
        Duration{static_cast<int64_t>(dice() % static_cast<uint64_t>(Duration::Days(640).ms))};
    const Duration span{static_cast<int64_t>(dice() % 2'000'000'000)};
    const Duration open{1 + static_cast<int64_t>(dice() % 400'000'000)};
    out.push_back({static_cast<uint32_t>(dice() % calendars), t, t + span, open});
  }
  return out;
}

void CalendarAdd(benchmark::State& state) {
  const auto calendar = Compiled(static_cast<int>(state.range(0)));
  const std::vector<Question> questions = Questions(4096, 1);
  size_t i = 0;
  for (auto _ : state) {
    const Question& q = questions[i++ & 4095];
    benchmark::DoNotOptimize(calendar->Add(q.t, q.open));
  }
}
BENCHMARK(CalendarAdd)->DenseRange(0, 2)->ArgName("form");

void CalendarDifference(benchmark::State& state) {
  const auto calendar = Compiled(static_cast<int>(state.range(0)));
  const std::vector<Question> questions = Questions(4096, 1);
  size_t i = 0;
  for (auto _ : state) {
    const Question& q = questions[i++ & 4095];
    benchmark::DoNotOptimize(calendar->OpenBetween(q.t, q.later));
  }
}
BENCHMARK(CalendarDifference)->DenseRange(0, 2)->ArgName("form");

std::vector<std::shared_ptr<const Calendar>> Many() {
  std::vector<std::shared_ptr<const Calendar>> out;
  for (int i = 0; i < 512; ++i) out.push_back(Compiled(i));
  return out;
}

void CalendarAdd512(benchmark::State& state) {
  const auto calendars = Many();
  const std::vector<Question> questions = Questions(1 << 16, 512);
  size_t i = 0;
  for (auto _ : state) {
    const Question& q = questions[i++ & 65'535];
    benchmark::DoNotOptimize(calendars[q.calendar]->Add(q.t, q.open));
  }
}
BENCHMARK(CalendarAdd512);

void CalendarDifference512(benchmark::State& state) {
  const auto calendars = Many();
  const std::vector<Question> questions = Questions(1 << 16, 512);
  size_t i = 0;
  for (auto _ : state) {
    const Question& q = questions[i++ & 65'535];
    benchmark::DoNotOptimize(calendars[q.calendar]->OpenBetween(q.t, q.later));
  }
}
BENCHMARK(CalendarDifference512);

void CalendarCompileTwoYears(benchmark::State& state) {
  const v1::CalendarDefinition definition = Definition(static_cast<int>(state.range(0)));
  const v1::ZoneDefinition zone = ZoneOf(definition.zone());
  for (auto _ : state) {
    benchmark::DoNotOptimize(Calendar::Compile(definition, zone, kTwoYears));
  }
}
BENCHMARK(CalendarCompileTwoYears)
    ->DenseRange(0, 2)
    ->ArgName("form")
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace escalation

BENCHMARK_MAIN();
