// ops/simulate_command.h
//
// escalationctl simulate: what a policy decides on a history, or on an invented load.
//
//   Input       a policy file, and a history file or a load file
//   Output      decisions on `out`
//   Errors      exit 78: the policy is wrong; 1: the history is; 2: usage
//   Threads     one command runs at a time
#pragma once

#include "ops/command.h"

namespace CLI {
class App;
}

namespace escalation {

void AddSimulateCommand(CLI::App& app, CommandContext& context);

}  // namespace escalation
