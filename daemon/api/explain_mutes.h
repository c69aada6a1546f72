// daemon/api/explain_mutes.h
//
// Which mutes concern a ticket: who set them, until when and why, and which of its pages they keep
// back.
//
//   Output      lines; none where no mute concerns it
//   Errors      none
//   Threads     stateless; safe everywhere
#pragma once

#include <string>

#include "daemon/api/explain_lines.h"
#include "daemon/api/query_view.h"
#include "escalation/v1/state.pb.h"
#include "state/calendar/zone.h"

namespace escalation {

// Pages that wait for the end of a mute, in one line; empty: none does.
std::string KeptBackText(const v1::TicketState& ticket);

// Moments are shown in `zone`.
void ExplainMutes(const TenantView& view, const std::string& ticket_id,
                  const v1::TicketState& ticket, const Zone& zone, ExplainLines* lines);

}  // namespace escalation
