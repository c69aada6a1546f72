// state/ticket/clock_ledger.h
//
// What became of every cycle of every clock in one folding of a ticket's entries, and the
// difference between two foldings: what a late event changes.
//
//   Input       the changes that a timeline tells
//   Output      per (metric, set, lane, cycle) the clock at its end; the differences as decisions
//   Invariants  1. a decided breach is answered by BreachRetracted, never taken back silently
//   Threads     one owner
#pragma once

#include <string>
#include <vector>

#include "escalation/v1/state.pb.h"
#include "state/ticket/clock_decisions.h"
#include "state/ticket/decision_sink.h"
#include "state/ticket/environment.h"
#include "state/ticket/timeline.h"

namespace escalation {

// The history of one cycle of one clock.
struct LedgerLine {
  // As it was at its end, or is now.
  v1::ClockState clock;
  // As it was when it was breached and when it was last warned: a later severity may have given it
  // another target.
  v1::ClockState breached;
  v1::ClockState warned;
  Instant warned_at = Instant::Never();
  int warning = -1;
  // Latest due moment.
  Instant due = Instant::Never();
  std::string end_detail;
};

class ClockLedger {
 public:
  // The clocks that were there before the first entry.
  explicit ClockLedger(const v1::TicketTimeline& base);

  void Add(ClockChange change, const v1::ClockState& clock, Instant at, Instant due,
           const char* detail, int warning);

  const std::vector<LedgerLine>& lines() const { return lines_; }
  const LedgerLine* Find(const v1::ClockState& clock) const;

 private:
  std::vector<LedgerLine> lines_;
};

// What a difference asks of the escalations.
class LedgerEffects {
 public:
  virtual ~LedgerEffects() = default;
  virtual void OnBreach(const v1::ClockState& clock) = 0;
  virtual void OnWarning(const v1::ClockState& clock) = 0;
  virtual void OnEnd(const v1::ClockState& clock, const char* reason) = 0;
};

// Decides what `after` changes of `before`, at `at`, the time of the late event.
void DecideDifference(const Environment& environment, const ClockLedger& before,
                      const ClockLedger& after, Instant at, BreachKind breach, DecisionSink* sink,
                      LedgerEffects* effects);

}  // namespace escalation
