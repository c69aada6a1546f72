#include "state/ticket/escalation.h"

#include <algorithm>
#include <utility>

#include "state/base/check.h"
#include "state/base/text.h"
#include "state/ticket/handover.h"
#include "state/ticket/page.h"

namespace escalation {

using v1::EscalationState;
using v1::Metric;
using v1::PageState;
using v1::StopOn;

namespace {

// Repetitions of an escalation that names none.
constexpr int kRepetitionsMax = 100;

// Earliest of its moments; Never: it has none.
Instant MomentOf(const EscalationState& run) {
  Instant next = Instant::Never();
  for (const int64_t ms : {run.close_ms(), run.unmute_ms(), run.next_ms()}) {
    if (ms != 0) next = std::min(next, Instant{ms});
  }
  return next;
}

bool Contains(const v1::Escalation& escalation, StopOn::Kind kind) {
  const auto& kinds = escalation.stop_on();
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

int NextCycle(v1::TicketState* ticket, const std::string& escalation) {
  for (v1::EscalationCount& count : *ticket->mutable_counts()) {
    if (count.name() != escalation) continue;
    count.set_cycles(count.cycles() + 1);
    return count.cycles();
  }
  v1::EscalationCount* const count = ticket->add_counts();
  count->set_name(escalation);
  count->set_cycles(1);
  return 1;
}

}  // namespace

bool WakesPeople(const EscalationState& run) {
  if (run.state() == EscalationState::WAITING || run.state() == EscalationState::RUNNING) {
    return true;
  }
  return run.state() == EscalationState::EXHAUSTED &&
         (WaitsForMute(run) || std::any_of(run.pages().begin(), run.pages().end(), IsOpen));
}

const v1::Escalation* EscalationMachine::Definition(const EscalationState& run) const {
  if (!run.manual_route().empty()) return &DefinitionByHand(run.manual_route());
  const v1::Escalation* const found =
      environment_.PolicyAt(run.policy_revision()).FindEscalation(run.name());
  // Where the run's revision is gone it may be another's, with fewer steps than were taken.
  return found != nullptr && run.step() <= found->steps_size() ? found : nullptr;
}

Instant EscalationMachine::NextMoment() const {
  Instant next = Instant::Never();
  for (const EscalationState& run : ticket_.escalations()) next = std::min(next, MomentOf(run));
  return next;
}

void EscalationMachine::FireNext() {
  EscalationState* run = nullptr;
  for (EscalationState& candidate : *ticket_.mutable_escalations()) {
    if (run == nullptr || MomentOf(candidate) < MomentOf(*run)) run = &candidate;
  }
  const Instant at = run == nullptr ? Instant::Never() : MomentOf(*run);
  ESCALATION_CHECK(at != Instant::Never(), "no moment to fire");
  if (run->close_ms() == at.ms) return Stop(run, "time_over", at);
  if (run->unmute_ms() == at.ms) return Review(run, at);
  run->clear_next_ms();
  const v1::Escalation* const escalation = Definition(*run);
  if (escalation == nullptr) return Stop(run, "policy_changed", at);
  if (run->state() == EscalationState::ACKNOWLEDGED) {
    // Nobody acted since.
    return TakeStepAgain(run, *escalation, "ack_timeout", at);
  }
  run->set_state(EscalationState::RUNNING);
  const bool again = run->step() == escalation->steps_size();
  if (again) {
    run->set_step(0);
    run->set_repetition(run->repetition() + 1);
  }
  const std::string begun = std::exchange(*run->mutable_next_reason(), "");
  TakeStep(run, *escalation, !begun.empty() ? begun.c_str() : again ? "repeat" : "time", at);
}

Instant EscalationMachine::StepMoment(const EscalationState& run, const v1::Escalation& escalation,
                                      int step) const {
  const v1::Step& definition = escalation.steps(step);
  const CompiledPolicy& policy = environment_.PolicyAt(run.policy_revision());
  const Instant base{run.base_ms()};
  const Duration after{definition.after().ms()};
  Instant at = base + after;
  if (!definition.calendar().empty()) {
    const Calendar& calendar = environment_.FindCalendar(definition.calendar());
    const Instant open = calendar.NextOpen(calendar.Add(base, after));
    // A calendar that does not open for more than a year must not silence anybody.
    if (open != Instant::Never()) at = open;
  }
  const v1::Level* const level = LevelOfStep(policy, definition, ticket_.live().facts());
  if (level != nullptr && !level->calendar().empty()) {
    const Instant open = environment_.FindCalendar(level->calendar()).NextOpen(at);
    if (open != Instant::Never()) at = open;
  }
  return at;
}

void EscalationMachine::Start(const EscalationTrigger& trigger, Instant at) {
  const CompiledPolicy& policy = environment_.PolicyAt(trigger.policy_revision);
  const v1::Escalation* const escalation = policy.FindEscalation(trigger.escalation);
  if (escalation == nullptr) {
    v1::Flagged* const flagged = sink_.Add(at, Instant::Never(), trigger.rule).mutable_flagged();
    flagged->set_reason("unknown_escalation");
    flagged->set_detail(Cat("escalation \"", trigger.escalation, "\" is not in the policy"));
    return;
  }
  for (const EscalationState& run : ticket_.escalations()) {
    if (run.name() == trigger.escalation && WakesPeople(run)) return;
  }
  EscalationState* const run = AddRun(trigger, policy, at);
  const std::string& severity = ticket_.live().facts().severity();
  const auto& exempt = escalation->hold_exempt();
  const bool held = escalation->hold_ms() > 0 &&
                    std::find(exempt.begin(), exempt.end(), severity) == exempt.end() &&
                    environment_.FindCalendar(escalation->hold_calendar()).IsOpen(at);
  if (held) run->set_base_ms(at.ms + escalation->hold_ms());
  run->set_state(held ? EscalationState::WAITING : EscalationState::RUNNING);
  run->set_next_ms(StepMoment(*run, *escalation, 0).ms);
  TellStarted(*run, at);
}

EscalationState* EscalationMachine::AddRun(const EscalationTrigger& trigger,
                                           const CompiledPolicy& policy, Instant at) {
  EscalationState* const run = ticket_.add_escalations();
  run->set_name(trigger.escalation);
  run->set_cycle(NextCycle(&ticket_, trigger.escalation));
  run->set_started_ms(at.ms);
  run->set_base_ms(at.ms);
  run->set_reason(trigger.reason);
  run->set_rule(trigger.rule);
  run->set_policy_revision(policy.revision());
  run->set_severity_rank(policy.SeverityRank(ticket_.live().facts().severity()));
  run->set_by(trigger.hand.by);
  run->set_detail(trigger.hand.reason);
  if (trigger.clock != nullptr) {
    run->set_metric(trigger.clock->metric());
    run->set_target(trigger.clock->target());
    run->set_set(trigger.clock->set());
    run->set_lane(trigger.clock->lane());
    run->set_clock_cycle(trigger.clock->cycle());
  }
  return run;
}

void EscalationMachine::TellStarted(const EscalationState& run, Instant at) {
  v1::EscalationStarted* const started =
      sink_.Add(at, Instant::Never(), run.rule()).mutable_escalation_started();
  started->set_escalation(run.name());
  started->set_cycle(run.cycle());
  started->set_reason(run.reason());
  started->set_by(run.by());
  started->set_detail(run.detail());
  if (run.state() == EscalationState::WAITING) {
    ToProto(Instant{run.base_ms()}, started->mutable_waiting_until());
  }
}

void EscalationMachine::TakeStep(EscalationState* run, const v1::Escalation& escalation,
                                 const char* reason, Instant at, const ByHand& hand) {
  const v1::Step& step = escalation.steps(run->step());
  run->set_step(run->step() + 1);
  v1::EscalationStepped* const stepped =
      sink_.Add(at, at, step.path()).mutable_escalation_stepped();
  stepped->set_escalation(run->name());
  stepped->set_cycle(run->cycle());
  stepped->set_step(run->step());
  stepped->set_repetition(run->repetition());
  stepped->set_reason(reason);
  stepped->set_by(hand.by);
  stepped->set_detail(hand.reason);
  const bool again = run->repetition() > 0 || std::string_view(reason) == "ack_timeout";
  // By hand only its pages are sent again.
  if (hand.by.empty()) Act(*run, step, again, at);
  // The next moment first: the page says what follows.
  PlanNext(run, escalation, at);
  if (!step.page().empty()) Page(run, escalation, step, at);
  if (run->state() == EscalationState::EXHAUSTED && !escalation.then().empty()) {
    const EscalationTrigger then{escalation.then(), "then", escalation.path(),
                                 run->policy_revision(), nullptr};
    Start(then, at);
  }
}

void EscalationMachine::TakeStepAgain(EscalationState* run, const v1::Escalation& escalation,
                                      const char* reason, Instant at, const ByHand& hand) {
  run->set_state(EscalationState::RUNNING);
  run->clear_acknowledged_ms();
  run->set_step(std::max(run->step() - 1, 0));
  run->set_base_ms(at.ms - escalation.steps(run->step()).after().ms());
  TakeStep(run, escalation, reason, at, hand);
}

void EscalationMachine::PlanNext(EscalationState* run, const v1::Escalation& escalation,
                                 Instant at) {
  if (run->step() < escalation.steps_size()) {
    run->set_next_ms(std::max(StepMoment(*run, escalation, run->step()), at).ms);
    return;
  }
  const int times = escalation.repeat_times() > 0 ? escalation.repeat_times() : kRepetitionsMax;
  if (escalation.repeat_every_ms() > 0 && run->repetition() < times) {
    // FireNext goes back to the first step; until then the run stands at its last.
    run->set_base_ms(at.ms + escalation.repeat_every_ms());
    run->set_next_ms(StepMoment(*run, escalation, 0).ms);
    return;
  }
  run->clear_next_ms();
  run->set_state(EscalationState::EXHAUSTED);
}

void EscalationMachine::Act(const EscalationState& run, const v1::Step& step, bool again,
                            Instant at) {
  const auto action = [&](const char* name) {
    v1::TicketActionRequested* const requested =
        sink_.Add(at, Instant::Never(), step.path()).mutable_ticket_action_requested();
    requested->set_action(name);
    requested->set_reason(run.name());
    return requested;
  };
  if (step.unassign()) action("unassign");
  if (!step.assign_group().empty()) action("group")->set_group(step.assign_group());
  const v1::TicketFacts& facts = ticket_.live().facts();
  const v1::Level* const level =
      LevelOfStep(environment_.PolicyAt(run.policy_revision()), step, facts);
  if (level != nullptr) {
    action("level")->set_level(level->name());
  } else if (!step.level().empty() && !again) {
    v1::Flagged* const flagged = sink_.Add(at, Instant::Never(), step.path()).mutable_flagged();
    flagged->set_reason("level_not_entitled");
    flagged->set_detail(Cat("level ", step.level(), " is not part of plan ", facts.plan()));
  }
  if (!step.notify().empty()) {
    v1::Notify* const notify = sink_.Add(at, Instant::Never(), step.path()).mutable_notify();
    for (const std::string& person : step.notify()) notify->add_to(person);
    notify->set_reason(run.name());
  }
}

void EscalationMachine::OnFacts(const EscalationFacts& event, Instant at) {
  const FactSet facts = event.facts;
  for (EscalationState& run : *ticket_.mutable_escalations()) {
    if (HasStopped(run) || at.ms < run.started_ms()) continue;
    const v1::Escalation* const escalation = Definition(run);
    const bool acted = (facts & Bit(Metric::AGENT_ACTION)) != 0;
    const auto wants = [&](StopOn::Kind kind) {
      return escalation != nullptr && Contains(*escalation, kind);
    };
    const char* reason = nullptr;
    if ((facts & Bit(Metric::RESOLVED)) != 0) {
      reason = "resolved";
    } else if ((facts & Bit(Metric::AGENT_PUBLIC_MESSAGE)) != 0 && wants(StopOn::REPLIED)) {
      reason = "replied";
    } else if (acted && wants(StopOn::ENGAGED)) {
      reason = "engaged";
    } else if (acted && (at.ms < run.base_ms() && run.state() == EscalationState::WAITING)) {
      // Nobody is woken from the waiting room for what somebody has taken up.
      reason = "engaged";
    } else if (acted && run.state() == EscalationState::ACKNOWLEDGED && run.clock_ended()) {
      reason = "engaged";
    } else if (event.assigned && wants(StopOn::ASSIGNED)) {
      reason = "assigned";
    } else if (event.pending && wants(StopOn::PENDING)) {
      reason = "pending";
    } else if (event.severity_rank < run.severity_rank() && wants(StopOn::SEVERITY_LOWERED)) {
      reason = "severity_lowered";
    }
    if (reason != nullptr) {
      Stop(&run, reason, at);
    } else if (acted && run.state() == EscalationState::ACKNOWLEDGED) {
      // Somebody acted after acknowledging: nobody is woken again.
      run.clear_next_ms();
      WaitNoMore(&run);
    }
  }
}

void EscalationMachine::OnClockEnded(const v1::ClockState& clock, const char* reason,
                                     bool by_acknowledgement, Instant at) {
  for (EscalationState& run : *ticket_.mutable_escalations()) {
    if (HasStopped(run) || run.metric() != clock.metric() || run.set() != clock.set() ||
        run.lane() != clock.lane() || run.clock_cycle() != clock.cycle()) {
      continue;
    }
    if (by_acknowledgement) {
      run.set_clock_ended(true);
    } else {
      Stop(&run, reason, at);
    }
  }
}

void EscalationMachine::StopAll(const char* reason, Instant at) {
  for (EscalationState& run : *ticket_.mutable_escalations()) {
    if (!HasStopped(run)) Stop(&run, reason, at);
  }
}

void EscalationMachine::Stop(EscalationState* run, const char* reason, Instant at,
                             const ByHand& hand) {
  if (WakesPeople(*run)) {
    v1::EscalationStopped* const stopped =
        sink_.Add(at, Instant::Never(), run->rule()).mutable_escalation_stopped();
    stopped->set_escalation(run->name());
    stopped->set_cycle(run->cycle());
    stopped->set_step(run->step());
    stopped->set_reason(reason);
    stopped->set_by(hand.by);
    stopped->set_detail(hand.reason);
  }
  run->set_state(EscalationState::STOPPED);
  run->clear_next_ms();
  run->clear_close_ms();
  WaitNoMore(run);
  ClosePages(run, reason, at);
}

void EscalationMachine::Prune() {
  auto* const runs = ticket_.mutable_escalations();
  runs->erase(std::remove_if(runs->begin(), runs->end(),
                             [](const EscalationState& run) {
                               if (WakesPeople(run) || run.state() == EscalationState::ACKNOWLEDGED)
                                 return false;
                               return std::all_of(run.pages().begin(), run.pages().end(),
                                                  [](const PageState& page) {
                                                    return page.state() != PageState::REQUESTED &&
                                                           (page.closed() || !MayBeOpen(page));
                                                  });
                             }),
              runs->end());
}

}  // namespace escalation
