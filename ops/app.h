// ops/app.h
//
// escalationctl as a function: reads the arguments, runs one subcommand, returns the exit code.
//
//   Input       the arguments after the program's name; streams
//   Output      data on `out`; notices, usage and errors on `err`
//   Errors      the exit code: 0 ok, 1 failed, 2 usage, 78 config
//   Threads     one call at a time
#pragma once

#include <string>
#include <vector>

#include "ops/command.h"

namespace escalation {

int RunEscalationctl(const std::vector<std::string>& arguments, std::istream& in, std::ostream& out,
                     std::ostream& err);

}  // namespace escalation
