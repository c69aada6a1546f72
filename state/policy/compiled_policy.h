// state/policy/compiled_policy.h
//
// A policy with its names resolved, as the fold asks it.
//
//   Input       a v1::Policy that passed CheckPolicy
//   Output      look-ups by name that never copy
//   Invariants  1. immutable; pointers into it live as long as it
//               2. the order of everything is the policy's own, so decisions come in the policy's
//                  order
//   Errors      none: an unknown name is a null pointer or -1
//   Threads     immutable after construction; safe everywhere
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "escalation/v1/policy.pb.h"
#include "state/base/instant.h"
#include "state/policy/metrics.h"

namespace escalation {

// A promise, with its metric's conditions as bit sets.
struct CompiledTarget {
  const v1::Target* target = nullptr;
  const v1::Metric* metric = nullptr;
  FactSet stop = 0;
  FactSet pause_while = 0;
  // Bit i: severity of rank i. All bits: any severity.
  uint32_t severities = 0;
};

struct CompiledMetric {
  const v1::Metric* metric = nullptr;
  FactSet start = 0;
  FactSet stop = 0;
  FactSet cancel = 0;
  // Its targets, in the plan's order.
  std::vector<const CompiledTarget*> targets;
};

struct CompiledPlan {
  const v1::Plan* plan = nullptr;
  std::vector<CompiledTarget> targets;
  // Every metric that a target of the plan measures, in the order of its first target; then those
  // that only other plans measure, without targets: what has happened is known when a ticket moves
  // to one of them.
  std::vector<CompiledMetric> metrics;
  // Rank of the highest severity that the plan allows.
  int severity_ceiling = 0;

  const CompiledTarget* FindTarget(std::string_view name) const;
  // Null if no target of the plan measures it.
  const CompiledMetric* FindMetric(std::string_view name) const;
};

class CompiledPolicy {
 public:
  explicit CompiledPolicy(v1::Policy policy);
  CompiledPolicy(const CompiledPolicy&) = delete;
  CompiledPolicy& operator=(const CompiledPolicy&) = delete;

  const v1::Policy& policy() const { return policy_; }
  int64_t revision() const { return policy_.revision(); }

  // 0 lowest; -1 unknown.
  int SeverityRank(std::string_view severity) const;
  int HighestRank() const { return policy_.severities_size() - 1; }
  const std::string& Severity(int rank) const { return policy_.severities(rank); }

  // Null if there is none of that name.
  const CompiledPlan* FindPlan(std::string_view name) const;
  const v1::Escalation* FindEscalation(std::string_view name) const;
  const v1::Level* FindLevel(std::string_view name) const;
  const v1::Route* FindRoute(std::string_view name) const;

  // The plan for accounts that name none; null if the policy has none.
  const CompiledPlan* default_plan() const { return FindPlan(policy_.default_plan()); }

  Duration MaxLateness(std::string_view source) const;
  Duration Hold(std::string_view source) const;
  // Some target or trigger is only for tickets of certain groups.
  bool matches_groups() const { return matches_groups_; }
  Duration forget_after() const { return {policy_.forget_after_ms()}; }

 private:
  const v1::SourceTime* FindSource(std::string_view source) const;

  v1::Policy policy_;
  std::vector<std::unique_ptr<CompiledPlan>> plans_;
  bool matches_groups_ = false;
};

}  // namespace escalation
