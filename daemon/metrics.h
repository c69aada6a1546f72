// daemon/metrics.h
//
// What the daemon counts, in Prometheus' text form. Names are part of the operator's interface:
// docs and alerts use them.
//
//   Input       the status of every partition's loop, and of the dispatcher
//   Output      the text of GET /metrics
//   Threads     stateless; safe everywhere
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "daemon/deliver/dispatch_queue.h"
#include "daemon/pipeline.h"

namespace escalation {

struct PartitionMetrics {
  Partition partition;
  PipelineStatus status;
};

std::string MetricsText(const std::vector<PartitionMetrics>& partitions,
                        const std::map<std::string, RouteStatistics>& routes, Instant now);

// Pages that left with the standard body although their route has a program, by route.
std::string BodyMetricsText(const std::map<std::string, uint64_t>& failures);

}  // namespace escalation
