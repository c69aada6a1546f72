// daemon/log/deadline.h
//
// A time-out as a moment of the clock that never jumps.
//
//   Threads     stateless; safe everywhere
#pragma once

#include <algorithm>
#include <chrono>

#include "absl/time/time.h"

namespace escalation {

// Capped, so that an infinite time-out does not overflow.
inline std::chrono::steady_clock::time_point DeadlineAfter(absl::Duration timeout) {
  constexpr absl::Duration kCap = absl::Hours(24 * 365);
  return std::chrono::steady_clock::now() + absl::ToChronoMilliseconds(std::min(timeout, kCap));
}

}  // namespace escalation
