// What changes many tickets: calendars, a policy, an account, a mute that is no more, a person who
// stops them. Tickets are folded under it in order of their keys, some with each record that comes
// after it, so that events do not wait for all of them; a ticket that a record touches comes first.
// So each ticket sees the change before anything that stands behind it in the log.

#include <algorithm>
#include <vector>

#include "state/base/text.h"
#include "state/partition/keys.h"
#include "state/partition/partition_impl.h"

namespace escalation {
namespace {

constexpr Duration kMillisecond{1};

// "A tenant 0x00 account 0x00 ticket", "M tenant 0x00 mute_id 0x00 ticket" or "k tenant 0x00
// ticket" -> ticket.
std::string_view LastName(std::string_view key) { return key.substr(key.rfind('\0') + 1); }

// The account whose tickets stand under such a key.
std::string AccountOf(std::string_view key) {
  const size_t first = key.find('\0');
  return std::string(key.substr(first + 1, key.find('\0', first + 1) - first - 1));
}

// Its tickets stand in an index, from which they may vanish as they are changed; else they come in
// order of their own keys.
bool IsByIndex(const v1::FanOut& change) {
  return !change.account().empty() || !change.mute_id().empty();
}

// What people ask for concerns tickets that are over, too: they may have pages.
bool IsByHand(const v1::FanOut& change) {
  return change.kind() == v1::FanOut::STOP || change.kind() == v1::FanOut::UNMUTE;
}

// What the keys begin with among which the change has come to its next ticket.
std::string PrefixOf(const v1::FanOut& change) {
  if (!change.mute_id().empty()) return keys::Muted(change.tenant(), change.mute_id(), "");
  if (change.account().empty()) return keys::Ticket(change.tenant(), "");
  const bool begun = !change.next_key().empty();
  return keys::OfAccount(change.tenant(), begun ? AccountOf(change.next_key()) : change.account(),
                         "");
}

// One record may begin several changes.
int64_t MarkOf(const v1::FanOut& change) {
  return change.offset() + 1 + (static_cast<int64_t>(change.ordinal()) << 40);
}

}  // namespace

void PartitionFold::Impl::BeginChange(v1::FanOut change) {
  change.set_next_index(sink_.next_index());
  *state_.mutable_change() = std::move(change);
  AdvanceChange(kChunkMax);
}

void PartitionFold::Impl::KeepChangeIndex() {
  if (!state_.has_change() || state_.change().offset() != sink_.offset()) return;
  state_.mutable_change()->set_next_index(sink_.next_index());
}

void PartitionFold::Impl::AdvanceChange(int tickets_max) {
  v1::FanOut& change = *state_.mutable_change();
  Tenant& tenant = GetTenant(change.tenant());
  tenant.BeginRecord(Instant{state_.appended_ms()});
  std::string prefix = PrefixOf(change);
  std::string begin = change.next_key().empty() ? prefix : change.next_key();
  for (int left = tickets_max; left > 0;) {
    const auto wanted = static_cast<size_t>(left);
    std::vector<std::string> found;
    overlay_.Fail(overlay_.reader().Scan(begin, keys::PrefixEnd(prefix),
                                         [&](std::string_view key, std::string_view) {
                                           found.emplace_back(key);
                                           return found.size() < wanted;
                                         }));
    std::vector<std::string> tickets;
    for (const std::string& key : found) {
      tickets.push_back(keys::Ticket(tenant.name(), LastName(key)));
    }
    overlay_.Prefetch(std::move(tickets));
    for (const std::string& key : found) {
      Overlay::TicketSlot& slot = overlay_.Ticket(tenant.name(), LastName(key));
      // Whether these are found depends on what was committed, so they count for nothing.
      if (!slot.exists || slot.state.changed_by() == MarkOf(change)) continue;
      const bool changed = ChangeTicket(&tenant, &slot);
      if (changed && IsByIndex(change)) slot.state.set_changed_by(MarkOf(change));
      change.set_next_key(key + '\0');
      --left;
    }
    if (found.size() == wanted) {
      begin = found.back() + '\0';
      continue;
    }
    const std::string next =
        change.units() ? tenant.accounts().NextWithin(AccountOf(prefix), change.account()) : "";
    if (next.empty()) return EndChange(&tenant);
    // Going on to the next unit costs as much as a ticket.
    prefix = keys::OfAccount(tenant.name(), next, "");
    begin = prefix;
    change.set_next_key(prefix);
    --left;
  }
}

bool PartitionFold::Impl::IsConcerned(Tenant* tenant, const Overlay::TicketSlot& slot) {
  const v1::FanOut& change = state_.change();
  if (!change.mute_id().empty()) {
    const std::vector<std::string> mutes = MutesOf(slot.state);
    return std::find(mutes.begin(), mutes.end(), change.mute_id()) != mutes.end();
  }
  if (change.account().empty()) return true;
  const std::string& account = slot.state.live().facts().account();
  return account == change.account() ||
         (change.units() && tenant->accounts().IsWithin(account, change.account()));
}

void PartitionFold::Impl::CatchUp(Tenant* tenant, Overlay::TicketSlot* slot) {
  if (!state_.has_change() || state_.change().tenant() != tenant->name()) return;
  const v1::FanOut& change = state_.change();
  if (slot->state.changed_by() == MarkOf(change)) return;
  if (!IsByIndex(change) && keys::Ticket(change.tenant(), slot->ticket_id) < change.next_key()) {
    return;  // It had its turn.
  }
  slot->state.set_changed_by(MarkOf(change));
  if (slot->exists && IsConcerned(tenant, *slot)) ChangeTicket(tenant, slot);
}

// Its decisions are the change's, wherever they are made.
bool PartitionFold::Impl::ChangeTicket(Tenant* tenant, Overlay::TicketSlot* slot) {
  v1::FanOut& change = *state_.mutable_change();
  if (++changed_in_turn_ >= kChunkMax) ends_turn_ = true;
  const v1::TicketFacts& facts = slot->state.live().facts();
  const bool over = facts.closed_ms() != 0 || !facts.merged_into().empty();
  if (over && (!IsByHand(change) || slot->state.escalations().empty())) return false;
  if (change.kind() == v1::FanOut::CALENDARS && before_change_ == nullptr) {
    before_change_ = std::make_unique<Tenant::WithCalendars>(*tenant, change.previous_revision());
  }
  RecordSink::Place present = sink_.place();
  const bool own = present.offset == change.offset();
  const int index = own ? std::max(present.index, change.next_index()) : change.next_index();
  sink_.BeginRecord(change.offset(), Instant{change.appended_ms()}, change.event_id(), index);
  sink_.About(tenant->name(), slot->ticket_id, tenant->CurrentPolicy().revision());
  const Instant at{change.at_ms()};
  // What was due before the change is decided as it stood before the change.
  Environment& then = before_change_ != nullptr ? *before_change_ : *tenant;
  const Instant limit = std::min(at - kMillisecond, tenant->Safe());
  TicketFold before(then, tenant->name(), slot->ticket_id, &slot->state, &sink_);
  if (change.kind() == v1::FanOut::STOP && slot->state.escalations().empty() &&
      before.NextMoment() > limit) {
    sink_.Return(present);
    return false;  // Most tickets of a tenant: nothing runs, and nothing is written.
  }
  before.FireUntil(limit);
  TicketFold fold(*tenant, tenant->name(), slot->ticket_id, &slot->state, &sink_);
  if (change.kind() == v1::FanOut::UNMUTE) {
    fold.ReviewMutes(at);
  } else if (change.kind() == v1::FanOut::STOP) {
    fold.StopByHand(change.scope(), {change.by(), change.reason()}, at);
  } else if (before_change_ != nullptr) {
    fold.Rearm(*before_change_, at);
  } else if (change.first_policy()) {
    fold.RefoldAll(at);
  } else {
    fold.Rematch(at, change.kind() == v1::FanOut::ACCOUNT ? "account" : "policy");
  }
  Touch(slot, fold);
  change.set_next_index(sink_.next_index());
  if (own) present.index = change.next_index();
  sink_.Return(present);
  return true;
}

void PartitionFold::Impl::EndChange(Tenant* tenant) {
  const v1::FanOut& change = state_.change();
  if (change.kind() == v1::FanOut::CALENDARS && change.previous_revision() != 0) {
    overlay_.Delete(keys::Calendars(tenant->name(), change.previous_revision()));
  }
  if (state_.has_preceding() && state_.preceding().offset() == change.offset()) {
    state_.mutable_preceding()->set_next_index(change.next_index());
  }
  before_change_.reset();
  state_.clear_change();
}

}  // namespace escalation
