#include "state/policy/metrics.h"

namespace escalation {
namespace {

using v1::Metric;

struct Row {
  const char* name;
  std::vector<Metric::Fact> start, stop, cancel, pause_while;
  Metric::Expiry expiry;
  Metric::Restart restart;
  Metric::Reopen reopen;
  bool once, explicit_due;
};

// A promise about an answer pauses while the ticket is resolved, instead of waking someone for a
// solved ticket; a reopen lets it run on.
std::vector<Metric> Build() {
  const Row rows[] = {
      {"first_response",
       {Metric::OPENED_BY_CUSTOMER, Metric::CUSTOMER_MESSAGE},
       {Metric::AGENT_PUBLIC_MESSAGE},
       {},
       {Metric::WHILE_RESOLVED},
       Metric::BREACH,
       Metric::KEEP,
       Metric::STAY,
       true,
       false},
      {"engagement",
       {Metric::OPENED},
       {Metric::AGENT_ACTION},
       {},
       {Metric::WHILE_RESOLVED},
       Metric::BREACH,
       Metric::KEEP,
       Metric::STAY,
       true,
       false},
      {"triage",
       {Metric::OPENED},
       {Metric::SEVERITY_SET},
       {},
       {Metric::WHILE_RESOLVED},
       Metric::BREACH,
       Metric::KEEP,
       Metric::STAY,
       true,
       false},
      {"next_response",
       {Metric::CUSTOMER_MESSAGE},
       {Metric::AGENT_PUBLIC_MESSAGE, Metric::RESOLVED},
       {},
       {Metric::WHILE_RESOLVED},
       Metric::BREACH,
       Metric::KEEP,
       Metric::STAY,
       false,
       false},
      {"periodic_update",
       {Metric::AGENT_PUBLIC_MESSAGE},
       {Metric::AGENT_PUBLIC_MESSAGE, Metric::RESOLVED},
       {},
       {Metric::WHILE_RESOLVED},
       Metric::BREACH,
       Metric::NEW_CYCLE,
       Metric::STAY,
       false,
       false},
      {"requester_wait",
       {Metric::OPENED},
       {Metric::RESOLVED},
       {},
       {Metric::WHILE_PENDING},
       Metric::BREACH,
       Metric::KEEP,
       Metric::RESUME,
       true,
       false},
      {"agent_work",
       {Metric::OPENED},
       {Metric::RESOLVED},
       {},
       {Metric::WHILE_PENDING, Metric::WHILE_ON_HOLD},
       Metric::BREACH,
       Metric::KEEP,
       Metric::RESUME,
       true,
       false},
      {"resolution",
       {Metric::OPENED},
       {Metric::RESOLVED},
       {},
       {},
       Metric::BREACH,
       Metric::KEEP,
       Metric::RESUME,
       true,
       false},
      {"handover",
       {Metric::HANDOVER_ACCEPTED},
       {Metric::LEVEL_LEFT},
       {},
       {Metric::WHILE_RESOLVED},
       Metric::BREACH,
       Metric::NEW_CYCLE,
       Metric::STAY,
       false,
       false},
      {"deadline",
       {},
       {Metric::RESOLVED},
       {},
       {},
       Metric::BREACH,
       Metric::KEEP,
       Metric::STAY,
       false,
       true},
      {"auto_resolve",
       {Metric::AGENT_PUBLIC_QUESTION},
       {Metric::RESOLVED},
       {Metric::CUSTOMER_MESSAGE},
       {},
       Metric::RESOLVE,
       Metric::REPLACE,
       Metric::STAY,
       false,
       false},
  };
  std::vector<Metric> metrics;
  for (const Row& row : rows) {
    Metric metric;
    metric.set_name(row.name);
    for (const auto fact : row.start) metric.add_start(fact);
    for (const auto fact : row.stop) metric.add_stop(fact);
    for (const auto fact : row.cancel) metric.add_cancel(fact);
    for (const auto fact : row.pause_while) metric.add_pause_while(fact);
    metric.set_expiry(row.expiry);
    metric.set_restart(row.restart);
    metric.set_reopen(row.reopen);
    metric.set_once(row.once);
    metric.set_explicit_due(row.explicit_due);
    metrics.push_back(std::move(metric));
  }
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
