#include "daemon/ticker.h"

#include <gtest/gtest.h>

namespace escalation {
namespace {

const Instant kNoon = Instant::Seconds(1'773'144'000);
constexpr Duration kMillisecond{1};
constexpr Duration kSettle = Duration::Seconds(2);

// A tick at `now` that is read back after `took`.
void Tick(Ticker* ticker, Instant now, Duration took, bool left = false) {
  ticker->Appended(now);
  ticker->Landed(now + took, left);
}

Ticker TickedAtNoon() {
  Ticker ticker;
  ticker.set_settle(kSettle);
  Tick(&ticker, kNoon, kMillisecond);
  return ticker;
}

TEST(TickerTest, a_due_moment_is_ticked_settle_after_it_to_the_millisecond) {
  const Ticker ticker = TickedAtNoon();
  const Instant due = kNoon + Duration::Seconds(10);
  EXPECT_EQ(ticker.NextLook(due), due + kSettle);
  EXPECT_EQ(ticker.TickNow(due + kSettle - kMillisecond, due), std::nullopt);
  EXPECT_EQ(ticker.TickNow(due + kSettle, due), due);
}

TEST(TickerTest, one_tick_is_in_flight) {
  Ticker ticker = TickedAtNoon();
  ticker.Appended(kNoon + Duration::Seconds(5));
  EXPECT_EQ(ticker.TickNow(kNoon + Duration::Seconds(10), kNoon), std::nullopt);
  ticker.Refused();
  EXPECT_NE(ticker.TickNow(kNoon + Duration::Seconds(10), kNoon), std::nullopt);
}

TEST(TickerTest, a_moment_right_after_a_tick_waits_for_the_spacing_only) {
  const Ticker ticker = TickedAtNoon();
  const Instant due = kNoon - kSettle + kMillisecond;
  EXPECT_EQ(ticker.NextLook(due), kNoon + Ticker::kSpacing);
}

TEST(TickerTest, ticks_that_take_long_leave_time_for_events) {
  Ticker ticker = TickedAtNoon();
  Tick(&ticker, kNoon, Duration{100});
  EXPECT_EQ(ticker.NextLook(kNoon - kSettle), kNoon + Duration{300});
  Tick(&ticker, kNoon, Duration::Minutes(1));
  EXPECT_EQ(ticker.NextLook(kNoon - kSettle), kNoon + Ticker::kRetry);
}

TEST(TickerTest, nothing_due_means_a_heartbeat) {
  const Ticker ticker = TickedAtNoon();
  EXPECT_EQ(ticker.NextLook(Instant::Never()), kNoon + Ticker::kHeartbeat);
}

// It fires when the log's clock is there: ticks that come before would fire nothing.
TEST(TickerTest, where_the_log_is_behind_a_moment_waits_for_the_logs_clock) {
  Ticker ticker = TickedAtNoon();
  const Duration behind = Duration::Minutes(1) + Duration::Seconds(2);
  ticker.Appended(kNoon);
  ticker.Stamped(kNoon - behind);
  ticker.Landed(kNoon + kMillisecond, false);
  EXPECT_EQ(ticker.NextLook(kNoon - Duration::Seconds(30)), kNoon + Duration::Seconds(32));
  EXPECT_EQ(ticker.NextLook(kNoon + Duration::Hours(1)), kNoon + Ticker::kHeartbeat);
  // It was the owner's clock that was ahead.
  ticker.Look(kNoon - behind);
  EXPECT_EQ(ticker.NextLook(kNoon - behind), kNoon - behind + kSettle);
}

TEST(TickerTest, a_log_that_is_ahead_changes_nothing) {
  Ticker ticker = TickedAtNoon();
  ticker.Appended(kNoon);
  ticker.Stamped(kNoon + Duration::Hours(1));
  ticker.Landed(kNoon + kMillisecond, false);
  EXPECT_EQ(ticker.NextLook(kNoon + Duration::Seconds(10)), kNoon + Duration::Seconds(12));
}

// What a source holds back stands right behind the latest tick's moment.
TEST(TickerTest, what_is_held_back_is_tried_ever_more_rarely) {
  Ticker ticker = TickedAtNoon();
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(ticker.held_back()) << "a moment may come there by chance";
    Tick(&ticker, kNoon, kMillisecond, true);
  }
  EXPECT_TRUE(ticker.held_back());
  for (const int seconds : {1, 2, 4, 8, 15, 15}) {
    EXPECT_EQ(ticker.NextLook(Instant::Never()), kNoon + Duration::Seconds(seconds));
    Tick(&ticker, kNoon, kMillisecond, true);
  }
  Tick(&ticker, kNoon, kMillisecond, false);
  EXPECT_FALSE(ticker.held_back());
}

TEST(TickerTest, what_is_held_back_is_tried_when_a_source_says_how_far_it_is) {
  Ticker ticker = TickedAtNoon();
  for (int i = 0; i < 10; ++i) Tick(&ticker, kNoon, kMillisecond, true);
  ticker.Marked();
  EXPECT_EQ(ticker.NextLook(Instant::Never()), kNoon + Ticker::kRetry);
}

TEST(TickerTest, what_is_held_back_delays_nothing_else) {
  Ticker ticker = TickedAtNoon();
  for (int i = 0; i < 10; ++i) Tick(&ticker, kNoon, kMillisecond, true);
  EXPECT_EQ(ticker.NextLook(kNoon - kSettle + kMillisecond), kNoon + Ticker::kSpacing);
}

// Thousands of clocks due at once are fired by tick after tick, with no pause but for what came
// meanwhile.
TEST(TickerTest, a_tick_that_was_cut_is_followed_at_once) {
  Ticker ticker = TickedAtNoon();
  ticker.Appended(kNoon);
  ticker.Landed(kNoon + Duration{80}, true, Ticker::End::kCut);
  EXPECT_EQ(ticker.NextLook(kNoon - kSettle), kNoon);
  EXPECT_FALSE(ticker.in_flight());
  EXPECT_FALSE(ticker.held_back());
  // The last one ends the hurry.
  Tick(&ticker, kNoon + Duration{80}, kMillisecond);
  EXPECT_EQ(ticker.NextLook(kNoon - kSettle), kNoon + Duration{80} + Ticker::kSpacing);
}

TEST(TickerTest, ticks_follow_at_once_while_they_are_wanted) {
  Ticker ticker = TickedAtNoon();
  ticker.Hurry(true);
  EXPECT_EQ(ticker.TickNow(kNoon + kMillisecond, Instant::Never()), kNoon + kMillisecond - kSettle);
  ticker.Appended(kNoon + kMillisecond);
  EXPECT_EQ(ticker.TickNow(kNoon + kMillisecond, Instant::Never()), std::nullopt);
  ticker.Landed(kNoon + Duration{20}, false);
  ticker.Hurry(false);
  EXPECT_EQ(ticker.NextLook(Instant::Never()), kNoon + kMillisecond + Ticker::kHeartbeat);
}

// A machine whose clock was two hours ahead must not be silent for two hours.
TEST(TickerTest, a_clock_that_is_set_back_ticks_on) {
  Ticker ticker = TickedAtNoon();
  Tick(&ticker, kNoon + Duration::Hours(2), kMillisecond);
  ticker.Look(kNoon);
  EXPECT_LE(ticker.NextLook(kNoon), kNoon + kSettle);
  EXPECT_EQ(ticker.NextLook(Instant::Never()), kNoon + Ticker::kHeartbeat);
}

}  // namespace
}  // namespace escalation
