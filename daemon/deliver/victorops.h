// daemon/deliver/victorops.h
//
// VictorOps (Splunk On-Call), REST endpoint: POST https://alert.victorops.com/integrations/generic/
// 20131114/alert/KEY/ROUTING_KEY.
//
//   Output      CRITICAL for a page and a digest, since nothing less is sure to wake anybody,
//               unless the route asks for less; ACKNOWLEDGEMENT; RECOVERY. entity_id is the page's
//               key, so what is sent twice rolls up. Lines are annotations too: notes
//               (vo_annotate.s), links (u) and links to pictures (i)
//   Invariants  1. entity_id <= 512 bytes, entity_display_name <= 1,024, state_message <= 20,480
//               2. no other message type leaves: VictorOps takes it and wakes nobody
//   Errors      status 200 with "result":"failure" is a failure for good
//   Threads     stateless; safe everywhere
#pragma once

#include "daemon/deliver/provider.h"

namespace escalation {

class VictorOps : public Provider {
 public:
  absl::StatusOr<HttpCall> Build(const Delivery& delivery, const DeliveryRoute& route,
                                 Instant now) const override;
  Verdict Classify(const HttpReply& reply) const override;
};

}  // namespace escalation
