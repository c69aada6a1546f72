// daemon/api/query_partition.h
//
// Where queries read a partition.
//
//   Threads     a value; what it points to outlives every query
#pragma once

#include "state/base/ids.h"

namespace escalation {

class Log;
class StateReader;

struct PartitionView {
  Partition partition;
  // Committed state.
  const StateReader* state = nullptr;
  // For the decisions stream.
  const Log* log = nullptr;
};

}  // namespace escalation
