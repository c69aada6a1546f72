#include "daemon/policy_intake.h"

#include <optional>
#include <utility>

#include "escalation/v1/state.pb.h"
#include "state/base/sha256.h"
#include "state/base/text.h"
#include "state/partition/keys.h"

namespace escalation {
namespace {

absl::StatusOr<v1::TenantState> ReadTenant(const StateReader& state, const std::string& tenant) {
  absl::StatusOr<std::optional<std::string>> value = state.Get(keys::Tenant(tenant));
  if (!value.ok()) return value.status();
  v1::TenantState read;
  if (value->has_value() && !read.ParseFromString(**value)) {
    return absl::DataLossError(Cat("tenant ", tenant, ": stored state cannot be decoded"));
  }
  return read;
}

int64_t CurrentRevision(const v1::TenantState& tenant) {
  return tenant.policy_revisions_size() == 0
             ? 0
             : tenant.policy_revisions(tenant.policy_revisions_size() - 1);
}

// Whether the latest publication of calendars said the same, whatever its revision.
bool HasCalendars(const v1::TenantState& tenant, v1::CalendarSet wanted) {
  if (tenant.calendars_revision() == 0) return false;
  wanted.set_revision(tenant.calendars_revision());
  return tenant.calendars_hash() == Sha256({wanted.SerializeAsString()});
}

}  // namespace

absl::StatusOr<PolicyInLog> ComparePolicy(const StateReader& state, const v1::Policy& policy,
                                          int64_t* revision) {
  const absl::StatusOr<v1::TenantState> tenant = ReadTenant(state, policy.tenant());
  if (!tenant.ok()) return tenant.status();
  const int64_t current = CurrentRevision(*tenant);
  if (revision != nullptr) *revision = current;
  if (current == 0) return PolicyInLog::kNone;
  const bool same = tenant->policy_hash() == Sha256({policy.SerializeAsString()});
  return same ? PolicyInLog::kSame : PolicyInLog::kDiffers;
}

absl::StatusOr<std::optional<v1::Policy>> PolicyInForce(const StateReader& state,
                                                        const std::string& tenant) {
  const absl::StatusOr<v1::TenantState> read = ReadTenant(state, tenant);
  if (!read.ok()) return read.status();
  const int64_t revision = CurrentRevision(*read);
  if (revision == 0) return std::nullopt;
  absl::StatusOr<std::optional<std::string>> value = state.Get(keys::Policy(tenant, revision));
  if (!value.ok()) return value.status();
  v1::Policy policy;
  if (!value->has_value() || !policy.ParseFromString(**value)) {
    return absl::DataLossError(
        Cat("tenant ", tenant, ": policy revision ", revision, " cannot be decoded"));
  }
  return policy;
}

absl::StatusOr<std::vector<v1::Event>> PolicyEvents(const StateReader& state,
                                                    const v1::PublishPolicyRequest& request,
                                                    Instant now) {
  const std::string& name = request.policy().tenant();
  const absl::StatusOr<v1::TenantState> tenant = ReadTenant(state, name);
  if (!tenant.ok()) return tenant.status();
  const int64_t current = CurrentRevision(*tenant);
  if (current != request.expect_revision()) {
    return absl::AbortedError(Cat("tenant ", name, " has policy revision ", current, ", expected ",
                                  request.expect_revision(), "; nothing was published"));
  }
  std::vector<v1::Event> events;
  const auto add = [&]() -> v1::Event& {
    v1::Event& event = events.emplace_back();
    event.set_tenant(name);
    ToProto(now, event.mutable_written_at());
    event.mutable_actor()->set_kind(v1::Actor::SYSTEM);
    return event;
  };
  if (request.calendars().calendars_size() > 0) {
    if (!HasCalendars(*tenant, request.calendars())) {
      v1::CalendarSet* const set = add().mutable_calendars_published()->mutable_calendars();
      *set = request.calendars();
      set->set_revision(tenant->calendars_revision() + 1);
    }
  }
  v1::PolicyPublished* const published = add().mutable_policy_published();
  *published->mutable_policy() = request.policy();
  published->set_apply(request.apply());
  return events;
}

}  // namespace escalation
