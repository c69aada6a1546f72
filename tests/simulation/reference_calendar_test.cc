// The brute-force calendar against the compiled one, and against days that a person worked out.
#include "tests/simulation/reference_calendar.h"

#include <gtest/gtest.h>

#include <random>

#include "state/base/text.h"
#include "state/calendar/calendar.h"
#include "state/policy/policy_loader.h"

namespace escalation::simulation {
namespace {

Instant At(const char* text) { return *ParseInstant(text); }

class ReferenceCalendarTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto loaded = LoadPolicyFile(ESCALATION_SOURCE_DIR "/tests/simulation/small_policy.yaml");
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    set_ = loaded->calendars;
    auto made = ReferenceCalendar::Make(set_.calendars(0), set_.zones(0));
    ASSERT_TRUE(made.ok()) << made.status();
    calendar_ = *std::move(made);
  }

  v1::CalendarSet set_;
  ReferenceCalendar calendar_;
};

TEST_F(ReferenceCalendarTest, lunch_nights_and_holidays_are_closed) {
  // Friday 3 July 2026 is a holiday; New York is at -04:00.
  EXPECT_EQ(calendar_.OpenBetween(At("2026-07-02T13:00:00Z"), At("2026-07-02T21:00:00Z")),
            Duration::Hours(7));
  EXPECT_EQ(calendar_.OpenBetween(At("2026-07-03T00:00:00Z"), At("2026-07-04T00:00:00Z")),
            Duration{0});
  EXPECT_EQ(calendar_.After(At("2026-07-02T20:30:00Z"), Duration::Hours(1)),
            At("2026-07-05T02:30:00Z"));
}

TEST_F(ReferenceCalendarTest, an_exact_fill_ends_at_close) {
  EXPECT_EQ(calendar_.After(At("2026-07-01T15:00:00Z"), Duration::Hours(1)),
            At("2026-07-01T16:00:00Z"));
  EXPECT_EQ(calendar_.After(At("2026-07-01T16:30:00Z"), Duration{0}), At("2026-07-01T16:30:00Z"));
}

TEST_F(ReferenceCalendarTest, agrees_with_the_compiled_calendar) {
  auto zone_set = set_.zones(0);
  const auto compiled =
      Calendar::Compile(set_.calendars(0), zone_set, Window::Around(At("2026-06-01T00:00:00Z")));
  ASSERT_TRUE(compiled.ok()) << compiled.status();
  std::mt19937_64 random(7);
  for (int i = 0; i < 2'000; ++i) {
    // Over both changes of the clocks in 2026.
    const Instant from = At("2026-02-20T00:00:00Z") +
                         Duration{static_cast<int64_t>(random() % (280LL * 86'400'000))};
    const Duration amount{static_cast<int64_t>(random() % (40LL * 3'600'000))};
    ASSERT_EQ(calendar_.After(from, amount), (*compiled)->Add(from, amount))
        << from.ms << " + " << ToText(amount);
    ASSERT_EQ(calendar_.OpenBetween(from, from + amount),
              (*compiled)->OpenBetween(from, from + amount))
        << ToText(from);
  }
}

}  // namespace
}  // namespace escalation::simulation
