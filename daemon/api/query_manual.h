// daemon/api/query_manual.h
//
// What people see who steer by hand: the mutes in force, and what became of a record that they
// sent.
//
//   Input       a tenant's view
//   Output      JSON documents
//   Invariants  1. at most kRecordDecisionsMax decisions are read for a record, from where the
//                  stream has come to it; "cut" says that there may be more
//   Errors      kDataLoss: stored bytes cannot be decoded. Others: as the log and the StateReader
//   Threads     stateless; safe everywhere
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>

#include "absl/status/statusor.h"
#include "daemon/api/query_view.h"
#include "state/base/ids.h"

namespace escalation {

inline constexpr size_t kRecordDecisionsMax = 1'000;

// In the order in which they were set.
nlohmann::ordered_json ListMutes(const TenantView& view);

// {"folded": false} as long as the fold has not come to it. "decisions": what it decided about the
// tenant. "outcomes": of the pages among them, as far as they are known.
absl::StatusOr<nlohmann::ordered_json> RecordJson(const TenantView& view, Offset offset);

}  // namespace escalation
