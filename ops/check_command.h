// ops/check_command.h
//
// escalationctl check FILE...: whether policies, daemon configs and mappings can be used.
//
//   Input       files; what a file is follows from its content, "policy:" or "tenants:", or from
//               its name, ".jq"
//   Output      `out`: one line for each file that is well; `err`: the problems of the others
//   Errors      exit 78 when any file is wrong, 2 when none is named
#pragma once

#include "ops/command.h"

namespace CLI {
class App;
}

namespace escalation {

// `context` outlives the app.
void AddCheckCommand(CLI::App& app, CommandContext& context);

}  // namespace escalation
