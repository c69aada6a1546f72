// state/ticket/ticket.h
//
// The fold of one ticket: puts events in their place, fires due moments, and lets the escalations
// follow.
//
//   Input       events with their instants; limits up to which due moments fire
//   Output      the ticket's state after; decisions
//   Invariants  1. a ticket is never behind its own events: due moments before an event fire
//                  before it, with their own time
//               2. a late event gives the same clocks as if it had come in time, and decisions
//                  that answer what was decided meanwhile
//               3. clocks can be folded again; escalations only go forward
//               4. at most kEntriesMax events are kept for folding again; an older event is
//                  applied at the beginning of these, flagged
//   Time        enters as arguments only
//   Errors      none
//   Threads     one fold, one thread
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "escalation/v1/event.pb.h"
#include "escalation/v1/state.pb.h"
#include "state/base/instant.h"
#include "state/ticket/decision_sink.h"
#include "state/ticket/entry_list.h"
#include "state/ticket/environment.h"
#include "state/ticket/escalation.h"
#include "state/ticket/timeline.h"

namespace escalation {

inline constexpr int kEntriesMax = 64;

// Something beside pages by hand was told of it.
inline bool IsKnown(const v1::TicketState& state) {
  return state.live().facts().opened_ms() != 0 || state.entry_count() > 0 || state.has_base();
}

class TicketFold {
 public:
  // Borrows all.
  TicketFold(Environment& environment, std::string_view tenant, std::string_view ticket_id,
             v1::TicketState* state, DecisionSink* sink);

  // A record about this ticket: what it says holds from `at`; `arrived` is the log's time of it.
  void Apply(const v1::Event& event, int64_t offset, Instant at, Instant arrived);
  // Fires every due moment up to and at `limit`.
  void FireUntil(Instant limit);

  // Calendars changed at `at`: what is used until then counts by `before`.
  void Rearm(const Environment& before, Instant at);
  // The account or the policy changed at `at`; `reason` is account or policy.
  void Rematch(Instant at, const char* reason);
  // The ticket's first policy came: everything that is kept is folded under it.
  void RefoldAll(Instant at);
  // An authorized contact's ticket was merged into it at `at`: it is as good as confirmed, and what
  // it promises begins there. False: nobody had doubted it.
  bool Confirm(Instant at, int64_t offset, Instant arrived);
  // Takes over what a merged ticket owes: a customer's message that waits since `since`.
  void Inherit(Instant since, int64_t offset, Instant arrived);

  // A person stops what the scope covers. MUST be called after what was due before it has fired.
  void StopByHand(const v1::Scope& scope, const ByHand& hand, Instant at);
  // What wakes people now rests.
  void Snooze(const v1::MuteState& snooze, Instant at);
  // Mutes changed.
  void ReviewMutes(Instant at);

  // When the ticket needs folding next: a due moment, a step, or being forgotten. Never: nothing is
  // due.
  Instant NextMoment() const;
  // When the ticket may be forgotten; Never: it lives.
  Instant ForgetMoment() const;

 private:
  class LiveObserver;
  class RefoldObserver;
  class RefoldEffects;

  bool IsLate(Instant at) const;
  void StopAsAsked(const v1::Event& event, Instant at);
  void Place(const PlacedEvent& placed, Instant arrived);
  void ApplyInTime(const PlacedEvent& placed);
  void Refold(const PlacedEvent& placed, Instant arrived);
  // The kept entries. Damaged ones are reported, and none are given.
  std::vector<v1::Entry> Entries();
  // Folds the entries from the base.
  v1::TicketTimeline Run(std::span<const v1::Entry> entries, int64_t fire_until_ms,
                         RefoldObserver* observer) const;
  void FireBoth(Instant limit);
  PlacedEvent NothingHappened(Instant at) const;
  // Folds the oldest of too many entries into the base.
  void Compact();
  void ForgetPast();
  void Observe(const v1::Event& event, int64_t offset, Instant at);
  void TriggerOnFacts(const PlacedEvent& placed, const FactChange& change, Instant at);
  const char* TriggerReason(const CompiledPolicy& policy, const v1::Trigger& trigger,
                            const PlacedEvent& placed, const FactChange& change);
  void AnnounceFacts(const PlacedEvent& placed, const FactChange& change, Instant at);
  void TriggerOnClock(ClockChange change, const v1::ClockState& clock, Instant at);

  Environment& environment_;
  const std::string_view tenant_;
  const std::string_view ticket_id_;
  v1::TicketState& state_;
  DecisionSink& sink_;
  EscalationMachine escalations_;
};

}  // namespace escalation
