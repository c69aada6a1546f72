#include "daemon/redactor_table.h"

#include <utility>

#include "daemon/logging.h"
#include "daemon/policy_intake.h"
#include "state/base/text.h"

namespace escalation {
namespace {

// Null: nothing is to be redacted.
std::shared_ptr<const Redactor> Make(const v1::Policy& policy) {
  v1::Redaction redaction = policy.redaction();
  absl::StatusOr<Redactor> redactor = Redactor::Create(redaction);
  if (!redactor.ok()) {
    LogError("a policy's patterns cannot all be used; the others are",
             {{"tenant", policy.tenant()}, {"error", std::string(redactor.status().message())}});
    redaction.clear_patterns();
    for (const std::string& pattern : policy.redaction().patterns()) {
      v1::Redaction alone;
      alone.add_patterns(pattern);
      if (Redactor::Create(alone).ok()) redaction.add_patterns(pattern);
    }
    redactor = Redactor::Create(redaction);
  }
  if (!redactor.ok() || redactor->empty()) return nullptr;
  return std::make_shared<const Redactor>(*std::move(redactor));
}

}  // namespace

void RedactorTable::Set(const v1::Policy& policy) {
  {
    const std::lock_guard lock(mutex_);
    if (policy.revision() <= tenants_[policy.tenant()].revision) return;
  }
  std::shared_ptr<const Redactor> redactor = Make(policy);
  const std::lock_guard lock(mutex_);
  InForce& in_force = tenants_[policy.tenant()];
  if (policy.revision() <= in_force.revision) return;
  in_force.revision = policy.revision();
  in_force.redactor = std::move(redactor);
}

void RedactorTable::TakeInForce(const StateReader& state, const std::string& tenant) {
  const auto policy = PolicyInForce(state, tenant);
  if (!policy.ok()) {
    LogError("the redaction in force cannot be read; the one before stays",
             {{"tenant", tenant}, {"error", std::string(policy.status().message())}});
  } else if (policy->has_value()) {
    Set(**policy);
  }
}

std::shared_ptr<const Redactor> RedactorTable::Of(std::string_view tenant) const {
  const std::lock_guard lock(mutex_);
  const auto found = tenants_.find(tenant);
  return found == tenants_.end() ? nullptr : found->second.redactor;
}

}  // namespace escalation
