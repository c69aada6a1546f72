// daemon/log/kafka_client.h
//
// What every client of a Kafka cluster needs: librdkafka's handle as an owned thing, its messages,
// its errors as statuses. kafka_reader.h, kafka_producer.h and kafka_admin.h stand on it; code in
// daemon/log and daemon/source that needs more of librdkafka takes raw() in its .cc.
//
//   Input       settings; what librdkafka calls back
//   Output      handles and messages that are destroyed once
//   Invariants  1. no secret of the settings in a status or a log line
//               2. a failed connection is never an error here: librdkafka connects again for
//                  ever
//   Time        librdkafka's own time-outs
//   Errors      by what the caller should do. kUnavailable: the same again later. kNotFound: no
//               such topic or partition. kOutOfRange: no such offset. kInvalidArgument:
//               settings, or what the broker will never take. kPermissionDenied,
//               kUnauthenticated: the cluster refuses us. kAborted: the group has moved on.
//               kAlreadyExists. kDataLoss: damaged bytes
//   Threads     a handle's librdkafka functions from any thread; a message is a value
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "daemon/log/kafka_settings.h"
#include "state/base/ids.h"
#include "state/base/instant.h"

struct rd_kafka_s;
struct rd_kafka_conf_s;
struct rd_kafka_message_s;

namespace escalation {

enum class KafkaRole { kProducer, kConsumer };

struct KafkaClientOptions {
  // "escalationd-log-0": appears in the broker's logs and metrics.
  std::string client_id;
  // librdkafka's properties that this client needs; they win over those of the settings.
  std::map<std::string, std::string> properties;
  // A failure of the whole client, such as brokers that cannot be reached (kUnavailable) or refuse
  // us; fatal: the client is of no use any more. Runs on whatever thread polls the handle.
  std::function<void(const absl::Status& status, bool fatal)> on_error;
  // The fate of a message that was produced. Runs on whatever thread polls the handle.
  std::function<void(const rd_kafka_message_s& message)> on_delivery;
  // For what these options do not know: may set callbacks but neither the opaque nor those above.
  std::function<void(rd_kafka_conf_s*)> configure;
};

// One rd_kafka_t. Its destructor leaves the group and drops what is still in its queues.
class KafkaHandle {
 public:
  static absl::StatusOr<std::unique_ptr<KafkaHandle>> Open(KafkaRole role,
                                                           const KafkaSettings& settings,
                                                           KafkaClientOptions options);
  ~KafkaHandle();
  KafkaHandle(const KafkaHandle&) = delete;
  KafkaHandle& operator=(const KafkaHandle&) = delete;

  rd_kafka_s* raw() const { return handle_; }
  // kafka://BROKERS, for messages.
  const std::string& name() const { return name_; }
  // KafkaStatus of this client, without the secrets of its settings; `what` follows the name.
  absl::Status StatusOf(int error, std::string_view what, std::string_view detail = {}) const;

 private:
  friend struct KafkaCallbacks;
  KafkaHandle(const KafkaSettings& settings, KafkaClientOptions options);

  const KafkaSettings settings_;
  const KafkaClientOptions options_;
  const std::string name_;
  rd_kafka_s* handle_ = nullptr;
};

// An rd_kafka_resp_err_t as a status: "where: what librdkafka says". kOk for no error.
absl::Status KafkaStatus(int error, std::string_view where, std::string_view detail = {});

// A place in a topic.
struct KafkaPosition {
  std::string topic;
  int32_t partition = 0;
  int64_t offset = 0;
  friend bool operator==(const KafkaPosition&, const KafkaPosition&) = default;
};

// "TOPIC[PARTITION]@OFFSET"
std::string ToText(const KafkaPosition& position);

struct KafkaHeader {
  std::string name;
  // Empty optional: null, which Kafka tells from empty.
  std::optional<std::string> value;
  friend bool operator==(const KafkaHeader&, const KafkaHeader&) = default;
};

enum class KafkaTimestamp { kNone, kCreateTime, kLogAppendTime };

// A message that was read, or an error of one partition. Owns librdkafka's memory: views live as
// long as the message.
class KafkaMessage {
 public:
  explicit KafkaMessage(rd_kafka_message_s* message) : message_(message) {}
  ~KafkaMessage();
  KafkaMessage(KafkaMessage&& other) noexcept : message_(std::exchange(other.message_, nullptr)) {}
  KafkaMessage& operator=(KafkaMessage&& other) noexcept {
    std::swap(message_, other.message_);
    return *this;
  }

  // Not OK: no message, but what is wrong with its partition. kOutOfRange: the position is not in
  // the topic (any more).
  absl::Status status() const;
  std::string_view topic() const;
  int32_t partition() const;
  int64_t offset() const;
  // Empty optional: null. A null value is a tombstone.
  std::optional<std::string_view> key() const;
  std::optional<std::string_view> value() const;
  KafkaTimestamp timestamp_type() const;
  // Instant::Past() for kNone.
  Instant timestamp() const;
  // In order; names may repeat.
  std::vector<KafkaHeader> headers() const;
  // The last one of that name; empty optional: none, or null.
  std::optional<std::string_view> header(const char* name) const;

  const rd_kafka_message_s* raw() const { return message_; }

 private:
  rd_kafka_message_s* message_;
};

}  // namespace escalation
