// daemon/config_check.h
//
// What of a config only shows once it is tried: the jq programs that it names are compiled, and
// those of webhooks make bodies of sample pages (daemon/deliver/sample_pages.h).
//
//   Input       a config that was loaded, and where its parts stand
//   Output      problems at the place in the config that names the program; the text has the
//               program's own place
//   Errors      a program that cannot be tried here is a problem, too
//   Threads     stateless; safe everywhere
#pragma once

#include "daemon/config.h"
#include "state/policy/problems.h"

namespace escalation {

Problems CheckPrograms(const Config& config, const Positions& positions);

}  // namespace escalation
