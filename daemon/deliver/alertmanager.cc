#include "daemon/deliver/alertmanager.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/deliver/json_request.h"
#include "daemon/deliver/page_text.h"
#include "daemon/deliver/plain_text.h"
#include "state/base/text.h"

namespace escalation {
namespace {

// Decisions on one page agree in these.
JsonBody LabelsOf(const v1::Decision& decision, const DeliveryRoute& route) {
  JsonBody labels;
  for (const auto& [name, value] : route.labels) labels[name] = value;
  labels["alertname"] = "escalationd";
  labels["page_key"] = OneLine(PageKeyOf(decision));
  labels["tenant"] = decision.tenant();
  return labels;
}

JsonBody AnnotationsOf(const v1::Decision& decision, const PageText& text) {
  JsonBody annotations;
  annotations["summary"] = text.title;
  annotations["description"] = text.message;
  for (const PageLine& line : text.lines) annotations[FieldName(line.name)] = line.value;
  for (const PageLine& link : text.links) {
    annotations[Cat("link_", FieldName(link.name))] = link.value;
  }
  if (decision.has_page_acknowledged()) {
    annotations["acknowledged_by"] = OneLine(decision.page_acknowledged().by());
  }
  annotations["decision_id"] = decision.id();
  return annotations;
}

}  // namespace

absl::StatusOr<HttpCall> Alertmanager::Build(const Delivery& delivery, const DeliveryRoute& route,
                                             Instant now) const {
  const v1::Decision& decision = delivery.decision;
  if (PageKeyOf(decision).empty()) return absl::InvalidArgumentError("a page without a key");
  const PageText text = PageTextOf(delivery);
  // Our clock may be behind the log's: an alert must not end before it began.
  const Instant at = decision.has_at() ? FromProto(decision.at()) : now;
  const bool ends = OperationOf(decision) == v1::PageOutcome::CLOSE;
  JsonBody alert;
  alert["labels"] = LabelsOf(decision, route);
  alert["annotations"] = AnnotationsOf(decision, text);
  alert["startsAt"] = ToText(std::min(at, now));
  alert["endsAt"] = ToText(ends ? std::min(at, now) : std::max(at, now) + kOpenFor);
  if (!text.links.empty()) alert["generatorURL"] = text.links.front().value;
  return JsonCall(route.url.Reveal(), JsonBody::array({alert}), route);
}

Verdict Alertmanager::Classify(const HttpReply& reply) const {
  const Verdict verdict = ClassifyTransport(reply);
  if (verdict.kind != Verdict::Kind::kDelivered) return verdict;
  const std::string body = OneLine(reply.body);
  if (reply.status == 200 && (body.empty() || !ReplyObject(reply).is_null())) return verdict;
  return NotItsWord(reply);
}

}  // namespace escalation
