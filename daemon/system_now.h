// daemon/system_now.h
//
// The clock of this machine. Only those who wire the daemon together ask it; everybody else is
// given a clock.
//
//   Threads     safe everywhere
#pragma once

#include <chrono>

#include "state/base/instant.h"

namespace escalation {

inline Instant SystemNow() {
  return {std::chrono::duration_cast<std::chrono::milliseconds>(
              std::chrono::system_clock::now().time_since_epoch())
              .count()};
}

}  // namespace escalation
