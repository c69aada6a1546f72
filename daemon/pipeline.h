// daemon/pipeline.h
//
// The loop of one partition: read, fold, commit; then let the publisher and the dispatcher work.
// Every instance folds; the one that owns the partition ticks, publishes and delivers.
//
//   Input       the log; the store; a clock; claims to the partition
//   Output      the store, folded up to the log's end; ticks; deliveries to the dispatcher
//   Invariants  1. nothing is published or delivered before its turn is committed
//               2. a page leaves as page_release.h says: what was answered meanwhile wakes nobody
//               3. after a start or a taking nothing is delivered before the log was read to its
//                  end
//               4. whoever reads another's taking of the partition after its own stands down:
//                  nothing more leaves, what waits is forgotten, and it goes on folding
//   Time        the clock decides when to tick and how late a page is; never what is decided
//   Errors      kUnavailable: tried again. Others end the loop: the process MUST stop, a restart
//               folds the log again. kAborted: another process writes a log that has one writer
//   Threads     Run on one thread; Stop and Status from any
#pragma once

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
#include "daemon/ownership.h"
#include "daemon/page_release.h"
#include "daemon/publisher.h"
#include "daemon/tenure.h"
#include "daemon/ticker.h"
#include "escalation/v1/decision.pb.h"
#include "state/partition/partition.h"
#include "state/store/store.h"

namespace escalation {

struct PipelineOptions {
  Partition partition;
  // Written in OwnerTook: MUST be unlike that of every other process.
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
  bool leads = false;
  // If it leads: a record of its own came back, and the next due moment is known.
  bool armed = false;
  // When the log was read to some end.
  Instant looked = Instant::Past();
  // Why the latest look at the log failed, or that its own records do not come back; empty: all is
  // well.
  std::string trouble;
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
  static constexpr Duration kReleaseHold = PageRelease::kHoldMax;
  // An owner whose records do not come back for so long should not be the owner.
  static constexpr Duration kOwnBackMax = Duration::Seconds(10);
  // The owner of a shared log writes at least so often, so that every instance can tell a quiet log
  // from one that cannot be reached: it says so after kSilenceMax.
  static constexpr Duration kHeartbeat = Duration::Seconds(5);
  static constexpr Duration kSilenceMax = Duration::Seconds(20);
  // What is read of the log and decoded at once. How much is committed at once is the fold's to
  // say.
  static constexpr size_t kBatchBytesMax = size_t{128} << 10;
  // So far from the log's end, and for so long, a turn may wait for more records.
  static constexpr int64_t kFarRecords = 10'000;
  static constexpr Duration kTurnOpenMax = Duration::Seconds(1);
  // What one tick fires at most, so that events are not kept waiting: some 20 ms.
  static constexpr int kTickTicketsMax = 1'000;

  struct World {
    Log* log = nullptr;
    Store* store = nullptr;
    Dispatcher* dispatcher = nullptr;
    std::function<Instant()> now;
    // A policy of this tenant was folded and committed; may be empty.
    std::function<void(const std::string& tenant)> policy_folded;
    // Null: no other process can write this log.
    Ownership* ownership = nullptr;
    // On the loop's thread; may be empty. The lead begins: its OwnerTook was appended, no tick was.
    // Not OK: not yet; no tick, and the same again.
    std::function<absl::Status()> lead_begins;
    // It was begun and has ended.
    std::function<void()> lead_ended;
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

  // Something waits for a sign that the partition is still owned. From any thread.
  void WantLease();

  void SetSettle(Duration settle);
  PipelineStatus Status() const;
  Publisher& publisher() { return publisher_; }

 private:
  Pipeline(PipelineOptions options, World world);

  absl::StatusOr<std::span<const FoldRecord>> Decode(const RecordBatch& batch);
  // While the log's end is far, turns are as long as the fold allows.
  TurnEnd EndOf(std::span<const FoldRecord> records, Offset end);
  absl::Status FoldAndCommit(std::span<const FoldRecord> records, TurnEnd end);
  void Note(const FoldResult& result);
  absl::Status Release(bool caught_up);
  void CheckClaim();
  void Take();
  absl::Status Begin();
  // kAborted: another instance took the partition after this one, of a log with one writer.
  absl::Status CheckOwner(std::span<const FoldRecord> records);
  void StandDown(std::string_view why);
  // The latest tick stands before the position: it was read back.
  void NoteTick();
  void ForgetTick();
  absl::Status Tick();
  void ReportProgress();
  void UpdateStatus(Offset end);

  PipelineOptions options_;
  World world_;
  std::unique_ptr<PartitionFold> fold_;
  // Of the latest batch; filled in again and again.
  std::vector<FoldRecord> records_;
  Publisher publisher_;
  Ticker ticker_;
  Tenure tenure_;
  PageRelease release_;
  // What is decided is for this instance to deliver; what was pending before was handed over.
  bool delivers_ = false;
  // lead_begins was OK, and lead_ended has not run since.
  bool begun_ = false;
  // The next due moment is known.
  bool armed_ = false;
  // When a record was read.
  Instant heard_ = Instant::Never();
  // When the turn that waits for more began at the earliest; Never: none waits.
  Instant turn_open_ = Instant::Never();
  // Nothing is due before.
  Instant due_from_ = Instant::Past();
  Instant next_due_ = Instant::Never();
  // What the next tick is for: not what a source holds back.
  Instant tick_due_ = Instant::Never();

  mutable std::mutex mutex_;  // Guards what follows.
  bool stopping_ = false;
  Duration settle_;
  PipelineStatus status_;
  // The number of the latest tick.
  uint64_t tick_ = 0;
  // What its append reported: its offset, or -1 for a failure.
  std::optional<int64_t> tick_landed_;
  // Of the log, for that tick.
  Instant tick_stamp_;
  // When it was given to the log.
  Instant tick_written_;
  bool lease_wanted_ = false;
  // OwnerTook could not be appended.
  bool taking_failed_ = false;
};

}  // namespace escalation
