// ops/calendar_eval.h
//
// Questions about business time as JSON lines, answered as JSON lines: `calendar eval`.
//
//   Input       {"id", "op", "cal", ...} lines; instants and durations are whole seconds
//   Output      {"id", "result"} lines in the order of the input; `null` where no such moment
//               exists
//   Errors      kInvalidArgument for a line: what is wrong, the value, the expectation
//   Threads     one evaluator per thread
#pragma once

#include <istream>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "escalation/v1/calendar.pb.h"

namespace escalation {

class CalendarEvaluator {
 public:
  // Longest line that is read.
  static constexpr size_t kLineBytesMax = 1 << 20;

  // One question without its line end; the answer likewise.
  absl::StatusOr<std::string> Answer(std::string_view line);

  // Every line of `in`. A line that is wrong is named on `err`, and the rest goes on. True: all
  // lines were answered.
  bool AnswerAll(std::istream& in, const std::string& name, std::ostream& out, std::ostream& err);

  // Zones that were read, by name.
  absl::StatusOr<const v1::ZoneDefinition*> Zone(const std::string& name);

 private:
  std::map<std::string, v1::ZoneDefinition> zones_;
};

}  // namespace escalation
