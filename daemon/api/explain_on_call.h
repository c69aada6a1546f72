// daemon/api/explain_on_call.h
//
// Beside the pages of a ticket: who was on call for their routes, as far as had been told by then,
// and what was told since.
//
//   Input       page decisions in order of seq; the tenant's committed state
//   Output      lines; none where nothing was ever told of the routes
//   Invariants  1. of shifts that hold at the same moment, the one that was told last counts
//   Errors      kDataLoss: what is stored of a route cannot be decoded. Others: as the StateReader
//   Threads     stateless; safe everywhere
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "daemon/api/explain_lines.h"
#include "daemon/api/query_view.h"
#include "escalation/v1/decision.pb.h"
#include "state/calendar/zone.h"

namespace escalation {

// Pages that are shown; the latest.
inline constexpr size_t kOnCallPagesMax = 20;

absl::Status ExplainOnCall(const TenantView& view, std::vector<const v1::Decision*> pages,
                           const Zone& zone, ExplainLines* lines);

}  // namespace escalation
