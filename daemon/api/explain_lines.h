// daemon/api/explain_lines.h
//
// The lines of an explanation as they grow, and how moments and lengths read in them.
//
//   Input       text that may hold what a customer wrote
//   Output      lines without control characters, line ends or marks that change its direction
//   Errors      none
//   Threads     a value; the functions are stateless
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "state/base/instant.h"
#include "state/calendar/calendar.h"

namespace escalation {

class ExplainLines {
 public:
  // A heading at the margin, after an empty line.
  void Heading(std::string_view text);
  // "  label      text"
  void Add(std::string_view label, std::string_view text);

  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::vector<std::string> lines_;
};

// "Wed 2026-03-11 01:00 MDT"
std::string LocalText(const Zone& zone, Instant t);
// "Wed 2026-03-11 01:00 MDT (2026-03-11T07:00:00Z)"
std::string LocalAndUtcText(const Zone& zone, Instant t);
// "Tue 2026-03-10 23:00 - Wed 2026-03-11 01:00 MDT", or "... 09:00 - 12:00 CET" within a date.
std::string RangeText(const Zone& zone, Instant from, Instant to);
// Elapsed time in words: "1d 2h 3m", "45s". Nothing below a second unless it is all there is.
std::string ElapsedText(Duration d);

}  // namespace escalation
