#include <iterator>
#include <optional>
#include <string>

#include "daemon/log/kafka_list.h"

namespace escalation::kafka {
namespace {

void SetBytes(std::optional<std::string>* text, rd_kafka_vu_t* part) {
  part->u.mem.ptr = *text ? (*text)->data() : nullptr;
  part->u.mem.size = *text ? (*text)->size() : 0;
}

}  // namespace

rd_kafka_resp_err_t Produce(rd_kafka_t* client, rd_kafka_topic_t* topic, KafkaRecord* record,
                            void* opaque) {
  rd_kafka_headers_t* headers = rd_kafka_headers_new(record->headers.size());
  for (const KafkaHeader& header : record->headers) {
    rd_kafka_header_add(headers, header.name.data(), static_cast<ssize_t>(header.name.size()),
                        header.value ? header.value->data() : nullptr,
                        header.value ? static_cast<ssize_t>(header.value->size()) : 0);
  }
  rd_kafka_vu_t parts[7];
  parts[0].vtype = RD_KAFKA_VTYPE_RKT;
  parts[0].u.rkt = topic;
  parts[1].vtype = RD_KAFKA_VTYPE_PARTITION;
  parts[1].u.i32 = record->partition;
  parts[2].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  parts[2].u.i = 0;
  parts[3].vtype = RD_KAFKA_VTYPE_VALUE;
  SetBytes(&record->value, &parts[3]);
  parts[4].vtype = RD_KAFKA_VTYPE_KEY;
  SetBytes(&record->key, &parts[4]);
  parts[5].vtype = RD_KAFKA_VTYPE_HEADERS;
  parts[5].u.headers = headers;
  parts[6].vtype = RD_KAFKA_VTYPE_OPAQUE;
  parts[6].u.ptr = opaque;
  rd_kafka_error_t* failure = rd_kafka_produceva(client, parts, std::size(parts));
  if (failure == nullptr) return RD_KAFKA_RESP_ERR_NO_ERROR;
  const rd_kafka_resp_err_t error = rd_kafka_error_code(failure);
  rd_kafka_error_destroy(failure);
  rd_kafka_headers_destroy(headers);
  return error;
}

}  // namespace escalation::kafka
