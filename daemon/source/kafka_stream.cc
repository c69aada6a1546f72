#include "daemon/source/kafka_stream.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <set>
#include <utility>

#include "daemon/log/kafka_client.h"
#include "daemon/log/kafka_list.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr int kAskMs = 3'000;
// For the first message at a position, or the word that there is none.
constexpr int kLookMs = 5'000;

KafkaClientOptions ClientOptions(const KafkaStreamOptions& options) {
  KafkaClientOptions out;
  out.client_id = options.client_id;
  out.properties = {
      {"group.id", options.group},
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      {"auto.offset.reset", "error"},
      {"allow.auto.create.topics", "false"},
      {"isolation.level", "read_committed"},
      // The end of a partition may be a record that is no message.
      {"enable.partition.eof", "true"},
      {"session.timeout.ms", "10000"},
      {"queued.min.messages", "100000"},
      {"queued.max.messages.kbytes", Cat(std::max<size_t>(options.prefetch_bytes >> 10, 1))},
      {"fetch.message.max.bytes", "1048576"},
      {"fetch.error.backoff.ms", "100"},
      {"topic.metadata.refresh.interval.ms", "10000"},
      // A topic that is gone is told at once.
      {"topic.metadata.propagation.max.ms", "0"},
      {"check.crcs", "true"},
  };
  return out;
}

kafka::List ListOf(const std::vector<StreamPartition>& partitions, int64_t offset) {
  std::vector<KafkaPosition> positions;
  for (const StreamPartition& id : partitions)
    positions.push_back({id.topic, id.partition, offset});
  return kafka::ListOf(positions);
}

StreamedMessage Streamed(const KafkaMessage& message) {
  StreamedMessage out;
  SourceMessage& to = out.message;
  to.topic = std::string(message.topic());
  to.partition = message.partition();
  to.offset = message.offset();
  to.stamped = message.timestamp();
  if (const auto key = message.key()) to.key = std::string(*key);
  to.value = std::string(message.value().value_or(""));
  for (KafkaHeader& header : message.headers()) {
    to.headers.push_back({std::move(header.name), std::move(header.value).value_or("")});
  }
  out.stamped_by_broker = message.timestamp_type() == KafkaTimestamp::kLogAppendTime;
  return out;
}

class KafkaStream : public MessageStream {
 public:
  KafkaStream(std::unique_ptr<KafkaHandle> handle, std::vector<std::string> topics)
      : handle_(std::move(handle)), topics_(std::move(topics)) {
    rd_kafka_poll_set_consumer(handle_->raw());
    queue_ = rd_kafka_queue_get_consumer(handle_->raw());
  }
  ~KafkaStream() override {
    rd_kafka_consumer_close(handle_->raw());
    rd_kafka_queue_destroy(queue_);
  }

  absl::StatusOr<Partitions> Discover() override;
  absl::StatusOr<Extents> AskExtents(const std::vector<StreamPartition>& partitions) override;
  absl::StatusOr<Positions> Committed(const std::vector<StreamPartition>& partitions) override;
  absl::Status Commit(const Positions& positions) override;
  absl::StatusOr<std::optional<StreamedMessage>> ReadAt(const StreamPartition& partition,
                                                        int64_t offset) override;
  absl::Status Assign(const std::map<StreamPartition, int64_t>& positions) override;
  Polled Poll(Duration timeout, size_t count, size_t bytes_max) override;
  void Wake() override { rd_kafka_queue_yield(queue_); }

 private:
  absl::Status Failed(int error, std::string_view what) const {
    return absl::UnavailableError(
        Cat(handle_->name(), ": ", std::string(handle_->StatusOf(error, what).message())));
  }
  // Offsets at the beginning (-2) or the end (-1) of all partitions, in one round trip.
  absl::StatusOr<std::map<StreamPartition, int64_t>> Ask(
      const std::vector<StreamPartition>& partitions, int64_t which) const;
  // Sorts one message, or what it says of its partition, into `polled`.
  static void Sort(const KafkaMessage& message, Polled* polled);

  const std::unique_ptr<KafkaHandle> handle_;
  const std::vector<std::string> topics_;
  rd_kafka_queue_t* queue_ = nullptr;
};

absl::StatusOr<MessageStream::Partitions> KafkaStream::Discover() {
  Partitions there;
  for (const std::string& name : topics_) {
    rd_kafka_topic_t* const topic = rd_kafka_topic_new(handle_->raw(), name.c_str(), nullptr);
    if (topic == nullptr) return Failed(rd_kafka_last_error(), Cat("topic ", name));
    const rd_kafka_metadata_t* metadata = nullptr;
    const rd_kafka_resp_err_t error =
        rd_kafka_metadata(handle_->raw(), 0, topic, &metadata, kAskMs);
    rd_kafka_topic_destroy(topic);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return Failed(error, Cat("topic ", name));
    const rd_kafka_resp_err_t of_topic = metadata->topic_cnt == 1
                                             ? metadata->topics[0].err
                                             : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    const int32_t count = metadata->topic_cnt == 1 ? metadata->topics[0].partition_cnt : 0;
    rd_kafka_metadata_destroy(metadata);
    if (of_topic == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
      there.missing.push_back(name);
      continue;
    }
    if (of_topic != RD_KAFKA_RESP_ERR_NO_ERROR) return Failed(of_topic, Cat("topic ", name));
    for (int32_t i = 0; i < count; ++i) there.found.push_back({name, i});
  }
  return there;
}

