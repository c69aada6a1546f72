// What a mute keeps back, a snooze lets rest, and what begins anew when these end.

#include <algorithm>

#include "state/base/check.h"
#include "state/base/text.h"
#include "state/ticket/escalation.h"
#include "state/ticket/page.h"

namespace escalation {

using v1::EscalationState;
using v1::PageState;

bool WaitsForMute(const EscalationState& run) {
  return !run.snoozed_by().empty() ||
         std::any_of(run.pages().begin(), run.pages().end(),
                     [](const PageState& page) { return !page.muted_by().empty(); });
}

void WaitFor(const v1::MuteState& mute, Instant at, EscalationState* run) {
  if (mute.until_ms() == 0) return;
  ESCALATION_CHECK(mute.until_ms() > at.ms, Cat(MuteText(mute), " is over at ", at));
  const int64_t known_ms = run->unmute_ms();
  run->set_unmute_ms(known_ms == 0 ? mute.until_ms() : std::min(known_ms, mute.until_ms()));
}

void WaitNoMore(EscalationState* run) {
  run->clear_unmute_ms();
  run->clear_snoozed_by();
  for (PageState& page : *run->mutable_pages()) page.clear_muted_by();
}

std::vector<std::string> MutesOf(const v1::TicketState& ticket) {
  std::vector<std::string> mutes;
  for (const EscalationState& run : ticket.escalations()) {
    if (!run.snoozed_by().empty()) mutes.push_back(run.snoozed_by());
    for (const PageState& page : run.pages()) {
      if (!page.muted_by().empty()) mutes.push_back(page.muted_by());
    }
  }
  std::sort(mutes.begin(), mutes.end());
  mutes.erase(std::unique(mutes.begin(), mutes.end()), mutes.end());
  return mutes;
}

const v1::MuteState* EscalationMachine::MuteOf(const std::string& escalation,
                                               const std::string& route, Instant at) const {
  return environment_.MuteOf(
      {std::string(ticket_id_), ticket_.live().facts(), escalation, route, at});
}

void EscalationMachine::Snooze(const v1::MuteState& snooze, Instant at) {
  const std::string& escalation = snooze.scope().escalation();
  for (EscalationState& run : *ticket_.mutable_escalations()) {
    if (at.ms < run.started_ms() || !IsUnderWay(run)) continue;
    if (!escalation.empty() && run.name() != escalation) continue;
    WaitNoMore(&run);
    run.clear_next_ms();
    run.set_snoozed_by(snooze.mute_id());
    WaitFor(snooze, at, &run);
  }
}

void EscalationMachine::ReviewMutes(Instant at) {
  // A run may start another one.
  const int count = ticket_.escalations_size();
  for (int i = 0; i < count; ++i) {
    EscalationState* const run = ticket_.mutable_escalations(i);
    if (WaitsForMute(*run)) Review(run, at);
  }
}

void EscalationMachine::Review(EscalationState* run, Instant at) {
  run->clear_unmute_ms();
  const v1::Escalation* const escalation = Definition(*run);
  if (escalation == nullptr) return Stop(run, "policy_changed", at);
  if (!run->snoozed_by().empty()) {
    if (const v1::MuteState* const mute = MuteOf(run->name(), "", at)) {
      run->set_snoozed_by(mute->mute_id());
      return WaitFor(*mute, at, run);
    }
    WaitNoMore(run);
    if (run->step() == 0) return BeginAnew(run, *escalation, "unsnoozed", at);
    return TakeStepAgain(run, *escalation, "unsnoozed", at);
  }
  bool over = false;
  for (PageState& page : *run->mutable_pages()) {
    if (page.muted_by().empty()) continue;
    const v1::MuteState* const mute = MuteOf(run->name(), page.route(), at);
    if (mute == nullptr) {
      over = true;
    } else {
      page.set_muted_by(mute->mute_id());
      WaitFor(*mute, at, run);
    }
  }
  if (!over) return;
  WaitNoMore(run);
  BeginAnew(run, *escalation, "unmuted", at);
}

void EscalationMachine::BeginAnew(EscalationState* run, const v1::Escalation& escalation,
                                  const char* reason, Instant at) {
  run->set_step(0);
  run->clear_repetition();
  // A waiting room is waited in to its end.
  const bool held = run->state() == EscalationState::WAITING && run->base_ms() > at.ms;
  if (!held) {
    run->set_state(EscalationState::RUNNING);
    run->set_base_ms(at.ms);
  }
  const Instant first = StepMoment(*run, escalation, 0);
  if (first <= at) {
    run->clear_next_ms();
    return TakeStep(run, escalation, reason, at);
  }
  run->set_next_ms(first.ms);
  run->set_next_reason(reason);
}

}  // namespace escalation
