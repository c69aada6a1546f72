// ops/redact_command.h
//
// escalationctl redact FILE: a text, JSON or HTTP archive with placeholders for what must not be
// passed on.
//
//   Input       a file or standard input; a policy, else e-mail addresses, telephone numbers,
//               secrets
//   Output      `out`: the same text but for the placeholders
//   Errors      exit 1: the file cannot be read, or is no HTTP archive; 78: the policy is wrong
//   Threads     one command runs at a time
#pragma once

#include "ops/command.h"

namespace CLI {
class App;
}

namespace escalation {

void AddRedactCommand(CLI::App& app, CommandContext& context);

}  // namespace escalation
