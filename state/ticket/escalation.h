// state/ticket/escalation.h
//
// Escalations of one ticket: who is woken, when, and what ends it.
//
//   Input       triggers (clock warned or breached, severity, token, request), facts,
//               acknowledgements, delivery outcomes, time
//   Output      EscalationStarted/Stepped/Stopped, PageRequested/Closed, TicketActionRequested,
//               Notify
//   Invariants  1. forward only: never folded again; a late event acts from when it arrives
//               2. at most one run of an escalation wakes people at a time; another trigger
//                  meanwhile changes nothing. A page by hand has a run of its own for each route
//               3. the generation rises with each intent to wake someone; an outcome or
//                  acknowledgement of another generation touches nothing else
//               4. every page that was requested and not closed is closed when its run ends, and
//                  closed again when it lands later
//               5. a run that a mute kept a page back from lives until the mute ends, and begins
//                  anew then, unless somebody acknowledged or it was stopped meanwhile
//   Time        enters as arguments only, rising
//   Errors      none
//   Threads     one machine, one thread
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "escalation/v1/state.pb.h"
#include "state/base/instant.h"
#include "state/ticket/decision_sink.h"
#include "state/ticket/environment.h"

namespace escalation {

inline bool HasStopped(const v1::EscalationState& run) {
  return run.state() == v1::EscalationState::STOPPED;
}

// The page of a person through this route is sent as a run of this name.
inline constexpr char kManual[] = "manual";

// Who does it by hand, and why; empty: nobody does.
struct ByHand {
  std::string by = {};
  std::string reason = {};
};

// Somebody is being woken, or was and has not answered, or will be once a mute has ended.
bool WakesPeople(const v1::EscalationState& run);
// Likewise, or somebody has answered, and it is not over.
inline bool IsUnderWay(const v1::EscalationState& run) {
  return WakesPeople(run) || run.state() == v1::EscalationState::ACKNOWLEDGED;
}

// A mute kept a page of it back, or it rests under a snooze.
bool WaitsForMute(const v1::EscalationState& run);
// It is looked at again when the mute ends, which is later than `at`.
void WaitFor(const v1::MuteState& mute, Instant at, v1::EscalationState* run);
void WaitNoMore(v1::EscalationState* run);
// The mutes and snoozes that the ticket's runs wait for, sorted, each once.
std::vector<std::string> MutesOf(const v1::TicketState& ticket);

// What an event says to the escalations that run.
struct EscalationFacts {
  FactSet facts = 0;
  // Somebody was assigned by it; it made the ticket wait for the customer.
  bool assigned = false;
  bool pending = false;
  // After it.
  int severity_rank = -1;
};

struct EscalationTrigger {
  std::string escalation;
  // clock_warned, clock_breached, opened_with_severity, token, requested, level_entered, then,
  // manual.
  std::string reason;
  // Policy path.
  std::string rule;
  int64_t policy_revision = 0;
  // Null: no clock.
  const v1::ClockState* clock = nullptr;
  ByHand hand = {};
};

class EscalationMachine {
 public:
  // Borrows all; `ticket` holds the timeline that pages are described from.
  EscalationMachine(Environment& environment, std::string_view tenant, std::string_view ticket_id,
                    v1::TicketState* ticket, DecisionSink* sink)
      : environment_(environment),
        tenant_(tenant),
        ticket_id_(ticket_id),
        ticket_(*ticket),
        sink_(*sink) {}

  // The earliest moment of a run; Never: none.
  Instant NextMoment() const;
  // Takes the step (or re-pages after an acknowledgement) that is due first; there is one.
  void FireNext();

  void Start(const EscalationTrigger& trigger, Instant at);
  // An event at `at`.
  void OnFacts(const EscalationFacts& event, Instant at);
  // The clock ended: `reason` is clock_met, clock_cancelled or breach_retracted.
  // `by_acknowledgement`: an acknowledgement at the pager ended it, which only stops the steps.
  void OnClockEnded(const v1::ClockState& clock, const char* reason, bool by_acknowledgement,
                    Instant at);
  // The ticket is over.
  void StopAll(const char* reason, Instant at);

