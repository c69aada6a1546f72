// daemon/log/embedded_log.h
//
// A log in a directory of this machine: one process with no broker is a complete, durable system.
//
//   Input       as Log; the clock that dates records
//   Output      as Log
//   Invariants  as Log, and: 5. visible means synced: records that come together share one fsync
//               6. offsets are dense from 0
//   Time        the injected clock, read once for each group of appends; a clock that runs
//   backwards
//               does not: append times stay
//   Errors      as Log. Once a write has failed, every later one fails with the same status until
//               the log is opened again: a failed fsync MUST NOT be tried again. Reads go on.
//   Threads     as Log; one thread of its own writes and runs `done`
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "daemon/log/log.h"

namespace escalation {

struct EmbeddedLogOptions {
  Access access = Access::kReadWrite;
  // At least so many partitions from now on; 0: as many as there are, 1 in a new log.
  int32_t partitions = 0;
  // Dates records. Needed for kReadWrite.
  std::function<Instant()> clock;
  // Bytes of appends under way; above, Append refuses with kResourceExhausted.
  size_t queue_bytes_max = size_t{64} << 20;
  // What shares one fsync at most.
  size_t group_bytes_max = size_t{4} << 20;
  size_t group_records_max = 10'000;
};

// Creates the log if `dir` holds none, unless read-only. Errors: kNotFound: read-only and nothing
// there. kFailedPrecondition: another process writes to it, it is not a log, it was written by a
// newer program, or has more partitions. kDataLoss: damaged, with gaps, or without its end.
absl::StatusOr<std::unique_ptr<Log>> OpenEmbeddedLog(const std::string& dir,
                                                     EmbeddedLogOptions options);

}  // namespace escalation
