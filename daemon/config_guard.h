// daemon/config_guard.h
//
// "heartbeat" and "break_glass" of the config file. Used by config.cc only.
//
//   Input       the file's top level
//   Output      config->heartbeat, config->break_glass
//   Invariants  1. the text of a secret never enters a message
//   Time        none
//   Errors      in the walk's Problems
//   Threads     reads files that hold secrets; nothing is shared
#pragma once

#include <string>

#include "daemon/config.h"
#include "state/policy/yaml_reader.h"

namespace escalation {

// After the routes. Paths of secrets start at `folder`.
void WalkGuard(YamlMap& top, const std::string& folder, Config* config);

}  // namespace escalation
