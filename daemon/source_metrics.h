// daemon/source_metrics.h
//
// What sources count, in Prometheus' text form. Names are part of the operator's interface.
//
//   Threads     stateless; safe everywhere
#pragma once

#include <string>
#include <vector>

#include "daemon/source/source_status.h"

namespace escalation {

std::string SourceMetricsText(const std::vector<SourceStatus>& sources, Instant now);

}  // namespace escalation
