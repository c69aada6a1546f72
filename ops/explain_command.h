// ops/explain_command.h
//
// `escalationctl explain TICKET`: why a ticket stands as it does, in words and arithmetic.
//
//   Input       a running daemon's HTTP API
//   Output      text, or the daemon's JSON
//   Errors      the context's exit code: 1 no such ticket, clock or page, or the daemon cannot be
//               reached; 2 usage
//   Threads     one command runs at a time
#pragma once

#include "ops/command.h"

namespace CLI {
class App;
}

namespace escalation {

void AddExplainCommand(CLI::App& app, CommandContext& context);

}  // namespace escalation
