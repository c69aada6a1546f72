// daemon/log/kafka_log.h
//
// The log on Kafka: one topic of records, one of decisions, made by CreateKafkaLog.
//
//   Input       as Log; a cluster
//   Output      as Log
//   Invariants  as Log, and: 5. a record has the key of its tenant, the header of the log's
//               incarnation, and the time at which the broker took it
//               6. a lost acknowledgement, a fatal error of librdkafka, a broker that dies:
//                  records stay in order and without a gap. One may stand there twice; the fold
//                  drops it
//               7. another topic under the same name, a truncated one or a foreign writer stops
//                  reading, and appending once it is noticed
//   Time        the brokers' clocks. Append, Read and WaitFor never depend on this machine's
//   Errors      as Log. kUnavailable: the brokers are away; nothing else is wrong, and nothing
//               is lost: what was handed to Append goes on as soon as they are back.
//               kFailedPrecondition from Open: no log, or settings under which records would be
//               lost
//   Threads     as Log. End, Health and WaitFor never ask the broker once reading has begun: the
//               end is that of its latest answer, at most a round trip old while it answers at
//               all. Who must know that nothing came before now appends a record and reads it
//               back
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "daemon/log/kafka_settings.h"
#include "daemon/log/log.h"

namespace escalation {

struct KafkaLogOptions {
  KafkaSettings settings;
  std::string topic;
  // Empty: by TopicsOf.
  std::string decisions_topic;
  Access access = Access::kReadWrite;
  // Bytes of appends under way; above, Append refuses with kResourceExhausted.
  size_t queue_bytes_max = size_t{64} << 20;
  // What each reader of a partition reads ahead.
  size_t prefetch_bytes = size_t{32} << 20;
  // How long Stop waits for appends under way.
  absl::Duration stop_max = absl::Seconds(10);
  // Settings of the topics that are less safe than they could be. Empty: not told.
  std::function<void(const std::string&)> on_warning;
};

// kUnavailable: no broker answers; the same call may succeed later.
absl::StatusOr<std::unique_ptr<Log>> OpenKafkaLog(KafkaLogOptions options);

}  // namespace escalation
