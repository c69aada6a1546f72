// daemon/configured_log.h
//
// Opens the log that the config names, and waits for brokers that are away.
//
//   Input       the config; a way to wait that a stop ends
//   Output      the log; the group by which the instances of one log agree on who leads
//   Invariants  1. nothing is created: a log on Kafka is made by `escalationctl log create`
//   Time        waits a second between two tries
//   Errors      kCancelled: a stop was asked for. kFailedPrecondition: no log there, or one whose
//               settings would lose records. kInvalidArgument: a tenant's partition that the log
//               has not. Else as the log
//   Threads     stateless; safe everywhere
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/config.h"
#include "daemon/log/kafka_membership.h"
#include "daemon/log/log.h"

namespace escalation {

// Waits that long; true: a stop was asked for.
using Pause = std::function<bool(Duration)>;

// Tries until it is not kUnavailable, and says in the log what it waits for.
absl::Status UntilAvailable(const std::string& what, const Pause& pause,
                            const std::function<absl::Status()>& attempt);

absl::StatusOr<std::unique_ptr<Log>> OpenConfiguredLog(const Config& config,
                                                       std::function<Instant()> clock,
                                                       const Pause& pause);

// Null: no other process can write this log.
absl::StatusOr<std::unique_ptr<KafkaMembership>> OpenConfiguredGroup(const Config& config);

}  // namespace escalation
