// ops/report_shadow.h
//
// escalationctl report shadow: where our decisions differ from the helpdesk's own SLA events, while
// both run beside each other.
//
//   Input       a log from its beginning, with the helpdesk's SLA mapped as shadow_ledger.h says
//   Output      one row for each difference; how many were compared on `err`
//   Errors      exit 1: the log cannot be read; 2: usage
//   Threads     one command runs at a time
#pragma once

#include "ops/command.h"

namespace CLI {
class App;
}

namespace escalation {

void AddShadowReport(CLI::App* report, CommandContext& context);

}  // namespace escalation
