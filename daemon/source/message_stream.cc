#include "daemon/source/message_stream.h"

#include "state/base/text.h"

namespace escalation {

std::string ToText(const StreamPartition& partition) {
  return Cat(partition.topic, '[', partition.partition, ']');
}

}  // namespace escalation
