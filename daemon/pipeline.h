// daemon/pipeline.h
//
// The loop of one partition: read, fold, commit; then let the publisher and the dispatcher work.
//
//   Input       the log; the store; a clock
//   Output      the store, folded up to the log's end; ticks; deliveries to the dispatcher
//   Invariants  1. nothing is published or delivered before its turn is committed
//               2. a page leaves only once the fold has caught up with the log's end, or waited
//                  kReleaseHold: what was answered meanwhile wakes nobody
//               3. after a start nothing is delivered before the log was read to its end
//               4. whoever reads another's taking of the partition after its own stands down
//   Time        the clock decides when to tick and how late a page is; never what is decided
//   Errors      kUnavailable: tried again. Others end the loop: the process MUST stop, a restart
//               folds the log again. kAborted: another instance owns the partition now
//   Threads     Run on one thread; Stop and Status from any
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/deliver/dispatcher.h"
#include "daemon/log/log.h"
#include "daemon/publisher.h"
#include "daemon/ticker.h"
#include "escalation/v1/decision.pb.h"
#include "state/partition/partition.h"
#include "state/store/store.h"

namespace escalation {

struct PipelineOptions {
  Partition partition;
  // Written in OwnerTook.
  std::string instance;
  Duration settle = Duration::Seconds(2);
  size_t tickets_max = 100'000;
  // Ranks of severities by tenant, for the order of deliveries; lowest first.
  std::map<std::string, std::vector<std::string>> severities;
};

// What the loop is doing, for metrics and readiness.
struct PipelineStatus {
  Offset position;
  Offset end;
  bool caught_up = false;  // Once since the start.
  Instant cursor;
  Instant next_due = Instant::Never();
  uint64_t seq = 0;
  uint64_t published_through = 0;
  size_t held = 0;
  FoldCounts counts;
  std::map<std::string, uint64_t> decisions_by_kind;
};

class Pipeline {
 public:
  // A page is held back for what may still be in the log at most this long.
  static constexpr Duration kReleaseHold = Duration::Minutes(2);
  // What one tick fires at most, so that events are not kept waiting: some 20 ms.
  static constexpr int kTickTicketsMax = 1'000;

  struct World {
    Log* log = nullptr;
    Store* store = nullptr;
    Dispatcher* dispatcher = nullptr;
    std::function<Instant()> now;
    // A policy of this tenant was folded and committed; may be empty.
    std::function<void(const std::string& tenant)> policy_folded;
  };

  static absl::StatusOr<std::unique_ptr<Pipeline>> Open(PipelineOptions options, World world);

  // Until Stop or an error. Takes ownership of the partition once the log was read to its end.
  absl::Status Run();
  void Stop();
  // Reads, folds and commits once what is there; true: the log's end is reached.
  absl::StatusOr<bool> RunOnce();
  // What an owner appends at the log's end: that it took the partition, and ticks. Returns how long
  // nothing more is due if no record comes; zero: look again at once. For Run and for tests.
  absl::StatusOr<Duration> Lead();

  void SetSettle(Duration settle);
  PipelineStatus Status() const;
  Publisher& publisher() { return publisher_; }

 private:
  Pipeline(PipelineOptions options, World world);

  absl::StatusOr<std::span<const FoldRecord>> Decode(const RecordBatch& batch);
  absl::Status FoldAndCommit(std::span<const FoldRecord> records);
  void Note(const FoldResult& result);
  absl::Status Release(bool caught_up);
  absl::Status ReleasePending();
  // Of several pages that were decided while nobody could be woken, only the newest wakes somebody.
  void MarkSuperseded();
  Delivery DeliveryOf(v1::Decision decision, bool maybe_sent) const;
  absl::Status Own();
  // kAborted: another instance took the partition after this one.
  absl::Status CheckOwner(std::span<const FoldRecord> records);
  absl::Status Tick();
  void UpdateStatus(Offset end);

  PipelineOptions options_;
  World world_;
  std::unique_ptr<PartitionFold> fold_;
  // Of the latest batch; filled in again and again.
  std::vector<FoldRecord> records_;
  Publisher publisher_;
  Ticker ticker_;
  bool owned_ = false;
  // With which it took the partition, and whether that was read back.
  uint64_t epoch_ = 0;
  bool took_ = false;
  // Nothing is due before.
  Instant due_from_ = Instant::Past();
  Instant next_due_ = Instant::Never();
  // What the next tick is for: not what a source holds back.
  Instant tick_due_ = Instant::Never();

  struct Held {
    v1::Decision decision;
    Instant since;
    enum class Sent { kNot, kPerhaps } sent = Sent::kNot;
    // A newer page of its run and route waits too.
    bool superseded = false;
  };
  std::deque<Held> held_;

  mutable std::mutex mutex_;  // Guards what follows.
  bool stopping_ = false;
  Duration settle_;
  PipelineStatus status_;
  // What a tick's append reported: its offset, or -1 for a failure.
  std::optional<int64_t> tick_landed_;
  // Of the log, for that tick.
  Instant tick_stamp_;
  // OwnerTook could not be appended.
  bool taking_failed_ = false;
};

}  // namespace escalation
