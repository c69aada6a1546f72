// ops/figure_condition.h
//
// A condition over figures that have names, such as "pages.added > 10 or breaches.added > 0":
// what --fail-if of a policy repository's checks says.
//
//   Input       condition := all ("or" all)*;  all := one ("and" one)*
//               one := NAME (">" | ">=" | "<" | "<=" | "==" | "!=") NUMBER | "(" condition ")"
//               NAME: letters, digits and ._:-; NUMBER: a whole number
//   Output      whether it holds
//   Invariants  1. a condition that parses names figures that exist: it always has an answer
//   Errors      kInvalidArgument: what is wrong and where; an unknown name lists those that exist
//   Threads     values
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace escalation {

using Figures = std::map<std::string, int64_t, std::less<>>;

absl::StatusOr<bool> Holds(std::string_view condition, const Figures& figures);

}  // namespace escalation
