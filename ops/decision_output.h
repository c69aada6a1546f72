// ops/decision_output.h
//
// Prints decisions in the form that -o asks for.
//
//   Input       decisions in order
//   Output      jsonl: one JSON object a line; json: one array; table: one readable line each
//   Threads     one owner
#pragma once

#include <ostream>
#include <string>

#include "escalation/v1/decision.pb.h"

namespace escalation {

enum class OutputForm { kTable, kJson, kJsonLines };

class DecisionOutput {
 public:
  DecisionOutput(OutputForm form, std::ostream& out) : form_(form), out_(out) {}

  void Print(const v1::Decision& decision);
  // Ends the array; comes last.
  void Finish();

 private:
  const OutputForm form_;
  std::ostream& out_;
  bool any_ = false;
};

}  // namespace escalation
