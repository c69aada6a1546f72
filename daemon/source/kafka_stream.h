// daemon/source/kafka_stream.h
//
// Topics of a Kafka cluster as a stream of messages.
//
//   Input       settings of the cluster; names of topics
//   Output      as MessageStream; positions are kept as committed offsets of a group that nobody
//               ever joins
//   Invariants  as MessageStream, and: nothing that a transaction did not commit is a message
//   Time        as MessageStream
//   Errors      of Open: kInvalidArgument. Else kUnavailable, whatever the cluster says: what is
//               refused today may be allowed tomorrow
//   Threads     as MessageStream; threads of librdkafka's own
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/log/kafka_settings.h"
#include "daemon/source/message_stream.h"

namespace escalation {

struct KafkaStreamOptions {
  KafkaSettings settings;
  std::string client_id;
  // "escalationd.SOURCE"
  std::string group;
  std::vector<std::string> topics;
  // Read ahead, over all partitions.
  size_t prefetch_bytes = size_t{16} << 20;
};

absl::StatusOr<std::unique_ptr<MessageStream>> OpenKafkaStream(const KafkaStreamOptions& options);

}  // namespace escalation
