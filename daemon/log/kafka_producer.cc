#include "daemon/log/kafka_producer.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "daemon/log/deadline.h"
#include "daemon/log/kafka_list.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr int kPollMs = 100;
// What an error of one attempt means for those after it: nothing, so they come ever more rarely.
constexpr absl::Duration kRestartPauseMax = absl::Seconds(2);
// What librdkafka is given of one partition at a time, and within `linger`, so that it becomes one
// request. It sends no other one while one of an idempotent producer is under way, but its thread
// turns in a loop without a pause as long as a record waits behind that.
constexpr size_t kRequestBytesMax = 900'000;
// How long a failed producer may take to give back what it holds.
constexpr absl::Duration kPurgeMax = absl::Seconds(5);

struct Stream;

struct Entry {
  Stream* stream = nullptr;
  KafkaRecord record;
  KafkaProducer::Done done;
  size_t bytes = 0;
  std::optional<absl::StatusOr<KafkaDelivery>> fate;
};

// The records of one partition that wait for their fate, in order.
struct Stream {
  std::string topic;
  // An entry's place does not change while it waits: librdkafka holds pointers into it.
  std::deque<Entry> entries;
  // So many of them, from the front on, the present librdkafka producer has taken.
  size_t taken = 0;
  kafka::Topic handle;
};

size_t BytesOf(const KafkaRecord& record) {
  size_t bytes = sizeof(Entry) + record.topic.size();
  if (record.key) bytes += record.key->size();
  if (record.value) bytes += record.value->size();
  for (const KafkaHeader& header : record.headers) {
    bytes += header.name.size() + (header.value ? header.value->size() : 0);
  }
  return bytes;
}

// Told that this producer failed, librdkafka gives every record back: that is no fate.
bool IsFate(rd_kafka_resp_err_t error) {
  return error != RD_KAFKA_RESP_ERR__PURGE_QUEUE && error != RD_KAFKA_RESP_ERR__PURGE_INFLIGHT &&
         error != RD_KAFKA_RESP_ERR__FATAL && error != RD_KAFKA_RESP_ERR__DESTROY;
}

class OrderedProducer final : public KafkaProducer {
 public:
  OrderedProducer(KafkaSettings settings, KafkaProducerOptions options)
      : settings_(std::move(settings)), options_(std::move(options)) {}
  ~OrderedProducer() override { OrderedProducer::Stop(absl::ZeroDuration()); }

  absl::Status Start();
  void ProduceTogether(std::vector<ToProduce> records) override;
  absl::Status Flush(absl::Duration timeout) override;
  void Stop(absl::Duration timeout) override;
  absl::Status Health() const override;
  int64_t restarts() const override;

 private:
  absl::StatusOr<std::unique_ptr<KafkaHandle>> Open();
  void OnDelivery(const rd_kafka_message_t& message);
  void OnError(const absl::Status& status, bool fatal);
  void Run();
  // Under mutex_. Not OK: there is no room for so much.
  absl::Status Admit(size_t bytes) const;
  void Add(ToProduce together);
  // Under mutex_: unless a request is under way, hands over the next one's records, in order.
  void HandOver(Stream* stream);
  rd_kafka_resp_err_t HandOver(Stream* stream, Entry* entry);
  // Tells the fates at the front of the streams that got one.
  void Settle();
  void Restart();
  void Purge();
  void FailTheRest();

  const KafkaSettings settings_;
  const KafkaProducerOptions options_;
  std::thread thread_;
  // Changed by thread_ only.
  std::unique_ptr<KafkaHandle> handle_;

  mutable std::mutex mutex_;  // Guards what follows.
  std::condition_variable settled_;
  std::map<std::pair<std::string, int32_t>, Stream> streams_;
  // Streams with a fate that was not told yet.
  std::vector<Stream*> touched_;
  size_t bytes_ = 0;
  bool failed_ = false;
  bool refusing_ = false;
  bool ending_ = false;
  absl::Status health_;
  int64_t restarts_ = 0;
};

