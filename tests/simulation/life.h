// tests/simulation/life.h
//
// The life of one process: it may end between any two of its effects.
//
//   Input       Survives, asked before and after each effect
//   Output      false from the moment of its death on: nothing that the process does from then on
//               has any effect, though its code runs on until it comes back to the simulation
//   Threads     one owner
#pragma once

#include <string>

#include "tests/simulation/agenda.h"
#include "tests/simulation/faults.h"
#include "tests/simulation/random.h"
#include "tests/simulation/trace.h"

namespace escalation::simulation {

// What all parts of a run share. Borrowed by everything in it.
struct Stage {
  Agenda agenda;
  Random random;
  Faults faults;
  Trace trace;
};

class Life {
 public:
  Life(Stage* stage, std::string name) : stage_(*stage), name_(std::move(name)) {}

  bool Survives(const char* where) {
    if (!dead_ && stage_.random.Chance(stage_.faults.crash)) End(where);
    return !dead_;
  }
  void End(const char* why) {
    if (dead_) return;
    dead_ = true;
    died_ = stage_.agenda.now();
    stage_.trace.Add(stage_.agenda.now(), name_, " dies: ", why);
  }
  bool dead() const { return dead_; }
  // When; Never: it lives.
  Instant died() const { return died_; }
  const std::string& name() const { return name_; }

  // Stands still until then; what came meanwhile is dealt with afterwards.
  void Freeze(Instant until) { frozen_until_ = std::max(frozen_until_, until); }
  Instant frozen_until() const { return frozen_until_; }

 private:
  Stage& stage_;
  const std::string name_;
  bool dead_ = false;
  Instant died_ = Instant::Never();
  Instant frozen_until_ = Instant::Past();
};

}  // namespace escalation::simulation
