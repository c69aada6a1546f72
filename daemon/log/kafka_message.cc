#include <librdkafka/rdkafka.h>

#include "daemon/log/kafka_client.h"
#include "state/base/text.h"

namespace escalation {
namespace {

std::string_view View(const void* bytes, size_t size) {
  return {static_cast<const char*>(bytes), size};
}

}  // namespace

KafkaMessage::~KafkaMessage() {
  if (message_ != nullptr) rd_kafka_message_destroy(message_);
}

absl::Status KafkaMessage::status() const {
  if (message_->err == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
  const char* detail = rd_kafka_message_errstr(message_);
  return KafkaStatus(message_->err, Cat(topic(), "[", partition(), "]"),
                     detail == nullptr ? "" : detail);
}

std::string_view KafkaMessage::topic() const {
  return message_->rkt == nullptr ? std::string_view() : rd_kafka_topic_name(message_->rkt);
}

int32_t KafkaMessage::partition() const { return message_->partition; }

int64_t KafkaMessage::offset() const { return message_->offset; }

std::optional<std::string_view> KafkaMessage::key() const {
  if (message_->key == nullptr) return std::nullopt;
  return View(message_->key, message_->key_len);
}

std::optional<std::string_view> KafkaMessage::value() const {
  if (message_->payload == nullptr) return std::nullopt;
  return View(message_->payload, message_->len);
}

KafkaTimestamp KafkaMessage::timestamp_type() const {
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  rd_kafka_message_timestamp(message_, &type);
  switch (type) {
    case RD_KAFKA_TIMESTAMP_CREATE_TIME:
      return KafkaTimestamp::kCreateTime;
    case RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME:
      return KafkaTimestamp::kLogAppendTime;
    default:
      return KafkaTimestamp::kNone;
  }
}

Instant KafkaMessage::timestamp() const {
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const int64_t ms = rd_kafka_message_timestamp(message_, &type);
  return type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? Instant::Past() : Instant{ms};
}

std::vector<KafkaHeader> KafkaMessage::headers() const {
  std::vector<KafkaHeader> out;
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(message_, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return out;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    KafkaHeader& header = out.emplace_back();
    header.name = name;
    if (value != nullptr) header.value = View(value, size);
  }
  return out;
}

std::optional<std::string_view> KafkaMessage::header(const char* name) const {
  rd_kafka_headers_t* headers = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  if (rd_kafka_message_headers(message_, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
      rd_kafka_header_get_last(headers, name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR ||
      value == nullptr) {
    return std::nullopt;
  }
  return View(value, size);
}

}  // namespace escalation
