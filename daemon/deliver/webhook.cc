#include "daemon/deliver/webhook.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "daemon/deliver/page_text.h"
#include "daemon/source/message_json.h"
#include "state/base/text.h"

namespace escalation {
namespace {

bool HasHeader(const DeliveryRoute& route, std::string_view name) {
  for (const auto& [given, value] : route.headers) {
    if (absl::EqualsIgnoreCase(given, absl::string_view(name.data(), name.size()))) return true;
  }
  return false;
}

std::string BodyName(const v1::Decision& decision) {
  return v1::Decision::descriptor()->FindFieldByNumber(decision.body_case())->name();
}

}  // namespace

absl::StatusOr<std::string> WebhookSignature(const Secret& secret, std::string_view id,
                                             int64_t timestamp_s, std::string_view body) {
  static constexpr std::string_view kPrefix = "whsec_";
  std::string key = secret.Reveal();
  if (key.starts_with(kPrefix)) {
    std::string decoded;
    if (!absl::Base64Unescape(key.substr(kPrefix.size()), &decoded)) {
      return absl::InvalidArgumentError("the signing secret begins with whsec_ but is not base64");
    }
    key = decoded;
  }
  const std::string content = Cat(id, ".", timestamp_s, ".", body);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(content.data()), content.size(), digest, &size);
  const std::string raw(reinterpret_cast<const char*>(digest), size);
  return Cat("v1,", absl::Base64Escape(raw));
}

std::string WebhookBody(const Delivery& delivery) {
  const v1::Decision& decision = delivery.decision;
  const PageText text = PageTextOf(delivery);
  std::string body = "{\"type\":";
  AppendJsonString(BodyName(decision), &body);
  if (decision.has_at()) {
    body += ",\"timestamp\":";
    AppendJsonString(ToText(FromProto(decision.at())), &body);
  }
  body += ",\"title\":";
  AppendJsonString(text.title, &body);
  body += ",\"text\":";
  AppendJsonString(text.message, &body);
  if (delivery.late_by.ms > 0) {
    body += ",\"late_by\":";
    AppendJsonString(ToText(delivery.late_by), &body);
  }
  CatTo(&body, ",\"decision\":", MessageToJson(decision), "}");
  return body;
}

absl::StatusOr<HttpCall> Webhook::Build(const Delivery& delivery, const DeliveryRoute& route,
                                        Instant now) const {
  const v1::Decision& decision = delivery.decision;
  HttpCall call;
  call.url = route.url.Reveal();
  call.timeout = route.timeout;
  call.body = delivery.body ? delivery.body->bytes : WebhookBody(delivery);
  const int64_t timestamp_s = now.ms / 1000;
  if (!HasHeader(route, "content-type")) {
    const bool text = delivery.body && !delivery.body->is_json;
    call.headers.emplace_back("Content-Type",
                              text ? "text/plain; charset=utf-8" : "application/json");
  }
  call.headers.emplace_back("webhook-id", decision.id());
  call.headers.emplace_back("webhook-timestamp", Cat(timestamp_s));
  std::string signatures;
  for (const Secret& secret : route.signing_secrets) {
    const absl::StatusOr<std::string> signature =
        WebhookSignature(secret, decision.id(), timestamp_s, call.body);
    if (!signature.ok()) return signature.status();
    CatTo(&signatures, signatures.empty() ? "" : " ", *signature);
  }
  if (!signatures.empty()) call.headers.emplace_back("webhook-signature", signatures);
  for (const auto& [name, value] : route.headers) call.headers.emplace_back(name, value.Reveal());
  return call;
}

Verdict Webhook::Classify(const HttpReply& reply) const {
  Verdict verdict = ClassifyTransport(reply);
  // The status is the whole answer: a body without end does not take it back.
  const bool answered = reply.kind == HttpReply::Kind::kTooLong;
  if (answered && reply.status >= 200 && reply.status < 300) {
    verdict.kind = Verdict::Kind::kDelivered;
    verdict.maybe_received = false;
  }
  return verdict;
}

}  // namespace escalation
