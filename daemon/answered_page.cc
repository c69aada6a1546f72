#include "daemon/answered_page.h"

#include "escalation/v1/state.pb.h"
#include "state/base/text.h"
#include "state/partition/keys.h"

namespace escalation {

absl::StatusOr<std::string> WhyKeptBack(const StateReader& state, const v1::Decision& decision) {
  if (!decision.has_page_requested()) return "";
  const absl::StatusOr<std::optional<std::string>> bytes =
      state.Get(keys::Ticket(decision.tenant(), decision.ticket_id()));
  if (!bytes.ok()) return bytes.status();
  if (!bytes->has_value()) return "closed";  // With its ticket, which is forgotten.
  v1::TicketState ticket;
  if (!ticket.ParseFromString(**bytes)) {
    return absl::DataLossError(Cat("ticket ", decision.ticket_id(), " cannot be decoded"));
  }
  for (const v1::EscalationState& run : ticket.escalations()) {
    for (const v1::PageState& page : run.pages()) {
      if (page.key() != decision.page_requested().key()) continue;
      if (page.closed()) return "closed";
      return run.state() == v1::EscalationState::ACKNOWLEDGED ? "acknowledged" : "";
    }
  }
  return "";
}

}  // namespace escalation
