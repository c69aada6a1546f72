// ops/calendar_command.h
//
// `escalationctl calendar eval|show|add|diff`: business time that a person can look at.
//
//   Input       policy files; JSON lines for `eval`
//   Output      text, or JSON lines for `eval`
//   Errors      the context's exit code: 1 a question could not be answered, 2 usage, 78 a policy
//               file is wrong
//   Threads     one command runs at a time
#pragma once

#include "ops/command.h"

namespace CLI {
class App;
}

namespace escalation {

void AddCalendarCommand(CLI::App& app, CommandContext& context);

}  // namespace escalation
