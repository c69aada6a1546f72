// state/calendar/calendar_explain.h
//
// How a due moment comes about, stretch by stretch: `calendar add`.
//
//   Input       a calendar, a start, a length of open time or a number of business days
//   Output      the moment, and the stretches or dates that lead to it
//   Invariants  1. the moment is Calendar's own answer; the open stretches add up to the length
//   Errors      none: a moment that never comes is Never
//   Threads     stateless; safe everywhere
#pragma once

#include <string>
#include <vector>

#include "state/calendar/calendar.h"

namespace escalation {

struct ExplainedStretch {
  Instant from;
  Instant to;
  bool is_open = false;
  // Open time since the start, including this stretch.
  Duration counted;
  // Why it is closed; empty if it is open.
  std::string reason;
};

struct ExplainedDates {
  int32_t first = 0;
  int32_t last = 0;
  // The how manieth business day; 0: none, then `reason` says why.
  int number = 0;
  std::string reason;
};

struct Explanation {
  Instant due;
  // Of an addition of open time.
  std::vector<ExplainedStretch> stretches;
  // Of business days that are counted by date.
  std::vector<ExplainedDates> dates;
  // Changes of the clock on the way, with their dates.
  std::vector<std::string> clock_changes;
};

Explanation ExplainAdd(const Calendar& calendar, Instant from, Duration open);
// `reading` is SAME_TIME or END_OF_DAY; HOURS is an addition of open time.
Explanation ExplainBusinessDays(const Calendar& calendar, Instant from, int days,
                                v1::Span_Reading reading);

}  // namespace escalation
