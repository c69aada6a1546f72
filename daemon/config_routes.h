// daemon/config_routes.h
//
// The routes of the config file: how each provider is reached. Used by config.cc only.
//
//   Input       one entry of "routes"
//   Output      the route, complete with its provider's defaults
//   Invariants  1. what a provider would refuse, or take without waking anybody, is a problem here
//               2. the text of a secret never enters a message
//   Time        none
//   Errors      in the walk's Problems
//   Threads     reads files that hold secrets or programs; nothing is shared
#pragma once

#include <string>

#include "daemon/config.h"
#include "state/policy/yaml_reader.h"

namespace escalation {

// Paths of secrets and programs start at `folder`. `log`: on whose cluster topics are by default.
void WalkRoute(const YamlEntry& entry, Walk walk, const std::string& folder, const LogConfig& log,
               DeliveryRoute* route);

}  // namespace escalation
