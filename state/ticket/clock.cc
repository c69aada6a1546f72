#include "state/ticket/clock.h"

#include <algorithm>
#include <vector>

#include "state/base/check.h"
#include "state/base/text.h"

namespace escalation {
namespace {

using v1::ClockState;

constexpr int64_t kBasisPoints = 10'000;

// Open time at which each warning is given, in rising order, with its index in the policy.
struct Threshold {
  int64_t used_ms;
  int index;
};

std::vector<Threshold> Thresholds(const ClockState& clock, const v1::Target& target) {
  std::vector<Threshold> thresholds;
  for (int i = 0; i < target.warn_at_size(); ++i) {
    const v1::Warning& warning = target.warn_at(i);
    // Divided first where the product could overflow; a target is far below that bound, a deadline
    // may be years away.
    const int64_t used =
        warning.used_bp() > 0
            ? clock.within_ms() / kBasisPoints * warning.used_bp() +
                  clock.within_ms() % kBasisPoints * warning.used_bp() / kBasisPoints
            : clock.within_ms() - warning.before_ms();
    thresholds.push_back({std::max<int64_t>(used, 0), i});
  }
  std::stable_sort(thresholds.begin(), thresholds.end(),
                   [](const Threshold& a, const Threshold& b) { return a.used_ms < b.used_ms; });
  return thresholds;
}

bool HasHardPin(const ClockState& clock) {
  return clock.pinned_due_ms() != 0 && !clock.pin_is_soft();
}

// When the threshold is reached. A fixed due moment is approached in wall time, everything else in
// open time.
Instant MomentOf(const ClockState& clock, int64_t used_ms, const Calendar& calendar) {
  const Instant since{clock.since_ms()};
  if (HasHardPin(clock)) {
    return std::max(since, Instant{clock.pinned_due_ms() - (clock.within_ms() - used_ms)});
  }
  const int64_t left = used_ms - clock.accrued_ms();
  if (left <= 0) return since;
  return calendar.Add(since, Duration{left});
}

Instant DueOf(ClockState* clock, const Calendar& calendar, Opening* opening) {
  const Instant since{clock->since_ms()};
  if (clock->pinned_due_ms() != 0) return std::max(since, Instant{clock->pinned_due_ms()});
  const int64_t left = clock->within_ms() - clock->accrued_ms();
  if (left <= 0) return since;
  Instant due = calendar.Add(since, Duration{left});
  if (due == Instant::Never()) {
    *opening = Opening::kNeverOpens;
    return since + Duration{left};
  }
  if (clock->due_at_next_opening() && !calendar.IsOpen(due)) {
    const Instant next = calendar.NextOpen(due);
    if (next != Instant::Never()) due = next;
  }
  return due;
}

}  // namespace

Duration UsedAt(const ClockState& clock, const Calendar& calendar, Instant at) {
  if (clock.state() != ClockState::RUNNING) return {clock.accrued_ms()};
  return Duration{clock.accrued_ms()} + calendar.OpenBetween(Instant{clock.since_ms()}, at);
}

Duration PausedAt(const ClockState& clock, Instant at) {
  if (clock.state() != ClockState::PAUSED) return {clock.paused_ms()};
  return Duration{clock.paused_ms()} + (at - Instant{clock.since_ms()});
}

void SetLength(ClockState* clock, const v1::Span& within, const Calendar& calendar, Instant at) {
  clock->clear_pinned_due_ms();
  clock->clear_pin_is_soft();
  if (within.business_days() == 0) {
    clock->set_within_ms(within.ms());
    return;
  }
  if (within.reading() == v1::Span::HOURS) {
    clock->set_within_ms(calendar.business_day().ms * within.business_days());
    return;
  }
  const Instant due = calendar.AddBusinessDays(at, within.business_days(), within.reading());
  if (due == Instant::Never()) {
    // No such day within reach: Arm sees that nothing opens and falls back to wall time.
    clock->set_within_ms(Duration::Days(within.business_days()).ms);
    return;
  }
  clock->set_within_ms(clock->accrued_ms() + calendar.OpenBetween(at, due).ms);
  clock->set_pinned_due_ms(due.ms);
  clock->set_pin_is_soft(true);
}

void StartRunning(ClockState* clock, Instant at) {
  clock->set_state(ClockState::RUNNING);
  clock->set_started_ms(at.ms);
  clock->set_since_ms(at.ms);
}

void Accrue(ClockState* clock, const Calendar& calendar, Instant at) {
  ESCALATION_CHECK(at.ms >= clock->since_ms(),
                   Cat(at, " < ", Instant{clock->since_ms()}, ", clock ", clock->target()));
  if (clock->state() == ClockState::RUNNING) {
    clock->set_accrued_ms(UsedAt(*clock, calendar, at).ms);
  } else if (clock->state() == ClockState::PAUSED) {
    clock->set_paused_ms(PausedAt(*clock, at).ms);
  }
  clock->set_since_ms(at.ms);
}

void Pause(ClockState* clock, const Calendar& calendar, Instant at) {
  Accrue(clock, calendar, at);
  clock->set_state(ClockState::PAUSED);
  if (clock->pin_is_soft()) {
    clock->clear_pinned_due_ms();
    clock->clear_pin_is_soft();
  }
}

void Resume(ClockState* clock, Instant at) {
  if (clock->state() == ClockState::PAUSED) clock->set_paused_ms(PausedAt(*clock, at).ms);
  clock->set_state(ClockState::RUNNING);
  clock->set_since_ms(at.ms);
}

void End(ClockState* clock, const Calendar& calendar, Instant at, ClockState::State state) {
  Accrue(clock, calendar, at);
  clock->set_state(state);
}

Opening Arm(ClockState* clock, const v1::Target* target, const Calendar& calendar) {
  clock->clear_due_ms();
  clock->clear_next_ms();
  if (clock->state() != ClockState::RUNNING || clock->breached_ms() != 0) return Opening::kFound;
  Opening opening = Opening::kFound;
  const Instant due = DueOf(clock, calendar, &opening);
  clock->set_due_ms(due.ms);
  clock->set_next_ms(due.ms);
  if (target == nullptr || opening == Opening::kNeverOpens) return opening;
  const std::vector<Threshold> thresholds = Thresholds(*clock, *target);
  if (clock->warned() < static_cast<int>(thresholds.size())) {
    const Instant warning = MomentOf(*clock, thresholds[clock->warned()].used_ms, calendar);
    clock->set_next_ms(std::min(due, warning).ms);
  }
  return opening;
}

int TakeWarning(ClockState* clock, const v1::Target* target, const Calendar& calendar, Instant at) {
  if (target == nullptr) return -1;
  int taken = -1;
  const std::vector<Threshold> thresholds = Thresholds(*clock, *target);
  while (clock->warned() < static_cast<int>(thresholds.size()) &&
         MomentOf(*clock, thresholds[clock->warned()].used_ms, calendar) <= at) {
    taken = thresholds[clock->warned()].index;
    clock->set_warned(clock->warned() + 1);
  }
  return taken;
}

}  // namespace escalation
