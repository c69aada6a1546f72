// daemon/log/open_log.h
//
// Opens the log that a URI names.
//
//   Input       "embedded:DIR", "archive:DIR" or "kafka://BROKERS/TOPIC"
//   Output      the log
//   Errors      kInvalidArgument: not a log's URI. kUnimplemented: this build has no such log.
//               kFailedPrecondition: an archive opened for writing. Else as that log
//   Threads     stateless; safe everywhere
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "daemon/log/embedded_log.h"
#include "daemon/log/log.h"

namespace escalation {

// `options` beyond `access` are for the embedded log.
absl::StatusOr<std::unique_ptr<Log>> OpenLog(const std::string& uri, EmbeddedLogOptions options);

}  // namespace escalation
