// daemon/daemon_health.h
//
// What the daemon says of itself: whether it is ready, and what its guard looks at.
//
//   Input       the config; the status of the partitions' loops, and of the deliveries
//   Output      values
//   Threads     stateless; safe everywhere
#pragma once

#include <map>
#include <string>

#include "absl/status/status.h"
#include "daemon/config.h"
#include "daemon/pager_guard.h"
#include "daemon/pipeline.h"

namespace escalation {

// Empty: it has caught up, its log works, and its timers are armed.
std::string WhyNotReady(Partition partition, const PipelineStatus& status);

PartitionHealth HealthOf(Partition partition, const PipelineStatus& status);

// Of a log that is not open yet.
PagerHealth HealthBefore(const Config& config);

Instant OldestPage(const std::map<std::string, RouteStatistics>& routes);

PagerGuard::Options GuardOptionsOf(const Config& config);

// Whether an error that ends the process means that nobody pages any more: not what a config says,
// nor that another process does it.
bool LeavesNobody(const absl::Status& status);

}  // namespace escalation
