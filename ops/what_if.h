// ops/what_if.h
//
// What a log would have led to under another policy or with other calendars: the log is folded
// twice at the same time, as it was and changed.
//
//   Input       a log that begins at 0; a tenant's other policy with its calendars, or only other
//               calendars
//   Output      the decisions of both foldings, batch by batch, and of both at the log's end
//   Invariants  1. under another policy, the tenant's own publications of policies and calendars
//                  are left out and the other policy holds from the first record on; with other
//                  calendars, those of the same names are replaced and all else is as it was.
//                  Other tenants keep theirs
//               2. everything else comes when it came, ticks too. Where the change makes something
//                  due for which nobody had a reason to tick, a tick is added, as a daemon would;
//                  where the log itself was overdue, because nothing ran, none is. So an unchanged
//                  policy folds to the same decisions
//               3. what is due by the log's last moment is decided on both sides
//               4. pagers' outcomes and acknowledgements are known by the keys of their pages
//   Time        that of the records
//   Errors      as ReplayLog
//   Threads     one thread
#pragma once

#include <functional>
#include <set>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/log/log.h"
#include "escalation/v1/decision.pb.h"
#include "ops/replay.h"
#include "state/policy/policy_loader.h"

namespace escalation {

struct WhatIfChange {
  enum class Kind {
    kPolicy,     // The policy and its calendars.
    kCalendars,  // Only its calendars.
  };
  Kind kind = Kind::kPolicy;
  // Names the tenant.
  LoadedPolicy policy;
};

struct WhatIfCounts {
  int64_t records = 0;
  // Tenants of whom the partition holds events.
  std::set<std::string> tenants;
};

// What one batch of records led to on each side.
struct WhatIfBatch {
  std::span<const v1::Decision> before;
  std::span<const v1::Decision> after;
};
using WhatIfVisitor = std::function<absl::Status(const WhatIfBatch&)>;

absl::StatusOr<WhatIfCounts> ReplayWhatIf(const Log& log, Partition partition,
                                          const WhatIfChange& change, const WhatIfVisitor& visit,
                                          const ReplayProgress& progress);

}  // namespace escalation
