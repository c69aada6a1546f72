#include "daemon/log/kafka_consumer.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>

#include "daemon/log/kafka_list.h"
#include "state/base/text.h"

namespace escalation {
namespace {

KafkaClientOptions ClientOptions(const KafkaConsumerOptions& options) {
  KafkaClientOptions out;
  out.client_id = options.client_id;
  const size_t kilobytes = std::max<size_t>(options.prefetch_bytes >> 10, 1);
  const size_t fetch_bytes = std::clamp<size_t>(options.prefetch_bytes / 4, 1 << 16, 4 << 20);
  out.properties = {
      {"group.id", options.group},
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      {"auto.offset.reset", "error"},
      {"allow.auto.create.topics", "false"},
      // How long a commit waits for a coordinator.
      {"session.timeout.ms", "10000"},
      {"queued.min.messages", "1000000"},
      {"queued.max.messages.kbytes", std::to_string(kilobytes)},
      {"fetch.message.max.bytes", std::to_string(fetch_bytes)},
      {"fetch.error.backoff.ms", "100"},
      {"check.crcs", "true"},
  };
  return out;
}

}  // namespace

absl::StatusOr<std::unique_ptr<KafkaConsumer>> KafkaConsumer::Open(
    const KafkaSettings& settings, const KafkaConsumerOptions& options) {
  if (options.group.empty()) {
    return absl::InvalidArgumentError("kafka: a consumer has no group, expected a name");
  }
  auto handle = KafkaHandle::Open(KafkaRole::kConsumer, settings, ClientOptions(options));
  if (!handle.ok()) return handle.status();
  return std::unique_ptr<KafkaConsumer>(new KafkaConsumer(*std::move(handle)));
}

KafkaConsumer::KafkaConsumer(std::unique_ptr<KafkaHandle> handle) : handle_(std::move(handle)) {
  rd_kafka_poll_set_consumer(handle_->raw());
  queue_ = rd_kafka_queue_get_consumer(handle_->raw());
}

KafkaConsumer::~KafkaConsumer() {
  rd_kafka_queue_destroy(queue_);
  rd_kafka_consumer_close(handle_->raw());
}

absl::Status KafkaConsumer::Assign(const std::vector<KafkaPosition>& positions) {
  return handle_->StatusOf(rd_kafka_assign(handle_->raw(), kafka::ListOf(positions).get()),
                           "partitions cannot be assigned");
}

absl::Status KafkaConsumer::Pause(const std::string& topic, int32_t partition) {
  const kafka::List list = kafka::ListOf({{topic, partition, 0}});
  const rd_kafka_resp_err_t error = rd_kafka_pause_partitions(handle_->raw(), list.get());
  return handle_->StatusOf(kafka::FirstError(error, *list), Cat(topic, "[", partition, "]"));
}

absl::Status KafkaConsumer::Resume(const std::string& topic, int32_t partition) {
  const kafka::List list = kafka::ListOf({{topic, partition, 0}});
  const rd_kafka_resp_err_t error = rd_kafka_resume_partitions(handle_->raw(), list.get());
  return handle_->StatusOf(kafka::FirstError(error, *list), Cat(topic, "[", partition, "]"));
}

std::vector<KafkaMessage> KafkaConsumer::Poll(absl::Duration timeout, size_t count) {
  constexpr size_t kChunk = 256;
  rd_kafka_message_t* chunk[kChunk];
  std::vector<KafkaMessage> out;
  // librdkafka would wait until all of a batch have come.
  int wait_ms = kafka::MillisecondsOf(timeout);
  size_t wanted = 1;
  while (out.size() < count) {
    const ssize_t got = rd_kafka_consume_batch_queue(queue_, wait_ms, chunk, wanted);
    if (got <= 0) break;
    for (ssize_t i = 0; i < got; ++i) out.emplace_back(chunk[i]);
    wait_ms = 0;
    wanted = std::min(kChunk, count - out.size());
  }
  return out;
}

void KafkaConsumer::Wake() { rd_kafka_queue_yield(queue_); }

KafkaWatermarks KafkaConsumer::CachedWatermarks(const std::string& topic, int32_t partition) const {
  KafkaWatermarks out{-1, -1};
  if (rd_kafka_get_watermark_offsets(handle_->raw(), topic.c_str(), partition, &out.begin,
                                     &out.end) != RD_KAFKA_RESP_ERR_NO_ERROR ||
      out.end < 0) {
    return {-1, -1};
  }
  return out;
}

absl::StatusOr<KafkaWatermarks> KafkaConsumer::Watermarks(const std::string& topic,
                                                          int32_t partition,
                                                          absl::Duration timeout) const {
  return QueryWatermarks(*handle_, topic, partition, timeout);
}

absl::StatusOr<std::vector<KafkaPosition>> KafkaConsumer::Committed(
    const std::vector<KafkaPosition>& partitions, absl::Duration timeout) const {
  const kafka::List list = kafka::ListOf(partitions);
  const rd_kafka_resp_err_t error =
      rd_kafka_committed(handle_->raw(), list.get(), kafka::MillisecondsOf(timeout));
  if (kafka::FirstError(error, *list) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return handle_->StatusOf(kafka::FirstError(error, *list), "committed offsets");
  }
  std::vector<KafkaPosition> out = partitions;
  for (KafkaPosition& position : out) {
    const rd_kafka_topic_partition_t* found =
        rd_kafka_topic_partition_list_find(list.get(), position.topic.c_str(), position.partition);
    position.offset = found == nullptr || found->offset < 0 ? -1 : found->offset;
  }
  return out;
}

absl::Status KafkaConsumer::Commit(const std::vector<KafkaPosition>& positions) {
  if (positions.empty()) return absl::OkStatus();
  const kafka::List list = kafka::ListOf(positions);
  // rd_kafka_commit would wait for an answer for ever.
  const kafka::Queue answers(rd_kafka_queue_new(handle_->raw()));
  const rd_kafka_resp_err_t error =
      rd_kafka_commit_queue(handle_->raw(), list.get(), answers.get(), nullptr, nullptr);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return handle_->StatusOf(error, "offsets cannot be committed");
  }
  const kafka::Event event(rd_kafka_queue_poll(answers.get(), kafka::MillisecondsOf(kCommitMax)));
  if (event == nullptr) {
    return absl::UnavailableError(Cat(handle_->name(), ": no answer to a commit of offsets"));
  }
  const rd_kafka_topic_partition_list_t* answer = rd_kafka_event_topic_partition_list(event.get());
  const rd_kafka_resp_err_t told = rd_kafka_event_error(event.get());
  return handle_->StatusOf(answer == nullptr ? told : kafka::FirstError(told, *answer),
                           "offsets cannot be committed");
}

}  // namespace escalation
