// ops/report_promises.h
//
// escalationctl report: met, breached, retracted and excused promises per account and month.
//
//   Input       a log from its beginning; perhaps a policy file whose credits and zone hold instead
//   Output      rows, or with --tickets the promises behind them, each with its position in the log
//   Time        months of the policy's display zone
//   Errors      exit 1: the log cannot be read; 78: the policy is wrong; 2: usage
//   Threads     one command runs at a time
#pragma once

#include "ops/command.h"

namespace CLI {
class App;
}

namespace escalation {

// What promise_book.h counts. `command` runs it when none of its subcommands was chosen.
void AddPromiseReport(CLI::App* command, CommandContext& context);

}  // namespace escalation
