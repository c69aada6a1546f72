// state/ticket/entry_list.h
//
// The events that a ticket keeps, so that a late one can be put in its place.
//
//   Input       events with their places; the bytes in TicketState.entries
//   Output      the same, appended or decoded
//   Invariants  1. entries rise by (at, order of arrival)
//               2. appending touches no earlier entry: most tickets never look back, and do not
//                  pay for it
//   Time        none of its own
//   Errors      nullopt: the stored bytes are damaged
//   Threads     stateless; safe everywhere
//
// TicketState.entries is one string of Entry messages, each after its length as a varint.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "escalation/v1/event.pb.h"
#include "escalation/v1/state.pb.h"
#include "state/base/instant.h"

namespace escalation {

// An event in its place. Borrows the event, of which only actor and body count.
struct PlacedEvent {
  Instant at;
  int64_t offset = 0;
  // Policy in force when it came.
  int64_t policy_revision = 0;
  // A customer message that a public reply had answered already when it came: starts no clock.
  bool starts_nothing = false;
  const v1::Event& event;
  // Whoever is to be told of it was told already.
  bool announced = false;
};

PlacedEvent Placed(const v1::Entry& entry);
// With a copy of what counts of the event.
v1::Entry ToEntry(const PlacedEvent& placed);

// `placed` is not before the last entry.
void AppendEntry(const PlacedEvent& placed, v1::TicketState* state);

std::optional<std::vector<v1::Entry>> DecodeEntries(const v1::TicketState& state);

// Replaces all.
void StoreEntries(std::span<const v1::Entry> entries, v1::TicketState* state);
void ClearEntries(v1::TicketState* state);

}  // namespace escalation
