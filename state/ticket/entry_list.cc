#include "state/ticket/entry_list.h"

#include <google/protobuf/io/coded_stream.h>

#include <string>

#include "state/base/wire.h"

namespace escalation {
namespace {

using google::protobuf::MessageLite;
using v1::Event;
using wire::AppendVarint;
using wire::TagOf;
using wire::VarintBytes;

// A submessage of an Event as its wire format has it, without copying the Event.
struct Part {
  int field;
  const MessageLite* message;
  size_t bytes;

  size_t Size() const { return VarintBytes(TagOf(field)) + VarintBytes(bytes) + bytes; }
  void AppendTo(std::string* out) const {
    AppendVarint(TagOf(field), out);
    AppendVarint(bytes, out);
    message->AppendToString(out);
  }
};

// The kinds of event that matter to clocks; null: another.
const MessageLite* BodyOf(const Event& event) {
  switch (event.body_case()) {
    case Event::kOpened:
      return &event.opened();
    case Event::kMessageAdded:
      return &event.message_added();
    case Event::kStatusChanged:
      return &event.status_changed();
    case Event::kSeverityChanged:
      return &event.severity_changed();
    case Event::kWorkaroundRecorded:
      return &event.workaround_recorded();
    case Event::kAssigned:
      return &event.assigned();
    case Event::kHandoverRequested:
      return &event.handover_requested();
    case Event::kFieldsChanged:
      return &event.fields_changed();
    case Event::kUpdateAgreed:
      return &event.update_agreed();
    case Event::kMerged:
      return &event.merged();
    case Event::kPageAcknowledged:
      return &event.page_acknowledged();
    default:
      return nullptr;
  }
}

void AppendMessage(const v1::Entry& entry, std::string* out) {
  AppendVarint(entry.ByteSizeLong(), out);
  entry.AppendToString(out);
}

v1::Entry HeadOf(const PlacedEvent& placed) {
  v1::Entry head;
  head.set_at_ms(placed.at.ms);
  head.set_offset(placed.offset);
  head.set_policy_revision(placed.policy_revision);
  head.set_starts_nothing(placed.starts_nothing);
  return head;
}

}  // namespace

PlacedEvent Placed(const v1::Entry& entry) {
  return {Instant{entry.at_ms()}, entry.offset(), entry.policy_revision(), entry.starts_nothing(),
          entry.event()};
}

v1::Entry ToEntry(const PlacedEvent& placed) {
  v1::Entry entry = HeadOf(placed);
  Event* const kept = entry.mutable_event();
  *kept = placed.event;
  // The rest of the envelope is the log's and the store key's.
  kept->clear_tenant();
  kept->clear_id();
  kept->clear_origin();
  kept->clear_occurred_at();
  kept->clear_written_at();
  kept->clear_ticket_id();
  return entry;
}

void AppendEntry(const PlacedEvent& placed, v1::TicketState* state) {
  std::string* const out = state->mutable_entries();
  state->set_entry_count(state->entry_count() + 1);
  const MessageLite* const body = BodyOf(placed.event);
  if (body == nullptr) return AppendMessage(ToEntry(placed), out);
  // Written piece by piece: copying the event first would cost more than everything else here.
  const v1::Entry head = HeadOf(placed);
  std::optional<Part> actor;
  if (placed.event.has_actor()) {
    actor = {Event::kActorFieldNumber, &placed.event.actor(), placed.event.actor().ByteSizeLong()};
  }
  const Part what{static_cast<int>(placed.event.body_case()), body, body->ByteSizeLong()};
  const size_t event_bytes = (actor ? actor->Size() : 0) + what.Size();
  const uint64_t tag = TagOf(v1::Entry::kEventFieldNumber);
  AppendVarint(head.ByteSizeLong() + VarintBytes(tag) + VarintBytes(event_bytes) + event_bytes,
               out);
  head.AppendToString(out);
  AppendVarint(tag, out);
  AppendVarint(event_bytes, out);
  if (actor) actor->AppendTo(out);
  what.AppendTo(out);
}

std::optional<std::vector<v1::Entry>> DecodeEntries(const v1::TicketState& state) {
  std::vector<v1::Entry> entries;
  google::protobuf::io::CodedInputStream in(
      reinterpret_cast<const uint8_t*>(state.entries().data()),
      static_cast<int>(state.entries().size()));
  while (in.CurrentPosition() < static_cast<int>(state.entries().size())) {
    int bytes = 0;
    if (!in.ReadVarintSizeAsInt(&bytes)) return std::nullopt;
    const auto limit = in.PushLimit(bytes);
    if (in.BytesUntilLimit() != bytes || !entries.emplace_back().ParseFromCodedStream(&in) ||
        in.BytesUntilLimit() != 0) {
      return std::nullopt;
    }
    in.PopLimit(limit);
  }
  if (entries.size() != static_cast<size_t>(state.entry_count())) return std::nullopt;
  return entries;
}

void StoreEntries(std::span<const v1::Entry> entries, v1::TicketState* state) {
  ClearEntries(state);
  for (const v1::Entry& entry : entries) AppendMessage(entry, state->mutable_entries());
  state->set_entry_count(static_cast<int>(entries.size()));
}

void ClearEntries(v1::TicketState* state) {
  state->clear_entries();
  state->clear_entry_count();
}

}  // namespace escalation
