// tests/daemon/deliver/pages.h
//
// Page decisions for tests.
#pragma once

#include <string>

#include "daemon/deliver/delivery.h"

namespace escalation {

inline Delivery PageFor(uint64_t seq, const std::string& key, int rank = 0,
                        const std::string& route = "pager") {
  Delivery delivery;
  delivery.decision.set_id("inc/0/" + std::to_string(seq) + "/0");
  delivery.decision.set_seq(seq);
  delivery.decision.set_tenant("default");
  delivery.decision.set_ticket_id("T-1");
  delivery.decision.mutable_page_requested()->set_route(route);
  delivery.decision.mutable_page_requested()->set_key(key);
  delivery.severity_rank = rank;
  return delivery;
}

inline Delivery CloseOf(uint64_t seq, const std::string& key, const std::string& route = "pager") {
  Delivery delivery;
  delivery.decision.set_id("inc/0/" + std::to_string(seq) + "/0");
  delivery.decision.set_seq(seq);
  delivery.decision.set_tenant("default");
  delivery.decision.set_ticket_id("T-1");
  delivery.decision.mutable_page_closed()->set_route(route);
  delivery.decision.mutable_page_closed()->set_key(key);
  delivery.decision.mutable_page_closed()->set_reason("engaged");
  return delivery;
}

inline Delivery AcknowledgementOf(uint64_t seq, const std::string& key) {
  Delivery delivery;
  delivery.decision.set_seq(seq);
  delivery.decision.mutable_page_acknowledged()->set_route("pager");
  delivery.decision.mutable_page_acknowledged()->set_key(key);
  delivery.decision.mutable_page_acknowledged()->set_by("maria");
  return delivery;
}

inline DeliveryRoute RouteNamed(const std::string& name) {
  DeliveryRoute route;
  route.name = name;
  route.url = Secret("https://hooks.example.com/" + name + "/s3cr3t-path");
  return route;
}

}  // namespace escalation
