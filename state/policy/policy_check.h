// state/policy/policy_check.h
//
// Whether a policy makes sense as a whole: names that exist, no cycles, delays that rise, limits.
// The loader asks it for a file, the fold for a record.
//
//   Input       a policy, and the calendars that it may name (null: calendar names are not judged)
//   Output      what is wrong, each with the path of the part that is wrong
//   Invariants  1. pure: the same policy gives the same problems in the same order
//               2. a policy without problems can be compiled and folded without further checks
//   Time        none
//   Errors      PolicyStatus: kInvalidArgument with one line for each problem
//   Threads     stateless; safe everywhere
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "escalation/v1/calendar.pb.h"
#include "escalation/v1/policy.pb.h"
#include "state/base/instant.h"

namespace escalation {

struct PolicyProblem {
  // Such as "plans.gold.targets[0].within". Keys as the policy language writes them.
  std::string path;
  std::string text;
  // May be empty.
  std::string hint;
};

// Limits of a policy.
inline constexpr int kSeveritiesMax = 16;
inline constexpr int kPlansMax = 256;
inline constexpr int kTargetsMax = 64;  // Per plan.
inline constexpr int kWarningsMax = 8;  // Per target.
inline constexpr int kMetricsMax = 64;
inline constexpr int kEscalationsMax = 256;
inline constexpr int kStepsMax = 32;         // Per escalation.
inline constexpr int kStepRoutesMax = 8;     // Per step.
inline constexpr int kStepNotifiedMax = 16;  // Per step.
inline constexpr int kTriggersMax = 256;
inline constexpr int kLevelsMax = 16;
inline constexpr int kRoutesMax = 64;
inline constexpr int kSourcesMax = 64;
inline constexpr int kLinksMax = 16;
inline constexpr int kAnnouncementsMax = 16;
inline constexpr int kUpdateTermsMax = 16;
inline constexpr int kRulesMax = 64;
inline constexpr int kEntitlementsMax = 64;  // Per plan.
inline constexpr int kTermMonthsMax = 120;
inline constexpr int kCreditsMax = 16;        // Per plan.
inline constexpr int kListMax = 64;           // Tags, fields, roles ... of one condition.
inline constexpr size_t kTextBytesMax = 256;  // Tags, field values, notified addresses ...
inline constexpr size_t kUrlBytesMax = 2048;
inline constexpr Duration kWithinMax = Duration::Days(366);
inline constexpr Duration kStepAfterMax = Duration::Days(90);
inline constexpr Duration kRepeatEveryMin = Duration::Minutes(1);
inline constexpr Duration kRepeatEveryMax = Duration::Days(30);
inline constexpr Duration kHoldMax = Duration::Days(1);  // Waiting rooms.
inline constexpr Duration kAckTimeoutMin = Duration::Minutes(1);
inline constexpr Duration kAckTimeoutMax = Duration::Days(30);

std::vector<PolicyProblem> CheckPolicy(const v1::Policy& policy, const v1::CalendarSet* calendars);

// OK if there are none.
absl::Status PolicyStatus(const std::vector<PolicyProblem>& problems);

}  // namespace escalation
