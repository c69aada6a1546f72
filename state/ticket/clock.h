// state/ticket/clock.h
//
// Measures one promise for one ticket: how much open time is used, and when it is due.
//
//   Input       the clock before, one fact, the instant at which it holds
//   Output      the clock after; its next moment (a warning or the due moment)
//   Invariants  1. next_ms and due_ms are set only while the clock runs and is not breached
//               2. accrued_ms never decreases within a cycle
//               3. a breach, once decided, is never unset; only BreachRetracted answers it
//   Time        enters as arguments only; open time is counted by the calendar, which nobody asks
//               for the present
//   Errors      none: facts arrive valid; a broken invariant aborts Threads stateless; safe
//               everywhere
#pragma once

#include "escalation/v1/state.pb.h"
#include "state/base/instant.h"
#include "state/calendar/calendar.h"
#include "state/policy/compiled_policy.h"

namespace escalation {

inline bool IsOpen(const v1::ClockState& clock) {
  return clock.state() == v1::ClockState::RUNNING || clock.state() == v1::ClockState::PAUSED;
}

// Open time used at `at`, which is not before the clock's latest change.
Duration UsedAt(const v1::ClockState& clock, const Calendar& calendar, Instant at);

// Wall time spent paused at `at`.
Duration PausedAt(const v1::ClockState& clock, Instant at);

// Gives the clock the target's length as of `at`: milliseconds, or business days read on the
// calendar.
void SetLength(v1::ClockState* clock, const v1::Span& within, const Calendar& calendar, Instant at);

// Each takes the clock from its latest change to `at`; the caller calls Arm afterwards.
void StartRunning(v1::ClockState* clock, Instant at);
void Pause(v1::ClockState* clock, const Calendar& calendar, Instant at);
void Resume(v1::ClockState* clock, Instant at);
void End(v1::ClockState* clock, const Calendar& calendar, Instant at, v1::ClockState::State state);
// Books what is used up to `at`, so that a new calendar or target counts from there.
void Accrue(v1::ClockState* clock, const Calendar& calendar, Instant at);

enum class Opening { kFound, kNeverOpens };

// Recomputes due_ms and next_ms. kNeverOpens: the calendar has no opening within 400 days, so wall
// time was counted instead.
Opening Arm(v1::ClockState* clock, const v1::Target* target, const Calendar& calendar);

// Index in target.warn_at of the warning that is due at `at`, the last one if several are; -1:
// none. Advances clock->warned past all of them.
int TakeWarning(v1::ClockState* clock, const v1::Target* target, const Calendar& calendar,
                Instant at);

}  // namespace escalation
