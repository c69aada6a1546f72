// daemon/log/kafka_log_partition.h
//
// One partition of a log on Kafka, read: several readers at positions of their own, and what is
// known of its end.
//
//   Input       the partition's records; offsets that were acknowledged to this process
//   Output      records from any position, checked; the end
//   Invariants  1. append times never decrease, wherever reading begins: a broker's clock that
//                  was set back holds the time of the latest record before
//               2. every record was written by the log's own incarnation and dated by the
//                  broker; reading never goes beyond another one
//               3. the known end never falls, and is behind whatever was acknowledged here
//   Time        waits at most kAnswerMax for records that are known to be there
//   Errors      as Log. kFailedPrecondition: a record that is not of this log: the topic was
//               made anew, or somebody else writes to it
//   Threads     all methods from any thread
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "daemon/log/kafka_admin.h"
#include "daemon/log/kafka_client.h"
#include "daemon/log/log.h"

namespace escalation {

class KafkaLogPartition {
 public:
  static constexpr absl::Duration kAnswerMax = absl::Seconds(5);
  // Readers at positions of their own; one more replaces the one that was not used for longest.
  static constexpr size_t kReadersMax = 2;

  struct Options {
    std::string topic;
    Partition partition;
    // As the header of the records has it: 16 bytes.
    std::string incarnation;
    size_t prefetch_bytes = 0;
  };

  // `admin` outlives it. `end`: as it is known by now.
  KafkaLogPartition(const KafkaSettings& settings, const KafkaAdmin* admin, Options options,
                    Offset end);
  ~KafkaLogPartition();

  absl::StatusOr<Offset> Begin() const;
  absl::StatusOr<Offset> End();
  absl::StatusOr<RecordBatch> Read(Offset from, size_t bytes_max);
  bool WaitFor(Offset seen, absl::Duration timeout);
  // False: below what was acknowledged before, so it is not the same topic any more.
  bool Acknowledged(Offset offset);
  void Stop();

 private:
  struct Reader;

  // A reader at `from` for the caller alone, until Return.
  absl::StatusOr<std::unique_ptr<Reader>> Borrow(Offset from);
  void Return(std::unique_ptr<Reader> reader);
  absl::StatusOr<std::unique_ptr<Reader>> NewReader();
  absl::Status Move(Reader* reader, Offset from);
  // The latest append time before `from`, whose predecessor was dated `previous`.
  absl::StatusOr<Instant> LatestBefore(Offset from, Instant previous) const;
  absl::Status Fill(Reader* reader, size_t bytes_max, RecordBatch* batch);
  // What has come, without waiting.
  absl::Status Drain(Reader* reader, size_t bytes_max, RecordBatch* batch);
  absl::Status Check(const KafkaMessage& message) const;
  // Why the partition does not hold an offset that it held, or was to hold. kUnavailable: it may
  // by now.
  absl::Status WhyNotThere(Offset from) const;
  // Takes what has come for the reader at `from`: librdkafka signals only what comes to an empty
  // queue.
  void Gather(Offset from);
  Offset KnownEnd();
  void NoteEnd(int64_t end);
  void Notify();
  uint64_t signals();
  bool stopped();
  // False: nothing was signalled since `seen` before the deadline.
  bool WaitForSignal(uint64_t seen, std::chrono::steady_clock::time_point deadline);

  const KafkaSettings settings_;
  const KafkaAdmin* const admin_;
  const Options options_;
  // "escalation.log[0]", for messages.
  const std::string name_;

  std::mutex mutex_;  // Guards what follows.
  std::vector<std::unique_ptr<Reader>> readers_;
  // Reading has begun: the end is known without asking the broker, also while readers are in use.
  bool read_ = false;
  Offset end_;
  Offset acknowledged_;

  // Never held while librdkafka is called.
  std::mutex signal_mutex_;
  std::condition_variable signal_;
  uint64_t signals_ = 0;
  bool stopped_ = false;
};

}  // namespace escalation
