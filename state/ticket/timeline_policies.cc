// A policy is a promise: a cycle that runs keeps the policy under which it began, whatever is
// published later. It stops, pauses, resumes and changes its target by that one, as long as it says
// something about the ticket's plan and severity; the next cycle begins under the policy in force.

#include <algorithm>
#include <string>
#include <vector>

#include "state/ticket/clock.h"
#include "state/ticket/timeline.h"
#include "state/ticket/timeline_cause.h"

namespace escalation {
namespace {

using v1::ClockState;

// Runs, or goes on if the ticket is reopened.
bool IsUnderWay(const ClockState& clock) { return IsOpen(clock) || clock.ended_by_resolve(); }

}  // namespace

bool Timeline::HasOlderCycles(const Cause& cause, const FactChange& change) const {
  // A policy that is applied to running clocks replaces what they were promised.
  if (change.retarget && change.retarget_reason == std::string_view("policy")) return false;
  const int64_t revision = cause.policy.revision();
  return std::any_of(state_.clocks().begin(), state_.clocks().end(), [&](const ClockState& clock) {
    return clock.policy_revision() != revision && IsUnderWay(clock);
  });
}

Timeline::Cause Timeline::CauseOfCycle(const Cause& cause, const std::string& metric) const {
  const v1::TicketFacts& facts = state_.facts();
  int64_t revision = 0;
  for (const ClockState& clock : state_.clocks()) {
    // Another plan is a new promise, made now.
    if (clock.metric() != metric || !IsUnderWay(clock) || clock.plan() != facts.plan()) continue;
    revision = std::max(revision, clock.policy_revision());
  }
  if (revision == 0 || revision == cause.policy.revision()) return cause;
  const CompiledPolicy& policy = environment_.PolicyAt(revision);
  const CompiledPlan* const plan = policy.FindPlan(facts.plan());
  const bool knows = plan != nullptr && plan->FindMetric(metric) != nullptr &&
                     (facts.severity().empty() || policy.SeverityRank(facts.severity()) >= 0);
  return knows ? Cause{policy, plan, cause.account} : cause;
}

void Timeline::StepOlderRuns(const Cause& cause, const FactChange& change, FactSet facts,
                             FactSet starts, Instant at) {
  // What the plan measures now, then what only older cycles do.
  std::vector<std::string> metrics;
  if (cause.plan != nullptr) {
    for (const CompiledMetric& metric : cause.plan->metrics) {
      metrics.push_back(metric.metric->name());
    }
  }
  for (const ClockState& clock : state_.clocks()) {
    if (IsUnderWay(clock) &&
        std::find(metrics.begin(), metrics.end(), clock.metric()) == metrics.end()) {
      metrics.push_back(clock.metric());
    }
  }
  for (const std::string& name : metrics) {
    const Cause own = CauseOfCycle(cause, name);
    const CompiledMetric* const next =
        cause.plan == nullptr ? nullptr : cause.plan->FindMetric(name);
    const CompiledMetric* const metric = own.plan == nullptr ? nullptr : own.plan->FindMetric(name);
    if (metric == nullptr) {
      // Without the policy that promised it, a clock keeps what it has until something asks anew.
      if (change.retarget || cause.plan == nullptr) {
        EndClocks(name, ClockState::CANCELLED, "target_gone", false, at);
      }
    } else if (metric->metric->explicit_due()) {
      StepDeadline(own, *metric, facts, at);
    } else {
      StepMetric(own, *metric, cause, next, change, facts, starts, at);
    }
  }
}

}  // namespace escalation
