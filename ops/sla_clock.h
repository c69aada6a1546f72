// ops/sla_clock.h
//
// A clock with pauses over calendars, answered from its whole history at once: what `calendar eval`
// asks under the name `sla`. The daemon's own clocks live in state/ticket; this one is their
// independent yardstick and shares nothing with them but the calendar.
//
//   Input       a start, a target, a calendar, changes in order of time, the moment of the question
//   Output      accrued time, breach, due moment, state
//   Invariants  1. all changes of one moment apply before anything is judged at it
//               2. a breach, once there, stays
//   Threads     values; safe everywhere
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "state/base/instant.h"
#include "state/calendar/calendar.h"

namespace escalation {

struct SlaChange {
  enum class Kind { kPause, kResume, kStop, kTarget, kCalendar };
  Instant at;
  Kind kind = Kind::kPause;
  Duration target;                           // kTarget
  std::shared_ptr<const Calendar> calendar;  // kCalendar
};

struct SlaQuestion {
  Instant start;
  Duration target;
  std::shared_ptr<const Calendar> calendar;
  // Sorted by time, from `start` on, none after `now`.
  std::vector<SlaChange> changes;
  Instant now;
};

struct SlaAnswer {
  enum class State { kRunning, kPaused, kStopped };
  Duration accrued;
  std::optional<Instant> breach_at;
  // Empty unless running; empty too if the calendar never lets it come.
  std::optional<Instant> due;
  State state = State::kRunning;
};

SlaAnswer AnswerSla(const SlaQuestion& question);

}  // namespace escalation
