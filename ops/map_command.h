// ops/map_command.h
//
// escalationctl map try: what a mapping makes of messages, while somebody writes it.
//
//   Input       a program; a file with one JSON message, or one a line; - is stdin
//   Output      `out`: for each message what it is, in short, and its events; or, with -o jsonl,
//               the events alone
//   Errors      exit 78: the program does not compile; 1: a message is refused, or gives what no
//               source would accept; 2: usage
//   Threads     one command runs at a time
#pragma once

#include "ops/command.h"

namespace CLI {
class App;
}

namespace escalation {

// `context` outlives the app.
void AddMapCommand(CLI::App& app, CommandContext& context);

}  // namespace escalation