  // escalation_manual.cc: what a person asks for.
  // How many were stopped.
  int StopByHand(const v1::Scope& scope, const ByHand& hand, Instant at);
  void PageByHand(const v1::PageRequestedManually& asked, const std::string& by, Instant at);

  // escalation_mutes.cc
  // What runs rests until the snooze is over; then the step it stands at is taken again.
  void Snooze(const v1::MuteState& snooze, Instant at);
  // Mutes changed: what waits for none any more begins anew.
  void ReviewMutes(Instant at);

  void Acknowledge(const v1::PageAcknowledged& acknowledged, Instant at);
  void ResolveAtPager(const v1::PageResolved& resolved, Instant at);
  void Settle(const v1::PageOutcome& outcome, Instant at);

  // Forgets runs that have ended and whose pages are settled.
  void Prune();

 private:
  struct FoundPage {
    v1::EscalationState* run = nullptr;
    v1::PageState* page = nullptr;
  };

  void SettleAfterAll(const v1::EscalationState& run, v1::PageState* page,
                      const v1::PageOutcome& outcome, Instant at);
  // Null: the policy has it no more.
  const v1::Escalation* Definition(const v1::EscalationState& run) const;
  const v1::Escalation& DefinitionByHand(const std::string& route) const;
  FoundPage FindPage(const std::string& key);
  Instant StepMoment(const v1::EscalationState& run, const v1::Escalation& escalation,
                     int step) const;
  // A run at its beginning.
  v1::EscalationState* AddRun(const EscalationTrigger& trigger, const CompiledPolicy& policy,
                              Instant at);
  void TellStarted(const v1::EscalationState& run, Instant at);
  void TakeStep(v1::EscalationState* run, const v1::Escalation& escalation, const char* reason,
                Instant at, const ByHand& hand = {});
  // The step at which the run stands; the rest follows from here.
  void TakeStepAgain(v1::EscalationState* run, const v1::Escalation& escalation, const char* reason,
                     Instant at, const ByHand& hand = {});
  void BeginAnew(v1::EscalationState* run, const v1::Escalation& escalation, const char* reason,
                 Instant at);
  void PlanNext(v1::EscalationState* run, const v1::Escalation& escalation, Instant at);
  void Act(const v1::EscalationState& run, const v1::Step& step, bool again, Instant at);
  void Page(v1::EscalationState* run, const v1::Escalation& escalation, const v1::Step& step,
            Instant at);
  void RequestPage(v1::EscalationState* run, const v1::Escalation& escalation,
                   const std::string& route, bool first, const std::string& fallback_of,
                   const std::string& rule, Instant at);
  void TellSuppressed(const v1::PageState& page, const PageAnswer& answer, const std::string& rule,
                      Instant at);
  void Stop(v1::EscalationState* run, const char* reason, Instant at, const ByHand& hand = {});
  void ClosePages(v1::EscalationState* run, const char* reason, Instant at);
  void ClosePage(const v1::EscalationState& run, v1::PageState* page, const char* reason,
                 Instant at);
  // The page is not open any more: it stands for no other ticket's either.
  void EndPage(const v1::EscalationState& run, const v1::PageState& page);

  void PageRoute(const v1::PageRequestedManually& asked, const ByHand& hand, Instant at);
  void SendAgain(v1::EscalationState* run, const std::string& key, const ByHand& hand, Instant at);
  const v1::MuteState* MuteOf(const std::string& escalation, const std::string& route,
                              Instant at) const;
  void Review(v1::EscalationState* run, Instant at);
  void Flag(const char* reason, std::string detail, const std::string& rule, Instant at);

  Environment& environment_;
  const std::string_view tenant_;
  const std::string_view ticket_id_;
  v1::TicketState& ticket_;
  DecisionSink& sink_;
  // Of pages by hand, by route: made when they are asked for.
  mutable std::map<std::string, v1::Escalation> manual_;
};

}  // namespace escalation
