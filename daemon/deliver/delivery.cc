#include "daemon/deliver/delivery.h"

#include "state/base/check.h"
#include "state/base/sha256.h"
#include "state/base/text.h"

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

std::string BudgetGroupOf(const DeliveryRoute& route) {
  if (route.provider != DeliveryRoute::Provider::kVictorOps) return Cat("route:", route.name);
  // ".../alert/KEY/ROUTING_KEY": the key names the organisation.
  const std::string& url = route.url.Reveal();
  const size_t slash = url.rfind('/');
  const std::string digest = ToHex(Sha256({std::string_view(url).substr(0, slash)}));
  return Cat("victorops:", digest.substr(0, 16));
}

}  // namespace escalation
