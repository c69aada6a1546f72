// ops/calendar_print.h
//
// What `calendar show`, `add` and `diff` print: text for people, or one JSON document.
//
//   Output      to `out`, ending with a line end
//   Errors      none
//   Threads     stateless; safe everywhere
#pragma once

#include <ostream>
#include <string>

#include "state/calendar/calendar.h"
#include "state/calendar/calendar_explain.h"

namespace escalation {

enum class CalendarFormat { kText, kJson };

// A month, date by date.
void PrintMonth(const Calendar& calendar, int32_t year, int32_t month, CalendarFormat format,
                std::ostream& out);

struct AddQuestion {
  Instant from;
  // As written, such as "4h" or "2bd".
  std::string length;
  // Open time that is added; 0: `days` counted by date.
  Duration open;
  int days = 0;
  v1::Span_Reading reading;
  // What may have been meant else by the start; usually empty.
  std::string doubt;
};

void PrintAdd(const Calendar& calendar, const AddQuestion& question, const Explanation& answer,
              CalendarFormat format, std::ostream& out);

// The dates of `year` on which two calendars open at different moments.
void PrintDifference(const Calendar& before, const Calendar& after, int32_t year,
                     CalendarFormat format, std::ostream& out);

}  // namespace escalation
