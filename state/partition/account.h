// state/partition/account.h
//
// The fold of one account: what is known of the customer, the plan that is being set up, what was
// booked, and who follows.
//
//   Input       records about the account with their instants; limits up to which moments fire
//   Output      the account's state after, in the tenant's AccountBook; decisions without a ticket
//   Invariants  1. whoever may not make a change makes none: the whole record is refused, flagged
//               2. an account is never behind its own records: its clock's moments before a record
//                  fire before it
//               3. what is told from a later moment on waits until then, in order of these moments
//   Time        enters as arguments only; dates are those of the policy's display zone
//   Errors      none
//   Threads     one fold, one thread
#pragma once

#include <string>
#include <vector>

#include "escalation/v1/event.pb.h"
#include "escalation/v1/state.pb.h"
#include "state/base/instant.h"
#include "state/partition/tenant.h"
#include "state/ticket/decision_sink.h"

namespace escalation {

// Versions of an account that wait at most; one more is refused.
inline constexpr int kPlannedMax = 64;

class AccountFold {
 public:
  // What a change means for tickets.
  enum class Effect {
    kNone,     // Nothing for any.
    kAccount,  // The account's own are folded under it.
    kPlan,     // Also those of its units: they share its plan.
  };

  // Borrows both.
  AccountFold(Tenant* tenant, std::string account, DecisionSink* sink);

  // What AccountChanged tells of the account holds from `from`. False: its actor may not tell that.
  bool Permits(const v1::Event& event, Instant from, Instant at);
  // Flags what it names and nobody knows: it does not hold, the rest of the record does.
  void CheckTerms(const v1::AccountChanged& changed, Instant at);
  // It waits until then.
  void Plan(const v1::AccountChanged& changed, Instant from, Instant at);
  // It holds from `at` on.
  Effect Change(v1::AccountChanged changed, Instant at);
  // The first planned change holds now; its moment is returned in `at`.
  Effect ChangeAsPlanned(Instant* at);

  void Follow(const v1::Event& event, Instant at);
  void Use(const v1::EntitlementUsed& used, Instant at);
  void RequestPlan(const v1::Event& event, Instant at);
  Effect ActivatePlan(const v1::Event& event, Instant at);

  // Fires the clock's moments up to and at `limit`. Planned changes are somebody else's to begin:
  // they concern tickets.
  void FireUntil(Instant limit) { FireUntil(*tenant_, limit); }
  // The same by the calendars of `then`.
  void FireUntil(const Environment& then, Instant limit);
  // Calendars changed at `at`: what is used until then counts by `before`.
  void Rearm(const Environment& before, Instant at);

 private:
  const v1::AccountState& Own() const { return tenant_->accounts().Own(account_); }
  // A decision about the account.
  v1::Decision& Decide(Instant at, std::string_view rule);
  void Flag(Instant at, std::string_view rule, const char* reason, std::string detail);
  // Somebody, and not the synchronization of accounts.
  static bool IsPerson(const v1::Actor& actor);
  // The plan of the policy that somebody of whom this is known has.
  const std::string& PlanUnder(const v1::AccountChanged& facts) const;
  // Position in the policy's list, lowest first; -1: none of it.
  int RankOf(const std::string& plan) const;
  // The actor may move the account to that plan, as far as it is a lower one.
  bool MayMove(const v1::Actor& actor, const std::string& plan) const;
  void CheckMinimumTerm(const std::string& plan, Instant at);
  void SetCount(const std::string& entitlement, int year, int count, int kept_from);

  // account_setup.cc
  // Flags that a unit's plan is not its own to change.
  bool SharesPlan(Instant at);
  std::vector<std::string> MissingOf(const v1::PlanChangeRequested& request) const;
  std::string BilledFrom(Instant starts, Instant at) const;
  void StartSetUp(const v1::PlanChangeRequested& request, int cycle, Instant at);
  void StopSetUp(Instant at);
  void Keep(v1::PlanSetupState setup);
  void FireClock(const Environment& then, v1::ClockState* clock);
  void TellOfClock(const v1::ClockState& clock, const v1::PlanSetup* promise, const char* happened,
                   Instant at, Instant due);
  void Arm(const Environment& calendars, v1::ClockState* clock, Instant at);
  // The promise of the clock; null: no policy that is kept knows it.
  const v1::PlanSetup* PromiseOf(const v1::ClockState& clock) const;

  Tenant* const tenant_;
  const std::string account_;
  const CompiledPolicy& policy_;
  DecisionSink& sink_;
};

}  // namespace escalation
