#include "state/ticket/entry_list.h"

#include <google/protobuf/io/coded_stream.h>

#include <string>

#include "state/base/wire.h"
#include "state/base/wire_writer.h"

namespace escalation {
namespace {

using google::protobuf::MessageLite;
using v1::Event;
using wire::AppendVarint;

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

}  // namespace

PlacedEvent Placed(const v1::Entry& entry) {
  return {Instant{entry.at_ms()}, entry.offset(), entry.policy_revision(), entry.starts_nothing(),
          entry.event()};
}

v1::Entry ToEntry(const PlacedEvent& placed) {
  v1::Entry entry;
  entry.set_at_ms(placed.at.ms);
  entry.set_offset(placed.offset);
  entry.set_policy_revision(placed.policy_revision);
  entry.set_starts_nothing(placed.starts_nothing);
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
  thread_local WireWriter wire;
  wire.Clear();
  wire.Number<v1::Entry::kAtMsFieldNumber>(placed.at.ms);
  wire.Number<v1::Entry::kOffsetFieldNumber>(placed.offset);
  wire.Number<v1::Entry::kPolicyRevisionFieldNumber>(placed.policy_revision);
  wire.Number<v1::Entry::kStartsNothingFieldNumber>(placed.starts_nothing);
  wire.Message<v1::Entry::kEventFieldNumber>([&] {
    if (placed.event.has_actor()) wire.Message(Event::kActorFieldNumber, placed.event.actor());
    wire.Message(static_cast<int>(placed.event.body_case()), *body);
  });
  AppendVarint(wire.bytes().size(), out);
  out->append(wire.bytes());
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
