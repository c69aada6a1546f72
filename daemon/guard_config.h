// daemon/guard_config.h
//
// How the pager itself is watched, as the config file says it.
//
//   Output      values
//   Threads     values
#pragma once

#include <string>

#include "daemon/secret.h"
#include "state/base/instant.h"

namespace escalation {

struct HeartbeatConfig {
  // Asked for with GET; empty: none.
  Secret url;
  Duration every = Duration::Minutes(1);
  friend bool operator==(const HeartbeatConfig&, const HeartbeatConfig&) = default;
};

struct BreakGlassConfig {
  // Of the configured routes; empty: nobody is paged past the log.
  std::string route;
  // How long a log does not work before.
  Duration after = Duration::Minutes(1);
  friend bool operator==(const BreakGlassConfig&, const BreakGlassConfig&) = default;
};

}  // namespace escalation
