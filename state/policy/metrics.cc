#include "state/policy/metrics.h"

#include <utility>

namespace escalation {
namespace {

using v1::Metric;

using Facts = std::vector<Metric::Fact>;

struct Conditions {
  Facts start, stop, pause_while, cancel;
};

Metric Make(const char* name, const Conditions& conditions) {
  Metric metric;
  metric.set_name(name);
  for (const auto fact : conditions.start) metric.add_start(fact);
  for (const auto fact : conditions.stop) metric.add_stop(fact);
  for (const auto fact : conditions.pause_while) metric.add_pause_while(fact);
  for (const auto fact : conditions.cancel) metric.add_cancel(fact);
  return metric;
}

Metric Once(Metric metric) {
  metric.set_once(true);
  return metric;
}

Metric Reopens(Metric metric) {
  metric.set_reopen(Metric::RESUME);
  return Once(std::move(metric));
}

Metric Restarts(Metric metric, Metric::Restart restart) {
  metric.set_restart(restart);
  return metric;
}

// Promises about an answer pause while the ticket is resolved, instead of waking someone for a
// solved ticket; a reopen lets them run on.
std::vector<Metric> AnswerMetrics() {
  using M = Metric;
  const Facts solved = {M::WHILE_RESOLVED};
  const Facts asked = {M::OPENED_BY_CUSTOMER, M::CUSTOMER_MESSAGE};
  const Facts answered = {M::AGENT_PUBLIC_MESSAGE};
  const Facts answered_or_solved = {M::AGENT_PUBLIC_MESSAGE, M::RESOLVED};
  return {
      Once(Make("first_response", {asked, answered, solved, {}})),
      Once(Make("engagement", {{M::OPENED}, {M::AGENT_ACTION}, solved, {}})),
      Once(Make("triage", {{M::OPENED}, {M::SEVERITY_SET}, solved, {}})),
      Make("next_response", {{M::CUSTOMER_MESSAGE}, answered_or_solved, solved, {}}),
      Restarts(Make("periodic_update", {answered, answered_or_solved, solved, {}}), M::NEW_CYCLE),
  };
}

std::vector<Metric> Build() {
  using M = Metric;
  std::vector<Metric> metrics = AnswerMetrics();
  const Facts pending = {M::WHILE_PENDING};
  const Facts waiting = {M::WHILE_PENDING, M::WHILE_ON_HOLD};
  metrics.push_back(Reopens(Make("requester_wait", {{M::OPENED}, {M::RESOLVED}, pending, {}})));
  metrics.push_back(Reopens(Make("agent_work", {{M::OPENED}, {M::RESOLVED}, waiting, {}})));
  metrics.push_back(Reopens(Make("resolution", {{M::OPENED}, {M::RESOLVED}, {}, {}})));
  metrics.push_back(
      Restarts(Make("handover", {{M::HANDOVER_ACCEPTED}, {M::LEVEL_LEFT}, {M::WHILE_RESOLVED}, {}}),
               M::NEW_CYCLE));
  metrics.push_back(Make("deadline", {{}, {M::RESOLVED}, {}, {}}));
  metrics.back().set_explicit_due(true);
  metrics.push_back(Restarts(
      Make("auto_resolve", {{M::AGENT_PUBLIC_QUESTION}, {M::RESOLVED}, {}, {M::CUSTOMER_MESSAGE}}),
      M::REPLACE));
  metrics.back().set_expiry(M::RESOLVE);
  return metrics;
}

}  // namespace

const std::vector<Metric>& BuiltInMetrics() {
  static const auto* const kMetrics = new std::vector<Metric>(Build());
  return *kMetrics;
}

const Metric* FindBuiltInMetric(std::string_view name) {
  for (const Metric& metric : BuiltInMetrics()) {
    if (metric.name() == name) return &metric;
  }
  return nullptr;
}

}  // namespace escalation
