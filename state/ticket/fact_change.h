// state/ticket/fact_change.h
//
// What an event changed of a ticket: what clocks, escalations and announcements follow.
//
//   Output      momentary facts; decisions that follow from facts alone
//   Invariants  1. notes come in the order in which they are to be told
//   Threads     a value
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "escalation/v1/decision.pb.h"
#include "escalation/v1/policy.pb.h"
#include "state/base/instant.h"
#include "state/policy/metrics.h"

namespace escalation {

struct FactChange {
  // Momentary facts.
  FactSet facts = 0;
  // Severity, plan, tags, fields, topic or level changed: targets are to be matched anew.
  bool retarget = false;
  // Why they are matched anew, for ClockAmended: severity, plan, fields, level, group.
  const char* retarget_reason = "fields";
  // The ticket ended here: closed, merged, erased. Null: it did not. The word is the reason of the
  // cancellations.
  const char* ended = nullptr;
  // An agent confirmed a ticket whose opener may not open any: what is promised begins here.
  bool confirmed = false;
  // The assignment was taken away.
  bool unassigned = false;
  // What the event itself changed, for announcements: bits of v1::Announcement::Occasion.
  uint32_t occasions = 0;
  // The customer agreed to hear again then; Past: no.
  Instant update_agreed = Instant::Past();
  // Only the body and cause.rule are set.
  std::vector<v1::Decision> notes;
};

// `rule`: policy path, empty for a rule of escalationd's own.
inline void AddFlag(const char* reason, std::string detail, const std::string& rule,
                    FactChange* change) {
  v1::Decision& note = change->notes.emplace_back();
  note.mutable_flagged()->set_reason(reason);
  note.mutable_flagged()->set_detail(std::move(detail));
  if (!rule.empty()) note.mutable_cause()->set_rule(rule);
}

inline void Retarget(const char* reason, FactChange* change) {
  change->retarget = true;
  change->retarget_reason = reason;
}

inline void Happened(v1::Announcement::Occasion occasion, FactChange* change) {
  change->occasions |= 1u << occasion;
}

}  // namespace escalation
