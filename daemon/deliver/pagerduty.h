// daemon/deliver/pagerduty.h
//
// PagerDuty, Events API v2: POST https://events.pagerduty.com/v2/enqueue.
//
//   Output      trigger, acknowledge and resolve with one dedup_key, so what is sent twice rolls
//               up; lines as custom_details, links as links
//   Invariants  dedup_key <= 255 bytes, a longer page key becomes its digest; summary <= 1,024;
//               a request <= 512 KiB
//   Errors      a 2xx that does not say "success" is not a delivery
//   Threads     stateless; safe everywhere
#pragma once

#include "daemon/deliver/provider.h"

namespace escalation {

class PagerDuty : public Provider {
 public:
  absl::StatusOr<HttpCall> Build(const Delivery& delivery, const DeliveryRoute& route,
                                 Instant now) const override;
  Verdict Classify(const HttpReply& reply) const override;
};

}  // namespace escalation
