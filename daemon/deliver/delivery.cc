#include "daemon/deliver/delivery.h"

#include "state/base/check.h"
#include "state/base/text.h"

namespace escalation {
namespace {

// In no name of a route.
constexpr char kDigestMark = '#';

}  // namespace

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

std::string RouteOfDestination(const std::string& destination) {
  return destination.substr(0, destination.find(kDigestMark));
}

std::string DigestOfDestination(const std::string& destination) {
  const size_t mark = destination.find(kDigestMark);
  return mark == std::string::npos ? "" : destination.substr(mark + 1);
}

std::string DestinationText(const std::string& route, const std::string& digest) {
  return digest.empty() ? route : Cat(route, kDigestMark, digest);
}

std::string DigestOf(const v1::Decision& decision) {
  return DigestOfDestination(decision.page_closed().destination());
}

std::string DestinationOf(const v1::Decision& decision) {
  if (decision.has_page_closed()) {
    const v1::PageClosed& closed = decision.page_closed();
    return closed.destination().empty() ? closed.route() : RouteOfDestination(closed.destination());
  }
  if (decision.has_page_acknowledged()) return decision.page_acknowledged().route();
  if (decision.has_page_digest()) return decision.page_digest().route();
  ESCALATION_CHECK(decision.has_page_requested(), decision.id());
  return decision.page_requested().route();
}

}  // namespace escalation
