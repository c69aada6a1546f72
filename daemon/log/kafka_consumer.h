// daemon/log/kafka_consumer.h
//
// Reads partitions of topics from given positions. It joins no group, but may keep positions in
// one.
//
//   Input       settings; positions to read from
//   Output      messages, in order of offset within a partition; offsets that a group committed
//   Invariants  1. a position that is not in the topic is said (kOutOfRange), never replaced by
//                  another
//               2. nothing is committed but by Commit
//   Time        time-outs of the caller
//   Errors      as kafka_client.h. A broker that is away is no error of Poll: nothing comes
//               until it is back
//   Threads     Assign and Poll by one thread at a time; Wake, Commit, Committed and the
//               watermarks from any
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "daemon/log/kafka_client.h"
#include "daemon/log/kafka_offsets.h"

struct rd_kafka_queue_s;

namespace escalation {

struct KafkaConsumerOptions {
  std::string client_id;
  // Where Commit and Committed keep positions. Never empty.
  std::string group;
  // What is read ahead, over all partitions.
  size_t prefetch_bytes = size_t{16} << 20;
};

class KafkaConsumer {
 public:
  static constexpr absl::Duration kCommitMax = absl::Seconds(15);

  static absl::StatusOr<std::unique_ptr<KafkaConsumer>> Open(const KafkaSettings& settings,
                                                             const KafkaConsumerOptions& options);
  ~KafkaConsumer();

  // Replaces what is read; whatever was read ahead is dropped. kKafkaBegin and kKafkaEnd will do.
  absl::Status Assign(const std::vector<KafkaPosition>& positions);
  // Reads go on or pause for one partition of the assignment: back-pressure for it alone.
  absl::Status Pause(const std::string& topic, int32_t partition);
  absl::Status Resume(const std::string& topic, int32_t partition);

  // Waits until there is one, then takes at most `count` without waiting. Empty: time-out or Wake.
  std::vector<KafkaMessage> Poll(absl::Duration timeout, size_t count);
  // Ends a Poll that waits, or the next one.
  void Wake();

  // What the latest answer of the broker said; end -1: none yet. No round trip.
  KafkaWatermarks CachedWatermarks(const std::string& topic, int32_t partition) const;
  // Asks the broker.
  absl::StatusOr<KafkaWatermarks> Watermarks(const std::string& topic, int32_t partition,
                                             absl::Duration timeout) const;

  // Committed offsets of the group, -1: none; in the order of `partitions`, whose offsets count
  // not.
  absl::StatusOr<std::vector<KafkaPosition>> Committed(const std::vector<KafkaPosition>& partitions,
                                                       absl::Duration timeout) const;
  // Durable on return. kUnavailable: no answer within kCommitMax; the commit may still come about.
  absl::Status Commit(const std::vector<KafkaPosition>& positions);

  const KafkaHandle& handle() const { return *handle_; }

 private:
  explicit KafkaConsumer(std::unique_ptr<KafkaHandle> handle);

  std::unique_ptr<KafkaHandle> handle_;
  // Owned; destroyed before handle_.
  rd_kafka_queue_s* queue_ = nullptr;
};

}  // namespace escalation
