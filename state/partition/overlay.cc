#include "state/partition/overlay.h"

#include <algorithm>

#include "state/base/text.h"
#include "state/partition/keys.h"

namespace escalation {

std::optional<std::string> Overlay::Get(const std::string& key) {
  const auto written = writes_.find(key);
  if (written != writes_.end()) return written->second;
  absl::StatusOr<std::optional<std::string>> value = reader_.Get(key);
  if (value.ok()) return *std::move(value);
  Fail(value.status());
  return std::nullopt;
}

void Overlay::Decode(TicketSlot* slot, const std::optional<std::string>& value) {
  if (!value.has_value()) return;
  slot->exists = slot->state.ParseFromString(*value);
  if (!slot->exists) {
    Fail(absl::DataLossError(Cat("ticket ", slot->tenant, "/", slot->ticket_id,
                                 ": stored state of ", value->size(), " bytes cannot be decoded")));
  }
}

Overlay::TicketSlot& Overlay::Insert(const std::string& key, std::string_view tenant,
                                     std::string_view ticket_id) {
  auto slot = std::make_unique<TicketSlot>();
  slot->tenant = tenant;
  slot->ticket_id = ticket_id;
  recency_.push_front(key);
  slot->recency = recency_.begin();
  return *(tickets_[key] = std::move(slot));
}

void Overlay::Prefetch(std::vector<std::string> keys) {
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  std::erase_if(keys, [&](const std::string& key) { return tickets_.contains(key); });
  if (keys.empty()) return;
  std::vector<std::optional<std::string>> values;
  if (absl::Status status = reader_.MultiGet(keys, &values); !status.ok()) {
    Fail(std::move(status));
    return;
  }
  for (size_t i = 0; i < keys.size(); ++i) {
    const std::optional<keys::WakeUpKey> names = keys::ParseTicket(keys[i]);
    Decode(&Insert(keys[i], names->tenant, names->ticket_id), values[i]);
  }
}

Overlay::TicketSlot& Overlay::Ticket(std::string_view tenant, std::string_view ticket_id) {
  const std::string key = keys::Ticket(tenant, ticket_id);
  const auto cached = tickets_.find(key);
  if (cached != tickets_.end()) {
    recency_.splice(recency_.begin(), recency_, cached->second->recency);
    return *cached->second;
  }
  absl::StatusOr<std::optional<std::string>> value = reader_.Get(key);
  if (!value.ok()) Fail(value.status());
  TicketSlot& slot = Insert(key, tenant, ticket_id);
  if (value.ok()) Decode(&slot, *value);
  return slot;
}

void Overlay::MarkDirty(TicketSlot* slot) {
  if (slot->dirty) return;
  slot->dirty = true;
  dirty_.push_back(slot);
}

void Overlay::Forget(TicketSlot* slot) {
  // Only what WriteTicket needs to remove its traces stays.
  v1::TicketState traces;
  traces.set_wake_ms(slot->state.wake_ms());
  traces.set_indexed_account(slot->state.indexed_account());
  slot->state = std::move(traces);
  slot->exists = false;
  MarkDirty(slot);
}

void Overlay::WriteTicket(const std::string& key, TicketSlot* slot, Instant cursor) {
  v1::TicketState& state = slot->state;
  const std::string& account = state.live().facts().account();
  const bool indexed = slot->exists && !account.empty();
  if (!state.indexed_account().empty() && (!indexed || state.indexed_account() != account)) {
    Delete(keys::OfAccount(slot->tenant, state.indexed_account(), slot->ticket_id));
    state.clear_indexed_account();
  }
  if (indexed && state.indexed_account().empty()) {
    Put(keys::OfAccount(slot->tenant, account, slot->ticket_id), "");
    state.set_indexed_account(account);
  }
  const bool waits = slot->exists && slot->next != Instant::Never();
  const int64_t wake_ms = waits ? std::max(slot->next.ms, cursor.ms + 1) : 0;
  if (state.wake_ms() != wake_ms) {
    if (state.wake_ms() != 0) {
      Delete(keys::WakeUp(Instant{state.wake_ms()}, slot->tenant, slot->ticket_id));
    }
    if (wake_ms != 0) Put(keys::WakeUp(Instant{wake_ms}, slot->tenant, slot->ticket_id), "");
    state.set_wake_ms(wake_ms);
  }
  if (slot->exists) {
    Put(key, state.SerializeAsString());
  } else {
    Delete(key);
    state.Clear();
  }
}

std::vector<Write> Overlay::Take(Instant cursor) {
  for (TicketSlot* const slot : dirty_) {
    WriteTicket(keys::Ticket(slot->tenant, slot->ticket_id), slot, cursor);
    slot->dirty = false;
  }
  dirty_.clear();
  std::vector<Write> writes;
  writes.reserve(writes_.size());
  for (auto& [key, value] : writes_) writes.push_back({key, std::move(value)});
  writes_.clear();
  std::sort(writes.begin(), writes.end(),
            [](const Write& a, const Write& b) { return a.key < b.key; });
  Evict();
  return writes;
}

void Overlay::Evict() {
  while (tickets_.size() > tickets_max_) {
    tickets_.erase(recency_.back());
    recency_.pop_back();
  }
}

}  // namespace escalation
