// tests/simulation/faults.h
//
// What goes wrong in one simulated run, and how often: drawn from the seed.
//
//   Output      chances per million at each opportunity; numbers of incidents in a day
//   Invariants  1. each kind of fault is absent from many seeds, so that no kind hides another
//   Threads     values
#pragma once

#include <cstdint>

#include "state/base/instant.h"
#include "tests/simulation/random.h"

namespace escalation::simulation {

struct Faults {
  // At each step between two effects of a process: read, fold, commit, publish, hand over, request,
  // append, flush.
  uint32_t crash = 0;
  // Of an append: not in the log; in the log, but said to have failed; later; twice.
  uint32_t append_refused = 0;
  uint32_t append_unacknowledged = 0;
  uint32_t append_delayed = 0;
  uint32_t append_doubled = 0;
  uint32_t read_fails = 0;
  uint32_t publish_fails = 0;
  // Of a request to a provider: anything but taken and told.
  uint32_t provider_fails = 0;
  // An event enters the source this much later than it happened.
  uint32_t event_late = 0;

  // In a day.
  uint32_t takeovers = 0;
  uint32_t freezes = 0;
  uint32_t clock_steps = 0;
  uint32_t full_disks = 0;
  uint32_t log_outages = 0;
  uint32_t provider_outages = 0;
  uint32_t source_outages = 0;

  // Clocks of machines and broker are wrong by at most this much when steps come.
  Duration machine_skew;
  Duration broker_skew;
  Duration source_skew;
  // Sources say up to when they have sent everything.
  bool marks = false;

  static Faults Draw(Random* random);
};

}  // namespace escalation::simulation
