// Records about accounts, and the moments at which planned changes of accounts take effect: by a
// tick, or before the first record that holds from then on.

#include <algorithm>
#include <utility>

#include "state/base/text.h"
#include "state/partition/account.h"
#include "state/partition/keys.h"
#include "state/partition/partition_impl.h"

namespace escalation {
namespace {

using v1::Event;

constexpr Duration kMillisecond{1};
constexpr int kShiftsMax = 64;

const std::string& AccountOf(const Event& event) {
  switch (event.body_case()) {
    case Event::kAccountChanged:
      return event.account_changed().account();
    case Event::kPlanChangeRequested:
      return event.plan_change_requested().account();
    case Event::kPlanActivated:
      return event.plan_activated().account();
    case Event::kEntitlementUsed:
      return event.entitlement_used().account();
    default:
      return event.follow_changed().account();
  }
}

bool IsAboutAccount(const Event& event) {
  return event.has_account_changed() || event.has_plan_change_requested() ||
         event.has_plan_activated() || event.has_entitlement_used() || event.has_follow_changed();
}

// From when what is told of the account holds.
Instant HoldsFrom(const v1::AccountChanged& changed, Instant at) {
  return changed.has_effective_at() ? std::max(FromProto(changed.effective_at()), at) : at;
}

}  // namespace

void PartitionFold::Impl::FoldAccountRecord(const FoldRecord& record, Tenant* tenant, Instant at) {
  const Event& event = record.event;
  const std::string& name = AccountOf(event);
  sink_.About(tenant->name(), "", tenant->CurrentPolicy().revision());
  AccountFold account(tenant, name, &sink_);
  account.FireUntil(at - kMillisecond);
  v1::FanOut change = FanOutOf(record, v1::FanOut::ACCOUNT, at);
  switch (event.body_case()) {
    case Event::kAccountChanged:
      return FoldAccountChanged(record, tenant, at);
    case Event::kPlanActivated:
      return BeginAccountChange(std::move(change), account.ActivatePlan(event, at), name, at);
    case Event::kPlanChangeRequested:
      return account.RequestPlan(event, at);
    case Event::kEntitlementUsed:
      return account.Use(event.entitlement_used(), at);
    default:
      return account.Follow(event, at);
  }
}

void PartitionFold::Impl::FoldAccountChanged(const FoldRecord& record, Tenant* tenant, Instant at) {
  const v1::AccountChanged& changed = record.event.account_changed();
  AccountFold account(tenant, changed.account(), &sink_);
  const Instant from = HoldsFrom(changed, at);
  if (!account.Permits(record.event, from, at)) return;
  account.CheckTerms(changed, at);
  if (from > record.appended) return account.Plan(changed, from, at);
  BeginAccountChange(FanOutOf(record, v1::FanOut::ACCOUNT, from), account.Change(changed, from),
                     changed.account(), from);
}

void PartitionFold::Impl::BeginAccountChange(v1::FanOut change, AccountFold::Effect effect,
                                             const std::string& account, Instant at) {
  if (effect == AccountFold::Effect::kNone) return;
  change.set_kind(v1::FanOut::ACCOUNT);
  change.set_account(account);
  change.set_at_ms(at.ms);
  change.set_units(effect == AccountFold::Effect::kPlan);
  BeginChange(std::move(change));
}

// The pager decides who is woken; this is kept to be shown beside the pages.
void PartitionFold::Impl::FoldOnCall(const FoldRecord& record, Tenant* tenant, Instant at) {
  const v1::OnCallChanged& changed = record.event.on_call_changed();
  if (tenant->CurrentPolicy().FindRoute(changed.route()) == nullptr) {
    Flag(tenant, "", at, "unknown_route",
         Cat("the policy has no route \"", changed.route(), "\"; who is on call for it is kept"));
  }
  const std::string key = keys::OnCall(tenant->name(), changed.route());
  v1::OnCallState state;
  if (const auto value = overlay_.Get(key); value && !state.ParseFromString(*value)) {
    tenant->Damaged(Cat("who is on call for route ", changed.route(), " cannot be decoded"));
  }
  v1::OnCallShift* const shift = state.add_shifts();
  *shift->mutable_change() = changed;
  shift->set_offset(record.offset.value);
  shift->set_at_ms(at.ms);
  if (state.shifts_size() > kShiftsMax) state.mutable_shifts()->erase(state.shifts().begin());
  overlay_.Put(key, state.SerializeAsString());
}

// Few accounts have a plan that is being set up: these are not worth a change bit by bit.
void PartitionFold::Impl::RearmAccounts(Tenant* tenant, int64_t previous_revision, Instant at) {
  if (tenant->accounts().set_ups().empty()) return;
  sink_.About(tenant->name(), "", tenant->CurrentPolicy().revision());
  const Tenant::WithCalendars before(*tenant, previous_revision);
  const std::vector<std::string> accounts(tenant->accounts().set_ups().begin(),
                                          tenant->accounts().set_ups().end());
  for (const std::string& account : accounts) {
    AccountFold(tenant, account, &sink_).Rearm(before, at);
  }
}

std::vector<std::string> PartitionFold::Impl::AccountsOf(const Event& event, const Tenant& tenant) {
  if (event.has_account_changed()) {
    return {event.account_changed().account(), event.account_changed().parent()};
  }
  if (IsAboutAccount(event)) return {AccountOf(event)};
  std::vector<std::string> accounts;
  const auto add_ticket = [&](const std::string& ticket_id) {
    accounts.push_back(
        overlay_.LivingTicket(tenant.name(), ticket_id).state.live().facts().account());
  };
  switch (event.body_case()) {
    case Event::kPageAcknowledged:
    case Event::kPageResolved:
    case Event::kPageOutcome:
      add_ticket(TicketOfPage(PageKeyOf(event)));
      return accounts;
    case Event::kMerged:
      add_ticket(event.merged().into());
      break;
    case Event::kOpened:
      accounts.push_back(event.opened().account());
      break;
    case Event::kObserved:
      accounts.push_back(event.observed().opened().account());
      break;
    case Event::kMuteSet:
      if (event.mute_set().snooze()) add_ticket(event.mute_set().scope().ticket_id());
      break;
    case Event::kEscalationStopped: {
      const v1::Scope& scope = event.escalation_stopped().scope();
      if (!scope.account().empty()) accounts.push_back(scope.account());
      if (!scope.ticket_id().empty()) add_ticket(scope.ticket_id());
      break;
    }
    default:
      break;
  }
  if (!event.ticket_id().empty()) add_ticket(event.ticket_id());
  return accounts;
}

std::string PartitionFold::Impl::PlannedBefore(const FoldRecord& record) {
  const auto found = tenants_.find(record.event.tenant());
  if (found == tenants_.end()) return "";
  Tenant& tenant = *found->second;
  if (tenant.accounts().NothingPlanned(record.appended)) return "";
  // An event's own clock alone lets nothing happen before the log has reached it.
  const Instant limit = std::min(PlaceOf(record, tenant.CurrentPolicy()), record.appended);
  if (tenant.accounts().NothingPlanned(limit)) return "";
  return tenant.accounts().FirstPlanned(AccountsOf(record.event, tenant), limit);
}

bool PartitionFold::Impl::FinishChange() {
  while (state_.has_change()) {
    if (changed_in_turn_ >= kChunkMax) return false;
    AdvanceChange(kChunkMax);
  }
  return true;
}

bool PartitionFold::Impl::PrepareRecord(const FoldRecord& record) {
  for (;;) {
    const std::string account = PlannedBefore(record);
    if (account.empty()) return true;
    if (!FinishChange()) return false;
    state_.set_appended_ms(std::max(state_.appended_ms(), record.appended.ms));
    v1::FanOut& preceding = *state_.mutable_preceding();
    if (preceding.offset() != record.offset.value) preceding.Clear();
    preceding.set_offset(record.offset.value);
    sink_.BeginRecord(record.offset.value, record.appended, record.event.id(),
                      preceding.next_index());
    v1::FanOut cause = FanOutOf(record, v1::FanOut::ACCOUNT, Instant{});
    cause.set_ordinal(preceding.ordinal());
    preceding.set_ordinal(preceding.ordinal() + 1);
    Tenant& tenant = GetTenant(record.event.tenant());
    tenant.BeginRecord(record.appended);
    BeginPlanned(&tenant, account, std::move(cause));
    preceding.set_next_index(sink_.next_index());
  }
}

bool PartitionFold::Impl::PrepareWakeUp(Tenant* tenant, std::string_view ticket_id, Instant limit) {
  const Instant safe = std::min(limit, tenant->Safe());
  if (ticket_id.empty() || tenant->accounts().NothingPlanned(safe)) return true;
  const auto sleeper = keys::SleeperAccount(ticket_id);
  const std::string own =
      sleeper ? std::string(*sleeper)
              : overlay_.Ticket(tenant->name(), ticket_id).state.live().facts().account();
  for (;;) {
    const std::string account = tenant->accounts().FirstPlanned({own}, safe);
    if (account.empty()) return true;
    if (!FinishChange() || changed_in_turn_ >= kChunkMax) return false;
    v1::FanOut& tick = *state_.mutable_fan_out();
    v1::FanOut cause = tick;
    cause.set_tenant(tenant->name());
    tick.set_ordinal(tick.ordinal() + 1);
    BeginPlanned(tenant, account, std::move(cause));
  }
}

void PartitionFold::Impl::BeginPlanned(Tenant* tenant, const std::string& account,
                                       v1::FanOut cause) {
  sink_.About(tenant->name(), "", tenant->CurrentPolicy().revision());
  cause.clear_next_key();
  cause.clear_tickets_left();
  Instant at;
  const AccountFold::Effect effect = AccountFold(tenant, account, &sink_).ChangeAsPlanned(&at);
  BeginAccountChange(std::move(cause), effect, account, at);
}

}  // namespace escalation
