#include "ops/service_credit.h"

#include <algorithm>

namespace escalation {
namespace {

PromiseCounts CountsOf(const PromiseRow& row, const v1::CreditTerms& terms) {
  if (terms.targets().empty()) return row.counts;
  PromiseCounts counts;
  for (const auto& [target, some] : row.by_target) {
    if (std::find(terms.targets().begin(), terms.targets().end(), target) ==
        terms.targets().end()) {
      continue;
    }
    counts.met += some.met;
    counts.breached += some.breached;
  }
  return counts;
}

}  // namespace

ServiceCredit CreditOf(const PromiseRow& row, const v1::Policy& policy) {
  ServiceCredit best;
  for (const v1::Plan& plan : policy.plans()) {
    if (plan.name() != row.plan) continue;
    for (const v1::CreditTerms& terms : plan.credits()) {
      const PromiseCounts counts = CountsOf(row, terms);
      const int64_t due = counts.met + counts.breached;
      if (due == 0 || counts.met * 10'000 >= terms.below_bp() * due) continue;
      if (terms.credit_bp() <= best.credit_bp) continue;
      best = {terms.credit_bp(), terms.path()};
    }
  }
  return best;
}

}  // namespace escalation
