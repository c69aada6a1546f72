// daemon/api/explain_ticket.h
//
// Why a ticket stands as it does, in words and arithmetic: for a person who was woken at 03:12.
//
//   Input       a tenant's view; one of its tickets
//   Output      lines: in short; each clock with the stretches that were counted; each escalation
//               with what it did, what it will do and what would stop it; the events; the decisions
//   Invariants  1. the arithmetic is the fold's own, folded once more; where it cannot be, the line
//               says so
//   Time        enters with the question
//   Errors      kNotFound: no such clock or page on the ticket. Others: as the log and the
//               StateReader
//   Threads     stateless; safe everywhere
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/api/query_view.h"
#include "escalation/v1/state.pb.h"
#include "state/base/instant.h"

namespace escalation {

struct ExplainQuestion {
  std::string ticket_id;
  // A metric or target; empty: every clock.
  std::string clock;
  // A page key; empty: every page.
  std::string page;
  Instant now;
};

absl::StatusOr<std::vector<std::string>> ExplainTicket(const TenantView& view,
                                                       const v1::TicketState& ticket,
                                                       const ExplainQuestion& question);

}  // namespace escalation
