#include "state/ticket/clock_decisions.h"

#include "state/base/text.h"
#include "state/ticket/clock.h"

namespace escalation {
namespace {

using v1::ClockState;

template <typename Body>
Body* Describe(const ClockState& clock, Duration used, Body* body) {
  body->set_metric(clock.metric());
  body->set_target(clock.target());
  body->set_cycle(clock.cycle());
  ToProto(used, body->mutable_used());
  ToProto(Duration{clock.within_ms()}, body->mutable_within());
  return body;
}

const char* StateName(ClockState::State state) {
  switch (state) {
    case ClockState::RUNNING:
      return "running";
    case ClockState::PAUSED:
      return "paused";
    case ClockState::MET:
      return "met";
    case ClockState::EXPIRED:
      return "expired";
    default:
      return "cancelled";
  }
}

}  // namespace

std::string RuleOf(const Environment& environment, const ClockState& clock) {
  const CompiledPlan* const plan =
      environment.PolicyAt(clock.policy_revision()).FindPlan(clock.plan());
  const CompiledTarget* const target = plan == nullptr ? nullptr : plan->FindTarget(clock.target());
  return target == nullptr ? std::string() : target->target->path();
}

void DecideClock(const Environment& environment, ClockChange change, const ClockState& clock,
                 Instant at, Instant due, const char* detail, int warning, BreachKind breach,
                 DecisionSink* sink) {
  const Duration used = UsedAt(clock, environment.FindCalendar(clock.calendar()), at);
  v1::Decision& decision = sink->Add(at, due, RuleOf(environment, clock));
  switch (change) {
    case ClockChange::kStarted:
      Describe(clock, used, decision.mutable_clock_started())->set_calendar(clock.calendar());
      return;
    case ClockChange::kPaused:
      Describe(clock, used, decision.mutable_clock_paused());
      return;
    case ClockChange::kResumed:
      Describe(clock, used, decision.mutable_clock_resumed());
      return;
    case ClockChange::kWarned:
      Describe(clock, used, decision.mutable_clock_warned())->set_warning(warning);
      return;
    case ClockChange::kBreached:
      Describe(clock, used, decision.mutable_clock_breached())
          ->set_recorded_only(breach == BreachKind::kRecordedOnly);
      return;
    case ClockChange::kMet:
      Describe(clock, used, decision.mutable_clock_met())->set_late(clock.breached_ms() != 0);
      return;
    case ClockChange::kCancelled:
      Describe(clock, used, decision.mutable_clock_cancelled())->set_reason(detail);
      return;
    case ClockChange::kAmended: {
      v1::ClockAmended* const amended = Describe(clock, used, decision.mutable_clock_amended());
      amended->set_reason(detail);
      amended->set_state(StateName(clock.state()));
      return;
    }
    case ClockChange::kExpired: {
      v1::TicketActionRequested* const action = decision.mutable_ticket_action_requested();
      action->set_action("resolve");
      action->set_reason(clock.metric());
      return;
    }
    case ClockChange::kFellBack: {
      v1::Alarm* const alarm = decision.mutable_alarm();
      alarm->set_reason("calendar_never_opens");
      alarm->set_detail(Cat("calendar \"", clock.calendar(), "\" of target \"", clock.target(),
                            "\" has no opening within 400 days; wall time is counted"));
      return;
    }
  }
}

void DecideRetraction(const Environment& environment, const ClockState& clock, Instant at,
                      Instant due, DecisionSink* sink) {
  const Calendar& calendar = environment.FindCalendar(clock.calendar());
  const Duration used = UsedAt(clock, calendar, std::max(at, Instant{clock.since_ms()}));
  v1::Decision& decision = sink->Add(at, due, RuleOf(environment, clock));
  Describe(clock, used, decision.mutable_breach_retracted());
}

}  // namespace escalation
