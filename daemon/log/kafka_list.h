// daemon/log/kafka_list.h
//
// What librdkafka gives and takes: its things, owned, and records. For .cc files only: includes
// librdkafka.
//
//   Threads     values
#pragma once

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "daemon/log/kafka_client.h"
#include "daemon/log/kafka_producer.h"

namespace escalation::kafka {

template <auto Destroy>
struct Destroyer {
  template <typename T>
  void operator()(T* thing) const {
    Destroy(thing);
  }
};

using List = std::unique_ptr<rd_kafka_topic_partition_list_t,
                             Destroyer<rd_kafka_topic_partition_list_destroy>>;
using Topic = std::unique_ptr<rd_kafka_topic_t, Destroyer<rd_kafka_topic_destroy>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, Destroyer<rd_kafka_queue_destroy>>;
using Event = std::unique_ptr<rd_kafka_event_t, Destroyer<rd_kafka_event_destroy>>;

inline List ListOf(const std::vector<KafkaPosition>& positions) {
  List list(rd_kafka_topic_partition_list_new(static_cast<int>(positions.size())));
  for (const KafkaPosition& position : positions) {
    rd_kafka_topic_partition_list_add(list.get(), position.topic.c_str(), position.partition)
        ->offset = position.offset;
  }
  return list;
}

// Of a partition, or of the whole call.
inline rd_kafka_resp_err_t FirstError(rd_kafka_resp_err_t error,
                                      const rd_kafka_topic_partition_list_t& list) {
  for (int i = 0; error == RD_KAFKA_RESP_ERR_NO_ERROR && i < list.cnt; ++i) {
    error = list.elems[i].err;
  }
  return error;
}

// Hands a record over. It is not copied: key and value MUST stay until its fate is told, with
// `opaque`, or the client is gone.
rd_kafka_resp_err_t Produce(rd_kafka_t* client, rd_kafka_topic_t* topic, KafkaRecord* record,
                            void* opaque);

// Never below 0, which librdkafka takes for no time-out at all.
inline int MillisecondsOf(absl::Duration timeout) {
  constexpr absl::Duration kCap = absl::Hours(1);
  return static_cast<int>(
      absl::ToInt64Milliseconds(std::clamp(timeout, absl::ZeroDuration(), kCap)));
}

}  // namespace escalation::kafka
