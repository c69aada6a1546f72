// ops/receiver_command.h
//
// escalationctl receiver: runs a Receiver until it is interrupted.
//
//   Input       options; HTTP requests
//   Output      `out`: the pages; `err`: where it listens
//   Errors      exit 1: the address cannot be bound, or the port file not written
//   Threads     one command runs at a time; SIGINT and SIGTERM end it
#pragma once

#include "ops/command.h"

namespace CLI {
class App;
}

namespace escalation {

// `context` outlives the app.
void AddReceiverCommand(CLI::App& app, CommandContext& context);

}  // namespace escalation
