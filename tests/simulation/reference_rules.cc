#include "tests/simulation/reference_rules.h"

#include "escalation/v1/policy.pb.h"

namespace escalation::simulation {

using v1::Metric;

const std::map<std::string, ReferenceRule>& ReferenceRules() {
  static const auto* const kRules = [] {
    auto* const rules = new std::map<std::string, ReferenceRule>();
    const std::set<int> solved = {Metric::WHILE_RESOLVED};
    ReferenceRule& first = (*rules)["first_response"];
    first.start = ReferenceRule::Start::kOpenedOrAsked;
    first.stops_on_reply = true;
    first.pauses = solved;
    ReferenceRule& engagement = (*rules)["engagement"];
    engagement.stops_on_action = true;
    engagement.pauses = solved;
    ReferenceRule& triage = (*rules)["triage"];
    triage.stops_on_severity = true;
    triage.pauses = solved;
    ReferenceRule& next = (*rules)["next_response"];
    next.start = ReferenceRule::Start::kAsked;
    next.stops_on_reply = next.stops_on_resolve = true;
    next.once = false;
    next.pauses = solved;
    ReferenceRule& update = (*rules)["periodic_update"];
    update.start = ReferenceRule::Start::kAnswered;
    update.stops_on_reply = update.stops_on_resolve = update.renews = true;
    update.once = false;
    update.pauses = solved;
    for (const char* name : {"requester_wait", "agent_work", "resolution"}) {
      ReferenceRule& rule = (*rules)[name];
      rule.stops_on_resolve = rule.reopens = true;
    }
    (*rules)["requester_wait"].pauses = {Metric::WHILE_PENDING};
    (*rules)["agent_work"].pauses = {Metric::WHILE_PENDING, Metric::WHILE_ON_HOLD};
    return rules;
  }();
  return *kRules;
}

}  // namespace escalation::simulation