absl::StatusOr<std::unique_ptr<KafkaHandle>> OrderedProducer::Open() {
  KafkaClientOptions options;
  options.client_id = options_.client_id;
  options.properties = {
      {"enable.idempotence", "true"},
      {"acks", "all"},
      {"max.in.flight", "5"},
      {"message.timeout.ms", "0"},
      {"batch.num.messages", std::to_string(options_.records_per_request_max)},
      {"partitioner", "murmur2_random"},
      {"message.max.bytes", "67108864"},
      {"linger.ms", std::to_string(kafka::MillisecondsOf(options_.linger))},
      // What waits is bounded here, by bytes_max.
      {"queue.buffering.max.messages", "0"},
      {"queue.buffering.max.kbytes", "2147483647"},
      {"retry.backoff.ms", "50"},
  };
  if (options_.record_timeout) {
    const int timeout_ms = std::max(kafka::MillisecondsOf(*options_.record_timeout), 1);
    options.properties["message.timeout.ms"] = std::to_string(timeout_ms);
    // That there is no such topic is known before the time of a record is over.
    options.properties["topic.metadata.propagation.max.ms"] = std::to_string(timeout_ms / 2);
  }
  if (!settings_.properties.contains("compression.type")) {
    options.properties["compression.type"] = "lz4";
  }
  options.on_delivery = [this](const rd_kafka_message_t& message) { OnDelivery(message); };
  options.on_error = [this](const absl::Status& status, bool fatal) { OnError(status, fatal); };
  return KafkaHandle::Open(KafkaRole::kProducer, settings_, std::move(options));
}

absl::Status OrderedProducer::Start() {
  auto handle = Open();
  if (!handle.ok()) return handle.status();
  handle_ = *std::move(handle);
  thread_ = std::thread([this] { Run(); });
  return absl::OkStatus();
}

void OrderedProducer::ProduceTogether(std::vector<ToProduce> records) {
  size_t bytes = 0;
  for (const ToProduce& together : records) bytes += BytesOf(together.record);
  absl::Status refused;
  {
    const std::lock_guard lock(mutex_);
    refused = Admit(bytes);
    if (refused.ok()) {
      for (ToProduce& together : records) Add(std::move(together));
      for (auto& [place, stream] : streams_) HandOver(&stream);
    }
  }
  if (refused.ok()) return;
  for (const ToProduce& together : records) together.done(refused);
}

absl::Status OrderedProducer::Admit(size_t bytes) const {
  if (refusing_) {
    return absl::FailedPreconditionError(Cat("kafka://", settings_.brokers, ": stopped"));
  }
  if (bytes_ == 0 || bytes_ + bytes <= options_.bytes_max) return absl::OkStatus();
  return absl::ResourceExhaustedError(Cat("kafka://", settings_.brokers, ": ", bytes_,
                                          " bytes of records are under way, and ", bytes,
                                          " more would be above ", options_.bytes_max));
}

void OrderedProducer::Add(ToProduce together) {
  KafkaRecord& record = together.record;
  Stream& stream = streams_[{record.topic, record.partition}];
  if (stream.topic.empty()) stream.topic = record.topic;
  const size_t bytes = BytesOf(record);
  bytes_ += bytes;
  stream.entries.push_back(
      {&stream, std::move(record), std::move(together.done), bytes, std::nullopt});
}

void OrderedProducer::HandOver(Stream* stream) {
  // The time of a record with a time-out runs from here on.
  const bool at_once = options_.record_timeout.has_value();
  if (stream->taken > 0 && !at_once) return;
  const auto records_max = static_cast<size_t>(options_.records_per_request_max);
  size_t bytes = 0;
  while (!failed_ && stream->taken < stream->entries.size()) {
    Entry& entry = stream->entries[stream->taken];
    bytes += entry.bytes;
    const bool fits = bytes <= kRequestBytesMax && stream->taken < records_max;
    if (stream->taken > 0 && !fits && !at_once) return;
    if (!entry.fate) {
      const rd_kafka_resp_err_t error = HandOver(stream, &entry);
      // The thread tries again, or begins anew.
      if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) return;
      if (error == RD_KAFKA_RESP_ERR__FATAL) {
        failed_ = true;
        return;
      }
      if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        entry.fate = handle_->StatusOf(error, stream->topic);
        touched_.push_back(stream);
      }
    }
    ++stream->taken;
  }
}

rd_kafka_resp_err_t OrderedProducer::HandOver(Stream* stream, Entry* entry) {
  rd_kafka_t* client = handle_->raw();
  if (stream->handle == nullptr) {
    stream->handle.reset(rd_kafka_topic_new(client, stream->topic.c_str(), nullptr));
  }
  return kafka::Produce(client, stream->handle.get(), &entry->record, entry);
}

void OrderedProducer::OnDelivery(const rd_kafka_message_t& message) {
  auto* entry = static_cast<Entry*>(message._private);
  const std::lock_guard lock(mutex_);
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    const int64_t ms = rd_kafka_message_timestamp(&message, &type);
    KafkaDelivery delivery{message.partition, message.offset};
    if (type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME) {
      delivery.timestamp_type = KafkaTimestamp::kLogAppendTime;
    } else if (type == RD_KAFKA_TIMESTAMP_CREATE_TIME) {
      delivery.timestamp_type = KafkaTimestamp::kCreateTime;
    }
    if (type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE) delivery.timestamp = Instant{ms};
    entry->fate = delivery;
    health_ = absl::OkStatus();
  } else if (failed_ || !IsFate(message.err)) {
    failed_ = failed_ || message.err == RD_KAFKA_RESP_ERR__FATAL;
    return;
  } else {
    entry->fate = handle_->StatusOf(message.err, PlaceOf(entry->record));
  }
  if (touched_.empty() || touched_.back() != entry->stream) touched_.push_back(entry->stream);
}

