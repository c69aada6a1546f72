#include "state/ticket/clock.h"

#include <gtest/gtest.h>

#include <string>

#include "escalation/v1/policy.pb.h"
#include "tests/state/calendar/calendar_text.h"

namespace escalation {
namespace {

using v1::ClockState;

constexpr char kOffice[] = "mon-fri 09:00-17:00";

class ClockTest : public ::testing::Test {
 protected:
  // A Tuesday, one hour after the opening.
  const Instant start_ = At("2026-03-10T10:00:00Z");
  const std::shared_ptr<const Calendar> office_ = Compiled("Etc/UTC", kOffice, start_);
  const std::shared_ptr<const Calendar> closed_ = Compiled("Etc/UTC", "", start_);
  v1::Target target_;

  ClockState Running(Duration within) const {
    ClockState clock;
    clock.set_within_ms(within.ms);
    StartRunning(&clock, start_);
    return clock;
  }
  void WarnAtShare(int basis_points) { target_.add_warn_at()->set_used_bp(basis_points); }
  void WarnBefore(Duration left) { target_.add_warn_at()->set_before_ms(left.ms); }
  static std::string Next(const ClockState& clock) { return ToText(Instant{clock.next_ms()}); }
  static std::string Due(const ClockState& clock) { return ToText(Instant{clock.due_ms()}); }
};

TEST_F(ClockTest, used_grows_only_while_it_runs) {
  ClockState clock = Running(Duration::Hours(4));
  EXPECT_EQ(UsedAt(clock, *office_, start_ + Duration::Hours(2)), Duration::Hours(2));
  EXPECT_EQ(PausedAt(clock, start_ + Duration::Hours(2)), Duration{});
  Pause(&clock, *office_, start_ + Duration::Hours(2));
  EXPECT_EQ(UsedAt(clock, *office_, start_ + Duration::Hours(5)), Duration::Hours(2));
  EXPECT_EQ(PausedAt(clock, start_ + Duration::Hours(5)), Duration::Hours(3));
  Accrue(&clock, *office_, start_ + Duration::Hours(4));
  EXPECT_EQ(clock.paused_ms(), Duration::Hours(2).ms);
  Resume(&clock, start_ + Duration::Hours(5));
  EXPECT_EQ(clock.paused_ms(), Duration::Hours(3).ms);
  End(&clock, *office_, start_ + Duration::Hours(6), ClockState::MET);
  EXPECT_EQ(UsedAt(clock, *office_, start_ + Duration::Days(9)), Duration::Hours(3));
  EXPECT_EQ(PausedAt(clock, start_ + Duration::Days(9)), Duration::Hours(3));
  // An ended clock has nothing to book.
  Accrue(&clock, *office_, start_ + Duration::Days(9));
  EXPECT_EQ(clock.accrued_ms(), Duration::Hours(3).ms);
}

TEST_F(ClockTest, a_clock_that_ended_goes_on_without_having_paused) {
  ClockState clock = Running(Duration::Hours(4));
  End(&clock, *office_, start_ + Duration::Hours(1), ClockState::MET);
  Resume(&clock, start_ + Duration::Days(1));
  EXPECT_EQ(clock.paused_ms(), 0);
  Arm(&clock, nullptr, *office_);
  EXPECT_EQ(Due(clock), "2026-03-11T13:00:00Z");
}

TEST_F(ClockTest, warnings_come_in_order_of_time_and_the_due_moment_last) {
  WarnBefore(Duration::Hours(1));    // After 3 h.
  WarnAtShare(5'000);                // After 2 h.
  WarnBefore(Duration::Hours(100));  // Longer than all of it: at once.
  ClockState clock = Running(Duration::Hours(4));
  EXPECT_EQ(Arm(&clock, &target_, *office_), Opening::kFound);
  EXPECT_EQ(Next(clock), "2026-03-10T10:00:00Z");
  EXPECT_EQ(Due(clock), "2026-03-10T14:00:00Z");
  EXPECT_EQ(TakeWarning(&clock, &target_, *office_, start_), 2);
  Arm(&clock, &target_, *office_);
  EXPECT_EQ(Next(clock), "2026-03-10T12:00:00Z");
  EXPECT_EQ(TakeWarning(&clock, &target_, *office_, start_ + Duration::Hours(1)), -1);
  // Both are over: the later one is told.
  EXPECT_EQ(TakeWarning(&clock, &target_, *office_, start_ + Duration::Hours(3)), 0);
  EXPECT_EQ(clock.warned(), 3);
  Arm(&clock, &target_, *office_);
  EXPECT_EQ(Next(clock), Due(clock));
  EXPECT_EQ(TakeWarning(&clock, &target_, *office_, start_ + Duration::Days(9)), -1);
}

TEST_F(ClockTest, a_clock_whose_target_is_gone_has_a_due_moment_and_no_warnings) {
  ClockState clock = Running(Duration::Hours(4));
  Arm(&clock, nullptr, *office_);
  EXPECT_EQ(Next(clock), "2026-03-10T14:00:00Z");
  EXPECT_EQ(TakeWarning(&clock, nullptr, *office_, start_ + Duration::Days(9)), -1);
}

TEST_F(ClockTest, only_a_running_clock_that_is_not_broken_has_moments) {
  ClockState clock = Running(Duration::Hours(4));
  Arm(&clock, nullptr, *office_);
  clock.set_breached_ms(start_.ms);
  EXPECT_EQ(Arm(&clock, nullptr, *office_), Opening::kFound);
  EXPECT_EQ(clock.next_ms(), 0);
  EXPECT_EQ(clock.due_ms(), 0);
  clock = Running(Duration::Hours(4));
  Pause(&clock, *office_, start_);
  Arm(&clock, nullptr, *office_);
  EXPECT_EQ(clock.next_ms(), 0);
}

TEST_F(ClockTest, what_is_used_up_already_is_due_at_once) {
  WarnAtShare(5'000);
  ClockState clock = Running(Duration::Hours(4));
  clock.set_accrued_ms(Duration::Hours(5).ms);
  Arm(&clock, &target_, *office_);
  EXPECT_EQ(Next(clock), "2026-03-10T10:00:00Z");
  EXPECT_EQ(Due(clock), "2026-03-10T10:00:00Z");
}

TEST_F(ClockTest, an_exact_fill_may_be_due_at_the_next_opening) {
  ClockState clock = Running(Duration::Hours(7));
  clock.set_due_at_next_opening(true);
  Arm(&clock, nullptr, *office_);
  EXPECT_EQ(Due(clock), "2026-03-11T09:00:00Z");
  // Within hours it is due where it is.
  clock.set_within_ms(Duration::Hours(6).ms);
  Arm(&clock, nullptr, *office_);
  EXPECT_EQ(Due(clock), "2026-03-10T16:00:00Z");
  // No next opening: at the last close.
  const auto once = Compiled("Etc/UTC", "special 2026-03-10 09:00-17:00", start_);
  clock.set_within_ms(Duration::Hours(7).ms);
  EXPECT_EQ(Arm(&clock, nullptr, *once), Opening::kFound);
  EXPECT_EQ(Due(clock), "2026-03-10T17:00:00Z");
}

TEST_F(ClockTest, a_calendar_that_never_opens_counts_wall_time) {
  WarnAtShare(5'000);
  ClockState clock = Running(Duration::Hours(4));
  EXPECT_EQ(Arm(&clock, &target_, *closed_), Opening::kNeverOpens);
  EXPECT_EQ(Due(clock), "2026-03-10T14:00:00Z");
  EXPECT_EQ(Next(clock), Due(clock));
}

TEST_F(ClockTest, a_fixed_due_moment_is_approached_in_wall_time) {
  WarnBefore(Duration::Hours(2));
  ClockState clock = Running(Duration::Hours(24));
  clock.set_pinned_due_ms((start_ + Duration::Hours(24)).ms);
  Arm(&clock, &target_, *office_);
  EXPECT_EQ(Due(clock), "2026-03-11T10:00:00Z");
  EXPECT_EQ(Next(clock), "2026-03-11T08:00:00Z");
  // It is never before the clock's latest change, and neither is its warning.
  clock.set_pinned_due_ms((start_ - Duration::Hours(1)).ms);
  Arm(&clock, &target_, *office_);
  EXPECT_EQ(Due(clock), "2026-03-10T10:00:00Z");
  EXPECT_EQ(Next(clock), "2026-03-10T10:00:00Z");
}

TEST_F(ClockTest, the_due_moment_of_business_days_is_approached_in_open_time) {
  WarnBefore(Duration::Hours(10));
  ClockState clock = Running(Duration::Hours(16));
  clock.set_pinned_due_ms((start_ + Duration::Days(2)).ms);
  clock.set_pin_is_soft(true);
  Arm(&clock, &target_, *office_);
  EXPECT_EQ(Due(clock), "2026-03-12T10:00:00Z");
  EXPECT_EQ(Next(clock), "2026-03-10T16:00:00Z");
}

TEST_F(ClockTest, a_share_of_years_does_not_overflow) {
  WarnAtShare(9'999);
  ClockState clock = Running(Duration::Days(365 * 70));
  clock.set_pinned_due_ms((start_ + Duration::Days(365 * 70)).ms);
  Arm(&clock, &target_, *office_);
  EXPECT_EQ(Instant{clock.next_ms()} - start_,
            Duration{Duration::Days(365 * 7).ms / 1'000 * 9'999});
}

struct LengthRow {
  int line;
  v1::Span::Reading reading;
  int days;
  const char* hours;
  Duration within;
  const char* due;  // Empty: no fixed due moment.
};

TEST_F(ClockTest, business_days_become_a_length_and_a_soft_due_moment) {
  const LengthRow rows[] = {
      {__LINE__, v1::Span::HOURS, 2, kOffice, Duration::Hours(16), ""},
      {__LINE__, v1::Span::SAME_TIME, 2, kOffice, Duration::Hours(16), "2026-03-12T10:00:00Z"},
      {__LINE__, v1::Span::END_OF_DAY, 1, kOffice, Duration::Hours(15), "2026-03-11T17:00:00Z"},
      // No such day is met: Arm sees it and counts wall time.
      {__LINE__, v1::Span::END_OF_DAY, 3, "", Duration::Days(3), ""},
  };
  for (const LengthRow& row : rows) {
    SCOPED_TRACE(row.line);
    ClockState clock = Running({});
    clock.set_pinned_due_ms(17);
    v1::Span span;
    span.set_business_days(row.days);
    span.set_reading(row.reading);
    SetLength(&clock, span, *Compiled("Etc/UTC", row.hours, start_), start_);
    EXPECT_EQ(Duration{clock.within_ms()}, row.within);
    EXPECT_EQ(clock.pin_is_soft(), *row.due != '\0');
    EXPECT_EQ(clock.pinned_due_ms() == 0 ? "" : ToText(Instant{clock.pinned_due_ms()}), row.due);
  }
  v1::Span plain;
  plain.set_ms(90'000);
  ClockState clock = Running({});
  SetLength(&clock, plain, *office_, start_);
  EXPECT_EQ(clock.within_ms(), 90'000);
}

TEST_F(ClockTest, a_soft_due_moment_ends_with_the_first_pause_and_a_hard_one_holds) {
  ClockState clock = Running(Duration::Hours(16));
  clock.set_pinned_due_ms((start_ + Duration::Days(2)).ms);
  clock.set_pin_is_soft(true);
  ClockState hard = clock;
  hard.set_pin_is_soft(false);
  Pause(&clock, *office_, start_ + Duration::Hours(1));
  EXPECT_EQ(clock.pinned_due_ms(), 0);
  Pause(&hard, *office_, start_ + Duration::Hours(1));
  EXPECT_EQ(hard.pinned_due_ms(), (start_ + Duration::Days(2)).ms);
}

}  // namespace
}  // namespace escalation
