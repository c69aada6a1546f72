// state/policy/policy_lint.h
//
// What a policy may say but hardly means: promises that no ticket can have, escalations that
// nothing starts, holidays that run out.
//
//   Input       a policy that passed CheckPolicy, its calendars, the day of the question
//   Output      what is doubtful, each with the path of the part; in the order of the policy
//   Invariants  1. pure: the same input gives the same warnings
//               2. what is reported can be written otherwise without changing a decision
//   Time        none but the day that is given
//   Errors      none
//   Threads     stateless; safe everywhere
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "escalation/v1/calendar.pb.h"
#include "escalation/v1/policy.pb.h"
#include "state/policy/policy_check.h"

namespace escalation {

// Holidays are to be known this long ahead.
inline constexpr int32_t kHolidayDaysAhead = 60;

// `today`: days since 1970, as in calendars.
std::vector<PolicyProblem> LintPolicy(const v1::Policy& policy, const v1::CalendarSet& calendars,
                                      int32_t today);

// Routes that the policy pages and `configured` does not name; `config` is what messages call it.
std::vector<PolicyProblem> LintRoutes(const v1::Policy& policy,
                                      const std::vector<std::string>& configured,
                                      const std::string& config);

}  // namespace escalation
