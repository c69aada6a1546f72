// ops/load_command.h
//
// The part of `escalationctl simulate` behind --load: pages a night, per route.
//
//   Input       a policy; a load file
//   Output      a table, or one JSON object
//   Errors      exit 78: the load file is wrong; 1: the fold failed
//   Threads     one command runs at a time
#pragma once

#include <string>

#include "ops/command.h"
#include "ops/decision_output.h"
#include "state/policy/policy_loader.h"

namespace escalation {

int RunLoad(const LoadedPolicy& policy, const std::string& load_file, OutputForm form,
            CommandContext& context);

}  // namespace escalation
