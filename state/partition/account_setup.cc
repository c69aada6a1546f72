// A change of plan on request: from the request to its activation, with the promise in between.

#include <algorithm>

#include "state/base/text.h"
#include "state/partition/account.h"
#include "state/ticket/clock.h"
#include "state/ticket/clock_decisions.h"

namespace escalation {
namespace {

using v1::ClockState;

// Gives every decision the same rule and account.
class WithRule : public DecisionSink {
 public:
  WithRule(const v1::PlanSetup* promise, const std::string& account, DecisionSink* sink)
      : promise_(promise), account_(account), sink_(*sink) {}

  v1::Decision& Add(Instant at, Instant due, std::string_view /*rule*/) override {
    v1::Decision& decision =
        sink_.Add(at, due, promise_ == nullptr ? std::string_view() : promise_->path());
    decision.set_account(account_);
    return decision;
  }

 private:
  const v1::PlanSetup* const promise_;
  const std::string& account_;
  DecisionSink& sink_;
};

Instant DueOrNever(const ClockState& clock) {
  return clock.due_ms() == 0 ? Instant::Never() : Instant{clock.due_ms()};
}

// As the arithmetic of clocks asks for it; without a promise there are no warnings.
v1::Target TargetOf(const v1::PlanSetup* promise) {
  v1::Target target;
  if (promise == nullptr) return target;
  target.set_name(promise->target());
  *target.mutable_warn_at() = promise->warn_at();
  return target;
}

}  // namespace

bool AccountFold::SharesPlan(Instant at) {
  const std::string& parent = Own().facts().parent();
  if (parent.empty()) return false;
  Flag(at, "", "unit_shares_plan",
       Cat("account ", account_, " is a unit of ", parent, " and has its plan"));
  return true;
}

std::vector<std::string> AccountFold::MissingOf(const v1::PlanChangeRequested& request) const {
  std::vector<std::string> missing;
  if (RankOf(request.plan()) < 0) missing.emplace_back("plan");
  if (!request.has_starts_at()) missing.emplace_back("starts_at");
  if (request.billing_group().empty()) missing.emplace_back("billing_group");
  return missing;
}

// A start in the month of the request is billed for the whole month.
std::string AccountFold::BilledFrom(Instant starts, Instant at) const {
  const CivilDay asked = tenant_->LocalDate(at);
  CivilDay from = tenant_->LocalDate(starts);
  if (from.year == asked.year && from.month == asked.month) from.day = 1;
  return DayToText(DaysFromCivil(from));
}

void AccountFold::RequestPlan(const v1::Event& event, Instant at) {
  const v1::PlanChangeRequested& request = event.plan_change_requested();
  const std::string& rule = policy_.policy().plan_setup().path();
  std::string names;
  for (const std::string& name : MissingOf(request)) CatTo(&names, names.empty() ? "" : ", ", name);
  if (!names.empty()) {
    Flag(at, rule, "plan_change_incomplete", Cat("account ", account_, ": ", names));
    return;
  }
  if (SharesPlan(at)) return;
  if (!MayMove(event.actor(), request.plan())) {
    Flag(at, "permissions.downgrade", "plan_change_not_permitted",
         Cat("account ", account_, ": from ", PlanUnder(Own().facts()), " to ", request.plan(),
             ", by ", event.actor().id()));
    return;
  }
  ClockState clock = Own().setup().clock();
  if (IsOpen(clock)) {
    const Instant then = std::max(at, Instant{clock.since_ms()});
    WithRule sink(PromiseOf(clock), account_, &sink_);
    End(&clock, tenant_->FindCalendar(clock.calendar()), then, ClockState::CANCELLED);
    Arm(*tenant_, &clock, then);
    DecideClock(*tenant_, ClockChange::kCancelled, clock, then, Instant::Never(), "replaced", 0,
                BreachKind::kNow, &sink);
  }
  const Instant starts = FromProto(request.starts_at());
  v1::PlanChangeScheduled* const scheduled = Decide(at, rule).mutable_plan_change_scheduled();
  scheduled->set_account(account_);
  scheduled->set_plan(request.plan());
  ToProto(starts, scheduled->mutable_starts_at());
  scheduled->set_billed_from(BilledFrom(starts, at));
  scheduled->set_billing_group(request.billing_group());
  StartSetUp(request, clock.cycle() + 1, at);
}

void AccountFold::StartSetUp(const v1::PlanChangeRequested& request, int cycle, Instant at) {
  v1::PlanSetupState setup;
  *setup.mutable_request() = request;
  ClockState* const clock = setup.mutable_clock();
  clock->set_cycle(cycle);
  const v1::Policy& policy = policy_.policy();
  if (policy.has_plan_setup()) {
    const v1::PlanSetup& promise = policy.plan_setup();
    const std::string& calendar =
        promise.calendar().empty() ? policy.default_calendar() : promise.calendar();
    clock->set_metric("deadline");
    clock->set_target(promise.target());
    clock->set_calendar(calendar.empty() ? "always" : calendar);
    clock->set_policy_revision(policy.revision());
    SetLength(clock, promise.within(), tenant_->FindCalendar(clock->calendar()), at);
    StartRunning(clock, at);
    Arm(*tenant_, clock, at);
    WithRule sink(&promise, account_, &sink_);
    DecideClock(*tenant_, ClockChange::kStarted, *clock, at, DueOrNever(*clock), "", 0,
                BreachKind::kNow, &sink);
  }
  Keep(std::move(setup));
}

AccountFold::Effect AccountFold::ActivatePlan(const v1::Event& event, Instant at) {
  const v1::PlanActivated& activated = event.plan_activated();
  if (RankOf(activated.plan()) < 0) {
    Flag(at, "", "unknown_plan",
         Cat("account ", account_, ": the policy has no plan \"", activated.plan(), "\""));
    return Effect::kNone;
  }
  if (SharesPlan(at)) return Effect::kNone;
  // What was requested was permitted then.
  const bool requested = Own().setup().request().plan() == activated.plan();
  if (!requested && IsPerson(event.actor()) && !MayMove(event.actor(), activated.plan())) {
    Flag(at, "permissions.downgrade", "plan_change_not_permitted",
         Cat("account ", account_, ": from ", PlanUnder(Own().facts()), " to ", activated.plan(),
             ", by ", event.actor().id()));
    return Effect::kNone;
  }
  v1::PlanActivation* const activation =
      Decide(at, policy_.policy().plan_setup().path()).mutable_plan_activated();
  activation->set_account(account_);
  activation->set_plan(activated.plan());
  if (requested) StopSetUp(at);
  if (Own().has_facts() && Own().facts().plan() == activated.plan()) return Effect::kNone;
  v1::AccountChanged facts = Own().facts();
  facts.set_account(account_);
  facts.set_plan(activated.plan());
  return Change(std::move(facts), at);
}

void AccountFold::StopSetUp(Instant at) {
  v1::PlanSetupState setup = Own().setup();
  setup.clear_request();
  ClockState* const clock = setup.mutable_clock();
  if (IsOpen(*clock)) {
    const Instant then = std::max(at, Instant{clock->since_ms()});
    const Instant due{clock->breached_ms()};
    WithRule sink(PromiseOf(*clock), account_, &sink_);
    if (clock->breached_ms() != 0 && then <= due) {
      // It was told late: there was no breach.
      DecideRetraction(*tenant_, *clock, then, due, &sink);
      clock->clear_breached_ms();
    }
    End(clock, tenant_->FindCalendar(clock->calendar()), then, ClockState::MET);
    Arm(*tenant_, clock, then);
    DecideClock(*tenant_, ClockChange::kMet, *clock, then, Instant::Never(), "", 0,
                BreachKind::kNow, &sink);
  }
  Keep(std::move(setup));
}

void AccountFold::FireUntil(const Environment& then, Instant limit) {
  const int64_t next_ms = Own().setup().clock().next_ms();
  if (next_ms == 0 || next_ms > limit.ms) return;
  v1::PlanSetupState setup = Own().setup();
  ClockState* const clock = setup.mutable_clock();
  while (clock->next_ms() != 0 && clock->next_ms() <= limit.ms) FireClock(then, clock);
  Keep(std::move(setup));
}

void AccountFold::FireClock(const Environment& then, ClockState* clock) {
  const Instant at{clock->next_ms()};
  const Instant due{clock->due_ms()};
  const v1::PlanSetup* const promise = PromiseOf(*clock);
  WithRule sink(promise, account_, &sink_);
  int warning = -1;
  if (due <= at) {
    clock->set_breached_ms(at.ms);
  } else {
    const v1::Target target = TargetOf(promise);
    warning = TakeWarning(clock, &target, then.FindCalendar(clock->calendar()), at);
  }
  Arm(then, clock, at);
  const bool breached = clock->breached_ms() != 0;
  if (!breached && warning < 0) return;
  DecideClock(then, breached ? ClockChange::kBreached : ClockChange::kWarned, *clock, at, due, "",
              warning, BreachKind::kNow, &sink);
  TellOfClock(*clock, promise, breached ? "breached" : "warned", at, due);
}

// A clock's decision does not name the account: what somebody is told, or a flag, does.
void AccountFold::TellOfClock(const ClockState& clock, const v1::PlanSetup* promise,
                              const char* happened, Instant at, Instant due) {
  WithRule sink(promise, account_, &sink_);
  std::string about = Cat("account ", account_, ", plan ", Own().setup().request().plan());
  v1::Decision& decision = sink.Add(at, due, "");
  if (promise == nullptr || promise->notify().empty()) {
    decision.mutable_flagged()->set_reason(Cat("plan_setup_", happened));
    decision.mutable_flagged()->set_detail(std::move(about));
    return;
  }
  *decision.mutable_notify()->mutable_to() = promise->notify();
  decision.mutable_notify()->set_reason(Cat(clock.target(), " ", happened, ": ", about));
}

void AccountFold::Rearm(const Environment& before, Instant at) {
  FireUntil(before, at - Duration{1});
  v1::PlanSetupState setup = Own().setup();
  ClockState* const clock = setup.mutable_clock();
  if (!IsOpen(*clock)) return;
  const Instant then = std::max(at, Instant{clock->since_ms()});
  const int64_t due_before = clock->due_ms();
  Accrue(clock, before.FindCalendar(clock->calendar()), then);
  Arm(*tenant_, clock, then);
  if (clock->due_ms() != due_before) {
    WithRule sink(PromiseOf(*clock), account_, &sink_);
    DecideClock(*tenant_, ClockChange::kAmended, *clock, then, DueOrNever(*clock), "calendar", 0,
                BreachKind::kNow, &sink);
  }
  Keep(std::move(setup));
}

void AccountFold::Arm(const Environment& calendars, ClockState* clock, Instant at) {
  const v1::PlanSetup* const promise = PromiseOf(*clock);
  const v1::Target target = TargetOf(promise);
  const Calendar& calendar = calendars.FindCalendar(clock->calendar());
  if (escalation::Arm(clock, &target, calendar) == Opening::kFound) return;
  WithRule sink(promise, account_, &sink_);
  DecideClock(calendars, ClockChange::kFellBack, *clock, at, Instant{clock->due_ms()}, "", 0,
              BreachKind::kNow, &sink);
}

const v1::PlanSetup* AccountFold::PromiseOf(const ClockState& clock) const {
  const v1::PlanSetup& promise = tenant_->PolicyAt(clock.policy_revision()).policy().plan_setup();
  return promise.target() == clock.target() ? &promise : nullptr;
}

void AccountFold::Keep(v1::PlanSetupState setup) {
  tenant_->accounts().Change(
      account_, [&](v1::AccountState* state) { *state->mutable_setup() = std::move(setup); });
}

}  // namespace escalation
