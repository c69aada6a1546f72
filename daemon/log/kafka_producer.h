// daemon/log/kafka_producer.h
//
// Appends records to topics: each partition in order, without a gap, however often the connection,
// the broker or librdkafka's idempotent producer fails on the way.
//
//   Input       records; partitions are the caller's choice
//   Output      for each record the offset and the broker's timestamp, once it is durable
//               (acks=all)
//   Invariants  1. the fates of a partition's records are told in the order of Produce
//               2. after a fatal error a new producer goes on at the lowest record without a
//                  fate. A record whose acknowledgement got lost may then stand in the topic
//                  twice, the first copies in order
//               3. unless asked for, a record has no time-out: it fails only if the broker
//               will never take it
//   Time        retries for ever, or until record_timeout; the caller bounds what waits
//   Errors      to `done`: kInvalidArgument: too large. kResourceExhausted: more than bytes_max
//               under way. kNotFound: no such topic or partition. kPermissionDenied.
//               kFailedPrecondition: stopped. kUnavailable: its time was over
//   Threads     all methods from any thread; `done` runs on the producer's thread, or before
//               Produce returns when the record is refused; it MUST NOT block, but may call
//               Produce
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/log/kafka_client.h"

namespace escalation {

struct KafkaProducerOptions {
  std::string client_id;
  // Bytes under way; above, Produce refuses.
  size_t bytes_max = size_t{64} << 20;
  // What a record waits for others, to share a request.
  absl::Duration linger = absl::Milliseconds(3);
  // A record that is not acknowledged after so long (and about a second) fails with kUnavailable.
  // It is not sent any more, and may be found in the topic all the same. Empty: no time-out.
  std::optional<absl::Duration> record_timeout;
  // Of one request to the broker. 1: a record that it refuses costs no other.
  int records_per_request_max = 1'000;
};

struct KafkaRecord {
  std::string topic;
  // -1: chosen by a hash of the key as Kafka's own clients do (murmur2).
  int32_t partition = -1;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<KafkaHeader> headers;
};

// Where it goes, for messages: "TOPIC[PARTITION]", or the topic alone.
std::string PlaceOf(const KafkaRecord& record);

struct KafkaDelivery {
  int32_t partition = 0;
  int64_t offset = 0;
  KafkaTimestamp timestamp_type = KafkaTimestamp::kNone;
  // With kLogAppendTime the broker's.
  Instant timestamp = Instant::Past();
};

class KafkaProducer {
 public:
  using Done = std::function<void(absl::StatusOr<KafkaDelivery>)>;

  static absl::StatusOr<std::unique_ptr<KafkaProducer>> Open(const KafkaSettings& settings,
                                                             const KafkaProducerOptions& options);
  virtual ~KafkaProducer() = default;

  void Produce(KafkaRecord record, Done done);
  // As Produce of each in order, but all or none are refused; they share requests as far as they
  // fit.
  struct ToProduce {
    KafkaRecord record;
    Done done;
  };
  virtual void ProduceTogether(std::vector<ToProduce> records) = 0;
  // Waits until every record so far has its fate; kUnavailable: not all of them in time.
  virtual absl::Status Flush(absl::Duration timeout) = 0;
  // Refuses further records; those without a fate after `timeout` fail with kUnavailable, and may
  // be found in the topic all the same.
  virtual void Stop(absl::Duration timeout) = 0;

  // OK, or why nothing gets through at the moment.
  virtual absl::Status Health() const = 0;
  // How often a new producer had to take over from one that failed.
  virtual int64_t restarts() const = 0;
};

// Produces and waits for the fate. MUST NOT be called from `done`.
absl::StatusOr<KafkaDelivery> ProduceAndWait(KafkaProducer& producer, KafkaRecord record);

}  // namespace escalation
