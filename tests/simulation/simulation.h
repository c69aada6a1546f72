// tests/simulation/simulation.h
//
// One simulated run: a support organization, two machines, a log, two providers and everything that
// goes wrong; then the faults stop, what is due is done, every ticket is closed, and the judge
// looks.
//
//   Input       a seed and a length
//   Output      what the judge found; a hash of every step
//   Invariants  1. the same seed and length give the same steps; with RocksDB: README.md
//   Time        simulated
//   Threads     one owner
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "state/base/instant.h"
#include "tests/simulation/judge.h"

namespace escalation::simulation {

struct SimulationOptions {
  uint64_t seed = 1;
  // Simulated time with faults; what comes after them is added.
  Duration length = Duration::Hours(12);
  int tickets_a_day = 60;
  bool print = false;
  // The real store on a disk that loses what a disk may lose, instead of one in memory.
  bool rocksdb = false;
  // Nothing goes wrong.
  bool calm = false;
  // The providers do not come back: the judge must see that.
  bool stays_broken = false;
};

struct SimulationResult {
  std::vector<std::string> problems;
  uint64_t hash = 0;
  uint64_t steps = 0;
  Duration simulated;
  uint64_t records = 0;
  uint64_t decisions = 0;
  uint64_t requests = 0;
  uint64_t deaths = 0;
  // For people.
  std::string latest;
  Evidence evidence;
};

SimulationResult Simulate(const SimulationOptions& options);

}  // namespace escalation::simulation
