#include "tests/simulation/decided_clocks.h"

#include "state/base/text.h"

namespace escalation::simulation {
namespace {

using State = CycleOutcome::State;

std::string OrNone(Instant t) {
  return t == Instant::Past() || t == Instant::Never() ? "none" : ToText(t);
}

}  // namespace

template <typename Body>
CycleOutcome* DecidedClocks::Find(const v1::Decision& decision, const Body& body) {
  const auto promise = model_.PromiseOf(body.target());
  if (!promise.has_value() || promise->first != body.metric()) {
    problems_.push_back(
        Cat(decision.ticket_id(), ": decision ", decision.id(), " of no promise: ", body.target()));
    return nullptr;
  }
  const CycleKey key{decision.ticket_id(), body.metric(), promise->second, body.cycle()};
  const auto [found, is_new] = clocks_.try_emplace(key);
  const bool starts = decision.has_clock_started();
  if (is_new && !starts) {
    problems_.push_back(
        Cat(ToText(key), ": decision ", decision.id(), " of a clock that did not start"));
  }
  CycleOutcome& outcome = found->second;
  if (starts) {
    // A promise whose target was gone and is back starts once more.
    outcome = {};
    outcome.started = FromProto(decision.at());
  }
  outcome.target = body.target();
  outcome.used = FromProto(body.used());
  outcome.within = FromProto(body.within());
  outcome.since = FromProto(decision.at());
  outcome.due = decision.has_due_at() ? FromProto(decision.due_at()) : Instant::Never();
  return &found->second;
}

void DecidedClocks::Add(const v1::Decision& decision) {
  switch (decision.body_case()) {
    case v1::Decision::kClockStarted:
      Find(decision, decision.clock_started());
      return;
    case v1::Decision::kClockPaused:
      if (CycleOutcome* const clock = Find(decision, decision.clock_paused())) {
        clock->state = State::kPaused;
      }
      return;
    case v1::Decision::kClockResumed:
      if (CycleOutcome* const clock = Find(decision, decision.clock_resumed())) {
        clock->state = State::kRunning;
      }
      return;
    case v1::Decision::kClockWarned:
      Find(decision, decision.clock_warned());
      return;
    case v1::Decision::kClockBreached:
      if (CycleOutcome* const clock = Find(decision, decision.clock_breached())) {
        clock->breached = FromProto(decision.at());
        clock->state = State::kRunning;  // Else it could not be broken.
      }
      return;
    case v1::Decision::kClockMet:
      if (CycleOutcome* const clock = Find(decision, decision.clock_met())) {
        clock->state = State::kMet;
      }
      return;
    case v1::Decision::kClockCancelled:
      if (CycleOutcome* const clock = Find(decision, decision.clock_cancelled())) {
        clock->state = State::kCancelled;
      }
      return;
    case v1::Decision::kClockAmended:
      return Amend(decision, decision.clock_amended());
    case v1::Decision::kBreachRetracted:
      if (CycleOutcome* const clock = Find(decision, decision.breach_retracted())) {
        if (clock->breached == Instant::Past()) {
          problems_.push_back(
              Cat(decision.ticket_id(), ": decision ", decision.id(), " retracts no breach"));
        }
        clock->breached = Instant::Past();
      }
      return;
    default:
      return;
  }
}

void DecidedClocks::Amend(const v1::Decision& decision, const v1::ClockAmended& amended) {
  CycleOutcome* const clock = Find(decision, amended);
  if (clock == nullptr) return;
  if (amended.state() == "running") clock->state = State::kRunning;
  if (amended.state() == "paused") clock->state = State::kPaused;
  if (amended.state() == "met") clock->state = State::kMet;
  if (amended.state() == "cancelled") clock->state = State::kCancelled;
}

std::vector<std::string> DecidedClocks::Differences() const {
  std::vector<std::string> out = problems_;
  const auto& unmodelled = model_.Unmodelled();
  if (unmodelled.contains("")) return out;
  const std::map<CycleKey, CycleOutcome> expected = model_.Expected();
  for (const auto& [key, outcome] : expected) {
    const auto decided = clocks_.find(key);
    if (decided == clocks_.end()) {
      out.push_back(Cat(ToText(key), ": expected ", ToText(outcome.state), " since ",
                        outcome.started, ", nothing was decided"));
    } else {
      Compare(key, outcome, decided->second, &out);
    }
  }
  for (const auto& [key, decided] : clocks_) {
    if (expected.contains(key) || unmodelled.contains(key.ticket_id)) continue;
    // A promise that was taken back unbroken counts for nothing, like one that never was.
    if (decided.state == State::kCancelled && decided.breached == Instant::Past()) continue;
    out.push_back(Cat(ToText(key), ": decided ", ToText(decided.state), ", breached ",
                      OrNone(decided.breached), ", expected no such cycle"));
  }
  return out;
}

void DecidedClocks::Compare(const CycleKey& key, const CycleOutcome& expected,
                            const CycleOutcome& decided, std::vector<std::string>* out) const {
  const auto differ = [&](const char* what, const std::string& want, const std::string& have) {
    if (want != have) out->push_back(Cat(ToText(key), ": ", what, " ", have, ", expected ", want));
  };
  differ("is", ToText(expected.state), ToText(decided.state));
  differ("breached", OrNone(expected.breached), OrNone(decided.breached));
  differ("target", expected.target, decided.target);
  differ("within", ToText(expected.within), ToText(decided.within));
  if (expected.state != decided.state) return;
  if (expected.state != State::kRunning) {
    differ("used", ToText(expected.used), ToText(decided.used));
  } else if (expected.breached == Instant::Past()) {
    differ("due", OrNone(expected.due), OrNone(decided.due));
  }
  // A late event moves a beginning or an end; what is decided then is the time used.
  if (model_.Late().contains(key.ticket_id)) return;
  differ("started", ToText(expected.started), ToText(decided.started));
  if (expected.state != State::kRunning) {
    differ("since", ToText(expected.since), ToText(decided.since));
  }
}

}  // namespace escalation::simulation
