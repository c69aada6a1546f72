// state/calendar/open_table.h
//
// The compiled form of a calendar over a window: how much is open before a moment, and the moment at
// which so much has been open, each from one cache line.
//
//   Input       sorted stretches of a window
//   Output      milliseconds; the caller stays within span and total
//   Invariants  1. Accrued(t) never decreases, and rises by 1 ms per open ms
//               2. Accrued(AtLeast(q)) == Accrued(AtMost(q)) == q
//   Threads     immutable; safe everywhere
#pragma once

#include <cstdint>
#include <vector>

#include "state/calendar/open_hours.h"

namespace escalation {

class OpenTable {
 public:
  // Holds nothing.
  OpenTable() = default;
  // `stretches` as OpenHours::Collect gives them for [from_s, to_s).
  OpenTable(const std::vector<Stretch>& stretches, int64_t from_s, int64_t to_s);

  // True if the moment lies in the window.
  bool Holds(int64_t t_ms) const {
    return static_cast<uint64_t>(t_ms) - static_cast<uint64_t>(base_ms_) < span_ms_;
  }
  // Open time in [window begin, t), for a t that the table holds.
  int64_t Accrued(int64_t t_ms) const;
  bool IsOpen(int64_t t_ms) const;
  int64_t total_ms() const { return int64_t{total_s_} * 1000; }

  // Least t with Accrued(t) == open, for 0 < open <= total.
  int64_t Earliest(int64_t open_ms) const;
  // Greatest t with Accrued(t) == open, for 0 <= open < total.
  int64_t Latest(int64_t open_ms) const;
};

}  // namespace escalation
