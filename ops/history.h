// ops/history.h
//
// Folds a history under a policy: what a daemon without delay would have decided.
//
//   Input       a policy with its calendars; events in the order of a history file
//   Output      decisions, in order, as soon as they are known
//   Invariants  1. due moments strictly before an event's log time fire before it, those at its
//                  log time after every event of that time
//   Time        that of the events: written_at, else occurred_at
//   Errors      kInvalidArgument: an event without a time. Others: as the fold
//   Threads     one thread
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "ops/simulation.h"
#include "state/policy/policy_loader.h"
#include "state/store/memory_store.h"

namespace escalation {

class History {
 public:
  using Visitor = std::function<void(const v1::Decision&)>;

  History(LoadedPolicy policy, Visitor visit);

  // Events later than this are ignored, and time stops there. Comes before the first event.
  void StopAt(Instant until) { until_ = until; }

  absl::Status Add(v1::Event event);
  // Lets time pass up to before `t`: what is due then fires. Nothing happens before the first
  // event.
  absl::Status AdvanceTo(Instant t);
  // Lets time pass: to the end that was set, else until nothing is due, at most kHorizon after the
  // last event.
  absl::Status Finish();

  static constexpr Duration kHorizon = Duration::Days(400);

 private:
  absl::Status Start(Instant at);
  void Hand();

  LoadedPolicy policy_;
  const Visitor visit_;
  MemoryStore store_;
  Simulation simulation_;
  Instant until_ = Instant::Never();
  bool started_ = false;
};

}  // namespace escalation
