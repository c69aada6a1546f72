// daemon/log/kafka_settings.h
//
// How to reach a Kafka cluster.
//
//   Input       brokers; librdkafka's own settings of connection and security, by their names; or a
//               file of them
//   Output      settings that were checked
//   Invariants  1. nothing crosses the network in plain text unless that is allowed by name
//               2. the value of a secret setting is never printed
//               3. what the guarantees of the log rest on cannot be set: acks, idempotence, groups
//               ...
//   Time        none
//   Errors      kInvalidArgument: "where: what is wrong, the value, the expectation"
//   Threads     values
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/secret.h"

namespace escalation {

enum class Plaintext { kRefused, kAllowed };

// One line of librdkafka's own log, without the secrets of the settings.
struct KafkaLogLine {
  enum class Level { kError, kWarning, kInfo, kDebug };
  Level level = Level::kInfo;
  // What librdkafka calls the place: "FAIL", "CONNECT" ...
  std::string facility;
  std::string text;
};

struct KafkaSettings {
  // "host:port,host:port". A port that is left out is 9092.
  std::string brokers;
  Plaintext plaintext = Plaintext::kRefused;
  // security.protocol, sasl.*, ssl.*, socket.* ...: librdkafka's names.
  std::map<std::string, Secret> properties;
  // Runs on threads of librdkafka; MUST NOT block or call back. Empty: lines are dropped.
  std::function<void(const KafkaLogLine&)> on_log;
};

// Brokers that can be read, properties that may be set, no plain text unless allowed. `where`
// begins the message. What a property's value has to be only librdkafka knows: it is asked when a
// client opens.
absl::Status CheckKafkaSettings(std::string_view where, const KafkaSettings& settings);

// True if a user may set this property.
bool IsKafkaProperty(std::string_view name);

// Lines `name=value` as in the files of Kafka's own tools; `#` begins a comment line. The two names
// that are ours: brokers, allow_plaintext (true or false). Errors: "FILE:LINE: ..."; kNotFound: no
// such file.
absl::StatusOr<KafkaSettings> ReadKafkaSettings(const std::string& file);

// Whether two clients of these would speak to the same cluster in the same way. `on_log` does not
// count.
bool SameConnection(const KafkaSettings& a, const KafkaSettings& b);

// The values of the properties that hold secrets.
std::vector<Secret> SecretsOf(const KafkaSettings& settings);

// `text` with "[redacted]" for every value of a property that holds a secret.
std::string WithoutSecrets(const KafkaSettings& settings, std::string text);

}  // namespace escalation
