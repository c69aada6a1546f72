#include "daemon/deliver/delivery.h"

#include "state/base/check.h"

namespace escalation {

PageOperation OperationOf(const v1::Decision& decision) {
  if (decision.has_page_closed()) return v1::PageOutcome::CLOSE;
  if (decision.has_page_acknowledged()) return v1::PageOutcome::ACKNOWLEDGE;
  return v1::PageOutcome::TRIGGER;
}

const std::string& PageKeyOf(const v1::Decision& decision) {
  if (decision.has_page_closed()) return decision.page_closed().key();
  if (decision.has_page_acknowledged()) return decision.page_acknowledged().key();
  if (decision.has_page_digest()) return decision.page_digest().key();
  ESCALATION_CHECK(decision.has_page_requested(), decision.id());
  return decision.page_requested().key();
}

const std::string& DestinationOf(const v1::Decision& decision) {
  if (decision.has_page_closed()) {
    const v1::PageClosed& closed = decision.page_closed();
    return closed.destination().empty() ? closed.route() : closed.destination();
  }
  if (decision.has_page_acknowledged()) return decision.page_acknowledged().route();
  if (decision.has_page_digest()) return decision.page_digest().route();
  ESCALATION_CHECK(decision.has_page_requested(), decision.id());
  return decision.page_requested().route();
}

}  // namespace escalation
