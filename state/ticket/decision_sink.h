// state/ticket/decision_sink.h
//
// Where the fold of a ticket puts its decisions.
//
//   Output      one v1::Decision per call, with id, seq, cause and times set; the caller fills in
//               the body at once
//   Invariants  1. decisions come in the order of the calls, and that order is part of the result
//   Threads     the folding thread
#pragma once

#include <string_view>

#include "escalation/v1/decision.pb.h"
#include "state/base/instant.h"

namespace escalation {

class DecisionSink {
 public:
  virtual ~DecisionSink() = default;
  // `due` Never: none. `rule`: policy path, empty for a rule of escalationd's own. The reference
  // holds until the next Add.
  virtual v1::Decision& Add(Instant at, Instant due, std::string_view rule) = 0;
};

}  // namespace escalation
