// ops/mute_command.h
//
// `escalationctl mute`: which pages are kept back, until when, and who said so.
//
//   Input       a running daemon's HTTP API
//   Output      what the daemon decided of it; the mutes in force
//   Errors      the context's exit code: 1 refused, not done in time, or the daemon cannot be
//               reached; 2 usage
//   Threads     one command runs at a time
#pragma once

#include "ops/command.h"

namespace CLI {
class App;
}

namespace escalation {

void AddMuteCommand(CLI::App& app, CommandContext& context);

}  // namespace escalation
