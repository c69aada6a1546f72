// state/ticket/ticket_observers.h
//
// The two ways of listening to a ticket's timeline: deciding at once, and taking notes for a
// comparison.
//
//   Threads     owned by one TicketFold
#pragma once

#include <utility>

#include "state/ticket/clock_decisions.h"
#include "state/ticket/clock_ledger.h"
#include "state/ticket/ticket.h"
#include "state/ticket/timeline.h"

namespace escalation {

// Time goes on: every change is a decision, and escalations follow it.
class TicketFold::LiveObserver : public TimelineObserver {
 public:
  explicit LiveObserver(TicketFold& fold) : fold_(fold) {}

  // An acknowledgement at the pager is being applied: what it ends stops steps only.
  void set_acknowledging(const v1::Event& event) { acknowledging_ = event.has_page_acknowledged(); }

  void OnClock(ClockChange change, const v1::ClockState& clock, Instant at, Instant due,
               const char* detail, int warning) override;
  void OnNote(v1::Decision note, Instant at) override;
  void OnFacts(const PlacedEvent& placed, const FactChange& change,
               const v1::TicketFacts& facts) override;

 private:
  TicketFold& fold_;
  bool acknowledging_ = false;
};

// The past is folded again: clocks go into a ledger; notes and facts of one entry are kept aside.
class TicketFold::RefoldObserver : public TimelineObserver {
 public:
  static constexpr int kAll = -2;
  // `told`: position of the entry whose notes and facts are kept; -1: none. kAll: the notes of all.
  RefoldObserver(const v1::TicketTimeline& base, int told) : told_(told), ledger_(base) {}

  void OnClock(ClockChange change, const v1::ClockState& clock, Instant at, Instant due,
               const char* detail, int warning) override {
    ledger_.Add(change, clock, at, due, detail, warning);
  }
  void OnNote(v1::Decision note, Instant /*at*/) override {
    if (applied_ == told_ || told_ == kAll) notes_.push_back(std::move(note));
  }
  void OnFacts(const PlacedEvent& /*placed*/, const FactChange& change,
               const v1::TicketFacts& /*facts*/) override {
    if (applied_ == told_) change_ = change;
    ++applied_;
  }

  const ClockLedger& ledger() const { return ledger_; }
  std::vector<v1::Decision>& notes() { return notes_; }
  const FactChange& change() const { return change_; }

 private:
  const int told_;
  int applied_ = 0;
  ClockLedger ledger_;
  std::vector<v1::Decision> notes_;
  FactChange change_;
};

// What a difference between two foldings does to the escalations.
class TicketFold::RefoldEffects : public LedgerEffects {
 public:
  // `at`: not before anything that the ticket has seen.
  RefoldEffects(TicketFold& fold, Instant at, bool acknowledging, BreachKind breach)
      : fold_(fold), at_(at), acknowledging_(acknowledging), breach_(breach) {}

  void OnBreach(const v1::ClockState& clock) override {
    if (breach_ == BreachKind::kNow) fold_.TriggerOnClock(ClockChange::kBreached, clock, at_);
  }
  void OnWarning(const v1::ClockState& clock) override {
    if (breach_ == BreachKind::kNow) fold_.TriggerOnClock(ClockChange::kWarned, clock, at_);
  }
  void OnEnd(const v1::ClockState& clock, const char* reason) override {
    fold_.escalations_.OnClockEnded(clock, reason, acknowledging_, at_);
  }

 private:
  TicketFold& fold_;
  const Instant at_;
  const bool acknowledging_;
  const BreachKind breach_;
};

}  // namespace escalation
