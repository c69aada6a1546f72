// ops/service_credit.h
//
// What a month costs by a plan's table of service credits.
//
//   Input       a row of the book, and the policy whose table holds
//   Output      the highest credit whose row of the table holds, with its path
//   Invariants  1. a table row without a promise that was due never holds
//               2. attainment is compared exactly, not as it is shown
//   Errors      none
//   Threads     stateless; safe everywhere
#pragma once

#include <cstdint>
#include <string>

#include "escalation/v1/policy.pb.h"
#include "ops/promise_book.h"

namespace escalation {

struct ServiceCredit {
  // Basis points of the month's fee; 0: none.
  int64_t credit_bp = 0;
  // Such as "plans.gold.credits[1]"; empty: none.
  std::string rule;
};

ServiceCredit CreditOf(const PromiseRow& row, const v1::Policy& policy);

}  // namespace escalation
