// tests/simulation/reference_rules.h
//
// What starts, stops and pauses each metric, as the table of metrics in the policy language has it.
//
//   Output      the rules of the metrics that the reference model knows, by name
//   Threads     values; safe everywhere
#pragma once

#include <map>
#include <set>
#include <string>

namespace escalation::simulation {

// What starts and stops a metric, as the table of metrics has it.
struct ReferenceRule {
  enum class Start { kOpened, kOpenedOrAsked, kAsked, kAnswered };
  Start start = Start::kOpened;
  bool stops_on_reply = false;
  bool stops_on_action = false;
  bool stops_on_severity = false;
  bool stops_on_resolve = false;
  bool once = true;
  bool reopens = false;
  // A start while it is open meets the cycle and begins another.
  bool renews = false;
  // Lasting Metric::Facts, unless the target names its own.
  std::set<int> pauses;
};

const std::map<std::string, ReferenceRule>& ReferenceRules();

}  // namespace escalation::simulation
