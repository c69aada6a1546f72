// daemon/log/kafka_decisions.h
//
// The decisions topic: each partition the stream of its decisions, in order of seq.
//
//   Several owners may publish for a moment, each contiguously and from no later than the stream's
//   end. So whatever they write in turn, seq n+1 never stands before the first seq n, and repeats
//   have the same bytes: the stream without its repeats is contiguous.
//
//   Input       decisions in order of seq
//   Output      records with the headers `id` and `seq`, and no repeat of what this process
//               knows
//   Invariants  1. what Publish was given and did not see acknowledged goes on being sent: it is
//                  not sent again by the next call
//               2. PublishedThrough may tell less than there is where others wrote more than
//                  kTail repeats at the end, never more
//   Time        Publish waits at most kPublishMax, then kUnavailable: call again
//   Errors      as Log. kFailedPrecondition: the decisions are another log's
//   Threads     all methods from any thread
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "daemon/log/kafka_admin.h"
#include "daemon/log/kafka_producer.h"
#include "daemon/log/kafka_reader.h"
#include "daemon/log/log.h"

namespace escalation {

class KafkaDecisions {
 public:
  static constexpr absl::Duration kPublishMax = absl::Seconds(10);
  static constexpr int64_t kTail = 10'000;

  // Borrows `admin` and `producer`; without a producer it only reads. `incarnation`: 32 hexadecimal
  // digits, with which every id begins.
  KafkaDecisions(const KafkaSettings& settings, const KafkaAdmin* admin, KafkaProducer* producer,
                 std::string topic, std::string incarnation, int32_t partitions);
  ~KafkaDecisions();

  absl::Status Publish(Partition partition, const std::vector<PublishedDecision>& decisions);
  absl::StatusOr<uint64_t> PublishedThrough(Partition partition);
  absl::StatusOr<std::vector<PublishedDecision>> ReadDecisions(Partition partition, uint64_t from,
                                                               size_t count);
  // Ends every Publish that waits.
  void Stop();

 private:
  struct Stream;

  KafkaProducer::ToProduce RecordOf(Stream* stream, const PublishedDecision& decision) const;
  // Records up to seq `through`.
  void Send(Stream* stream, std::vector<KafkaProducer::ToProduce> records, uint64_t through);
  absl::Status WaitThrough(Stream* stream, uint64_t seq,
                           std::chrono::steady_clock::time_point deadline);
  absl::StatusOr<PublishedDecision> Parse(const KafkaMessage& message) const;
  absl::StatusOr<std::unique_ptr<WaitingKafkaReader>> ReadFrom(const Stream& stream,
                                                               int64_t offset) const;
  // A place that is not behind the first `seq`, if seqs do not repeat before it.
  absl::StatusOr<int64_t> Guess(const Stream& stream, int64_t begin, uint64_t seq) const;
  // False: `from` was skipped, so it stands before where reading began.
  absl::StatusOr<bool> Collect(Stream* stream, uint64_t from, uint64_t last,
                               std::vector<PublishedDecision>* out) const;

  const KafkaSettings settings_;
  const KafkaAdmin* const admin_;
  KafkaProducer* const producer_;
  const std::string topic_;
  const std::string incarnation_;
  std::vector<std::unique_ptr<Stream>> streams_;
};

}  // namespace escalation
