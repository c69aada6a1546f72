#include "daemon/tenant_policies.h"

#include <string>
#include <utility>

#include "daemon/logging.h"
#include "daemon/policy_intake.h"
#include "state/base/text.h"

namespace escalation {

absl::Status TenantPolicies::Compare(const TenantConfig& tenant, const StateReader& state) const {
  int64_t revision = 0;
  const absl::StatusOr<PolicyInLog> found = ComparePolicy(state, tenant.policy.policy, &revision);
  if (!found.ok()) return found.status();
  if (*found == PolicyInLog::kDiffers) {
    LogWarning("the policy file differs from the policy in force; publish it with escalationctl",
               {{"tenant", tenant.name},
                {"file", tenant.policy_path},
                {"revision", Cat(revision)},
                {"file_revision", Cat(tenant.policy.policy.revision())}});
  }
  redactors_.TakeInForce(state, tenant.name);
  return absl::OkStatus();
}

absl::Status TenantPolicies::PublishFirst(const TenantConfig& tenant, const StateReader& state,
                                          Wait wait) const {
  const absl::StatusOr<PolicyInLog> found = ComparePolicy(state, tenant.policy.policy, nullptr);
  if (!found.ok()) return found.status();
  if (*found != PolicyInLog::kNone) return absl::OkStatus();
  v1::PublishPolicyRequest request;
  *request.mutable_policy() = tenant.policy.policy;
  *request.mutable_calendars() = tenant.policy.calendars;
  auto events = PolicyEvents(state, request, now_());
  if (!events.ok()) return events.status();
  const auto told = [name = tenant.name, file = tenant.policy_path](const absl::Status& status) {
    if (status.ok()) {
      LogInfo("published the first policy", {{"tenant", name}, {"file", file}});
    } else {
      LogError("the first policy could not be published",
               {{"tenant", name}, {"file", file}, {"error", std::string(status.message())}});
    }
  };
  if (wait == Wait::kNot) {
    writer_.Append(*std::move(events), [told](const auto& offsets) { told(offsets.status()); });
  } else {
    const auto offsets = writer_.AppendAndWait(*std::move(events));
    if (!offsets.ok()) return offsets.status();
    told(absl::OkStatus());
  }
  redactors_.Set(tenant.policy.policy);
  return absl::OkStatus();
}

}  // namespace escalation
