// daemon/config_sources.h
//
// The sources of the config file: where events come from, besides the API. Used by config.cc only.
//
//   Input       "sources" of the config's top; the tenants and the log, which were walked before
//   Output      Config::sources, complete with defaults
//   Invariants  1. the text of a secret never enters a message
//               2. a hook takes requests of anybody only where the file says `verify: none`
//   Time        none
//   Errors      in the walk's Problems
//   Threads     reads programs and files that hold secrets; nothing is shared
#pragma once

#include <string>

#include "daemon/config.h"
#include "state/policy/yaml_reader.h"

namespace escalation {

// Relative paths start at `folder`.
void WalkSources(YamlMap& top, const std::string& folder, Config* config);

}  // namespace escalation
