#include "state/partition/overlay.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"
#include "state/base/text.h"
#include "state/partition/keys.h"
#include "state/ticket/escalation.h"
#include "state/ticket/ticket_encoding.h"

namespace escalation {
namespace {

// Merges are followed that far.
constexpr int kAliasesMax = 16;

}  // namespace

std::optional<std::string> Overlay::Get(const std::string& key) {
  const auto written = writes_.find(key);
  if (written != writes_.end()) return written->second;
  absl::StatusOr<std::optional<std::string>> value = reader_.Get(key);
  if (value.ok()) return *std::move(value);
  Fail(value.status());
  return std::nullopt;
}

void Overlay::AppendToOutbox(uint64_t seq, std::string value) {
  if (outbox_.empty()) outbox_first_ = seq;
  outbox_.push_back(std::move(value));
}

std::optional<std::string> Overlay::GetFromOutbox(uint64_t seq) {
  if (!outbox_.empty() && seq >= outbox_first_) return outbox_[seq - outbox_first_];
  if (seq <= trimmed_.last) return std::nullopt;
  return Get(keys::Outbox(seq));
}

void Overlay::TrimOutbox(uint64_t from, uint64_t through) {
  for (uint64_t seq = from; seq <= through; ++seq) {
    if (outbox_.empty() || seq < outbox_first_) {
      if (trimmed_.first == 0) trimmed_.first = seq;
      trimmed_.last = seq;
    } else {
      outbox_.pop_front();
      ++outbox_first_;
    }
  }
}

void Overlay::Decode(TicketSlot* slot, const std::optional<std::string>& value) {
  if (!value.has_value()) return;
  slot->exists = slot->state.ParseFromString(*value);
  if (!slot->exists) {
    Fail(absl::DataLossError(Cat("ticket ", slot->tenant, "/", slot->ticket_id,
                                 ": stored state of ", value->size(), " bytes cannot be decoded")));
  }
}

size_t Overlay::TicketHash::operator()(const TicketName& name) const {
  const auto view = [](std::string_view text) {
    return absl::string_view(text.data(), text.size());
  };
  return absl::HashOf(view(name.tenant), view(name.ticket_id));
}

Overlay::TicketSlot& Overlay::Insert(std::string_view tenant, std::string_view ticket_id) {
  auto slot = std::make_unique<TicketSlot>();
  slot->tenant = tenant;
  slot->ticket_id = ticket_id;
  evictable_.push_back(slot.get());
  return **tickets_.insert(std::move(slot)).first;
}

Overlay::TicketSlot* Overlay::FindTicket(std::string_view tenant, std::string_view ticket_id) {
  const auto found = tickets_.find(TicketName{tenant, ticket_id});
  if (found == tickets_.end()) return nullptr;
  (*found)->recent = true;
  return found->get();
}

void Overlay::Prefetch(std::vector<std::string> keys) {
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  std::erase_if(keys, [&](const std::string& key) {
    const std::optional<keys::WakeUpKey> names = keys::ParseTicket(key);
    return FindTicket(names->tenant, names->ticket_id) != nullptr;
  });
  if (keys.empty()) return;
  std::vector<std::optional<std::string>> values;
  if (absl::Status status = reader_.MultiGet(keys, &values); !status.ok()) {
    Fail(std::move(status));
    return;
  }
  for (size_t i = 0; i < keys.size(); ++i) {
    const std::optional<keys::WakeUpKey> names = keys::ParseTicket(keys[i]);
    Decode(&Insert(names->tenant, names->ticket_id), values[i]);
  }
}

Overlay::TicketSlot& Overlay::Ticket(std::string_view tenant, std::string_view ticket_id) {
  if (TicketSlot* const cached = FindTicket(tenant, ticket_id)) return *cached;
  absl::StatusOr<std::optional<std::string>> value = reader_.Get(keys::Ticket(tenant, ticket_id));
  if (!value.ok()) Fail(value.status());
  TicketSlot& slot = Insert(tenant, ticket_id);
  if (value.ok()) Decode(&slot, *value);
  return slot;
}

Overlay::TicketSlot& Overlay::LivingTicket(TicketSlot* slot) {
  for (int i = 0; i < kAliasesMax && !slot->state.live().facts().merged_into().empty(); ++i) {
    slot = &Ticket(slot->tenant, slot->state.live().facts().merged_into());
  }
  return *slot;
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
  *traces.mutable_waits_for() = slot->state.waits_for();
  slot->state = std::move(traces);
  slot->exists = false;
  MarkDirty(slot);
}

void Overlay::IndexMutes(TicketSlot* slot, std::vector<Write>* writes) {
  v1::TicketState& state = slot->state;
  const std::vector<std::string> mutes = MutesOf(state);
  const auto key = [&](const std::string& mute_id) {
    return keys::Muted(slot->tenant, mute_id, slot->ticket_id);
  };
  const auto holds = [](const auto& list, const std::string& mute_id) {
    return std::find(list.begin(), list.end(), mute_id) != list.end();
  };
  for (const std::string& mute_id : state.waits_for()) {
    if (!holds(mutes, mute_id)) writes->push_back({key(mute_id), std::nullopt});
  }
  for (const std::string& mute_id : mutes) {
    if (!holds(state.waits_for(), mute_id)) writes->push_back({key(mute_id), ""});
  }
  state.mutable_waits_for()->Assign(mutes.begin(), mutes.end());
}

void Overlay::WriteTicket(TicketSlot* slot, Instant cursor, std::vector<Write>* writes) {
  v1::TicketState& state = slot->state;
  const auto put = [&](std::string key) { writes->push_back({std::move(key), ""}); };
  const auto remove = [&](std::string key) { writes->push_back({std::move(key), std::nullopt}); };
  const std::string& account = state.live().facts().account();
  const bool indexed = slot->exists && !account.empty();
  if (!state.indexed_account().empty() && (!indexed || state.indexed_account() != account)) {
    remove(keys::OfAccount(slot->tenant, state.indexed_account(), slot->ticket_id));
    state.clear_indexed_account();
  }
  if (indexed && state.indexed_account().empty()) {
    put(keys::OfAccount(slot->tenant, account, slot->ticket_id));
    state.set_indexed_account(account);
  }
  if (state.escalations_size() > 0 || state.waits_for_size() > 0) IndexMutes(slot, writes);
  const bool waits = slot->exists && slot->next != Instant::Never();
  const int64_t wake_ms = waits ? std::max(slot->next.ms, cursor.ms + 1) : 0;
  if (state.wake_ms() != wake_ms) {
    if (state.wake_ms() != 0) {
      remove(keys::WakeUp(Instant{state.wake_ms()}, slot->tenant, slot->ticket_id));
    }
    if (wake_ms != 0) put(keys::WakeUp(Instant{wake_ms}, slot->tenant, slot->ticket_id));
    state.set_wake_ms(wake_ms);
  }
  std::string key = keys::Ticket(slot->tenant, slot->ticket_id);
  if (slot->exists) {
    wire_.Clear();
    EncodeTicket(state, &wire_);
    writes->push_back({std::move(key), std::string(wire_.bytes())});
  } else {
    remove(std::move(key));
    state.Clear();
  }
}

// Sorted already, and next to each other.
void Overlay::AddOutbox(std::vector<Write>* writes) {
  std::vector<Write> outbox;
  outbox.reserve(outbox_.size() + (trimmed_.first == 0 ? 0 : trimmed_.last - trimmed_.first + 1));
  if (trimmed_.first != 0) {
    for (uint64_t seq = trimmed_.first; seq <= trimmed_.last; ++seq) {
      outbox.push_back({keys::Outbox(seq), std::nullopt, /*written_once=*/true});
    }
  }
  for (std::string& value : outbox_) {
    outbox.push_back({keys::Outbox(outbox_first_++), std::move(value)});
  }
  outbox_.clear();
  trimmed_ = {};
  if (outbox.empty()) return;
  const auto place = std::lower_bound(writes->begin(), writes->end(), outbox.front(),
                                      [](const Write& a, const Write& b) { return a.key < b.key; });
  writes->insert(place, std::make_move_iterator(outbox.begin()),
                 std::make_move_iterator(outbox.end()));
}

std::vector<Write> Overlay::Take(Instant cursor) {
  std::vector<Write> writes;
  writes.reserve(writes_.size() + 4 * dirty_.size());
  for (auto& [key, value] : writes_) writes.push_back({key, std::move(value)});
  writes_.clear();
  // A ticket's keys are its own: each is written once.
  for (TicketSlot* const slot : dirty_) {
    WriteTicket(slot, cursor, &writes);
    slot->dirty = false;
  }
  dirty_.clear();
  std::sort(writes.begin(), writes.end(),
            [](const Write& a, const Write& b) { return a.key < b.key; });
  AddOutbox(&writes);
  Evict();
  return writes;
}

void Overlay::Evict() {
  while (tickets_.size() > tickets_max_) {
    TicketSlot* const oldest = evictable_.front();
    evictable_.pop_front();
    if (std::exchange(oldest->recent, false)) {
      evictable_.push_back(oldest);
    } else {
      tickets_.erase(tickets_.find(TicketName{oldest->tenant, oldest->ticket_id}));
    }
  }
}

}  // namespace escalation
