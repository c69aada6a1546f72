// ops/simulation.h
//
// A partition without a daemon: records are folded as they come, and time passes by ticks at
// exactly every due moment, as in a daemon without delay.
//
//   Input       events with the times at which a log would have taken them
//   Output      decisions, in order
//   Invariants  1. offsets are dense from 0; append times never decrease
//               2. the same events give the same decisions as a daemon's log of these records
//   Time        that of the events and of AdvanceTo; no clock
//   Errors      those of the fold and of the store. After an error Restart MUST come before
//               anything else
//   Threads     one thread
#pragma once

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "escalation/v1/decision.pb.h"
#include "escalation/v1/event.pb.h"
#include "state/partition/partition.h"
#include "state/store/store.h"

namespace escalation {

class Simulation {
 public:
  struct Options {
    // Part of every decision's id.
    std::string incarnation = "simulation";
    // Records that are folded in one turn.
    size_t batch = 1;
    // What has been folded is dropped: no Restart from an older state, no second folding.
    bool forget_records = true;
  };

  // Borrows `store`.
  Simulation(Store* store, Options options) : store_(*store), options_(std::move(options)) {}

  // Takes up the store's state and folds what lies after it. Comes first, and after an error.
  absl::Status Restart();

  // Lets go of the state that was read: the store may be closed. Restart comes next.
  void Close() { fold_.reset(); }

  // `appended` earlier than the record before: that one's time is taken.
  void Append(v1::Event event, Instant appended);
  // Folds what was appended, and hands over what was decided.
  absl::Status Fold();
  absl::Status Tick(Instant until, Instant appended);

  enum class Edge {
    kBefore,   // Due moments before the instant.
    kThrough,  // And those at the instant.
  };
  // A tick at every due moment. Where source marks hold time back, ticks come a minute apart until
  // they let go.
  absl::Status AdvanceTo(Instant end, Edge edge);

  // The decisions since the last call.
  std::vector<v1::Decision> TakeDecisions();

  Instant now() const { return now_; }
  void set_now(Instant now) { now_ = std::max(now_, now); }
  void set_batch(size_t batch) { options_.batch = batch; }
  const std::deque<FoldRecord>& records() const { return records_; }

 private:
  absl::Status FoldTurn();

  Store& store_;
  Options options_;
  std::unique_ptr<PartitionFold> fold_;
  bool more_ = false;
  std::deque<FoldRecord> records_;
  Offset first_;  // Of records_.
  Instant now_ = Instant::Past();
  std::vector<v1::Decision> decisions_;
};

}  // namespace escalation
