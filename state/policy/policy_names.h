// state/policy/policy_names.h
//
// What the parts of a policy are called: in messages ("escalation "night", step 2") and as paths
// ("escalations.night.steps[1]"), which are also what Decision.cause.rule shows.
//
//   Input       names and indices from 0
//   Output      text
//   Invariants  1. the loader and the check name the same part the same way
//   Time        none
//   Errors      none
//   Threads     stateless; safe everywhere
#pragma once

#include <string>
#include <string_view>

#include "state/base/text.h"
#include "state/policy/problems.h"

namespace escalation {

// `plan "gold"`
inline std::string PartWhere(std::string_view kind, std::string_view name) {
  return Cat(kind, " ", Quoted(name));
}
// "plans.gold"
inline std::string PartPath(std::string_view list, std::string_view name) {
  return Cat(list, ".", name);
}
// "steps[1]" of "escalations.night"
inline std::string ItemPath(std::string_view path, std::string_view list, int index) {
  return Cat(path, ".", list, "[", index, "]");
}
inline std::string TargetWhere(std::string_view plan, std::string_view target, int index) {
  return target.empty() ? Cat(PartWhere("plan", plan), ", target ", index + 1)
                        : Cat(PartWhere("plan", plan), ", target ", Quoted(target));
}
inline std::string StepWhere(std::string_view escalation, int index) {
  return Cat(PartWhere("escalation", escalation), ", step ", index + 1);
}
inline std::string TriggerWhere(int index) { return Cat("trigger ", index + 1); }
inline std::string TriggerPath(int index) { return Cat("triggers[", index, "]"); }

}  // namespace escalation
