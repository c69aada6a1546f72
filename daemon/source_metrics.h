// daemon/source_metrics.h
//
// What sources count, in Prometheus' text form. Names are part of the operator's interface.
//
//   Threads     stateless; safe everywhere
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/source/source_status.h"

namespace escalation {

// Of the dead letters of all sources.
std::string LetterMetricsText(uint64_t dropped);

std::string SourceMetricsText(const std::vector<SourceStatus>& sources, Instant now);

}  // namespace escalation
