// daemon/api/query_lists.h
//
// Lists over many tickets: each reads a bounded part of the state and says if that was not all.
//
//   Input       a tenant's view or a partition; what to list
//   Output      JSON documents
//   Invariants  1. at most kTicketsScanMax tickets are decoded for one answer; "cut" says that
//   there
//               are more
//   Time        enters as an argument
//   Errors      kDataLoss: stored bytes cannot be decoded. Others: as the StateReader
//   Threads     stateless; safe everywhere
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/api/query_view.h"
#include "escalation/v1/event.pb.h"
#include "state/base/instant.h"

namespace escalation {

inline constexpr size_t kTicketsScanMax = 20'000;

struct TicketsQuestion {
  size_t limit = 100;
  // Continues after this ticket; empty: from the first.
  std::string after;
  // Only tickets of this status.
  std::optional<v1::StatusChanged::Status> status;
};
// In order of ticket id. "next": the `after` of the next part; absent: this was all.
absl::StatusOr<nlohmann::ordered_json> ListTickets(const TenantView& view,
                                                   const TicketsQuestion& question);

// Running clocks: those that are breached first, the oldest breach first; then by due moment.
absl::StatusOr<nlohmann::ordered_json> ListAtRisk(const TenantView& view, size_t limit,
                                                  Instant now);

// Pages that were requested and not closed, and page operations without an outcome.
absl::StatusOr<nlohmann::ordered_json> ListPages(const TenantView& view, size_t limit);

// Wake-ups of the partitions in order of time. `tenant` empty: of all tenants.
absl::StatusOr<nlohmann::ordered_json> ListTimers(const std::vector<PartitionView>& partitions,
                                                  const std::string& tenant, size_t limit);

}  // namespace escalation
