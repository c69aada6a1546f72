// ops/calendar_question.h
//
// Reads what a person types to `calendar add`.
//
//   Input       "2026-12-24T16:00" (local) or RFC 3339; "4h", "1h30m" or "2bd"
//   Output      AddQuestion
//   Errors      kInvalidArgument: what is wrong, the value, the expectation
//   Threads     stateless; safe everywhere
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "ops/calendar_print.h"

namespace escalation {

// The moment that is meant: a local time by the calendar's zone. Shown twice: the first; skipped:
// later by the gap; *doubt says so then, and is empty else.
absl::StatusOr<Instant> ReadTime(const Zone& zone, const std::string& text, std::string* doubt);

// `reading` is hours, same_time or end_of_day and matters for business days only.
absl::StatusOr<AddQuestion> ReadAddQuestion(const Calendar& calendar, const std::string& time,
                                            const std::string& length, const std::string& reading);

// A moment in the year that the text begins with, or the first accepted one: good enough to choose
// a window, on which no answer depends.
Instant YearOfText(const std::string& text);

}  // namespace escalation
