// state/policy/metrics.h
//
// The built-in metrics: what starts, pauses and stops a clock, as data. A policy may add its own or
// replace one by name.
//
//   Output      v1::Metric messages in a fixed order; facts as bit sets
//   Threads     immutable after first use
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "escalation/v1/policy.pb.h"

namespace escalation {

// A set of Metric::Fact, one bit each.
using FactSet = uint32_t;

constexpr FactSet Bit(v1::Metric::Fact fact) { return FactSet{1} << static_cast<int>(fact); }

template <typename Facts>
FactSet ToFactSet(const Facts& facts) {
  FactSet set = 0;
  for (const int fact : facts) set |= Bit(static_cast<v1::Metric::Fact>(fact));
  return set;
}

// In the order of the design's table: first_response, engagement, triage, next_response,
// periodic_update, requester_wait, agent_work, resolution, handover, deadline, auto_resolve.
const std::vector<v1::Metric>& BuiltInMetrics();

// Null if there is none of that name.
const v1::Metric* FindBuiltInMetric(std::string_view name);

}  // namespace escalation
