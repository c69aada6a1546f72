#include "daemon/deliver/victorops.h"

#include <nlohmann/json.hpp>
#include <string_view>

#include "daemon/deliver/page_text.h"
#include "daemon/deliver/plain_text.h"
#include "daemon/source/message_json.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr size_t kEntityIdBytesMax = 512;
constexpr size_t kDisplayNameBytesMax = 1024;
constexpr size_t kStateMessageBytesMax = 20'480;

std::string_view MessageTypeOf(PageOperation operation, const DeliveryRoute& route) {
  switch (operation) {
    case v1::PageOutcome::ACKNOWLEDGE:
      return "ACKNOWLEDGEMENT";
    case v1::PageOutcome::CLOSE:
      return "RECOVERY";
    default:
      return route.urgency.empty() ? "CRITICAL" : std::string_view(route.urgency);
  }
}

bool IsMessageType(std::string_view type) {
  return type == "CRITICAL" || type == "WARNING" || type == "INFO" || type == "ACKNOWLEDGEMENT" ||
         type == "RECOVERY";
}

bool IsPicture(std::string_view url) {
  const std::string_view path = url.substr(0, url.find_first_of("?#"));
  for (const std::string_view ending : {".png", ".jpg", ".jpeg", ".gif"}) {
    if (path.ends_with(ending)) return true;
  }
  return false;
}

void Add(std::string_view name, std::string_view value, std::string* out) {
  if (value.empty()) return;
  if (out->size() > 1) out->push_back(',');
  AppendJsonString(name, out);
  out->push_back(':');
  AppendJsonString(value, out);
}

}  // namespace

absl::StatusOr<HttpCall> VictorOps::Build(const Delivery& delivery, const DeliveryRoute& route,
                                          Instant) const {
  const v1::Decision& decision = delivery.decision;
  const std::string& key = PageKeyOf(decision);
  // A cut key could be another page's.
  if (key.empty() || key.size() > kEntityIdBytesMax) {
    return absl::InvalidArgumentError(
        Cat("a page key of ", key.size(), " bytes, expected 1 to ", kEntityIdBytesMax));
  }
  const std::string_view type = MessageTypeOf(OperationOf(decision), route);
  if (!IsMessageType(type)) {
    return absl::InvalidArgumentError(
        Cat("message type ", type,
            " wakes nobody, expected CRITICAL, WARNING, INFO, ACKNOWLEDGEMENT or RECOVERY"));
  }
  const PageText text = PageTextOf(delivery);
  HttpCall call;
  call.url = route.url.Reveal();
  call.timeout = route.timeout;
  call.headers.emplace_back("Content-Type", "application/json");
  for (const auto& [name, value] : route.headers) call.headers.emplace_back(name, value.Reveal());
  std::string* out = &call.body;
  out->push_back('{');
  Add("message_type", type, out);
  Add("entity_id", key, out);
  Add("entity_display_name", CutText(text.title, kDisplayNameBytesMax), out);
  Add("state_message", CutText(text.message, kStateMessageBytesMax), out);
  if (decision.has_at()) CatTo(out, ",\"state_start_time\":", decision.at().seconds());
  Add("monitoring_tool", "escalationd", out);
  Add("tenant", decision.tenant(), out);
  Add("ticket_id", decision.ticket_id(), out);
  Add("decision_id", decision.id(), out);
  if (decision.has_page_requested()) {
    const v1::PageRequested& page = decision.page_requested();
    Add("severity", OneLine(page.severity()), out);
    Add("escalation", page.escalation(), out);
    Add("level", page.level(), out);
  }
  for (const PageLine& link : text.links) {
    Add(Cat(IsPicture(link.value) ? "vo_annotate.i." : "vo_annotate.u.", link.name), link.value,
        out);
  }
  for (const std::string_view name : {"Why", "Used", "Due", "Next", "Late"}) {
    Add(Cat("vo_annotate.s.", FieldName(name)), text.Line(name), out);
  }
  out->push_back('}');
  return call;
}

Verdict VictorOps::Classify(const HttpReply& reply) const {
  Verdict verdict = ClassifyTransport(reply);
  if (verdict.kind != Verdict::Kind::kDelivered) return verdict;
  const auto json = nlohmann::json::parse(reply.body, nullptr, /*allow_exceptions=*/false);
  const bool has_result = json.is_object() && json.contains("result") && json["result"].is_string();
  const std::string result = has_result ? json["result"].get<std::string>() : "";
  if (result == "success") return verdict;
  verdict.reason = Cat("status ", reply.status, ": ", reply.body);
  if (result == "failure") {
    verdict.kind = Verdict::Kind::kFailed;
    return verdict;
  }
  // Something else answered in its place, such as a proxy's page.
  verdict.kind = Verdict::Kind::kRetry;
  verdict.maybe_received = true;
  return verdict;
}

}  // namespace escalation
