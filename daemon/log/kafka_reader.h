// daemon/log/kafka_reader.h
//
// Reads one partition of a topic from any position, ahead of whoever asks, without a group.
//
//   Input       a position; the partition's records
//   Output      messages in order of offset, from the position on
//   Invariants  1. what was read ahead before Start is never given out after it
//   Time        none: Take never waits
//   Errors      as kafka_client.h, inside messages. A broker that is away: nothing comes
//   Threads     Start and Take by one thread at a time; CachedEnd from any. `ready` runs on a
//               thread of librdkafka that holds locks: it MUST NOT do more than notify
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/log/kafka_client.h"

struct rd_kafka_topic_s;
struct rd_kafka_queue_s;

namespace escalation {

struct KafkaReaderOptions {
  std::string client_id;
  std::string topic;
  int32_t partition = 0;
  size_t prefetch_bytes = size_t{32} << 20;
  // There may be something to take.
  std::function<void()> ready;
};

class KafkaReader {
 public:
  static absl::StatusOr<std::unique_ptr<KafkaReader>> Open(const KafkaSettings& settings,
                                                           KafkaReaderOptions options);
  ~KafkaReader();

  absl::Status Start(int64_t offset);
  // Moves what has come to the end of `out`, at most `count`; returns how many.
  size_t Take(size_t count, std::vector<KafkaMessage>* out);
  // The partition's end as of the latest answer of the broker; -1: none yet.
  int64_t CachedEnd() const;

 private:
  KafkaReader(std::unique_ptr<KafkaHandle> handle, KafkaReaderOptions options);
  void StopFetching();

  const KafkaReaderOptions options_;
  std::unique_ptr<KafkaHandle> handle_;
  // Owned; destroyed before handle_.
  rd_kafka_topic_s* topic_ = nullptr;
  rd_kafka_queue_s* queue_ = nullptr;
};

// The same for who can wait.
class WaitingKafkaReader {
 public:
  // `options.ready` is not used.
  static absl::StatusOr<std::unique_ptr<WaitingKafkaReader>> Open(const KafkaSettings& settings,
                                                                  KafkaReaderOptions options);

  absl::Status Start(int64_t offset) { return reader_->Start(offset); }
  // At least one message, at most `count`. kUnavailable: none came within `timeout`; others: what
  // the broker says of the position.
  absl::StatusOr<std::vector<KafkaMessage>> Next(size_t count, absl::Duration timeout);

 private:
  WaitingKafkaReader() = default;

  std::string name_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ready_ = false;
  std::unique_ptr<KafkaReader> reader_;  // Last: it notifies until it is gone.
};

}  // namespace escalation
