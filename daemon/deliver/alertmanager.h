// daemon/deliver/alertmanager.h
//
// Prometheus Alertmanager, API v2: POST .../api/v2/alerts.
//
//   Output      one alert; an acknowledgement changes its annotations, since Alertmanager knows
//               none; a close ends it
//   Invariants  1. the labels are those of the page's key and of the route alone, since an alert
//               ends only under the labels with which it began
//               2. an open page ends long after now: that escalationd is silent is no recovery.
//               It is posted again and again, so an Alertmanager that restarts, and forgets, knows
//               it again after kRenewEvery
//   Time        ends are said by the given clock
//   Errors      200 with a body that Alertmanager would not send is not a delivery
//   Threads     stateless; safe everywhere
#pragma once

#include "daemon/deliver/provider.h"

namespace escalation {

class Alertmanager : public Provider {
 public:
  absl::StatusOr<HttpCall> Build(const Delivery& delivery, const DeliveryRoute& route,
                                 Instant now) const override;
  Verdict Classify(const HttpReply& reply) const override;

  static constexpr Duration kOpenFor = Duration::Hours(24);
  static constexpr Duration kRenewEvery = Duration::Minutes(10);
  Duration RenewEvery() const override { return kRenewEvery; }
};

}  // namespace escalation
