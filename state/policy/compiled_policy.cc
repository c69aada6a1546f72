#include "state/policy/compiled_policy.h"

#include <utility>

namespace escalation {
namespace {

template <typename Items>
auto FindByName(const Items& items, std::string_view name) -> decltype(&*items.begin()) {
  for (const auto& item : items) {
    if (item.name() == name) return &item;
  }
  return nullptr;
}

const v1::Metric* FindMetricIn(const v1::Policy& policy, std::string_view name) {
  if (const v1::Metric* own = FindByName(policy.metrics(), name)) return own;
  return FindBuiltInMetric(name);
}

CompiledTarget CompileTarget(const v1::Policy& policy, const v1::Target& target) {
  CompiledTarget compiled;
  compiled.target = &target;
  compiled.metric = FindMetricIn(policy, target.metric());
  compiled.stop = ToFactSet(target.stop_size() > 0 ? target.stop() : compiled.metric->stop());
  compiled.pause_while =
      ToFactSet(target.overrides_pauses() ? target.pause_while() : compiled.metric->pause_while());
  if (target.severities().empty()) compiled.severities = ~0u;
  for (const std::string& severity : target.severities()) {
    for (int rank = 0; rank < policy.severities_size(); ++rank) {
      if (policy.severities(rank) == severity) compiled.severities |= 1u << rank;
    }
  }
  return compiled;
}

// The plan's entry for the metric, made where there is none.
CompiledMetric* MetricIn(const v1::Metric& metric, CompiledPlan* plan) {
  for (CompiledMetric& known : plan->metrics) {
    if (known.metric == &metric) return &known;
  }
  plan->metrics.push_back({&metric,
                           ToFactSet(metric.start()),
                           ToFactSet(metric.stop()),
                           ToFactSet(metric.cancel()),
                           {}});
  return &plan->metrics.back();
}

}  // namespace

const CompiledTarget* CompiledPlan::FindTarget(std::string_view name) const {
  for (const CompiledTarget& target : targets) {
    if (target.target->name() == name) return &target;
  }
  return nullptr;
}

const CompiledMetric* CompiledPlan::FindMetric(std::string_view name) const {
  for (const CompiledMetric& metric : metrics) {
    if (metric.metric->name() == name) return metric.targets.empty() ? nullptr : &metric;
  }
  return nullptr;
}

CompiledPolicy::CompiledPolicy(v1::Policy policy) : policy_(std::move(policy)) {
  for (const v1::Plan& plan : policy_.plans()) {
    auto compiled = std::make_unique<CompiledPlan>();
    compiled->plan = &plan;
    compiled->severity_ceiling =
        plan.severity_ceiling().empty() ? HighestRank() : SeverityRank(plan.severity_ceiling());
    for (const v1::Target& target : plan.targets()) {
      matches_groups_ |= !target.when().groups().empty();
      if (FindMetricIn(policy_, target.metric()) != nullptr) {
        compiled->targets.push_back(CompileTarget(policy_, target));
      }
    }
    for (const CompiledTarget& target : compiled->targets) {
      MetricIn(*target.metric, compiled.get())->targets.push_back(&target);
    }
    plans_.push_back(std::move(compiled));
  }
  for (const auto& plan : plans_) {
    for (const auto& other : plans_) {
      for (const CompiledTarget& target : other->targets) MetricIn(*target.metric, plan.get());
    }
  }
  for (const v1::Trigger& trigger : policy_.triggers()) {
    matches_groups_ |=
        trigger.on() == v1::Trigger::OPENED_WITH_SEVERITY && !trigger.when().groups().empty();
  }
}

int CompiledPolicy::SeverityRank(std::string_view severity) const {
  for (int rank = 0; rank < policy_.severities_size(); ++rank) {
    if (policy_.severities(rank) == severity) return rank;
  }
  return -1;
}

const CompiledPlan* CompiledPolicy::FindPlan(std::string_view name) const {
  for (const auto& plan : plans_) {
    if (plan->plan->name() == name) return plan.get();
  }
  return nullptr;
}

const v1::Escalation* CompiledPolicy::FindEscalation(std::string_view name) const {
  return FindByName(policy_.escalations(), name);
}

const v1::Level* CompiledPolicy::FindLevel(std::string_view name) const {
  return FindByName(policy_.levels(), name);
}

const v1::Route* CompiledPolicy::FindRoute(std::string_view name) const {
  return FindByName(policy_.routes(), name);
}

const v1::SourceTime* CompiledPolicy::FindSource(std::string_view source) const {
  for (const v1::SourceTime& time : policy_.sources()) {
    if (time.source() == source) return &time;
  }
  return nullptr;
}

Duration CompiledPolicy::MaxLateness(std::string_view source) const {
  const v1::SourceTime* const time = FindSource(source);
  return {time != nullptr ? time->max_lateness_ms() : policy_.max_lateness_ms()};
}

Duration CompiledPolicy::Hold(std::string_view source) const {
  const v1::SourceTime* const time = FindSource(source);
  return {time != nullptr ? time->hold_ms() : policy_.hold_ms()};
}

}  // namespace escalation
