// ops/promise_fold.h
//
// Folds a log into a book of promises.
//
//   Input       a log from its beginning; the tenant, or none if the log has only one
//   Output      the tenant's promises, its policies with the times from which they held, and the
//               zone in which its people read times
//   Errors      kInvalidArgument: the log has several tenants and none is named, or not this one.
//               Others: as ReplayLog
//   Threads     one thread
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/log/log.h"
#include "escalation/v1/calendar.pb.h"
#include "escalation/v1/policy.pb.h"
#include "ops/progress_bar.h"
#include "ops/promise_book.h"

namespace escalation {

struct PromiseFolding {
  PromiseBook book;
  std::string tenant;
  // In order; never empty unless the log has none.
  std::vector<std::pair<Instant, v1::Policy>> policies;
  Zone zone = Zone::Utc();
};

absl::StatusOr<PromiseFolding> FoldPromises(const Log& log, const std::string& tenant,
                                            ProgressBar& progress);

}  // namespace escalation
