// ops/import_command.h
//
// escalationctl import: a helpdesk's export through its mapping, to begin with today's tickets or
// to ask what would have been.
//
//   Input       messages, one JSON text a line, of any order; the mapping of the live source
//   Output      as history: the events in order of time, as JSON lines that `simulate` reads or as
//               an archive that `replay --policy` reads. As observed: for each ticket that is not
//               closed its state, as JSON lines or sent to a daemon
//   Invariants  1. ids do not depend on the run: importing twice is importing once
//               2. a line that is not mapped is named, counted, and written to --rejected
//   Errors      exit 78: the program does not compile; 1: a line was rejected and --keep-going was
//               not given (nothing is written then), or the output fails; 2: usage
//   Threads     one command runs at a time
#pragma once

#include "ops/command.h"

namespace CLI {
class App;
}

namespace escalation {

// `context` outlives the app.
void AddImportCommand(CLI::App& app, CommandContext& context);

}  // namespace escalation
