// daemon/deliver/webhook.h
//
// A generic webhook: the decision and its text as JSON, signed as Standard Webhooks
// (https://www.standardwebhooks.com) if the route has a secret.
//
//   Output      {"type":"page_requested","timestamp":...,"title":...,"text":...,"decision":{...}},
//               or what the route's program made of that (body_program.h);
//               webhook-id is the decision's id, the same for every attempt; one signature for
//               each secret
//   Errors      any 2xx is delivered, whatever the body says
//   Threads     stateless; safe everywhere
#pragma once

#include <string_view>

#include "daemon/deliver/provider.h"

namespace escalation {

// What is sent where no program makes another body.
std::string WebhookBody(const Delivery& delivery);

class Webhook : public Provider {
 public:
  absl::StatusOr<HttpCall> Build(const Delivery& delivery, const DeliveryRoute& route,
                                 Instant now) const override;
  Verdict Classify(const HttpReply& reply) const override;
};

// "v1," and the base64 of HMAC-SHA256 over "id.timestamp.body". A secret that begins with "whsec_"
// is base64; any other is taken as it is. kInvalidArgument: "whsec_" and no base64.
absl::StatusOr<std::string> WebhookSignature(const Secret& secret, std::string_view id,
                                             int64_t timestamp_s, std::string_view body);

}  // namespace escalation
