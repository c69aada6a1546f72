#include "daemon/log/log_bounds.h"

#include "state/base/text.h"

namespace escalation {

absl::Status CheckPartition(std::string_view log, Partition partition, int32_t partitions) {
  if (partition.value >= 0 && partition.value < partitions) return absl::OkStatus();
  return absl::InvalidArgumentError(
      Cat(log, ": there is no partition ", partition, ", expected 0 to ", partitions - 1));
}

absl::Status CheckRecordSize(std::string_view log, size_t bytes) {
  if (bytes <= kRecordBytesMax) return absl::OkStatus();
  return absl::InvalidArgumentError(
      Cat(log, ": a record of ", bytes, " bytes is too large, expected at most ", kRecordBytesMax));
}

absl::Status CheckPosition(std::string_view log, Partition partition, Offset from, Offset begin,
                           Offset end) {
  if (from >= begin && from <= end) return absl::OkStatus();
  return absl::OutOfRangeError(Cat(log, "[", partition, "]: offset ", from,
                                   " is not in the log, which holds ", begin, " up to before ",
                                   end));
}

absl::Status CheckDecisions(std::string_view log, Partition partition, uint64_t through,
                            const std::vector<PublishedDecision>& decisions) {
  uint64_t last = through;
  bool first = true;
  for (const PublishedDecision& decision : decisions) {
    const bool follows =
        first ? decision.seq >= 1 && decision.seq <= through + 1 : decision.seq == last + 1;
    if (!follows) {
      return absl::FailedPreconditionError(Cat(log, "[", partition, "]: decision ", decision.seq,
                                               " does not continue the stream, expected ",
                                               last + 1));
    }
    if (decision.id.size() + decision.value.size() > kRecordBytesMax) {
      return absl::InvalidArgumentError(Cat(log, "[", partition, "]: decision ", decision.seq,
                                            " has ", decision.value.size(),
                                            " bytes, expected at most ", kRecordBytesMax));
    }
    first = false;
    last = decision.seq;
  }
  return absl::OkStatus();
}

absl::Status CheckClock(std::string_view log, Instant now) {
  if (now >= kInstantMin && now < kInstantMax) return absl::OkStatus();
  return absl::UnavailableError(Cat(log, ": the clock reads ", ToText(now),
                                    ", expected a moment from 2000 up to 2100\n  hint: set the "
                                    "machine's clock; no record is taken until then"));
}

}  // namespace escalation
