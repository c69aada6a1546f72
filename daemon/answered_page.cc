#include "daemon/answered_page.h"

#include "daemon/deliver/delivery.h"
#include "escalation/v1/state.pb.h"
#include "state/base/text.h"
#include "state/partition/keys.h"

namespace escalation {
namespace {

PendingPage PendingOf(const v1::EscalationState& run, const v1::PageState& page,
                      const v1::Decision& decision) {
  PendingPage pending;
  if (page.closed()) pending.kept_back = "closed";
  pending.delivered = !page.closed() && page.state() == v1::PageState::DELIVERED;
  if (!decision.has_page_requested()) return pending;
  pending.digest = DigestOfDestination(page.destination());
  const bool acknowledged = run.state() == v1::EscalationState::ACKNOWLEDGED;
  if (acknowledged && !page.closed() && !pending.delivered) pending.kept_back = "acknowledged";
  return pending;
}

}  // namespace

absl::StatusOr<PendingPage> FindPendingPage(const StateReader& state,
                                            const v1::Decision& decision) {
  if (!decision.has_page_requested() && !decision.has_page_acknowledged()) return PendingPage{};
  const absl::StatusOr<std::optional<std::string>> bytes =
      state.Get(keys::Ticket(decision.tenant(), decision.ticket_id()));
  if (!bytes.ok()) return bytes.status();
  if (!bytes->has_value()) return PendingPage{"closed", false, ""};  // With its ticket.
  v1::TicketState ticket;
  if (!ticket.ParseFromString(**bytes)) {
    return absl::DataLossError(Cat("ticket ", decision.ticket_id(), " cannot be decoded"));
  }
  for (const v1::EscalationState& run : ticket.escalations()) {
    for (const v1::PageState& page : run.pages()) {
      if (page.key() == PageKeyOf(decision)) return PendingOf(run, page, decision);
    }
  }
  return PendingPage{};
}

}  // namespace escalation