void OrderedProducer::OnError(const absl::Status& status, bool fatal) {
  const std::lock_guard lock(mutex_);
  health_ = status;
  if (fatal) failed_ = true;
}

void OrderedProducer::Settle() {
  std::vector<Entry> told;
  {
    const std::lock_guard lock(mutex_);
    for (Stream* stream : touched_) {
      while (!stream->entries.empty() && stream->entries.front().fate) {
        bytes_ -= stream->entries.front().bytes;
        if (stream->taken > 0) --stream->taken;
        told.push_back(std::move(stream->entries.front()));
        stream->entries.pop_front();
      }
    }
    touched_.clear();
  }
  for (Entry& entry : told) entry.done(*std::move(entry.fate));
  if (told.empty()) return;
  const std::lock_guard lock(mutex_);
  settled_.notify_all();
}

void OrderedProducer::Run() {
  while (true) {
    rd_kafka_poll(handle_->raw(), kPollMs);
    Settle();
    bool failed = false;
    {
      const std::lock_guard lock(mutex_);
      if (ending_) break;
      failed = failed_;
      for (auto& [place, stream] : streams_) HandOver(&stream);
    }
    if (failed) Restart();
  }
  Purge();
  Settle();
  FailTheRest();
}

void OrderedProducer::Purge() {
  rd_kafka_purge(handle_->raw(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  const auto deadline = DeadlineAfter(kPurgeMax);
  while (rd_kafka_outq_len(handle_->raw()) > 0 && std::chrono::steady_clock::now() < deadline) {
    rd_kafka_poll(handle_->raw(), kPollMs);
  }
}

void OrderedProducer::Restart() {
  Purge();
  Settle();
  absl::Duration pause = absl::Milliseconds(10);
  {
    const std::lock_guard lock(mutex_);
    for (auto& [place, stream] : streams_) stream.handle.reset();
  }
  // Nothing of the old one is under way in this process when the new one begins.
  handle_.reset();
  while (handle_ == nullptr) {
    auto handle = Open();
    if (handle.ok()) {
      handle_ = *std::move(handle);
      break;
    }
    std::unique_lock lock(mutex_);
    health_ = handle.status();
    settled_.wait_for(lock, absl::ToChronoMilliseconds(pause));
    pause = std::min(pause * 2, kRestartPauseMax);
  }
  const std::lock_guard lock(mutex_);
  ++restarts_;
  failed_ = false;
  for (auto& [place, stream] : streams_) {
    stream.taken = 0;
    HandOver(&stream);
  }
}

void OrderedProducer::FailTheRest() {
  std::vector<Entry> told;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [place, stream] : streams_) {
      for (Entry& entry : stream.entries) told.push_back(std::move(entry));
      stream.entries.clear();
      stream.taken = 0;
      stream.handle.reset();
    }
    bytes_ = 0;
  }
  for (Entry& entry : told) {
    entry.done(absl::UnavailableError(
        Cat("kafka://", settings_.brokers, ": stopped before ", entry.record.topic,
            " acknowledged the record, which may be there all the same")));
  }
  const std::lock_guard lock(mutex_);
  settled_.notify_all();
}

absl::Status OrderedProducer::Flush(absl::Duration timeout) {
  std::unique_lock lock(mutex_);
  if (settled_.wait_until(lock, DeadlineAfter(timeout), [&] { return bytes_ == 0; })) {
    return absl::OkStatus();
  }
  return absl::UnavailableError(
      Cat("kafka://", settings_.brokers, ": ", bytes_, " bytes of records are not acknowledged",
          health_.ok() ? "" : "\n  hint: ", std::string(health_.message())));
}

void OrderedProducer::Stop(absl::Duration timeout) {
  {
    const std::lock_guard lock(mutex_);
    refusing_ = true;
  }
  Flush(timeout).IgnoreError();
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

absl::Status OrderedProducer::Health() const {
  const std::lock_guard lock(mutex_);
  return health_;
}

int64_t OrderedProducer::restarts() const {
  const std::lock_guard lock(mutex_);
  return restarts_;
}

}  // namespace

absl::StatusOr<std::unique_ptr<KafkaProducer>> KafkaProducer::Open(
    const KafkaSettings& settings, const KafkaProducerOptions& options) {
  auto producer = std::make_unique<OrderedProducer>(settings, options);
  if (absl::Status status = producer->Start(); !status.ok()) return status;
  return producer;
}

}  // namespace escalation
