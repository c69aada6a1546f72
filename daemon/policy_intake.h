// daemon/policy_intake.h
//
// How a policy gets into the log: by a person, with the revision that it replaces; and by itself
// only where the log has none.
//
//   Input       a loaded policy; the committed state
//   Output      the records to append: calendars first, so that clocks start on them
//   Invariants  1. calendars that the log has already are not published again: that would re-arm
//                  every clock for nothing
//   Errors      kAborted: another revision is in force than expected. kDataLoss: stored state
//               cannot be decoded
//   Threads     stateless; safe everywhere
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "escalation/v1/api.pb.h"
#include "escalation/v1/event.pb.h"
#include "state/base/instant.h"
#include "state/partition/turn.h"

namespace escalation {

enum class PolicyInLog {
  kNone,     // The tenant has no policy yet.
  kSame,     // The log has exactly this one.
  kDiffers,  // The log has another one: a person decides.
};

// `revision`: of the policy in the log, 0: none. May be null.
absl::StatusOr<PolicyInLog> ComparePolicy(const StateReader& state, const v1::Policy& policy,
                                          int64_t* revision);

// Absent: the tenant has none.
absl::StatusOr<std::optional<v1::Policy>> PolicyInForce(const StateReader& state,
                                                        const std::string& tenant);

// The records that publish the request, for the tenant that its policy names.
absl::StatusOr<std::vector<v1::Event>> PolicyEvents(const StateReader& state,
                                                    const v1::PublishPolicyRequest& request,
                                                    Instant now);

}  // namespace escalation
