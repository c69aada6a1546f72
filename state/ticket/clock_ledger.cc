#include "state/ticket/clock_ledger.h"

#include <algorithm>

#include "state/ticket/clock.h"

namespace escalation {
namespace {

using v1::ClockState;

bool SameCycle(const ClockState& a, const ClockState& b) {
  return a.lane() == b.lane() && a.cycle() == b.cycle() && a.metric() == b.metric() &&
         a.set() == b.set();
}

// Nothing that a decision tells of the clock differs, but for its due moment.
bool SameTerms(const ClockState& a, const ClockState& b) {
  return a.state() == b.state() && a.within_ms() == b.within_ms() && a.target() == b.target() &&
         (b.state() == ClockState::RUNNING || a.accrued_ms() == b.accrued_ms());
}

ClockChange EndOf(const ClockState& clock) {
  if (clock.state() == ClockState::MET) return ClockChange::kMet;
  if (clock.state() == ClockState::EXPIRED) return ClockChange::kExpired;
  return ClockChange::kCancelled;
}

class Difference {
 public:
  Difference(const Environment& environment, Instant at, BreachKind breach, DecisionSink* sink,
             LedgerEffects* effects)
      : environment_(environment), at_(at), breach_(breach), sink_(*sink), effects_(*effects) {}

  void Appeared(const LedgerLine& line) {
    ClockState started = line.clock;
    started.set_state(ClockState::RUNNING);
    started.set_since_ms(started.started_ms());
    started.set_accrued_ms(0);
    started.set_paused_ms(0);
    started.clear_breached_ms();
    started.clear_warned();
    Decide(ClockChange::kStarted, started, Instant{line.clock.started_ms()}, line.due, "", 0);
    LedgerLine nothing;
    nothing.clock = started;
    Changed(nothing, line);
  }

  void Vanished(const LedgerLine& line) {
    if (line.clock.breached_ms() != 0) Retract(line, line.clock);
    if (line.clock.state() == ClockState::CANCELLED) return;
    // Also a cycle that was met: it never was, and who counts promises must hear of it.
    ClockState cancelled = line.clock;
    cancelled.set_state(ClockState::CANCELLED);
    Decide(ClockChange::kCancelled, cancelled, std::max(at_, Instant{cancelled.since_ms()}),
           Instant::Never(), "late_event", 0);
    if (IsOpen(line.clock)) effects_.OnEnd(cancelled, "clock_cancelled");
  }

  void Changed(const LedgerLine& before, const LedgerLine& after) {
    const ClockState& was = before.clock;
    const ClockState& is = after.clock;
    const bool told = DecideBreach(before, after);
    if (was.warned() < is.warned() && is.breached_ms() == 0 && after.warning >= 0) {
      Decide(ClockChange::kWarned, after.warned, after.warned_at, after.due, "", after.warning);
      if (IsOpen(is)) effects_.OnWarning(is);
    }
    if (IsOpen(was) && !IsOpen(is)) {
      Decide(EndOf(is), is, Instant{is.since_ms()}, after.due, after.end_detail.c_str(), 0);
      effects_.OnEnd(is, is.state() == ClockState::MET ? "clock_met" : "clock_cancelled");
      return;
    }
    const bool known =
        told ? SameTerms(after.breached, is) : was.due_ms() == is.due_ms() && SameTerms(was, is);
    if (known) return;
    const Instant due = is.due_ms() == 0 ? Instant::Never() : Instant{is.due_ms()};
    Decide(ClockChange::kAmended, is, std::max(at_, Instant{is.since_ms()}), due, "late_event", 0);
  }

 private:
  // True: a decision told what the clock was when it broke.
  bool DecideBreach(const LedgerLine& before, const LedgerLine& after) {
    const ClockState& is = after.clock;
    if (before.clock.breached_ms() == is.breached_ms()) return false;
    if (before.clock.breached_ms() != 0) Retract(before, is);
    if (is.breached_ms() == 0) return false;
    const Instant breached{is.breached_ms()};
    Decide(ClockChange::kBreached, after.breached, breached, breached, "", 0);
    if (IsOpen(is)) effects_.OnBreach(is);
    return true;
  }

  void Retract(const LedgerLine& before, const ClockState& is) {
    // It names the promise that was said to be broken, and what was really used.
    ClockState retracted = before.breached;
    retracted.set_state(is.state());
    retracted.set_accrued_ms(is.accrued_ms());
    retracted.set_since_ms(is.since_ms());
    DecideRetraction(environment_, retracted, at_, Instant{before.clock.breached_ms()}, &sink_);
    effects_.OnEnd(before.clock, "breach_retracted");
  }

  void Decide(ClockChange change, const ClockState& clock, Instant at, Instant due,
              const char* detail, int warning) {
    DecideClock(environment_, change, clock, at, due, detail, warning, breach_, &sink_);
  }

  const Environment& environment_;
  const Instant at_;
  const BreachKind breach_;
  DecisionSink& sink_;
  LedgerEffects& effects_;
};

}  // namespace

ClockLedger::ClockLedger(const v1::TicketTimeline& base) {
  for (const ClockState& clock : base.clocks()) {
    LedgerLine& line = lines_.emplace_back();
    line.clock = clock;
    line.breached = clock;
    line.warned = clock;
    if (clock.due_ms() != 0) line.due = Instant{clock.due_ms()};
  }
}

void ClockLedger::Add(ClockChange change, const ClockState& clock, Instant at, Instant due,
                      const char* detail, int warning) {
  LedgerLine* line = nullptr;
  for (LedgerLine& known : lines_) {
    if (SameCycle(known.clock, clock)) line = &known;
  }
  if (line == nullptr) line = &lines_.emplace_back();
  line->clock = clock;
  if (due != Instant::Never()) line->due = due;
  if (change == ClockChange::kBreached) line->breached = clock;
  if (change == ClockChange::kWarned) {
    line->warned = clock;
    line->warned_at = at;
    line->warning = warning;
  }
  if (change == ClockChange::kCancelled) line->end_detail = detail;
}

const LedgerLine* ClockLedger::Find(const ClockState& clock) const {
  for (const LedgerLine& line : lines_) {
    if (SameCycle(line.clock, clock)) return &line;
  }
  return nullptr;
}

void DecideDifference(const Environment& environment, const ClockLedger& before,
                      const ClockLedger& after, Instant at, BreachKind breach, DecisionSink* sink,
                      LedgerEffects* effects) {
  Difference difference(environment, at, breach, sink, effects);
  for (const LedgerLine& line : before.lines()) {
    if (after.Find(line.clock) == nullptr) difference.Vanished(line);
  }
  for (const LedgerLine& line : after.lines()) {
    if (const LedgerLine* const old = before.Find(line.clock)) {
      difference.Changed(*old, line);
    } else {
      difference.Appeared(line);
    }
  }
}

}  // namespace escalation
