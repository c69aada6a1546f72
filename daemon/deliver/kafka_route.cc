#include "daemon/deliver/kafka_route.h"

#include "absl/strings/ascii.h"
#include "daemon/deliver/webhook.h"
#include "state/base/text.h"

namespace escalation {

absl::StatusOr<HttpCall> KafkaRoute::Build(const Delivery& delivery, const DeliveryRoute& route,
                                           Instant) const {
  const v1::Decision& decision = delivery.decision;
  const std::string& key = PageKeyOf(decision);
  // Without one nothing would keep a close behind its page.
  if (key.empty()) return absl::InvalidArgumentError("a page without a key");
  HttpCall call;
  call.record = RecordEnvelope{route.topic.cluster, route.topic.topic, key};
  call.timeout = route.timeout;
  call.body = WebhookBody(delivery);
  const auto& operation = v1::PageOutcome::Operation_Name(OperationOf(decision));
  call.headers = {{"content-type", "application/json"},
                  {"id", decision.id()},
                  {"seq", Cat(decision.seq())},
                  {"operation", absl::AsciiStrToLower(operation)},
                  {"tenant", decision.tenant()},
                  {"ticket", decision.ticket_id()},
                  {"route", route.name}};
  return call;
}

Verdict KafkaRoute::Classify(const HttpReply& reply) const { return ClassifyTransport(reply); }

}  // namespace escalation
