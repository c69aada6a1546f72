// tests/simulation/random.h
//
// Chance that a seed decides: the same on every machine.
//
//   Threads     one owner
#pragma once

#include <cstdint>

#include "state/base/instant.h"

namespace escalation::simulation {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  // splitmix64
  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  // In [0, bound); bound > 0.
  uint64_t Below(uint64_t bound) { return Next() % bound; }
  bool Chance(uint32_t per_million) { return per_million > 0 && Below(1'000'000) < per_million; }
  bool Percent(uint32_t percent) { return Chance(percent * 10'000); }
  // In [from, to].
  Duration Between(Duration from, Duration to) {
    return Duration{from.ms +
                    static_cast<int64_t>(Below(static_cast<uint64_t>(to.ms - from.ms) + 1))};
  }

 private:
  uint64_t state_;
};

}  // namespace escalation::simulation
