// daemon/publisher.h
//
// Copies a partition's outbox to the decisions stream, in order, and says so in the log.
//
//   Input       outbox entries of the committed state
//   Output      the decisions stream, contiguous; Published records that trim every replica's
//               outbox
//   Invariants  1. a decision is published after its turn is committed, never before
//               2. after a restart or a taking it goes on behind what the stream holds
//               3. it publishes only while its lease holds. Who publishes a moment longer than it
//                  owns the partition repeats bytes that are there, or will be
//   Time        the given clock spaces Published records
//   Errors      kUnavailable is tried again every second, for ever; others end the thread: the
//               owner stops
//   Threads     Start, Wake and Stop from any thread; one thread of its own
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "daemon/deliver/dispatch_queue.h"
#include "daemon/log/log.h"
#include "state/base/ids.h"
#include "state/partition/turn.h"

namespace escalation {

class Publisher {
 public:
  // Borrows both.
  Publisher(Log* log, const StateReader* state, Partition partition, std::function<Instant()> now);
  ~Publisher() { Stop(); }

  // `failed` runs once, on the publisher's thread, when it ends by an error.
  void Start(std::function<void(absl::Status)> failed);
  // From the next batch on; a lease that lapsed between makes it ask the stream where it ends.
  void SetLease(Lease lease);
  // There may be something new.
  void Wake();
  // Publishes what is committed, then ends.
  void Stop();

  // Publishes once what is there; for Start's thread and for tests.
  absl::Status PublishOnce();
  uint64_t published_through() const;

 private:
  void Run();
  bool MayPublish();
  absl::Status FindEnd();
  // What the log says is published: these decisions are in no outbox any more.
  absl::StatusOr<uint64_t> TrimmedThrough() const;
  absl::Status MarkPublished(Instant now);

  Log& log_;
  const StateReader& state_;
  const Partition partition_;
  const std::function<Instant()> now_;
  std::function<void(absl::Status)> failed_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool awake_ = false;
  bool stopping_ = false;
  Lease lease_;
  bool lapsed_ = false;
  uint64_t published_ = 0;  // Guarded by mutex_ for readers; written by the thread only.

  bool known_ = false;  // published_ was read from the stream.
  uint64_t marked_ = 0;
  std::string hash_;  // Chain hash up to published_.
  Instant marked_at_{0};
  std::thread thread_;
};

}  // namespace escalation
