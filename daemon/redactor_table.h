// daemon/redactor_table.h
//
// Which redactor is in force for each tenant: that of the policy with the highest revision.
//
//   Input       policies, as they are published and folded
//   Output      a redactor to use for one request; null: nothing is redacted
//   Invariants  1. as in the fold, a policy counts if its revision is above the one before
//               2. a redactor that was given out stays whole, whatever is set meanwhile
//   Time        none
//   Errors      none: of a redaction that cannot be compiled the patterns that are none are left
//               out, and the daemon's log says so
//   Threads     safe everywhere
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "daemon/source/redactor.h"
#include "escalation/v1/policy.pb.h"
#include "state/partition/turn.h"

namespace escalation {

class RedactorTable {
 public:
  void Set(const v1::Policy& policy);
  // That of the committed state.
  void TakeInForce(const StateReader& state, const std::string& tenant);
  std::shared_ptr<const Redactor> Of(std::string_view tenant) const;

 private:
  struct InForce {
    int64_t revision = 0;
    std::shared_ptr<const Redactor> redactor;
  };
  mutable std::mutex mutex_;
  std::map<std::string, InForce, std::less<>> tenants_;
};

}  // namespace escalation
