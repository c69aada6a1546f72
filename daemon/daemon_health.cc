#include "daemon/daemon_health.h"

#include <algorithm>
#include <set>

#include "state/base/text.h"

namespace escalation {

std::string WhyNotReady(Partition partition, const PipelineStatus& status) {
  if (!status.caught_up) {
    return Cat("partition ", partition, " is folded up to offset ", status.position, " of ",
               status.end);
  }
  if (!status.trouble.empty()) return Cat("partition ", partition, ": ", status.trouble);
  if (!status.armed) return Cat("partition ", partition, ": its timers are not armed yet");
  return "";
}

PartitionHealth HealthOf(Partition partition, const PipelineStatus& status) {
  PartitionHealth health;
  health.partition = partition;
  health.caught_up = status.caught_up;
  health.leads = status.leads;
  health.armed = status.armed;
  health.trouble = status.trouble;
  health.looked = status.looked;
  health.next_due = status.next_due;
  health.seq = status.seq;
  health.published_through = status.published_through;
  return health;
}

PagerHealth HealthBefore(const Config& config) {
  std::set<Partition> partitions;
  for (const TenantConfig& tenant : config.tenants) partitions.insert(tenant.partition);
  PagerHealth health;
  for (const Partition partition : partitions) {
    health.partitions.push_back(HealthOf(partition, PipelineStatus{}));
  }
  return health;
}

Instant OldestPage(const std::map<std::string, RouteStatistics>& routes) {
  Instant oldest = Instant::Never();
  for (const auto& [name, route] : routes) oldest = std::min(oldest, route.oldest_page);
  return oldest;
}

PagerGuard::Options GuardOptionsOf(const Config& config) {
  PagerGuard::Options options;
  options.heartbeat = config.heartbeat;
  options.break_glass = config.break_glass;
  options.routes = config.routes;
  const bool shared = config.log.kind == LogConfig::Kind::kKafka;
  options.log_name = shared ? config.log.topic : config.instance;
  options.state_dir = config.state_dir;
  for (const PartitionHealth& partition : HealthBefore(config).partitions) {
    options.partitions.push_back(partition.partition);
  }
  return options;
}

bool LeavesNobody(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAborted:
      return false;
    default:
      return true;
  }
}

}  // namespace escalation
