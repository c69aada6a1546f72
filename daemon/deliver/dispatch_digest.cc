#include "daemon/deliver/dispatch_digest.h"

#include <algorithm>

#include "state/base/text.h"

namespace escalation {
namespace {

// As many as a person reads, and as many as the fold names in its digests.
constexpr size_t kListedMax = 10;
constexpr size_t kTicketsMax = 20;

}  // namespace

std::string DigestKey(const Delivery& first, const std::string& route) {
  return Cat(first.decision.tenant(), "//waited/", route, "/", first.decision.seq());
}

Delivery DigestDelivery(const DispatchDigest& digest,
                        const std::vector<const DispatchItem*>& members) {
  const v1::Decision& first = members.front()->delivery.decision;
  Delivery delivery;
  delivery.partition = digest.partition;
  delivery.severity_rank = members.front()->delivery.severity_rank;
  v1::Decision& decision = delivery.decision;
  decision.set_id(Cat(first.id(), "#digest"));
  decision.set_seq(first.seq());
  decision.set_tenant(first.tenant());
  *decision.mutable_at() = first.at();
  *decision.mutable_cause() = first.cause();
  v1::PageDigest* const body = decision.mutable_page_digest();
  body->set_route(digest.route);
  body->set_key(digest.key);
  body->set_generation(1);
  body->set_suppressed(static_cast<int64_t>(members.size()));
  for (size_t i = 0; i < std::min(members.size(), kTicketsMax); ++i) {
    body->add_ticket_ids(members[i]->delivery.decision.ticket_id());
  }
  for (size_t i = 0; i < std::min(members.size(), kListedMax); ++i) {
    delivery.listed.push_back(members[i]->delivery.decision);
  }
  for (const DispatchItem* const member : members) {
    delivery.late_by = std::max(delivery.late_by, member->delivery.late_by);
  }
  return delivery;
}

Delivery DigestClose(const DispatchDigest& digest, const Delivery& last) {
  Delivery delivery;
  delivery.partition = digest.partition;
  v1::Decision& decision = delivery.decision;
  decision.set_id(Cat(last.decision.id(), "#digest"));
  decision.set_seq(last.decision.seq());
  decision.set_tenant(last.decision.tenant());
  *decision.mutable_at() = last.decision.at();
  *decision.mutable_cause() = last.decision.cause();
  v1::PageClosed* const closed = decision.mutable_page_closed();
  closed->set_route(digest.route);
  closed->set_key(digest.key);
  closed->set_generation(1);
  closed->set_reason("all of its pages are closed");
  return delivery;
}

}  // namespace escalation
