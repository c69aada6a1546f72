// daemon/config_api.h
//
// "api" of the config file: where the HTTP API is reached, and who may. Used by config.cc only.
//
//   Input       "api" of the config's top
//   Output      Config::listen and Config::api
//   Invariants  1. an address that other machines reach takes tokens, unless the file says
//                  `allow_without_token: true`
//               2. the text of a token never enters a message
//   Time        none
//   Errors      in the walk's Problems
//   Threads     reads files that hold tokens; nothing is shared
#pragma once

#include <string>

#include "daemon/config.h"
#include "state/policy/yaml_reader.h"

namespace escalation {

// Relative paths start at `folder`.
void WalkApi(YamlMap& top, const std::string& folder, Config* config);

// 127.0.0.0/8, ::1 and localhost.
bool IsLoopback(const ListenAddress& listen);

}  // namespace escalation
