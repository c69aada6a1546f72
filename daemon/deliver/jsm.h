// daemon/deliver/jsm.h
//
// Alerts of Jira Service Management Operations, and of whatever else speaks Opsgenie's alert API:
// POST .../v2/alerts, and /v2/alerts/ALIAS/acknowledge and /close.
//
//   Output      the alias is the page's key, so what is sent twice is counted by one alert
//   Invariants  1. 202 is a receipt, not a delivery: the request is asked about until it says
//               isSuccess
//               2. message <= 130 bytes, alias <= 512 (a longer key becomes its digest),
//               description <= 15,000, details <= 8,000
//   Errors      an answer that the request failed is a failure for good; 404 to a question means
//               that it was not processed yet
//   Threads     stateless; safe everywhere
#pragma once

#include <string>

#include "daemon/deliver/provider.h"

namespace escalation {

class Jsm : public Provider {
 public:
  absl::StatusOr<HttpCall> Build(const Delivery& delivery, const DeliveryRoute& route,
                                 Instant now) const override;
  Verdict Classify(const HttpReply& reply) const override;
  absl::StatusOr<HttpCall> Ask(const std::string& receipt,
                               const DeliveryRoute& route) const override;
  Verdict ClassifyAnswer(const std::string& receipt, const HttpReply& reply) const override;
};

}  // namespace escalation
