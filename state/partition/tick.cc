// Ticks: fired in chunks, with one cursor, and nothing in between.

#include <algorithm>
#include <vector>

#include "state/base/check.h"
#include "state/base/text.h"
#include "state/partition/keys.h"
#include "state/partition/partition_impl.h"

namespace escalation {
namespace {

constexpr Duration kMillisecond{1};

}  // namespace

std::string FirstWakeUp(const v1::PartitionState& state) {
  if (!state.tick_resume().empty()) return state.tick_resume();
  return keys::WakeUp(Instant{state.cursor_ms() + 1}, "", "");
}

Instant FiredUntil(const v1::PartitionState& state) {
  const Instant cursor{state.cursor_ms()};
  // One within the millisecond that was reached might sort before the place in it.
  return state.tick_resume().empty() ? cursor : cursor + Duration{1};
}

v1::FanOut PartitionFold::Impl::FanOutOf(const FoldRecord& record, v1::FanOut::Kind kind,
                                         Instant at) {
  v1::FanOut fan_out;
  fan_out.set_kind(kind);
  fan_out.set_offset(record.offset.value);
  fan_out.set_appended_ms(record.appended.ms);
  fan_out.set_event_id(record.event.id());
  fan_out.set_tenant(record.event.tenant());
  fan_out.set_at_ms(at.ms);
  return fan_out;
}

void PartitionFold::Impl::BeginTick(const FoldRecord& record, Instant limit) {
  *state_.mutable_fan_out() = FanOutOf(record, v1::FanOut::TICK, limit);
  state_.mutable_fan_out()->set_tickets_left(record.event.tick().tickets_max());
  state_.mutable_fan_out()->set_next_index(sink_.next_index());
  ContinueTick();
}

void PartitionFold::Impl::ContinueTick() {
  v1::FanOut& fan_out = *state_.mutable_fan_out();
  if (!fan_out.next_key().empty()) {
    sink_.BeginRecord(fan_out.offset(), Instant{fan_out.appended_ms()}, fan_out.event_id(),
                      fan_out.next_index());
  }
  for (auto& [name, tenant] : tenants_) tenant->BeginRecord(Instant{fan_out.appended_ms()});
  FireChunk();
  if (state_.has_fan_out()) state_.mutable_fan_out()->set_next_index(sink_.next_index());
}

void PartitionFold::Impl::FireChunk() {
  v1::FanOut& fan_out = *state_.mutable_fan_out();
  const Instant limit{fan_out.at_ms()};
  const std::string begin = fan_out.next_key().empty() ? FirstWakeUp(state_) : fan_out.next_key();
  const std::string end = keys::WakeUp(limit + kMillisecond, "", "");
  const bool bounded = fan_out.tickets_left() > 0;
  const size_t chunk =
      bounded ? std::min<size_t>(kChunkMax, fan_out.tickets_left()) : size_t{kChunkMax};
  std::vector<keys::WakeUpKey> due;
  std::string last;
  overlay_.Fail(overlay_.reader().Scan(begin, end, [&](std::string_view key, std::string_view) {
    if (auto wake = keys::ParseWakeUp(key)) due.push_back(*std::move(wake));
    last = key;
    return due.size() < chunk;
  }));
  PrefetchTickets(due);
  size_t fired = 0;
  int changed = 0;
  for (; fired < due.size(); ++fired) {
    const keys::WakeUpKey& wake = due[fired];
    const int before = changed_in_turn_;
    const bool ready = PrepareWakeUp(&GetTenant(wake.tenant), wake.ticket_id, limit);
    changed += changed_in_turn_ - before;
    if (!ready) break;
    FireWakeUp(wake.tenant, wake.ticket_id, limit);
  }
  KeepChangeIndex();
  // What fires now wakes up after the tick, even if the tick is cut.
  floor_ = limit;
  const bool stopped = fired < due.size();
  if (!stopped && due.size() < chunk) {
    ExpireRecent(limit);
    state_.set_cursor_ms(limit.ms);
    state_.clear_tick_resume();
    state_.clear_fan_out();
    return;
  }
  const keys::WakeUpKey& place = stopped ? due[fired] : due.back();
  fan_out.set_next_key(stopped ? keys::WakeUp(place.due, place.tenant, place.ticket_id)
                               : last + '\0');
  if (!bounded) return;
  const int left = fan_out.tickets_left() - static_cast<int>(fired) - changed;
  fan_out.set_tickets_left(std::max(left, 0));
  if (left > 0) return;
  // Cut: other records come first. Several tickets may be due in the millisecond that was reached,
  // so the place within it is kept.
  state_.set_cursor_ms(place.due.ms - 1);
  state_.set_tick_resume(fan_out.next_key());
  state_.clear_fan_out();
  ends_turn_ = true;
}

void PartitionFold::Impl::PrefetchTickets(std::span<const keys::WakeUpKey> due) {
  std::vector<std::string> tickets;
  for (const keys::WakeUpKey& wake : due) {
    if (wake.ticket_id.empty() || keys::SleeperAccount(wake.ticket_id)) continue;
    tickets.push_back(keys::Ticket(wake.tenant, wake.ticket_id));
  }
  overlay_.Prefetch(std::move(tickets));
}

void PartitionFold::Impl::FireWakeUp(std::string_view tenant_name, std::string_view ticket_id,
                                     Instant limit) {
  Tenant& tenant = GetTenant(std::string(tenant_name));
  if (ticket_id.empty()) {
    tenant.EndPeriods(limit);
    tenant.EndMutes(limit);
    return;
  }
  // Held back by a source, the ticket stays due: its wake-up moves behind the cursor and comes
  // again with the next tick.
  const Instant safe = std::min(limit, tenant.Safe());
  if (const auto account = keys::SleeperAccount(ticket_id)) {
    sink_.About(tenant_name, "", tenant.CurrentPolicy().revision());
    AccountFold(&tenant, std::string(*account), &sink_).FireUntil(safe);
    tenant.accounts().WokeUp(std::string(*account));
    return;
  }
  Overlay::TicketSlot& slot = overlay_.Ticket(tenant_name, ticket_id);
  ESCALATION_CHECK(slot.exists || !overlay_.status().ok(),
                   Cat("a wake-up of ticket ", ticket_id, " without state"));
  CatchUp(&tenant, &slot);
  sink_.About(tenant_name, ticket_id, tenant.CurrentPolicy().revision());
  TicketFold fold(tenant, tenant.name(), slot.ticket_id, &slot.state, &sink_);
  fold.FireUntil(safe);
  Touch(&slot, fold);
  if (fold.ForgetMoment() > safe) return;
  const std::string& problem = slot.state.live().facts().problem();
  if (!problem.empty()) tenant.problems().Unlink(problem, slot.ticket_id);
  overlay_.Forget(&slot);
}

void PartitionFold::Impl::ExpireRecent(Instant limit) {
  std::vector<std::string> expired;
  overlay_.Fail(overlay_.reader().Scan(
      first_expiry_, keys::RecentExpiry(limit + kMillisecond, "", "", "").substr(0, 9),
      [&](std::string_view key, std::string_view) {
        expired.emplace_back(key);
        return expired.size() < kChunkMax;
      }));
  for (const std::string& key : expired) {
    overlay_.Delete(Cat('h', key.substr(9)));
    overlay_.Delete(key);
    first_expiry_ = key;
  }
}

}  // namespace escalation
