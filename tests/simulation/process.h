// tests/simulation/process.h
//
// One escalationd from its start to its death: the real pipeline, publisher and dispatcher on a
// simulated log, disk, clock and network, driven step by step as their threads would.
//
//   Input       the stage, what it is connected to
//   Output      its effects on log, disk and providers
//   Invariants  1. like daemon/daemon.cc, it folds to the log's end before anything else begins
//   Time        the machine's clock: true time and an offset
//   Errors      `ended` is told once, with the reason; the process MUST then be destroyed
//   Threads     one owner
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/deliver/dispatcher.h"
#include "daemon/pipeline.h"
#include "tests/simulation/simulated_disk.h"
#include "tests/simulation/simulated_log.h"
#include "tests/simulation/simulated_pager.h"

namespace escalation::simulation {

struct Machine {
  std::string name;
  std::unique_ptr<SimulatedDisk> disk;
  Duration clock_offset;
};

class Process {
 public:
  struct World {
    Stage* stage = nullptr;
    SimulatedLog* log = nullptr;
    SimulatedPager* pager = nullptr;
    Machine* machine = nullptr;
    std::function<void(const absl::Status&)> ended;
  };

  Process(World world, std::string name);
  ~Process();
  Process(const Process&) = delete;

  void Start();
  // There may be something to do: a record came, or the clock was set.
  void Wake();
  void Kill(const char* why);
  // Stands still, and sees nothing new in the log for as long.
  void Freeze(Duration how_long);
  // Its view of the log stands still; everything else goes on.
  void Strand(Duration how_long);
  bool stranded() const { return stranded_; }

  const Life& life() const { return *life_; }
  // Of a process that has folded something.
  const SimulatedStore& store() const { return *store_; }
  // Every record that the log took before then is folded and committed.
  bool FoldedUntil(Instant log_time) const;

 private:
  enum Task { kLoop, kPublish, kDispatch, kTasks };

  Instant Now() const { return world_.stage->agenda.now() + world_.machine->clock_offset; }
  absl::Status Open();
  void Later(Task task, Duration wait);
  void RunTask(Task task);
  void Loop();
  void Report(DispatchOutcome outcome, const Dispatcher::Kept& kept);
  void Describe(PagerCall* call) const;
  void End(const absl::Status& status);

  const World world_;
  const std::shared_ptr<Life> life_;
  std::unique_ptr<SimulatedStore> store_;
  std::unique_ptr<LogConnection> log_;
  std::unique_ptr<PagerConnection> client_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::unique_ptr<Pipeline> pipeline_;
  bool stranded_ = false;
  bool told_ = false;
  // When each task runs next; Never: when something comes.
  std::vector<Instant> next_;
  // Positions at which the log's end was reached, and pages were handed over.
  std::vector<int64_t> reached_;
  Instant reached_at_;
};

}  // namespace escalation::simulation
