// daemon/log/kafka_membership.h
//
// Ownership (daemon/ownership.h) by a consumer group: its members agree on who has which partition
// of the log's topic, and read nothing by it.
//
//   Input       the log's topic; signs of life of the loops
//   Output      claims; lines for the operators
//   Invariants  1. the assignment of the consumer stays empty: records are read elsewhere, from the
//                  store's position
//               2. the group is polled only while every loop makes progress: an instance whose loop
//                  hangs leaves the group, whatever its other threads do
//               3. while the members agree anew, claims stay: OwnerTook decides who owns. They end
//                  where the group has moved on without this instance, or says nothing for a
//                  session
//               4. no member is static (group.instance.id): one that left is replaced at once
//   Time        the machine's steady clock, and the time-outs of the group
//   Errors      those of settings when opening; later none: librdkafka joins again for ever
//   Threads     as Ownership; one thread of its own, which runs on_notice
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "daemon/log/kafka_client.h"
#include "daemon/ownership.h"

struct rd_kafka_op_s;

namespace escalation {

struct KafkaMembershipOptions {
  KafkaSettings settings;
  // Instances of one log share it; nobody else does.
  std::string group;
  // The log's.
  std::string topic;
  // Whose loops have to make progress.
  std::vector<Partition> partitions;
  // After so long without a sign of life a member is given up by the others.
  absl::Duration session_timeout = absl::Seconds(6);
  // A loop that shows no progress for so long hangs.
  absl::Duration progress_timeout = absl::Seconds(5);
  // What happens in the group, for people; may be empty.
  std::function<void(const std::string&)> on_notice;
};

class KafkaMembership : public Ownership {
 public:
  // Has no claims before Join.
  static absl::StatusOr<std::unique_ptr<KafkaMembership>> Open(KafkaMembershipOptions options);
  // Leave.
  ~KafkaMembership() override;
  KafkaMembership(const KafkaMembership&) = delete;
  KafkaMembership& operator=(const KafkaMembership&) = delete;

  // Once, when the loops are ready to lead: from here on they have to make progress.
  absl::Status Join();

  uint64_t ClaimOf(Partition partition) const override;
  void Progress(Partition partition) override;
  void Leave() override;
  std::string Trouble() const override;

 private:
  explicit KafkaMembership(KafkaMembershipOptions options);

  void Run();
  // Serves one event of the group, or waits a moment for one.
  void Serve();
  // An rd_kafka_event_t.
  void Rebalance(rd_kafka_op_s* event);
  void Assigned(const std::vector<Partition>& partitions);
  void Revoked(bool lost);
  bool MakesProgress() const;
  void Notice(const std::string& text) const;

  const KafkaMembershipOptions options_;
  std::unique_ptr<KafkaHandle> handle_;

  mutable std::mutex mutex_;  // Guards what follows.
  std::condition_variable changed_;
  std::map<Partition, uint64_t> claims_;
  uint64_t last_claim_ = 0;
  bool joined_ = false;
  // Since when the members agree anew; InfiniteFuture: they do not.
  absl::Time agreeing_since_ = absl::InfiniteFuture();
  std::map<Partition, absl::Time> progress_;
  bool leaving_ = false;
  bool left_ = false;

  std::thread thread_;
};

}  // namespace escalation
