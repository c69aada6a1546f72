// ops/policy_command.h
//
// escalationctl policy show and publish: the policy that a running daemon holds. policy schema: the
// language, for editors.
//
//   Output      show: a summary or the daemon's JSON; publish: one line
//   Errors      exit 1: the daemon cannot be reached, or refused; 78: the file is wrong; 2: usage
//   Threads     one command runs at a time
#pragma once

#include "ops/command.h"

namespace CLI {
class App;
}

namespace escalation {

void AddPolicyCommand(CLI::App& app, CommandContext& context);

}  // namespace escalation
