// daemon/api/explain_history.h
//
// What happened to every clock of a ticket, as far back as its events are kept: they are folded
// once more, and somebody listens.
//
//   Input       a ticket's committed state and its decoded entries; its tenant's environment
//   Output      per cycle of a clock its changes in order of time, each with the record behind it
//   Invariants  1. folding again changes nothing that is stored
//   Time        that of the kept events
//   Errors      none
//   Threads     stateless; safe everywhere
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "escalation/v1/state.pb.h"
#include "state/base/instant.h"
#include "state/ticket/environment.h"
#include "state/ticket/timeline.h"

namespace escalation {

struct ClockMoment {
  ClockChange change;
  // After the change.
  v1::ClockState clock;
  Instant at;
  Instant due = Instant::Never();
  // Reason of a cancellation or amendment.
  std::string detail;
  int warning = 0;
  // Index in the ticket's entries of the event behind it; -1: time passed.
  int entry = -1;
};

// One cycle of one clock.
struct ClockHistory {
  // As it was before the first event that is kept; state NONE: it began later.
  v1::ClockState before;
  std::vector<ClockMoment> moments;

  const v1::ClockState& latest() const { return moments.empty() ? before : moments.back().clock; }
};

// In order of their beginnings.
std::vector<ClockHistory> FoldHistory(const Environment& environment, const v1::TicketState& ticket,
                                      std::span<const v1::Entry> entries);

// The same cycle of the same clock.
bool SameCycle(const v1::ClockState& a, const v1::ClockState& b);

}  // namespace escalation
