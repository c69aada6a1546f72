// What a person asks for: to page, to page again, to stop.

#include <algorithm>

#include "state/base/text.h"
#include "state/ticket/escalation.h"
#include "state/ticket/page.h"

namespace escalation {

using v1::EscalationState;
using v1::PageState;

namespace {

// A test that nobody closes.
constexpr Duration kTestCloses = Duration::Minutes(5);

bool Covers(const v1::Scope& scope, const EscalationState& run) {
  if (!scope.escalation().empty() && scope.escalation() != run.name()) return false;
  if (scope.route().empty()) return true;
  return std::any_of(run.pages().begin(), run.pages().end(), [&](const PageState& page) {
    return page.route() == scope.route() && (IsOpen(page) || !page.muted_by().empty());
  });
}

}  // namespace

int EscalationMachine::StopByHand(const v1::Scope& scope, const ByHand& hand, Instant at) {
  const std::string& account = ticket_.live().facts().account();
  if (!scope.account().empty() && scope.account() != account) return 0;
  int stopped = 0;
  for (EscalationState& run : *ticket_.mutable_escalations()) {
    if (HasStopped(run) || !Covers(scope, run)) continue;
    if (IsUnderWay(run)) ++stopped;
    Stop(&run, "manual", at, hand);
  }
  return stopped;
}

const v1::Escalation& EscalationMachine::DefinitionByHand(const std::string& route) const {
  v1::Escalation& escalation = manual_[route];
  if (escalation.steps().empty()) {
    escalation.set_name(kManual);
    escalation.add_steps()->add_page(route);
    // Whoever is paged takes it, or gives it to somebody.
    escalation.add_stop_on(v1::StopOn::ASSIGNED);
  }
  return escalation;
}

void EscalationMachine::PageByHand(const v1::PageRequestedManually& asked, const std::string& by,
                                   Instant at) {
  const ByHand hand{by, asked.reason()};
  if (!asked.key().empty()) {
    const FoundPage found = FindPage(asked.key());
    if (found.run == nullptr || HasStopped(*found.run)) {
      return Flag("unknown_page", Cat("page ", asked.key(), " to be sent again is not open"), "",
                  at);
    }
    return SendAgain(found.run, asked.key(), hand, at);
  }
  if (asked.escalation().empty()) return PageRoute(asked, hand, at);
  for (const EscalationState& run : ticket_.escalations()) {
    if (run.name() != asked.escalation() || !WakesPeople(run)) continue;
    return Flag("escalation_runs_already",
                Cat("escalation ", run.name(), ", run ", run.cycle(), ", since ",
                    Instant{run.started_ms()}),
                run.rule(), at);
  }
  const int64_t revision = environment_.CurrentPolicy().revision();
  Start({asked.escalation(), kManual, "", revision, nullptr, hand}, at);
}

void EscalationMachine::PageRoute(const v1::PageRequestedManually& asked, const ByHand& hand,
                                  Instant at) {
  const CompiledPolicy& policy = environment_.CurrentPolicy();
  if (policy.FindRoute(asked.route()) == nullptr) {
    return Flag("unknown_route", Cat("the policy has no route \"", asked.route(), "\""), "", at);
  }
  for (EscalationState& run : *ticket_.mutable_escalations()) {
    if (run.manual_route() != asked.route() || run.test() != asked.test()) continue;
    if (IsUnderWay(run)) return SendAgain(&run, "", hand, at);
  }
  EscalationState* const run =
      AddRun({kManual, kManual, "", policy.revision(), nullptr, hand}, policy, at);
  run->set_state(EscalationState::RUNNING);
  run->set_manual_route(asked.route());
  run->set_test(asked.test());
  run->set_subject(asked.subject());
  if (asked.has_close_after()) {
    run->set_close_ms((at + FromProto(asked.close_after())).ms);
  } else if (asked.test()) {
    run->set_close_ms((at + kTestCloses).ms);
  }
  TellStarted(*run, at);
  TakeStep(run, DefinitionByHand(asked.route()), kManual, at, hand);
}

void EscalationMachine::SendAgain(EscalationState* run, const std::string& key, const ByHand& hand,
                                  Instant at) {
  const v1::Escalation* const escalation = Definition(*run);
  if (escalation == nullptr) {
    return Flag("unknown_page",
                Cat("page ", key, " to be sent again: escalation ", run->name(),
                    " is not in the policy any more"),
                run->rule(), at);
  }
  WaitNoMore(run);
  TakeStepAgain(run, *escalation, "resent", at, hand);
}

}  // namespace escalation