absl::StatusOr<std::map<StreamPartition, int64_t>> KafkaStream::Ask(
    const std::vector<StreamPartition>& partitions, int64_t which) const {
  const kafka::List list = ListOf(partitions, which);
  const rd_kafka_resp_err_t error = rd_kafka_offsets_for_times(handle_->raw(), list.get(), kAskMs);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return Failed(error, "offsets");
  std::map<StreamPartition, int64_t> out;
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& item = list->elems[i];
    if (item.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
        item.err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION) {
      continue;
    }
    if (item.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return Failed(item.err, Cat(item.topic, "[", item.partition, "]"));
    }
    if (item.offset >= 0) out[{item.topic, item.partition}] = item.offset;
  }
  return out;
}

absl::StatusOr<MessageStream::Extents> KafkaStream::AskExtents(
    const std::vector<StreamPartition>& partitions) {
  Extents extents;
  if (partitions.empty()) return extents;
  const auto begins = Ask(partitions, RD_KAFKA_OFFSET_BEGINNING);
  if (!begins.ok()) return begins.status();
  const auto ends = Ask(partitions, RD_KAFKA_OFFSET_END);
  if (!ends.ok()) return ends.status();
  for (const auto& [id, begin] : *begins) {
    const auto end = ends->find(id);
    if (end != ends->end()) extents[id] = {begin, end->second};
  }
  return extents;
}

absl::StatusOr<MessageStream::Positions> KafkaStream::Committed(
    const std::vector<StreamPartition>& partitions) {
  Positions positions;
  if (partitions.empty()) return positions;
  const kafka::List list = ListOf(partitions, RD_KAFKA_OFFSET_INVALID);
  const rd_kafka_resp_err_t error = rd_kafka_committed(handle_->raw(), list.get(), kAskMs);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return Failed(error, "committed offsets");
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& item = list->elems[i];
    if (item.err != RD_KAFKA_RESP_ERR_NO_ERROR) return Failed(item.err, "committed offsets");
    if (item.offset < 0) continue;
    positions[{item.topic, item.partition}] = {
        item.offset, std::string(static_cast<const char*>(item.metadata), item.metadata_size)};
  }
  return positions;
}

absl::Status KafkaStream::Commit(const Positions& positions) {
  std::vector<KafkaPosition> offsets;
  for (const auto& [id, position] : positions) {
    offsets.push_back({id.topic, id.partition, position.offset});
  }
  const kafka::List list = kafka::ListOf(offsets);
  for (const auto& [id, position] : positions) {
    rd_kafka_topic_partition_t* const item =
        rd_kafka_topic_partition_list_find(list.get(), id.topic.c_str(), id.partition);
    // Owned by the list, which frees it.
    item->metadata = rd_kafka_mem_malloc(handle_->raw(), position.note.size());
    item->metadata_size = position.note.size();
    position.note.copy(static_cast<char*>(item->metadata), position.note.size());
  }
  const rd_kafka_resp_err_t error = rd_kafka_commit(handle_->raw(), list.get(), /*async=*/0);
  const rd_kafka_resp_err_t first = kafka::FirstError(error, *list);
  if (first == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
  return Failed(first, "offsets cannot be committed");
}

absl::StatusOr<std::optional<StreamedMessage>> KafkaStream::ReadAt(const StreamPartition& partition,
                                                                   int64_t offset) {
  if (absl::Status status = Assign({{partition, offset}}); !status.ok()) return status;
  const Polled polled = Poll({kLookMs}, 1, 1);
  if (!polled.messages.empty()) return std::optional(polled.messages.front());
  if (polled.ends.contains(partition)) return std::optional<StreamedMessage>();
  const auto lost = polled.lost.find(partition);
  return absl::UnavailableError(Cat(ToText(partition), "@", offset, ": cannot be read: ",
                                    lost == polled.lost.end() ? "no answer" : lost->second));
}

absl::Status KafkaStream::Assign(const std::map<StreamPartition, int64_t>& positions) {
  std::vector<KafkaPosition> list;
  for (const auto& [id, offset] : positions) list.push_back({id.topic, id.partition, offset});
  // What was read ahead of an older assignment is dropped, also where a partition stays.
  rd_kafka_resp_err_t error = rd_kafka_assign(handle_->raw(), nullptr);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    error = rd_kafka_assign(handle_->raw(), kafka::ListOf(list).get());
  }
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
  return Failed(error, "partitions cannot be assigned");
}

void KafkaStream::Sort(const KafkaMessage& message, Polled* polled) {
  const StreamPartition id{std::string(message.topic()), message.partition()};
  switch (message.raw()->err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      polled->messages.push_back(Streamed(message));
      return;
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
      polled->ends[id] = message.offset();
      return;
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      // An error of no partition is one of the client: it goes on by itself.
      if (!id.topic.empty()) polled->lost[id] = std::string(message.status().message());
      return;
    default:
      return;
  }
}

MessageStream::Polled KafkaStream::Poll(Duration timeout, size_t count, size_t bytes_max) {
  Polled polled;
  size_t bytes = 0;
  int wait_ms = static_cast<int>(timeout.ms);
  while (polled.messages.size() < count && bytes < bytes_max && polled.lost.empty()) {
    rd_kafka_message_t* raw = rd_kafka_consume_queue(queue_, wait_ms);
    if (raw == nullptr) break;
    wait_ms = 0;
    const KafkaMessage message(raw);
    bytes += raw->len + raw->key_len;
    Sort(message, &polled);
  }
  return polled;
}

}  // namespace

absl::StatusOr<std::unique_ptr<MessageStream>> OpenKafkaStream(const KafkaStreamOptions& options) {
  auto handle = KafkaHandle::Open(KafkaRole::kConsumer, options.settings, ClientOptions(options));
  if (!handle.ok()) return handle.status();
  return std::unique_ptr<MessageStream>(
      std::make_unique<KafkaStream>(*std::move(handle), options.topics));
}

}  // namespace escalation
