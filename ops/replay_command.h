// ops/replay_command.h
//
// escalationctl replay: folds a log again, to audit it or to try another policy on it.
//
//   Output      decisions, differences, or a line of findings on `out`; progress on `err`
//   Errors      exit 1: the log cannot be read, or differs; 78: the policy is wrong; 2: usage
//   Threads     one command runs at a time
#pragma once

#include "ops/command.h"

namespace CLI {
class App;
}

namespace escalation {

void AddReplayCommand(CLI::App& app, CommandContext& context);

}  // namespace escalation
