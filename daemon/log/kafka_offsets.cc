#include "daemon/log/kafka_offsets.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>

#include "daemon/log/kafka_list.h"
#include "state/base/text.h"

namespace escalation {

absl::StatusOr<int64_t> QueryOffsetAt(const KafkaHandle& handle, const std::string& topic,
                                      int32_t partition, int64_t time_ms, absl::Duration timeout) {
  const kafka::List list = kafka::ListOf({{topic, partition, time_ms}});
  const rd_kafka_resp_err_t error = kafka::FirstError(
      rd_kafka_offsets_for_times(handle.raw(), list.get(), kafka::MillisecondsOf(timeout)), *list);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return handle.StatusOf(error, Cat(topic, "[", partition, "]"));
  }
  return std::max<int64_t>(list->elems[0].offset, -1);
}

absl::StatusOr<KafkaWatermarks> QueryWatermarks(const KafkaHandle& handle, const std::string& topic,
                                                int32_t partition, absl::Duration timeout) {
  // The protocol's names for the beginning and the end.
  const auto begin = QueryOffsetAt(handle, topic, partition, RD_KAFKA_OFFSET_BEGINNING, timeout);
  if (!begin.ok()) return begin.status();
  const auto end = QueryOffsetAt(handle, topic, partition, RD_KAFKA_OFFSET_END, timeout);
  if (!end.ok()) return end.status();
  return KafkaWatermarks{*begin, *end};
}

}  // namespace escalation
