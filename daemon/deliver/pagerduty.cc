#include "daemon/deliver/pagerduty.h"

#include <nlohmann/json.hpp>

#include "daemon/deliver/json_request.h"
#include "daemon/deliver/page_text.h"
#include "daemon/deliver/plain_text.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr size_t kDedupKeyBytesMax = 255;
constexpr size_t kSummaryBytesMax = 1024;
// As many lines as fit: with escapes they take less than half of a request.
constexpr size_t kDetailsBytesMax = 100 * 1024;
constexpr size_t kBodyBytesMax = 512 * 1024;

std::string_view ActionOf(PageOperation operation) {
  switch (operation) {
    case v1::PageOutcome::ACKNOWLEDGE:
      return "acknowledge";
    case v1::PageOutcome::CLOSE:
      return "resolve";
    default:
      return "trigger";
  }
}

JsonBody DetailsOf(const v1::Decision& decision, const PageText& text) {
  JsonBody details;
  size_t bytes = 0;
  for (const PageLine& line : text.lines) {
    bytes += line.name.size() + line.value.size();
    if (bytes <= kDetailsBytesMax) details[FieldName(line.name)] = line.value;
  }
  details["page_key"] = PageKeyOf(decision);
  details["decision_id"] = decision.id();
  return details;
}

JsonBody PayloadOf(const v1::Decision& decision, const PageText& text, const DeliveryRoute& route) {
  const v1::PageRequested& page = decision.page_requested();
  JsonBody payload;
  payload["summary"] = CutText(text.title, kSummaryBytesMax);
  payload["source"] = Cat("escalationd/", decision.tenant());
  payload["severity"] = route.urgency.empty() ? "critical" : route.urgency;
  if (decision.has_at()) payload["timestamp"] = ToText(FromProto(decision.at()));
  if (!decision.ticket_id().empty()) payload["component"] = decision.ticket_id();
  if (!page.escalation().empty()) payload["group"] = OneLine(page.escalation());
  if (!page.metric().empty()) payload["class"] = OneLine(page.metric());
  payload["custom_details"] = DetailsOf(decision, text);
  return payload;
}

}  // namespace

absl::StatusOr<HttpCall> PagerDuty::Build(const Delivery& delivery, const DeliveryRoute& route,
                                          Instant) const {
  const v1::Decision& decision = delivery.decision;
  if (PageKeyOf(decision).empty()) return absl::InvalidArgumentError("a page without a key");
  const PageOperation operation = OperationOf(decision);
  JsonBody body;
  body["routing_key"] = route.key.Reveal();
  body["event_action"] = ActionOf(operation);
  body["dedup_key"] = KeyWithin(PageKeyOf(decision), kDedupKeyBytesMax);
  if (operation == v1::PageOutcome::TRIGGER) {
    const PageText text = PageTextOf(delivery);
    body["payload"] = PayloadOf(decision, text, route);
    body["client"] = "escalationd";
    for (const PageLine& link : text.links) {
      body["links"].push_back({{"href", link.value}, {"text", link.name}});
    }
  }
  HttpCall call = JsonCall(route.url.Reveal(), body, route);
  if (call.body.size() > kBodyBytesMax) {
    return absl::InvalidArgumentError(
        Cat("a request of ", call.body.size(), " bytes, expected at most ", kBodyBytesMax));
  }
  return call;
}

Verdict PagerDuty::Classify(const HttpReply& reply) const {
  const Verdict verdict = ClassifyTransport(reply);
  if (verdict.kind != Verdict::Kind::kDelivered) return verdict;
  const std::string status = TextOf(ReplyObject(reply), "status");
  if (status == "success") return verdict;
  return status.empty() ? NotItsWord(reply) : Refused(reply, reply.body);
}

}  // namespace escalation
