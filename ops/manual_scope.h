// ops/manual_scope.h
//
// Options that say what a manual control is about, and until when.
//
//   Output      Scope and until of an event
//   Invariants  1. nothing said is a mistake, not everything
//   Errors      kInvalidArgument: said to the person, exit code 2
//   Threads     one command runs at a time
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "escalation/v1/event.pb.h"
#include "state/base/instant.h"

namespace CLI {
class App;
}

namespace escalation {

struct ScopeOptions {
  std::string ticket;
  std::string account;
  std::string route;
  std::string escalation;
  bool everything = false;
};

// --ticket, --account, --route, --escalation, --everything.
void AddScopeOptions(CLI::App* command, ScopeOptions* options);
absl::StatusOr<v1::Scope> ScopeOf(const ScopeOptions& options);

struct UntilOptions {
  std::string length;
  std::string until;
  bool until_cleared = false;
};

// --for, --until; `endless`: --until-cleared, too.
void AddUntilOptions(CLI::App* command, UntilOptions* options, bool endless);
// Never: until it is cleared.
absl::StatusOr<Instant> UntilOf(const UntilOptions& options, Instant now);

}  // namespace escalation
