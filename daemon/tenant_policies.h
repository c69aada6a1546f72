// daemon/tenant_policies.h
//
// What the daemon does with the policy files of its tenants: it publishes one where the log has
// none yet, tells of a difference, and keeps the redactors in step.
//
//   Input       a tenant of the config; the committed state of its partition
//   Output      policy events in the log; warnings; redactors
//   Invariants  1. a policy that differs from the one in force is never published here: that is for
//                  a person
//   Time        the given clock dates events
//   Errors      those of the store and, where it waits, of the log
//   Threads     safe everywhere
#pragma once

#include <functional>

#include "absl/status/status.h"
#include "daemon/config.h"
#include "daemon/log_writer.h"
#include "daemon/redactor_table.h"
#include "state/partition/turn.h"

namespace escalation {

class TenantPolicies {
 public:
  // Borrows both.
  TenantPolicies(const LogWriter* writer, RedactorTable* redactors, std::function<Instant()> now)
      : writer_(*writer), redactors_(*redactors), now_(std::move(now)) {}

  // Warns of a difference, and takes the redactor of the policy in force.
  absl::Status Compare(const TenantConfig& tenant, const StateReader& state) const;

  enum class Wait { kUntilDurable, kNot };
  // Publishes the file's policy if the log has none. kNot: a failure is told in the log, and the
  // next call tries again.
  absl::Status PublishFirst(const TenantConfig& tenant, const StateReader& state, Wait wait) const;

 private:
  const LogWriter& writer_;
  RedactorTable& redactors_;
  const std::function<Instant()> now_;
};

}  // namespace escalation
