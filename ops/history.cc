#include "ops/history.h"

#include <algorithm>
#include <utility>

namespace escalation {

History::History(LoadedPolicy policy, Visitor visit)
    : policy_(std::move(policy)), visit_(std::move(visit)), simulation_(&store_, {}) {}

absl::Status History::Start(Instant at) {
  started_ = true;
  if (absl::Status status = simulation_.Restart(); !status.ok()) return status;
  const std::string tenant = policy_.policy.tenant();
  if (policy_.calendars.calendars_size() + policy_.calendars.zones_size() > 0) {
    v1::Event event;
    event.set_tenant(tenant);
    *event.mutable_calendars_published()->mutable_calendars() = policy_.calendars;
    simulation_.Append(std::move(event), at);
  }
  v1::Event event;
  event.set_tenant(tenant);
  *event.mutable_policy_published()->mutable_policy() = policy_.policy;
  simulation_.Append(std::move(event), at);
  return simulation_.Fold();
}

void History::Hand() {
  for (const v1::Decision& decision : simulation_.TakeDecisions()) visit_(decision);
}

absl::Status History::Add(v1::Event event) {
  if (!event.has_written_at() && !event.has_occurred_at()) {
    return absl::InvalidArgumentError("occurred_at: missing, expected a time");
  }
  const Instant at = FromProto(event.has_written_at() ? event.written_at() : event.occurred_at());
  if (at > until_) return absl::OkStatus();
  if (!started_) {
    if (absl::Status status = Start(at); !status.ok()) return status;
  }
  if (absl::Status status = simulation_.AdvanceTo(at, Simulation::Edge::kBefore); !status.ok()) {
    return status;
  }
  if (event.tenant().empty()) event.set_tenant(policy_.policy.tenant());
  // Duplicates are dropped within a source only.
  if (event.origin().source().empty()) event.mutable_origin()->set_source("history");
  simulation_.Append(std::move(event), at);
  absl::Status status = simulation_.Fold();
  Hand();
  return status;
}

absl::Status History::AdvanceTo(Instant t) {
  if (!started_) return absl::OkStatus();
  absl::Status status = simulation_.AdvanceTo(std::min(t, until_), Simulation::Edge::kBefore);
  Hand();
  return status;
}

absl::Status History::Finish() {
  if (!started_) return absl::OkStatus();
  const Instant end = until_ == Instant::Never() ? simulation_.now() + kHorizon : until_;
  absl::Status status = simulation_.AdvanceTo(end, Simulation::Edge::kThrough);
  Hand();
  return status;
}

}  // namespace escalation
