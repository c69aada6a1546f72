// ops/page_command.h
//
// `escalationctl page`: what a person does by hand about pages: acknowledges, stops, snoozes, sends
// again, pages, tries a route.
//
//   Input       a running daemon's HTTP API
//   Output      what the daemon decided of it, and what became of pages
//   Errors      the context's exit code: 1 refused, not done in time, not delivered, or the daemon
//               cannot be reached; 2 usage
//   Threads     one command runs at a time
#pragma once

#include "ops/command.h"

namespace CLI {
class App;
}

namespace escalation {

void AddPageCommand(CLI::App& app, CommandContext& context);

}  // namespace escalation
