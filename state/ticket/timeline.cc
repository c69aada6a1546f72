#include "state/ticket/timeline.h"

#include <algorithm>

#include "state/base/check.h"
#include "state/base/text.h"
#include "state/ticket/clock.h"
#include "state/ticket/timeline_cause.h"

namespace escalation {

using v1::ClockState;
using v1::Metric;

namespace {

// As if a customer had opened the ticket with it: agents need nobody to confirm theirs.
FactSet OpeningFacts(const FactChange& change) {
  return Bit(Metric::OPENED) | Bit(Metric::OPENED_BY_CUSTOMER) |
         (change.facts & Bit(Metric::SEVERITY_SET));
}

}  // namespace

const v1::AccountState* Timeline::Account() const {
  return environment_.FindAccount(state_.facts().account());
}

const Calendar& Timeline::CalendarOf(const ClockState& clock) const {
  return environment_.FindCalendar(clock.calendar());
}

const CompiledTarget* Timeline::TargetOf(const ClockState& clock) const {
  const CompiledPlan* const plan =
      environment_.PolicyAt(clock.policy_revision()).FindPlan(clock.plan());
  return plan == nullptr ? nullptr : plan->FindTarget(clock.target());
}

v1::MetricRun* Timeline::FindRun(const std::string& metric) {
  for (v1::MetricRun& run : *state_.mutable_runs()) {
    if (run.metric() == metric) return &run;
  }
  v1::MetricRun* const run = state_.add_runs();
  run->set_metric(metric);
  return run;
}

ClockState* Timeline::FindClock(const std::string& metric, const std::string& set, int lane) {
  for (ClockState& clock : *state_.mutable_clocks()) {
    if (clock.lane() == lane && clock.metric() == metric && clock.set() == set) return &clock;
  }
  return nullptr;
}

Instant Timeline::NextMoment() const {
  Instant next = Instant::Never();
  for (const ClockState& clock : state_.clocks()) {
    if (clock.next_ms() != 0) next = std::min(next, Instant{clock.next_ms()});
  }
  return next;
}

void Timeline::FireNext() {
  ClockState* clock = nullptr;
  for (ClockState& candidate : *state_.mutable_clocks()) {
    if (candidate.next_ms() == 0) continue;
    if (clock == nullptr || candidate.next_ms() < clock->next_ms()) clock = &candidate;
  }
  ESCALATION_CHECK(clock != nullptr, "no moment to fire");
  const Instant at{clock->next_ms()};
  const Instant due{clock->due_ms()};
  const CompiledTarget* const target = TargetOf(*clock);
  const Calendar& calendar = CalendarOf(*clock);
  state_.set_reached_ms(std::max(state_.reached_ms(), at.ms));
  state_.set_fired_ms(state_.reached_ms());
  if (due <= at) {
    if (target != nullptr && target->metric->expiry() == Metric::RESOLVE) {
      EndClock(clock, ClockState::EXPIRED, "expired", at);
      FindRun(clock->metric())->set_open(false);
      return;
    }
    clock->set_breached_ms(at.ms);
    ArmAndTell(clock, at);
    observer_.OnClock(ClockChange::kBreached, *clock, at, due, "", 0);
    return;
  }
  const int warning =
      TakeWarning(clock, target == nullptr ? nullptr : target->target, calendar, at);
  ArmAndTell(clock, at);
  if (warning >= 0) observer_.OnClock(ClockChange::kWarned, *clock, at, due, "", warning);
}

void Timeline::ArmAndTell(ClockState* clock, Instant at) {
  const CompiledTarget* const target = TargetOf(*clock);
  const Opening opening =
      Arm(clock, target == nullptr ? nullptr : target->target, CalendarOf(*clock));
  if (opening == Opening::kNeverOpens) {
    observer_.OnClock(ClockChange::kFellBack, *clock, at, Instant{clock->due_ms()}, "", 0);
  }
}

void Timeline::Apply(const PlacedEvent& placed) {
  const Instant at = placed.at;
  const v1::Event& event = placed.event;
  ESCALATION_CHECK(at.ms >= state_.reached_ms(), Cat(at, " < ", Instant{state_.reached_ms()}));
  state_.set_reached_ms(at.ms);
  const CompiledPolicy& policy = environment_.PolicyAt(placed.policy_revision);
  // The account is looked up by the name that the ticket has after an Opened.
  const std::string& account_name = event.has_opened()     ? event.opened().account()
                                    : event.has_observed() ? event.observed().opened().account()
                                                           : state_.facts().account();
  FactChange change =
      ApplyEvent(policy, environment_.FindAccount(account_name), event, at, state_.mutable_facts());
  for (v1::Decision& note : change.notes) observer_.OnNote(std::move(note), at);

  const Cause cause{policy, policy.FindPlan(state_.facts().plan()), Account()};
  if (state_.facts().contact_unconfirmed()) {
    // Also what was promised before it was known who opened it.
    if (event.has_opened()) EndAll("contact_not_authorized", at);
  } else if (state_.facts().opened_ms() != 0 && state_.facts().merged_into().empty()) {
    const FactSet silent = placed.starts_nothing ? Bit(Metric::CUSTOMER_MESSAGE) : 0;
    // What confirms a ticket begins its clocks and meets none of them.
    const FactSet facts = change.confirmed ? OpeningFacts(change) : change.facts;
    StepRuns(cause, change, facts, (facts | change.facts) & ~silent, at);
    if (change.update_agreed != Instant::Past()) AgreeUpdate(change.update_agreed, at);
    PauseOrResume(at);
  }
  if (change.ended != nullptr) EndAll(change.ended, at);
  observer_.OnFacts(placed, change, state_.facts());
}

void Timeline::StepRuns(const Cause& cause, const FactChange& change, FactSet facts, FactSet starts,
                        Instant at) {
  if (HasOlderCycles(cause, change)) return StepOlderRuns(cause, change, facts, starts, at);
  if (cause.plan == nullptr) {
    EndAll("target_gone", at);
    return;
  }
  // Clocks whose metric the plan does not measure any more.
  if (change.retarget) {
    for (ClockState& clock : *state_.mutable_clocks()) {
      if (IsOpen(clock) && cause.plan->FindMetric(clock.metric()) == nullptr) {
        EndClock(&clock, ClockState::CANCELLED, "target_gone", at);
      }
    }
  }
  for (const CompiledMetric& metric : cause.plan->metrics) {
    if (metric.metric->explicit_due()) continue;
    StepMetric(cause, metric, cause, &metric, change, facts, starts, at);
  }
  for (const CompiledMetric& metric : cause.plan->metrics) {
    if (metric.metric->explicit_due()) StepDeadline(cause, metric, facts, at);
  }
}

void Timeline::StepMetric(const Cause& own, const CompiledMetric& metric, const Cause& next_cause,
                          const CompiledMetric* next, const FactChange& change, FactSet facts,
                          FactSet starts, Instant at) {
  v1::MetricRun& run = *FindRun(metric.metric->name());
  const int cycle_before = run.cycle();
  const bool open_before = run.open();
  StepRun(metric, next, facts, starts, at, &run);
  if (!run.open()) return;
  const bool begun = run.cycle() != cycle_before;
  // Severity, plan and fields may have changed while nothing ran.
  const bool resumed = !open_before && !begun;
  if (!begun && !change.retarget && !resumed) return;
  MatchTargets(begun ? next_cause : own, begun ? *next : metric, change.retarget || resumed,
               change.retarget ? change.retarget_reason : "reopened", at);
}

// Stop before pause before start. Starting means opening a cycle of the metric, by `next`: how it
// is measured now, null: not at all. MatchTargets gives it its clocks.
void Timeline::StepRun(const CompiledMetric& metric, const CompiledMetric* next, FactSet facts,
                       FactSet starts, Instant at, v1::MetricRun* run) {
  const std::string& name = metric.metric->name();
  bool stopped = false;
  if (run->open() && (facts & metric.cancel) != 0) {
    EndClocks(name, ClockState::CANCELLED, "customer_message", false, at);
    run->set_open(false);
    stopped = true;
  } else if (run->open() && (facts & metric.stop) != 0) {
    const bool by_resolve = (facts & metric.stop & Bit(Metric::RESOLVED)) != 0;
    EndClocks(name, ClockState::MET, "", by_resolve, at);
    run->set_open(false);
    run->set_suspended(by_resolve && metric.metric->reopen() == Metric::RESUME);
    stopped = true;
  }
  if ((facts & Bit(Metric::REOPENED)) != 0 && run->suspended()) Reopen(metric, run, at);

  if (next == nullptr || (starts & next->start) == 0) return;
  const Metric::Restart restart = next->metric->restart();
  // What starts and is over with the same event was never owed.
  const bool over = stopped || (facts & next->stop) != 0;
  if (over && restart == Metric::KEEP) return;
  if (run->open() && restart == Metric::KEEP) return;
  // A ticket that is confirmed opens anew.
  const bool opens = (facts & Bit(Metric::OPENED)) != 0;
  if (run->cycle() > 0 && next->metric->once() && !opens) return;
  if (run->open()) {
    const bool replaced = restart == Metric::REPLACE;
    EndClocks(name, replaced ? ClockState::CANCELLED : ClockState::MET, "replaced", false, at);
  }
  run->set_cycle(run->cycle() + 1);
  run->set_open(true);
  run->set_suspended(false);
}

// The cycle that the resolution ended goes on with the time it has used; a promise that was broken
// in it begins anew.
void Timeline::Reopen(const CompiledMetric& metric, v1::MetricRun* run, Instant at) {
  run->set_open(true);
  run->set_suspended(false);
  bool broken = false;
  for (const ClockState& clock : state_.clocks()) {
    if (clock.metric() == metric.metric->name() && clock.cycle() == run->cycle() &&
        clock.ended_by_resolve() && clock.breached_ms() != 0) {
      broken = true;
    }
  }
  if (broken) {
    run->set_cycle(run->cycle() + 1);
    return;
  }
  for (ClockState& clock : *state_.mutable_clocks()) {
    if (clock.metric() != metric.metric->name() || clock.cycle() != run->cycle() ||
        !clock.ended_by_resolve()) {
      continue;
    }
    clock.clear_ended_by_resolve();
    Resume(&clock, at);
    ArmAndTell(&clock, at);
    observer_.OnClock(ClockChange::kResumed, clock, at, Instant{clock.due_ms()}, "", 0);
  }
}

void Timeline::PauseOrResume(Instant at) {
  const FactSet lasting = LastingFacts(state_.facts());
  for (ClockState& clock : *state_.mutable_clocks()) {
    if (!IsOpen(clock)) continue;
    if (lasting == 0 && clock.state() == ClockState::RUNNING) continue;
    const CompiledTarget* const target = TargetOf(clock);
    const bool pause = target != nullptr && (lasting & target->pause_while) != 0;
    if (pause && clock.state() == ClockState::RUNNING) {
      Pause(&clock, CalendarOf(clock), at);
      ArmAndTell(&clock, at);
      observer_.OnClock(ClockChange::kPaused, clock, at, Instant::Never(), "", 0);
    } else if (!pause && clock.state() == ClockState::PAUSED) {
      Resume(&clock, at);
      ArmAndTell(&clock, at);
      observer_.OnClock(ClockChange::kResumed, clock, at,
                        clock.due_ms() == 0 ? Instant::Never() : Instant{clock.due_ms()}, "", 0);
    }
  }
}

void Timeline::EndClock(ClockState* clock, ClockState::State state, const char* reason,
                        Instant at) {
  const Instant due = clock->due_ms() == 0 ? Instant::Never() : Instant{clock->due_ms()};
  End(clock, CalendarOf(*clock), at, state);
  ArmAndTell(clock, at);
  const ClockChange change = state == ClockState::MET       ? ClockChange::kMet
                             : state == ClockState::EXPIRED ? ClockChange::kExpired
                                                            : ClockChange::kCancelled;
  observer_.OnClock(change, *clock, at, due, reason, 0);
}

void Timeline::EndClocks(const std::string& metric, ClockState::State state, const char* reason,
                         bool by_resolve, Instant at) {
  for (ClockState& clock : *state_.mutable_clocks()) {
    if (clock.metric() != metric || !IsOpen(clock)) continue;
    clock.set_ended_by_resolve(by_resolve);
    EndClock(&clock, state, reason, at);
  }
}

void Timeline::EndAll(const char* reason, Instant at) {
  // A ticket that is closed may be opened again; what was promised and not kept is promised still.
  const bool may_reopen = state_.facts().closed_ms() != 0 && state_.facts().merged_into().empty();
  for (ClockState& clock : *state_.mutable_clocks()) {
    if (!IsOpen(clock)) continue;
    const CompiledTarget* const target = TargetOf(clock);
    if (may_reopen && target != nullptr && target->metric->expiry() == Metric::BREACH &&
        !target->metric->explicit_due()) {
      clock.set_ended_by_resolve(true);
      FindRun(clock.metric())->set_suspended(true);
    }
    EndClock(&clock, ClockState::CANCELLED, reason, at);
  }
  for (v1::MetricRun& run : *state_.mutable_runs()) run.set_open(false);
}

void Timeline::Rearm(const Environment& before, Instant at) {
  state_.set_reached_ms(std::max(state_.reached_ms(), at.ms));
  for (ClockState& clock : *state_.mutable_clocks()) {
    if (!IsOpen(clock)) continue;
    const int64_t due_before = clock.due_ms();
    Accrue(&clock, before.FindCalendar(clock.calendar()), at);
    ArmAndTell(&clock, at);
    if (clock.due_ms() == due_before) continue;  // Also where it is paused or broken.
    observer_.OnClock(ClockChange::kAmended, clock, at, Instant{clock.due_ms()}, "calendar", 0);
  }
}

}  // namespace escalation
