#include "ops/promise_fold.h"

#include <algorithm>
#include <map>
#include <optional>

#include "escalation/v1/state.pb.h"
#include "ops/replay.h"
#include "state/base/text.h"
#include "state/partition/keys.h"
#include "state/policy/metrics.h"

namespace escalation {
namespace {

// Of one tenant, while the log is folded.
struct TenantPromises {
  PromiseBook book;
  std::vector<std::pair<Instant, v1::Policy>> policies;
  std::map<std::string, v1::ZoneDefinition> zones;
};

const v1::Metric* FindMetric(const v1::Policy& policy, const std::string& name) {
  for (const v1::Metric& metric : policy.metrics()) {
    if (metric.name() == name) return &metric;
  }
  return FindBuiltInMetric(name);
}

class Folding {
 public:
  explicit Folding(std::string tenant) : wanted_(std::move(tenant)) {}

  absl::Status Add(const FoldedBatch& batch, Partition partition) {
    for (const FoldRecord& record : batch.records) {
      const v1::Event& event = record.event;
      if (event.tenant().empty() || IsUnwanted(event.tenant())) continue;
      TenantPromises& tenant = tenants_[event.tenant()];
      if (event.has_policy_published()) {
        tenant.policies.emplace_back(record.appended, event.policy_published().policy());
      }
      for (const auto& zone : event.calendars_published().calendars().zones()) {
        tenant.zones[zone.name()] = zone;
      }
    }
    accounts_.clear();
    for (const v1::Decision& decision : batch.decisions) {
      if (decision.tenant().empty() || IsUnwanted(decision.tenant())) continue;
      if (!PromiseBook::Concerns(decision)) continue;
      TenantPromises& tenant = tenants_[decision.tenant()];
      if (BreaksNothing(tenant, decision)) continue;
      const absl::StatusOr<std::string> account = AccountOf(decision, batch.state);
      if (!account.ok()) return account.status();
      tenant.book.Add(decision, *account, partition);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<PromiseFolding> Finish() {
    if (wanted_.empty() && tenants_.size() == 1) wanted_ = tenants_.begin()->first;
    const auto found = tenants_.find(wanted_);
    if (found == tenants_.end()) {
      std::string names;
      for (const auto& [name, tenant] : tenants_) CatTo(&names, names.empty() ? "" : ", ", name);
      return absl::InvalidArgumentError(
          wanted_.empty() ? Cat("the log has several tenants or none: ", names,
                                "\n  hint: choose one with --tenant")
                          : Cat("the log holds nothing of tenant \"", wanted_, "\""));
    }
    PromiseFolding out;
    out.tenant = wanted_;
    out.book = std::move(found->second.book);
    out.policies = std::move(found->second.policies);
    if (out.policies.empty()) return out;
    const auto zone = found->second.zones.find(out.policies.back().second.display_zone());
    if (zone == found->second.zones.end()) return out;
    absl::StatusOr<Zone> made = Zone::Make(zone->second);
    if (!made.ok()) return made.status();
    out.zone = *std::move(made);
    return out;
  }

 private:
  bool IsUnwanted(const std::string& tenant) const { return !wanted_.empty() && tenant != wanted_; }

  // Clocks that resolve a ticket when they run out.
  static bool BreaksNothing(const TenantPromises& tenant, const v1::Decision& decision) {
    if (tenant.policies.empty()) return false;
    const std::string& name = decision.has_clock_started()     ? decision.clock_started().metric()
                              : decision.has_clock_resumed()   ? decision.clock_resumed().metric()
                              : decision.has_clock_met()       ? decision.clock_met().metric()
                              : decision.has_clock_cancelled() ? decision.clock_cancelled().metric()
                              : decision.has_clock_amended()   ? decision.clock_amended().metric()
                                                               : decision.id();
    const v1::Metric* const metric = FindMetric(tenant.policies.back().second, name);
    return metric != nullptr && metric->expiry() == v1::Metric::RESOLVE;
  }

  // Of the ticket as it is after the batch.
  absl::StatusOr<std::string> AccountOf(const v1::Decision& decision, const StateReader& state) {
    if (decision.ticket_id().empty()) return decision.account();
    const std::string key = keys::Ticket(decision.tenant(), decision.ticket_id());
    const auto known = accounts_.find(key);
    if (known != accounts_.end()) return known->second;
    const absl::StatusOr<std::optional<std::string>> value = state.Get(key);
    if (!value.ok()) return value.status();
    v1::TicketState ticket;
    if (*value && !ticket.ParseFromString(**value)) {
      return absl::DataLossError(Cat("ticket ", decision.ticket_id(), ": damaged state"));
    }
    return accounts_[key] = ticket.live().facts().account();
  }

  std::string wanted_;
  std::map<std::string, TenantPromises> tenants_;
  // Of the batch.
  std::map<std::string, std::string> accounts_;
};

}  // namespace

absl::StatusOr<PromiseFolding> FoldPromises(const Log& log, const std::string& tenant,
                                            ProgressBar& progress) {
  Folding folding(tenant);
  for (int32_t i = 0; i < log.partitions(); ++i) {
    const auto add = [&](const FoldedBatch& batch) { return folding.Add(batch, Partition{i}); };
    const absl::StatusOr<ReplayCounts> counts =
        ReplayBatches(log, Partition{i}, add, progress.Part());
    if (!counts.ok()) return counts.status();
  }
  return folding.Finish();
}

}  // namespace escalation
