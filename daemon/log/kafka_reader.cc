#include "daemon/log/kafka_reader.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>

#include "daemon/log/deadline.h"
#include "state/base/text.h"

namespace escalation {

absl::StatusOr<std::unique_ptr<KafkaReader>> KafkaReader::Open(const KafkaSettings& settings,
                                                               KafkaReaderOptions options) {
  KafkaClientOptions client;
  client.client_id = options.client_id;
  const size_t kilobytes = std::max<size_t>(options.prefetch_bytes >> 10, 1);
  // As the broker counts them, compressed: unpacked they may be ten times as many.
  const size_t fetch_bytes = std::clamp<size_t>(options.prefetch_bytes / 32, 1 << 16, 1 << 20);
  client.properties = {
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      {"auto.offset.reset", "error"},
      {"allow.auto.create.topics", "false"},
      // Nobody writes transactions here; one that did would be seen.
      {"isolation.level", "read_uncommitted"},
      {"queued.min.messages", "10000000"},
      {"queued.max.messages.kbytes", std::to_string(kilobytes)},
      {"fetch.message.max.bytes", std::to_string(fetch_bytes)},
      {"fetch.error.backoff.ms", "50"},
      // Records are told at once; Start waits for the answer under way.
      {"fetch.wait.max.ms", "100"},
      {"check.crcs", "true"},
  };
  auto handle = KafkaHandle::Open(KafkaRole::kConsumer, settings, std::move(client));
  if (!handle.ok()) return handle.status();
  return std::unique_ptr<KafkaReader>(new KafkaReader(*std::move(handle), std::move(options)));
}

KafkaReader::KafkaReader(std::unique_ptr<KafkaHandle> handle, KafkaReaderOptions options)
    : options_(std::move(options)), handle_(std::move(handle)) {
  topic_ = rd_kafka_topic_new(handle_->raw(), options_.topic.c_str(), nullptr);
}

KafkaReader::~KafkaReader() {
  StopFetching();
  rd_kafka_topic_destroy(topic_);
}

void KafkaReader::StopFetching() {
  if (queue_ == nullptr) return;
  rd_kafka_consume_stop(topic_, options_.partition);
  rd_kafka_queue_cb_event_enable(queue_, nullptr, nullptr);
  rd_kafka_queue_destroy(queue_);
  queue_ = nullptr;
}

absl::Status KafkaReader::Start(int64_t offset) {
  StopFetching();
  queue_ = rd_kafka_queue_new(handle_->raw());
  rd_kafka_queue_cb_event_enable(
      queue_, [](rd_kafka_t*, void* self) { static_cast<KafkaReader*>(self)->options_.ready(); },
      this);
  if (rd_kafka_consume_start_queue(topic_, options_.partition, offset, queue_) == 0) {
    return absl::OkStatus();
  }
  return handle_->StatusOf(rd_kafka_last_error(),
                           Cat(options_.topic, "[", options_.partition, "]@", offset));
}

size_t KafkaReader::Take(size_t count, std::vector<KafkaMessage>* out) {
  constexpr size_t kChunk = 1024;
  rd_kafka_message_t* chunk[kChunk];
  rd_kafka_poll(handle_->raw(), 0);
  size_t taken = 0;
  while (queue_ != nullptr && taken < count) {
    const ssize_t got =
        rd_kafka_consume_batch_queue(queue_, 0, chunk, std::min(kChunk, count - taken));
    if (got <= 0) break;
    for (ssize_t i = 0; i < got; ++i) out->emplace_back(chunk[i]);
    taken += static_cast<size_t>(got);
  }
  return taken;
}

int64_t KafkaReader::CachedEnd() const {
  int64_t begin = -1;
  int64_t end = -1;
  if (rd_kafka_get_watermark_offsets(handle_->raw(), options_.topic.c_str(), options_.partition,
                                     &begin, &end) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return -1;
  }
  return std::max<int64_t>(end, -1);
}

absl::StatusOr<std::unique_ptr<WaitingKafkaReader>> WaitingKafkaReader::Open(
    const KafkaSettings& settings, KafkaReaderOptions options) {
  std::unique_ptr<WaitingKafkaReader> out(new WaitingKafkaReader());
  out->name_ = Cat(options.topic, "[", options.partition, "]");
  options.ready = [self = out.get()] {
    const std::lock_guard lock(self->mutex_);
    self->ready_ = true;
    self->changed_.notify_all();
  };
  auto reader = KafkaReader::Open(settings, std::move(options));
  if (!reader.ok()) return reader.status();
  out->reader_ = *std::move(reader);
  return out;
}

absl::StatusOr<std::vector<KafkaMessage>> WaitingKafkaReader::Next(size_t count,
                                                                   absl::Duration timeout) {
  const auto deadline = DeadlineAfter(timeout);
  std::vector<KafkaMessage> out;
  while (true) {
    reader_->Take(count, &out);
    // What is wrong now may be right a moment later, but not these two.
    const auto broken = std::find_if(out.begin(), out.end(), [](const KafkaMessage& message) {
      return absl::IsOutOfRange(message.status()) || absl::IsDataLoss(message.status());
    });
    if (broken != out.end()) return broken->status();
    std::erase_if(out, [](const KafkaMessage& message) { return !message.status().ok(); });
    if (!out.empty()) return out;
    std::unique_lock lock(mutex_);
    if (!changed_.wait_until(lock, deadline, [&] { return ready_; })) {
      return absl::UnavailableError(Cat(name_, ": the broker gives no records"));
    }
    ready_ = false;
  }
}

}  // namespace escalation
