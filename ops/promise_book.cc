#include "ops/promise_book.h"

#include <algorithm>
#include <cstdio>

#include "state/base/text.h"

namespace escalation {
namespace {

// "gold" of "plans.gold.targets[1]"
std::string PlanOf(std::string_view rule) {
  constexpr std::string_view kBegin = "plans.";
  const size_t end = rule.rfind(".targets[");
  if (!rule.starts_with(kBegin) || end == std::string_view::npos || end < kBegin.size()) return "";
  return std::string(rule.substr(kBegin.size(), end - kBegin.size()));
}

void Count(PromiseOutcome outcome, PromiseCounts* counts) {
  if (outcome == PromiseOutcome::kMet) ++counts->met;
  if (outcome == PromiseOutcome::kBreached) ++counts->breached;
  if (outcome == PromiseOutcome::kExcused) ++counts->excused;
}

}  // namespace

// The clock of a decision; empty metric: the decision is about none.
struct PromiseBook::Said {
  std::string metric;
  std::string target;
  int32_t cycle = 0;
  std::string reason;

  template <typename Clock>
  static Said Of(const Clock& clock) {
    return {clock.metric(), clock.target(), clock.cycle(), ""};
  }

  static Said Of(const v1::Decision& decision) {
    switch (decision.body_case()) {
      case v1::Decision::kClockStarted:
        return Of(decision.clock_started());
      case v1::Decision::kClockResumed:
        return Of(decision.clock_resumed());
      case v1::Decision::kClockBreached:
        return Of(decision.clock_breached());
      case v1::Decision::kClockMet:
        return Of(decision.clock_met());
      case v1::Decision::kBreachRetracted:
        return Of(decision.breach_retracted());
      case v1::Decision::kClockCancelled: {
        Said said = Of(decision.clock_cancelled());
        said.reason = decision.clock_cancelled().reason();
        return said;
      }
      case v1::Decision::kClockAmended: {
        Said said = Of(decision.clock_amended());
        said.reason = decision.clock_amended().reason();
        return said;
      }
      default:
        return {};
    }
  }
};

std::string_view ToWord(PromiseOutcome outcome) {
  switch (outcome) {
    case PromiseOutcome::kMet:
      return "met";
    case PromiseOutcome::kBreached:
      return "breached";
    case PromiseOutcome::kExcused:
      return "excused";
    case PromiseOutcome::kNothing:
      return "nothing";
    case PromiseOutcome::kOpen:
      break;
  }
  return "open";
}

int64_t Attainment(const PromiseCounts& counts) {
  const int64_t due = counts.met + counts.breached;
  return due == 0 ? -1 : counts.met * 10'000 / due;
}

std::string MonthOf(Instant at, const Zone& zone) {
  const CivilDay day = CivilFromDays(zone.LocalDay(at));
  char text[16];
  std::snprintf(text, sizeof(text), "%04d-%02d", day.year, day.month);
  return text;
}

Promise* PromiseBook::Find(const v1::Decision& decision, const Said& said) {
  const bool of_ticket = !decision.ticket_id().empty();
  const std::string subject =
      of_ticket ? decision.ticket_id() : Cat("@", decision.account());  // No ticket has an @.
  std::vector<size_t>& known = of_subject_[subject];
  Promise* renamed = nullptr;
  for (const size_t index : known) {
    Promise& promise = promises_[index];
    if (promise.metric != said.metric || promise.cycle != said.cycle) continue;
    if (promise.target == said.target) return &promise;
    // Another severity or plan: the same promise under another target.
    if (renamed == nullptr && promise.outcome != PromiseOutcome::kNothing) renamed = &promise;
  }
  if (renamed != nullptr && !decision.has_clock_started()) {
    renamed->target = said.target;
    return renamed;
  }
  Promise& promise = promises_.emplace_back();
  known.push_back(promises_.size() - 1);
  promise.ticket_id = decision.ticket_id();
  promise.metric = said.metric;
  promise.target = said.target;
  promise.cycle = said.cycle;
  return &promise;
}

bool PromiseBook::Concerns(const v1::Decision& decision) {
  return !Said::Of(decision).metric.empty();
}

void PromiseBook::Add(const v1::Decision& decision, const std::string& account,
                      Partition partition) {
  const Said said = Said::Of(decision);
  if (said.metric.empty()) return;
  Promise* const promise = Find(decision, said);
  if (!account.empty()) promise->account = account;
  const std::string plan = PlanOf(decision.cause().rule());
  if (!plan.empty()) promise->plan = plan;
  End(decision, said, {partition, Offset{decision.cause().offset()}}, promise);
}

void PromiseBook::End(const v1::Decision& decision, const Said& said, LogPosition position,
                      Promise* promise) {
  const auto become = [&](PromiseOutcome outcome, Instant at) {
    promise->outcome = outcome;
    promise->at = at;
    promise->position = position;
    promise->reason = said.reason;
  };
  const Instant at = FromProto(decision.at());
  const bool broken = promise->outcome == PromiseOutcome::kBreached;
  switch (decision.body_case()) {
    case v1::Decision::kClockBreached:
      return become(PromiseOutcome::kBreached, at);
    case v1::Decision::kBreachRetracted:
      promise->retracted.push_back(
          {decision.has_due_at() ? FromProto(decision.due_at()) : at, position});
      if (promise->ended_late) return become(PromiseOutcome::kMet, promise->ended_at);
      return become(PromiseOutcome::kOpen, at);
    case v1::Decision::kClockMet:
      promise->ended_late = true;
      promise->ended_at = at;
      if (!broken) become(PromiseOutcome::kMet, at);
      return;
    case v1::Decision::kClockCancelled:
      if (said.reason == "late_event") return become(PromiseOutcome::kNothing, at);
      if (!broken) become(PromiseOutcome::kExcused, at);
      return;
    case v1::Decision::kClockStarted:
    case v1::Decision::kClockResumed:
      promise->ended_late = false;
      if (!broken) become(PromiseOutcome::kOpen, at);
      return;
    case v1::Decision::kClockAmended:
      break;
    default:
      return;
  }
  const std::string& state = decision.clock_amended().state();
  promise->ended_late = state == "met";
  if (promise->ended_late) promise->ended_at = at;
  if (broken) return;
  if (state == "met" && promise->outcome != PromiseOutcome::kMet) {
    become(PromiseOutcome::kMet, at);
  } else if (state == "cancelled") {
    become(PromiseOutcome::kExcused, at);
  } else if (state == "running" || state == "paused") {
    become(PromiseOutcome::kOpen, at);
  }
}

void PromiseBook::KeepTargets(const std::vector<std::string>& targets) {
  std::erase_if(promises_, [&](const Promise& promise) {
    return std::find(targets.begin(), targets.end(), promise.target) == targets.end();
  });
  of_subject_.clear();
}

int64_t PromiseBook::open() const {
  return std::count_if(promises_.begin(), promises_.end(), [](const Promise& promise) {
    return promise.outcome == PromiseOutcome::kOpen;
  });
}

std::vector<PromiseRow> PromiseBook::Rows(const Zone& zone) const {
  std::map<std::tuple<std::string, std::string, std::string>, PromiseRow> rows;
  const auto row_of = [&](const Promise& promise, Instant at) -> PromiseRow& {
    const std::string month = MonthOf(at, zone);
    PromiseRow& row = rows[{month, promise.account, promise.plan}];
    row.month = month;
    row.account = promise.account;
    row.plan = promise.plan;
    return row;
  };
  for (const Promise& promise : promises_) {
    if (promise.outcome != PromiseOutcome::kOpen && promise.outcome != PromiseOutcome::kNothing) {
      PromiseRow& row = row_of(promise, promise.at);
      Count(promise.outcome, &row.counts);
      Count(promise.outcome, &row.by_target[promise.target]);
    }
    for (const Promise::Retraction& retraction : promise.retracted) {
      PromiseRow& row = row_of(promise, retraction.at);
      ++row.counts.retracted;
      ++row.by_target[promise.target].retracted;
    }
  }
  std::vector<PromiseRow> out;
  for (auto& [key, row] : rows) out.push_back(std::move(row));
  return out;
}

}  // namespace escalation
