// ops/dead_letters_command.h
//
// `escalationctl dead-letters list`, `show` and `retry`: what sources could not turn into events.
//
//   Input       a running daemon's HTTP API
//   Output      a table, one JSON array, or JSON lines; a letter as JSON, or its bytes as they came
//   Errors      the context's exit code: 1 the daemon cannot be reached or says no, or a letter
//               still gives no events; 2 usage
//   Threads     one command runs at a time
#pragma once

#include "ops/command.h"

namespace CLI {
class App;
}

namespace escalation {

void AddDeadLettersCommand(CLI::App& app, CommandContext& context);

}  // namespace escalation
