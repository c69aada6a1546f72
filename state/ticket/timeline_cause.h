// state/ticket/timeline_cause.h
//
// What was in force when an entry happened: shared by the two halves of the timeline.
//
//   Threads     a value of references; lives during one entry
#pragma once

#include "escalation/v1/event.pb.h"
#include "state/policy/compiled_policy.h"
#include "state/ticket/timeline.h"

namespace escalation {

struct Timeline::Cause {
  const CompiledPolicy& policy;
  // Null: the ticket has no plan that the policy knows.
  const CompiledPlan* plan;
  // Null: unknown account.
  const v1::AccountState* account;
};

}  // namespace escalation
