// Which promises apply to a ticket, and what a change of them does to its clocks.

#include <algorithm>
#include <string>
#include <vector>

#include "state/base/check.h"
#include "state/policy/span.h"
#include "state/ticket/clock.h"
#include "state/ticket/rules.h"
#include "state/ticket/severity.h"
#include "state/ticket/timeline.h"
#include "state/ticket/timeline_cause.h"

namespace escalation {
namespace {

using v1::ClockState;

// A target that applies, in its lane.
struct Lane {
  const CompiledTarget* target;
  int index;
};

std::vector<Lane> ApplicableTargets(const CompiledPolicy& policy, const CompiledMetric& metric,
                                    const v1::TicketFacts& facts, const v1::AccountState* account) {
  std::vector<Lane> lanes;
  const int rank = policy.SeverityRank(facts.severity());
  for (const CompiledTarget* const target : metric.targets) {
    if (rank >= 0 && (target->severities >> rank & 1) == 0) continue;
    if (rank < 0 && target->severities != ~0u) continue;
    if (target->target->has_when() && !Matches(target->target->when(), facts, account)) continue;
    const int index =
        static_cast<int>(std::count_if(lanes.begin(), lanes.end(), [&](const Lane& lane) {
          return lane.target->target->set() == target->target->set();
        }));
    lanes.push_back({target, index});
  }
  return lanes;
}

// The name of the calendar that the target runs on.
std::string ResolveCalendar(const v1::Policy& policy, const v1::Plan& plan,
                            const v1::Target& target, const v1::AccountState* account) {
  if (!target.calendar().empty() && target.calendar() != "account") return target.calendar();
  if (target.calendar() == "account" && account != nullptr &&
      !account->facts().calendar().empty()) {
    return account->facts().calendar();
  }
  if (!plan.calendar().empty()) return plan.calendar();
  return policy.default_calendar().empty() ? "always" : policy.default_calendar();
}

// The contract's length of the target, else the policy's. A length in a contract that cannot be
// read was flagged when the account changed.
v1::Span ResolveLength(const v1::Target& target, const v1::AccountState* account) {
  if (account != nullptr) {
    for (const v1::AccountChanged::Override& exception : account->facts().overrides()) {
      if (exception.target() != target.name()) continue;
      absl::StatusOr<v1::Span> span = ParseSpan(exception.within());
      if (span.ok()) {
        span->set_reading(target.within().reading());
        return *std::move(span);
      }
    }
  }
  return target.within();
}

Instant DueOrNever(const ClockState& clock) {
  return clock.due_ms() == 0 ? Instant::Never() : Instant{clock.due_ms()};
}

}  // namespace

void Timeline::MatchTargets(const Cause& cause, const CompiledMetric& metric, bool retarget,
                            const char* reason, Instant at) {
  const std::string& name = metric.metric->name();
  const int cycle = FindRun(name)->cycle();
  const std::vector<Lane> lanes =
      ApplicableTargets(cause.policy, metric, state_.facts(), cause.account);
  for (const Lane& lane : lanes) {
    ClockState* const clock = FindClock(name, lane.target->target->set(), lane.index);
    if (clock != nullptr && clock->cycle() == cycle && IsOpen(*clock)) {
      RetargetClock(cause, *lane.target, reason, clock, at);
    } else {
      // A new cycle; or its target was gone for a while: a new promise from here on.
      StartClock(cause, *lane.target, lane.index, cycle, at);
    }
  }
  if (!retarget) return;
  for (ClockState& clock : *state_.mutable_clocks()) {
    if (clock.metric() != name || !IsOpen(clock)) continue;
    const bool applies = std::any_of(lanes.begin(), lanes.end(), [&](const Lane& lane) {
      return lane.index == clock.lane() && lane.target->target->set() == clock.set();
    });
    if (!applies) EndClock(&clock, ClockState::CANCELLED, "target_gone", at);
  }
}

// The lane's clock, cleared for a new cycle.
ClockState* Timeline::NewCycle(const Cause& cause, const CompiledTarget& target, int lane,
                               int cycle) {
  const v1::Target& promise = *target.target;
  ClockState* clock = FindClock(promise.metric(), promise.set(), lane);
  if (clock == nullptr) clock = state_.add_clocks();
  clock->Clear();
  clock->set_metric(promise.metric());
  clock->set_target(promise.name());
  clock->set_set(promise.set());
  clock->set_lane(lane);
  clock->set_cycle(cycle);
  clock->set_plan(cause.plan->plan->name());
  clock->set_policy_revision(cause.policy.revision());
  return clock;
}

void Timeline::StartClock(const Cause& cause, const CompiledTarget& target, int lane, int cycle,
                          Instant at) {
  const v1::Target& promise = *target.target;
  ClockState* const clock = NewCycle(cause, target, lane, cycle);
  clock->set_due_at_next_opening(promise.due_at_next_opening());
  clock->set_calendar(
      ResolveCalendar(cause.policy.policy(), *cause.plan->plan, promise, cause.account));
  SetLength(clock, ResolveLength(promise, cause.account), CalendarOf(*clock), at);
  StartRunning(clock, at);
  ArmAndTell(clock, at);
  observer_.OnClock(ClockChange::kStarted, *clock, at, DueOrNever(*clock), "", 0);
}

void Timeline::RetargetClock(const Cause& cause, const CompiledTarget& target, const char* reason,
                             ClockState* clock, Instant at) {
  const v1::Target& promise = *target.target;
  const std::string calendar =
      ResolveCalendar(cause.policy.policy(), *cause.plan->plan, promise, cause.account);
  const v1::Span length = ResolveLength(promise, cause.account);
  const bool same_promise = clock->target() == promise.name() &&
                            clock->plan() == cause.plan->plan->name() &&
                            clock->calendar() == calendar;
  // The same promise keeps its terms, unless the contract or the policy itself is what changed.
  const std::string_view why = reason;
  if (same_promise && why != "policy" && why != "account") return;

  ClockState before = *clock;
  Accrue(clock, CalendarOf(*clock), at);
  clock->set_target(promise.name());
  clock->set_plan(cause.plan->plan->name());
  clock->set_policy_revision(cause.policy.revision());
  clock->set_due_at_next_opening(promise.due_at_next_opening());
  clock->set_calendar(calendar);
  clock->clear_warned();
  // An agreed update keeps its moment; every other length is the new target's.
  if (clock->pinned_due_ms() == 0 || clock->pin_is_soft()) {
    SetLength(clock, length, CalendarOf(*clock), at);
  }
  // Warnings that the new target would have given before now are history, not news.
  if (clock->state() == ClockState::RUNNING) {
    TakeWarning(clock, &promise, CalendarOf(*clock), at);
  }
  ArmAndTell(clock, at);
  if (clock->within_ms() == before.within_ms() && clock->due_ms() == before.due_ms() &&
      clock->target() == before.target() && clock->calendar() == before.calendar()) {
    return;
  }
  observer_.OnClock(ClockChange::kAmended, *clock, at, DueOrNever(*clock), reason, 0);
}

// Targets with an explicit due moment: a field of the ticket, or what an agent's message promised.
void Timeline::StepDeadline(const Cause& cause, const CompiledMetric& metric, FactSet facts,
                            Instant at) {
  const std::vector<Lane> lanes =
      ApplicableTargets(cause.policy, metric, state_.facts(), cause.account);
  for (const Lane& lane : lanes) {
    const v1::Target& promise = *lane.target->target;
    ClockState* clock = FindClock(promise.metric(), promise.set(), lane.index);
    if (clock != nullptr && IsOpen(*clock) && (facts & lane.target->stop) != 0) {
      EndClock(clock, ClockState::MET, "", at);
    }
    int64_t due_ms = state_.facts().follow_up_ms();
    if (promise.due_field() != "next_follow_up_at") {
      const absl::StatusOr<Instant> due =
          ParseInstant(FieldValue(state_.facts(), promise.due_field()));
      due_ms = due.ok() ? due->ms : 0;
    }
    const bool open = clock != nullptr && IsOpen(*clock);
    if (due_ms == 0) {
      if (open) EndClock(clock, ClockState::CANCELLED, "deadline_removed", at);
      continue;
    }
    if (clock != nullptr && clock->pinned_due_ms() == due_ms) continue;
    if (!open) {
      const int cycle = clock == nullptr ? 1 : clock->cycle() + 1;
      StartDeadline(cause, *lane.target, lane.index, cycle, Instant{due_ms}, at);
      continue;
    }
    Accrue(clock, CalendarOf(*clock), at);
    clock->set_pinned_due_ms(due_ms);
    clock->set_within_ms(std::max<int64_t>(due_ms - clock->started_ms(), 0));
    ArmAndTell(clock, at);
    observer_.OnClock(ClockChange::kAmended, *clock, at, DueOrNever(*clock), "deadline", 0);
  }
}

void Timeline::StartDeadline(const Cause& cause, const CompiledTarget& target, int lane, int cycle,
                             Instant due, Instant at) {
  ClockState* const clock = NewCycle(cause, target, lane, cycle);
  clock->set_calendar("always");
  clock->set_pinned_due_ms(due.ms);
  clock->set_within_ms(std::max<int64_t>((due - at).ms, 0));
  StartRunning(clock, at);
  ArmAndTell(clock, at);
  observer_.OnClock(ClockChange::kStarted, *clock, at, DueOrNever(*clock), "", 0);
}

void Timeline::AgreeUpdate(Instant until, Instant at) {
  for (ClockState& clock : *state_.mutable_clocks()) {
    if (clock.metric() != "periodic_update" || !IsOpen(clock)) continue;
    Accrue(&clock, CalendarOf(clock), at);
    clock.set_pinned_due_ms(until.ms);
    clock.clear_pin_is_soft();
    ArmAndTell(&clock, at);
    observer_.OnClock(ClockChange::kAmended, clock, at, DueOrNever(clock), "update_agreed", 0);
  }
}

FactChange Timeline::Rematch(const CompiledPolicy& policy, Instant at, const char* reason) {
  state_.set_reached_ms(std::max(state_.reached_ms(), at.ms));
  v1::TicketFacts& facts = *state_.mutable_facts();
  FactChange change;
  Retarget(reason, &change);
  if (facts.opened_ms() == 0 || !facts.merged_into().empty() || facts.closed_ms() != 0) {
    return change;
  }
  ResolvePlan(policy, Account(), "", &facts);
  ClampSeverity(policy, &facts, &change);
  ApplyRules(policy, Account(), &facts, &change);
  // Whatever a rule did: what changed is the account or the policy.
  Retarget(reason, &change);
  for (v1::Decision& note : change.notes) observer_.OnNote(std::move(note), at);
  if (facts.contact_unconfirmed()) return change;
  const Cause cause{policy, policy.FindPlan(facts.plan()), Account()};
  StepRuns(cause, change, change.facts, change.facts, at);
  PauseOrResume(at);
  return change;
}

}  // namespace escalation
