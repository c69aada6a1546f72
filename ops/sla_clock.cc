#include "ops/sla_clock.h"

namespace escalation {
namespace {

// A time during which the clock ran on one calendar.
struct Run {
  Instant from;
  Duration accrued_before;
  Duration accrued;
  const Calendar* calendar;
};

class Clock {
 public:
  explicit Clock(const SlaQuestion& question)
      : start_(question.start),
        at_(question.start),
        target_(question.target),
        calendar_(question.calendar.get()) {}

  // Goes on to `t`, where changes may apply before Judge.
  void RunTo(Instant t) {
    if (state_ == SlaAnswer::State::kRunning && t > at_) {
      const Instant reached = calendar_->Add(at_, target_ - accrued_);
      if (!breach_at_ && reached < t) breach_at_ = reached;
      const Duration open = calendar_->OpenBetween(at_, t);
      runs_.push_back({at_, accrued_, open, calendar_});
      accrued_ = accrued_ + open;
    }
    at_ = t;
  }

  void Apply(const SlaChange& change) {
    switch (change.kind) {
      case SlaChange::Kind::kPause:
        state_ = SlaAnswer::State::kPaused;
        break;
      case SlaChange::Kind::kResume:
        state_ = SlaAnswer::State::kRunning;
        break;
      case SlaChange::Kind::kStop:
        state_ = SlaAnswer::State::kStopped;
        break;
      case SlaChange::Kind::kTarget:
        target_ = change.target;
        break;
      case SlaChange::Kind::kCalendar:
        calendar_ = change.calendar.get();
        break;
    }
  }

  void Judge() {
    const bool exceeded = state_ == SlaAnswer::State::kRunning && accrued_ >= target_;
    if (exceeded && !breach_at_) breach_at_ = at_;
  }

  SlaAnswer Answer() const { return {accrued_, breach_at_, Due(), state_}; }

 private:
  std::optional<Instant> Due() const {
    if (state_ != SlaAnswer::State::kRunning) return std::nullopt;
    if (target_ <= Duration{}) return start_;
    for (const Run& run : runs_) {
      if (run.accrued_before + run.accrued >= target_) {
        return run.calendar->Add(run.from, target_ - run.accrued_before);
      }
    }
    const Instant due = calendar_->Add(at_, target_ - accrued_);
    return due == Instant::Never() ? std::nullopt : std::optional(due);
  }

  Instant start_;
  Instant at_;
  Duration target_;
  const Calendar* calendar_;
  SlaAnswer::State state_ = SlaAnswer::State::kRunning;
  Duration accrued_;
  std::optional<Instant> breach_at_;
  std::vector<Run> runs_;
};

}  // namespace

SlaAnswer AnswerSla(const SlaQuestion& question) {
  Clock clock(question);
  clock.Judge();
  for (size_t i = 0; i < question.changes.size(); ++i) {
    const SlaChange& change = question.changes[i];
    clock.RunTo(change.at);
    clock.Apply(change);
    const bool last_of_moment =
        i + 1 == question.changes.size() || question.changes[i + 1].at != change.at;
    if (last_of_moment) clock.Judge();
  }
  clock.RunTo(question.now);
  clock.Judge();
  return clock.Answer();
}

}  // namespace escalation
