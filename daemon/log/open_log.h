// daemon/log/open_log.h
//
// Opens the log that a URI names.
//
//   Input       "embedded:DIR", "archive:DIR" or "kafka://BROKERS/TOPIC"; the environment's
//               ESCALATION_KAFKA_SETTINGS: a file of settings as in kafka_settings.h, without
//               which only clusters that speak TLS and ask for no password are reached
//   Output      the log
//   Errors      kInvalidArgument: not a log's URI, or settings. kFailedPrecondition: an archive
//               opened for writing. Else as that log
//   Threads     stateless; safe everywhere
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "daemon/log/embedded_log.h"
#include "daemon/log/kafka_settings.h"
#include "daemon/log/log.h"

namespace escalation {

// Where a kafka:// URI points.
struct KafkaPlace {
  KafkaSettings settings;
  std::string topic;
};

inline constexpr char kKafkaSettingsVariable[] = "ESCALATION_KAFKA_SETTINGS";

// With the settings of the environment, checked. kInvalidArgument: no such URI, or wrong settings.
absl::StatusOr<KafkaPlace> ParseKafkaUri(const std::string& uri);

// `options` beyond `access` are for the embedded log.
absl::StatusOr<std::unique_ptr<Log>> OpenLog(const std::string& uri, EmbeddedLogOptions options);

}  // namespace escalation
