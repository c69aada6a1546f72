// tests/simulation/reference_player.h
//
// Plays the events of one ticket from the beginning, in order of the moments at which they
// happened.
//
//   Input       the promises; the ticket's events in order of arrival
//   Output      every cycle of every promise, as it stands at the end
//   Invariants  1. a due moment is judged after every event of the same instant
//   Time        that of the events
//   Errors      none: the model takes only what the player knows
//   Threads     stateless; safe everywhere
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "escalation/v1/event.pb.h"
#include "escalation/v1/policy.pb.h"
#include "state/base/instant.h"
#include "tests/simulation/reference_calendar.h"

namespace escalation::simulation {

// One cycle of one promise on one ticket.
struct CycleKey {
  std::string ticket_id;
  std::string metric;
  std::string set;
  int cycle = 1;
  friend auto operator<=>(const CycleKey&, const CycleKey&) = default;
};
// "T-1 engagement/internal #1"
std::string ToText(const CycleKey& key);

struct CycleOutcome {
  enum class State { kRunning, kPaused, kMet, kCancelled };
  State state = State::kRunning;
  std::string target;
  Instant started;
  // Past: it was not broken.
  Instant breached = Instant::Past();
  // Open time used until `since`.
  Duration used;
  Duration within;
  // Running: counted from here on. Else: since when it is as it is.
  Instant since;
  // Running and not broken; else Never.
  Instant due = Instant::Never();
};
const char* ToText(CycleOutcome::State state);

// A target of the plan, with what it is measured on.
struct ReferencePromise {
  v1::Target target;
  // Metric::Fact, lasting ones.
  std::set<int> pauses;
  const ReferenceCalendar* calendar = nullptr;
};

// An event of a ticket, put in its place in time.
struct ReferenceEntry {
  Instant at;
  v1::Event event;
  // A customer's message that a public reply had answered already when it came.
  bool starts_nothing = false;
};

// `entries` in order of arrival; due moments up to and at `fired_until` are decided, and those
// before the ticket's latest event.
std::map<CycleKey, CycleOutcome> PlayTicket(const std::string& ticket_id, const v1::Policy& policy,
                                            const std::vector<ReferencePromise>& promises,
                                            std::vector<ReferenceEntry> entries,
                                            Instant fired_until);

}  // namespace escalation::simulation
