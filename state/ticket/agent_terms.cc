#include "state/ticket/agent_terms.h"

#include "state/base/text.h"
#include "state/ticket/sorted_list.h"

namespace escalation {

void CheckUpdate(const CompiledPolicy& policy, const v1::MessageAdded& message,
                 const v1::TicketFacts& facts, FactChange* change) {
  bool steps = false, follow_up = false;
  const std::string* rule = nullptr;
  for (const v1::UpdateTerms& terms : policy.policy().updates()) {
    if (!terms.severities().empty() && !Holds(terms.severities(), facts.severity())) continue;
    const bool no_steps = terms.next_steps() && !message.next_steps();
    const bool no_follow_up = terms.next_follow_up_at() && !message.has_next_follow_up_at();
    if ((no_steps || no_follow_up) && rule == nullptr) rule = &terms.path();
    steps |= no_steps;
    follow_up |= no_follow_up;
  }
  if (rule == nullptr) return;
  std::string missing;
  if (steps) AddToText("next_steps", &missing);
  if (follow_up) AddToText("next_follow_up_at", &missing);
  AddFlag("update_incomplete", missing, *rule, change);
}

void NoteResolution(const CompiledPolicy& policy, const std::string& reason, v1::TicketFacts* facts,
                    FactChange* change) {
  facts->set_resolution_reason(reason);
  const WordList& reasons = policy.policy().resolution_reasons();
  if (!reasons.empty() && !Holds(reasons, reason)) {
    AddFlag("resolution_reason",
            reason.empty() ? "none was given" : Cat("\"", reason, "\" is not in the policy"),
            "resolution_reasons", change);
  }
  if (!policy.policy().review_after_resolution()) return;
  v1::Decision& note = change->notes.emplace_back();
  note.mutable_cause()->set_rule("review_after_resolution");
  note.mutable_review_due()->set_reason(reason.empty() ? "resolved" : reason);
}

}  // namespace escalation
