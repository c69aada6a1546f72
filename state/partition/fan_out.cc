// Records that touch many tickets: folded in chunks, with one cursor, and nothing in between.

#include <algorithm>
#include <vector>

#include "state/base/check.h"
#include "state/base/text.h"
#include "state/partition/keys.h"
#include "state/partition/partition_impl.h"

namespace escalation {
namespace {

constexpr int kChunkMax = 1'000;
constexpr Duration kMillisecond{1};

// "A tenant 0x00 account 0x00 ticket" or "k tenant 0x00 ticket" -> ticket.
std::string_view LastName(std::string_view key) { return key.substr(key.rfind('\0') + 1); }

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

void PartitionFold::Impl::BeginFanOut(const FoldRecord& record, v1::FanOut::Kind kind, Instant at) {
  v1::FanOut* const fan_out = state_.mutable_fan_out();
  fan_out->set_kind(kind);
  fan_out->set_offset(record.offset.value);
  fan_out->set_appended_ms(record.appended.ms);
  fan_out->set_event_id(record.event.id());
  fan_out->set_tenant(record.event.tenant());
  fan_out->set_at_ms(at.ms);
  if (kind == v1::FanOut::TICK) {
    fan_out->set_tickets_left(record.event.tick().tickets_max());
    ContinueFanOut();
  }
}

void PartitionFold::Impl::ContinueFanOut() {
  v1::FanOut& fan_out = *state_.mutable_fan_out();
  if (fan_out.next_index() > 0 || !fan_out.next_key().empty()) {
    sink_.BeginRecord(fan_out.offset(), Instant{fan_out.appended_ms()}, fan_out.event_id(),
                      fan_out.next_index());
  }
  for (auto& [name, tenant] : tenants_) tenant->BeginRecord(Instant{fan_out.appended_ms()});
  if (fan_out.kind() == v1::FanOut::TICK) {
    FireChunk();
  } else {
    ChangeChunk();
  }
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
  std::vector<std::string> tickets;
  for (const keys::WakeUpKey& wake : due) {
    if (!wake.ticket_id.empty()) tickets.push_back(keys::Ticket(wake.tenant, wake.ticket_id));
  }
  overlay_.Prefetch(std::move(tickets));
  for (const keys::WakeUpKey& wake : due) FireWakeUp(wake.tenant, wake.ticket_id, limit);
  // What fires now wakes up after the tick, even if the tick is cut.
  floor_ = limit;
  if (due.size() < chunk) {
    ExpireRecent(limit);
    state_.set_cursor_ms(limit.ms);
    state_.clear_tick_resume();
    state_.clear_fan_out();
    return;
  }
  fan_out.set_next_key(last + '\0');
  if (!bounded) return;
  fan_out.set_tickets_left(fan_out.tickets_left() - static_cast<int>(chunk));
  if (fan_out.tickets_left() > 0) return;
  // Cut: other records come first. Several tickets may be due in the millisecond that was reached,
  // so the place within it is kept.
  state_.set_cursor_ms(due.back().due.ms - 1);
  state_.set_tick_resume(fan_out.next_key());
  state_.clear_fan_out();
  ends_turn_ = true;
}

void PartitionFold::Impl::FireWakeUp(std::string_view tenant_name, std::string_view ticket_id,
                                     Instant limit) {
  Tenant& tenant = GetTenant(std::string(tenant_name));
  if (ticket_id.empty()) {
    tenant.EndPeriods(limit);
    return;
  }
  // Held back by a source, the ticket stays due: its wake-up moves behind the cursor and comes
  // again with the next tick.
  const Instant safe = std::min(limit, tenant.Safe());
  Overlay::TicketSlot& slot = overlay_.Ticket(tenant_name, ticket_id);
  ESCALATION_CHECK(slot.exists || !overlay_.status().ok(),
                   Cat("a wake-up of ticket ", ticket_id, " without state"));
  sink_.About(tenant_name, ticket_id, tenant.CurrentPolicy().revision());
  TicketFold fold(tenant, tenant.name(), slot.ticket_id, &slot.state, &sink_);
  fold.FireUntil(safe);
  Touch(&slot, fold);
  if (fold.ForgetMoment() <= safe) overlay_.Forget(&slot);
}

void PartitionFold::Impl::ChangeChunk() {
  v1::FanOut& fan_out = *state_.mutable_fan_out();
  Tenant& tenant = GetTenant(fan_out.tenant());
  const bool account = fan_out.kind() == v1::FanOut::ACCOUNT;
  const std::string prefix = account ? keys::OfAccount(tenant.name(), fan_out.account(), "")
                                     : keys::Ticket(tenant.name(), "");
  const std::string begin = fan_out.next_key().empty() ? prefix : fan_out.next_key();
  std::vector<std::string> names;
  std::string last;
  overlay_.Fail(overlay_.reader().Scan(begin, keys::PrefixEnd(prefix),
                                       [&](std::string_view key, std::string_view) {
                                         names.emplace_back(LastName(key));
                                         last = key;
                                         return names.size() < kChunkMax;
                                       }));
  std::vector<std::string> tickets;
  for (const std::string& name : names) tickets.push_back(keys::Ticket(tenant.name(), name));
  overlay_.Prefetch(std::move(tickets));
  std::unique_ptr<Environment> before;
  if (fan_out.kind() == v1::FanOut::CALENDARS) {
    before = std::make_unique<Tenant::WithCalendars>(tenant, fan_out.previous_revision());
  }
  for (const std::string& name : names) {
    ChangeTicket(&tenant, before.get(), name, Instant{fan_out.at_ms()});
  }
  if (names.size() == kChunkMax) {
    fan_out.set_next_key(last + '\0');
    return;
  }
  if (fan_out.kind() == v1::FanOut::CALENDARS && fan_out.previous_revision() != 0) {
    overlay_.Delete(keys::Calendars(tenant.name(), fan_out.previous_revision()));
  }
  state_.clear_fan_out();
}

void PartitionFold::Impl::ChangeTicket(Tenant* tenant, Environment* before,
                                       std::string_view ticket_id, Instant at) {
  const v1::FanOut& fan_out = state_.fan_out();
  Overlay::TicketSlot& slot = overlay_.Ticket(tenant->name(), ticket_id);
  const v1::TicketFacts& facts = slot.state.live().facts();
  if (facts.closed_ms() != 0 || !facts.merged_into().empty()) return;
  sink_.About(tenant->name(), ticket_id, tenant->CurrentPolicy().revision());
  // What was due before the change is decided as it stood before the change.
  Environment& then = before != nullptr ? *before : *tenant;
  TicketFold(then, tenant->name(), slot.ticket_id, &slot.state, &sink_)
      .FireUntil(std::min(at - kMillisecond, tenant->Safe()));
  TicketFold fold(*tenant, tenant->name(), slot.ticket_id, &slot.state, &sink_);
  if (before != nullptr) {
    fold.Rearm(*before, at);
  } else if (fan_out.first_policy()) {
    fold.RefoldAll(at);
  } else {
    fold.Rematch(at, fan_out.kind() == v1::FanOut::ACCOUNT ? "account" : "policy");
  }
  Touch(&slot, fold);
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
