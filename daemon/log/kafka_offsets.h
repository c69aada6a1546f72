// daemon/log/kafka_offsets.h
//
// Asks brokers for offsets, and gives up in time: rd_kafka_query_watermark_offsets of
// librdkafka 2.0.2 waits for ever for a broker that went away.
//
//   Errors      as kafka_client.h; kUnavailable: no answer within the time-out
//   Threads     any, on a handle of any
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "daemon/log/kafka_client.h"

namespace escalation {

struct KafkaWatermarks {
  // The first offset that can be read, and the one that the next record gets.
  int64_t begin = 0;
  int64_t end = 0;
};

absl::StatusOr<KafkaWatermarks> QueryWatermarks(const KafkaHandle& handle, const std::string& topic,
                                                int32_t partition, absl::Duration timeout);

// The first offset whose timestamp is at or after `time_ms`; -1: none.
absl::StatusOr<int64_t> QueryOffsetAt(const KafkaHandle& handle, const std::string& topic,
                                      int32_t partition, int64_t time_ms, absl::Duration timeout);

}  // namespace escalation
