// daemon/deliver/kafka_route.h
//
// A Kafka topic as a route: each page operation is a record of the route's topic.
//
//   Output      key: the page's key, so that the operations of a page are in one partition, in
//               their order. Value: what a webhook gets (webhook.h). Headers: content-type, id (of
//               the decision, the same for every attempt), seq, operation (trigger, acknowledge,
//               close), tenant, ticket, route
//   Errors      delivered once the brokers have acknowledged it; failed for good: a topic that is
//               not there or may not be written to, a record that is too large
//   Threads     stateless; safe everywhere
#pragma once

#include "daemon/deliver/provider.h"

namespace escalation {

class KafkaRoute : public Provider {
 public:
  absl::StatusOr<HttpCall> Build(const Delivery& delivery, const DeliveryRoute& route,
                                 Instant now) const override;
  Verdict Classify(const HttpReply& reply) const override;
};

}  // namespace escalation
