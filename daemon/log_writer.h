// daemon/log_writer.h
//
// Appends events to the partitions of their tenants, several as one.
//
//   Input       events with their tenant set
//   Output      their offsets, once all are durable
//   Invariants  1. events of one call keep their order within a partition, and are taken together
//   Errors      kInvalidArgument: a tenant that is not served here. Else the first error of the
//               log
//   Threads     safe everywhere; `done` runs on a thread of the log and MUST NOT block
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/log/log.h"
#include "escalation/v1/event.pb.h"

namespace escalation {

class LogWriter {
 public:
  using Done = std::function<void(absl::StatusOr<std::vector<Offset>>)>;

  // Borrows `log`.
  LogWriter(Log* log, std::map<std::string, Partition> partitions)
      : log_(*log), partitions_(std::move(partitions)) {}

  void Append(std::vector<v1::Event> events, Done done) const;
  // Waits for it.
  absl::StatusOr<std::vector<Offset>> AppendAndWait(std::vector<v1::Event> events) const;

 private:
  Log& log_;
  const std::map<std::string, Partition> partitions_;
};

}  // namespace escalation
