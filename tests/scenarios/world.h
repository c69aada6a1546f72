// tests/scenarios/world.h
//
// What a scenario's commands act on: one partition with its log and its store, which can crash.
//
//   Input       commands of tests/scenarios/README.md
//   Output      what they print, and a second opinion on the whole log at the end
//   Invariants  1. a decision that is decided again after a crash has the same bytes
//               2. folding the log from zero, in other batches, gives the same decisions and the
//               same state
//   Errors      a command that cannot be carried out prints "error: ..."
//   Threads     one thread
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/source/redactor.h"
#include "ops/simulation.h"
#include "state/partition/decision_text.h"
#include "tests/scenarios/event_text.h"
#include "tests/scenarios/script.h"

namespace escalation::scenarios {

class CrashingStore;

enum class StoreKind { kMemory, kRocksdb };

class World {
 public:
  // `dir`: for the RocksDB store; empty and ours.
  World(StoreKind kind, std::string dir);
  ~World();

  // What the command prints, each line with its line feed.
  std::string Run(const Command& command);
  // Ends a block: the decisions since the last call.
  std::string EndBlock();
  // Empty: the log folds to the same wherever it is cut.
  std::string CompareWithRefold();

  // The log so far.
  const std::deque<FoldRecord>& records() const { return simulation_->records(); }

 private:
  using Words = std::vector<std::string>;
  using Handler = absl::Status (World::*)(const Words& words, const Command& command);
  static const std::map<std::string, Handler>& Handlers();

  absl::Status Policy(const Words& words, const Command& command);
  absl::Status Calendars(const Words& words, const Command& command);
  absl::Status At(const Words& words, const Command& command);
  absl::Status Event(const Words& words, const Command& command);
  absl::Status Json(const Words& words, const Command& command);
  absl::Status Repeat(const Words& words, const Command& command);
  absl::Status Tickets(const Words& words, const Command& command);
  absl::Status Tick(const Words& words, const Command& command);
  absl::Status Advance(const Words& words, const Command& command);
  absl::Status Mark(const Words& words, const Command& command);
  absl::Status Outcome(const Words& words, const Command& command);
  absl::Status Acknowledge(const Words& words, const Command& command);
  absl::Status Restart(const Words& words, const Command& command);
  absl::Status Crash(const Words& words, const Command& command);
  absl::Status Batch(const Words& words, const Command& command);
  absl::Status State(const Words& words, const Command& command);
  absl::Status Log(const Words& words, const Command& command);
  absl::Status Quiet(const Words& words, const Command& command);
  absl::Status Decisions(const Words& words, const Command& command);

  // What a source hands on: without what the policy's redaction replaces.
  void Redact(v1::Event* event) const;
  // Appends, and folds unless the process is down or a batch is being filled.
  absl::Status Take(v1::Event event, Instant occurred, Instant appended);
  absl::Status TakeOwn(v1::Event event);
  absl::Status AfterFold(absl::Status status);
  absl::Status FoldRest();
  absl::Status Publish(const std::string& text, v1::PolicyPublished::Apply apply, bool policy);
  absl::StatusOr<Instant> AppendedOf(Words* words, Instant otherwise);
  void Print();
  std::string FoldedDifferently(size_t batch);

  const StoreKind kind_;
  const std::string dir_;
  std::unique_ptr<CrashingStore> store_;
  std::unique_ptr<Simulation> simulation_;
  TimeReader times_;
  std::string out_;
  std::string decided_;
  bool down_ = false;
  bool quiet_ = false;
  bool json_ = false;
  // Of the command: not repeated in each decision. Past: every decision shows its moment.
  Instant shown_now_ = Instant::Past();
  size_t batch_ = 1;
  int64_t next_id_ = 1;
  int64_t calendars_revision_ = 0;
  std::optional<Redactor> redactor_;  // Of the latest policy.
  int64_t quiet_count_ = 0;
  // By seq, from 1.
  std::vector<v1::Decision> history_;
};

}  // namespace escalation::scenarios
