// ops/report_command.h
//
// escalationctl report: what came of the promises, and of shadowed routes.
//
//   Output      a report on `out`; progress on `err`
//   Errors      exit 1: the log cannot be read; 78: a policy is wrong; 2: usage
//   Threads     one command runs at a time
#pragma once

#include "ops/command.h"

namespace CLI {
class App;
}

namespace escalation {

void AddReportCommand(CLI::App& app, CommandContext& context);

}  // namespace escalation
