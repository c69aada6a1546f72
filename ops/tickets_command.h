// ops/tickets_command.h
//
// `escalationctl tickets`, `timers` and `pages`: what a running daemon knows, as tables.
//
//   Input       a running daemon's HTTP API
//   Output      a table, one JSON array, or JSON lines
//   Errors      the context's exit code: 1 the daemon cannot be reached or says no; 2 usage
//   Threads     one command runs at a time
#pragma once

#include "ops/command.h"

namespace CLI {
class App;
}

namespace escalation {

void AddTicketsCommands(CLI::App& app, CommandContext& context);

}  // namespace escalation
