// ops/archive_command.h
//
// escalationctl archive create|verify|cat|merge: makes an archive of a log, verifies one, prints
// one.
//
//   Input       a log's URI; an archive's directory
//   Output      `out`: what was made or verified, or one line for each record; `err`: progress
//               on a terminal, and errors
//   Errors      exit 1: the log cannot be read, the archive is damaged or cannot be written; 2
//               usage
#pragma once

#include "ops/command.h"

namespace CLI {
class App;
}

namespace escalation {

// `context` outlives the app.
void AddArchiveCommand(CLI::App& app, CommandContext& context);

}  // namespace escalation
