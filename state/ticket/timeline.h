// state/ticket/timeline.h
//
// Facts and clocks of one ticket in order of time: the part of a ticket that can be folded again
// when a late event is put in its place.
//
//   Input       entries in order of their time; limits up to which due moments fire
//   Output      what happened to clocks and facts, told to an observer in order of time
//   Invariants  1. time never goes back: Apply and FireUntil take rising instants
//               2. a due moment fires strictly before every event that is later than it, and
//                  after every event at the same instant: a stop at the due instant is met
//               3. one event that matches several conditions of a metric: stop before pause
//                  before start
//               4. a clock is (metric, set, lane): severity, plan and fields change its target,
//                  not its cycle
//   Time        enters as arguments only
//   Errors      none
//   Threads     one timeline, one thread
//
// Lanes: the targets of one metric and set that apply to the ticket at the same time, in the
// policy's order, are lanes 0, 1, ...; two promises of one metric (internal and public) differ in
// their set.
#pragma once

#include <string>

#include "escalation/v1/decision.pb.h"
#include "escalation/v1/state.pb.h"
#include "state/base/instant.h"
#include "state/ticket/entry_list.h"
#include "state/ticket/environment.h"
#include "state/ticket/facts.h"

namespace escalation {

enum class ClockChange {
  kStarted,
  kPaused,
  kResumed,
  kWarned,
  kBreached,
  kMet,
  kCancelled,
  kAmended,
  kExpired,
  kFellBack,  // The calendar never opens: wall time is counted.
};

class TimelineObserver {
 public:
  virtual ~TimelineObserver() = default;
  // `clock` is the clock after the change. `due`: the due moment that it is about, Never: none.
  // `detail`: reason of a cancellation or amendment. `warning`: index of the warning.
  virtual void OnClock(ClockChange change, const v1::ClockState& clock, Instant at, Instant due,
                       const char* detail, int warning) = 0;
  // A decision that follows from facts alone; only the body and cause.rule are set.
  virtual void OnNote(v1::Decision note, Instant at) = 0;
  // An event was applied: its facts and the ticket after it.
  virtual void OnFacts(const PlacedEvent& placed, const FactChange& change,
                       const v1::TicketFacts& facts) = 0;
};

class Timeline {
 public:
  // Borrows all three.
  Timeline(const Environment& environment, v1::TicketTimeline* state, TimelineObserver* observer)
      : environment_(environment), state_(*state), observer_(*observer) {}

  // The earliest moment of a clock; Never: none.
  Instant NextMoment() const;
  // Fires the earliest moment; there is one.
  void FireNext();
  // Applies an event. MUST be called after every moment before placed.at was fired.
  void Apply(const PlacedEvent& placed);

  // Account, plan or policy changed at `at`: resolves the plan and matches the targets anew.
  // Says what that changed.
  FactChange Rematch(const CompiledPolicy& policy, Instant at, const char* reason);
  // Calendars changed at `at`: what is used counts by `before`, the rest by the environment.
  void Rearm(const Environment& before, Instant at);

 private:
  struct Cause;  // The policy, plan and account in force for the event being applied.

  const v1::AccountState* Account() const;
  const Calendar& CalendarOf(const v1::ClockState& clock) const;
  const CompiledTarget* TargetOf(const v1::ClockState& clock) const;
  v1::MetricRun* FindRun(const std::string& metric);
  v1::ClockState* FindClock(const std::string& metric, const std::string& set, int lane);

  // `facts`: what stops clocks; `starts`: what starts them.
  void StepRuns(const Cause& cause, const FactChange& change, FactSet facts, FactSet starts,
                Instant at);
  // A cycle keeps the policy under which it began; timeline_policies.cc.
  bool HasOlderCycles(const Cause& cause, const FactChange& change) const;
  Cause CauseOfCycle(const Cause& cause, const std::string& metric) const;
  void StepOlderRuns(const Cause& cause, const FactChange& change, FactSet facts, FactSet starts,
                     Instant at);
  // `metric` and `own`: of the present cycle; `next` and `next_cause`: of the one that may begin.
  void StepMetric(const Cause& own, const CompiledMetric& metric, const Cause& next_cause,
                  const CompiledMetric* next, const FactChange& change, FactSet facts,
                  FactSet starts, Instant at);
  void StepRun(const CompiledMetric& metric, const CompiledMetric* next, FactSet facts,
               FactSet starts, Instant at, v1::MetricRun* run);
  void Reopen(const CompiledMetric& metric, v1::MetricRun* run, Instant at);
  void StepDeadline(const Cause& cause, const CompiledMetric& metric, FactSet facts, Instant at);
  void MatchTargets(const Cause& cause, const CompiledMetric& metric, bool retarget,
                    const char* reason, Instant at);
  v1::ClockState* NewCycle(const Cause& cause, const CompiledTarget& target, int lane, int cycle);
  void StartClock(const Cause& cause, const CompiledTarget& target, int lane, int cycle,
                  Instant at);
  void StartDeadline(const Cause& cause, const CompiledTarget& target, int lane, int cycle,
                     Instant due, Instant at);
  void RetargetClock(const Cause& cause, const CompiledTarget& target, const char* reason,
                     v1::ClockState* clock, Instant at);
  void PauseOrResume(Instant at);
  void EndClocks(const std::string& metric, v1::ClockState::State state, const char* reason,
                 bool by_resolve, Instant at);
  void EndClock(v1::ClockState* clock, v1::ClockState::State state, const char* reason, Instant at);
  void EndAll(const char* reason, Instant at);
  void AgreeUpdate(Instant until, Instant at);
  void ArmAndTell(v1::ClockState* clock, Instant at);

  const Environment& environment_;
  v1::TicketTimeline& state_;
  TimelineObserver& observer_;
};

}  // namespace escalation
