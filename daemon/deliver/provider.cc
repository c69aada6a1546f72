#include "daemon/deliver/provider.h"

#include "daemon/deliver/victorops.h"
#include "daemon/deliver/webhook.h"
#include "state/base/text.h"

namespace escalation {
namespace {

Verdict ClassifyStatus(const HttpReply& reply) {
  const int status = reply.status;
  Verdict verdict;
  verdict.reason = Cat("status ", status);
  if (!reply.body.empty() && status >= 300) CatTo(&verdict.reason, ": ", reply.body);
  if (status >= 200 && status < 300) {
    verdict.kind = Verdict::Kind::kDelivered;
  } else if (status == 429) {
    verdict.after = reply.retry_after;
  } else if (status == 408 || status == 425 || status >= 500) {
    verdict.after = reply.retry_after;
    verdict.maybe_received = true;
  } else if (status < 200) {
    verdict.maybe_received = true;
  } else {
    verdict.kind = Verdict::Kind::kFailed;
  }
  return verdict;
}

}  // namespace

Verdict ClassifyTransport(const HttpReply& reply) {
  Verdict verdict;
  verdict.reason = reply.error;
  switch (reply.kind) {
    case HttpReply::Kind::kResponse:
      return ClassifyStatus(reply);
    case HttpReply::Kind::kUnreachable:
      return verdict;
    case HttpReply::Kind::kForbidden:
      verdict.kind = Verdict::Kind::kFailed;
      return verdict;
    case HttpReply::Kind::kTimeout:
    case HttpReply::Kind::kBroken:
    case HttpReply::Kind::kTooLong:
    case HttpReply::Kind::kStopped:
      verdict.maybe_received = true;
      return verdict;
  }
  return verdict;
}

const Provider& ProviderOf(DeliveryRoute::Provider kind) {
  static const VictorOps* const victorops = new VictorOps();
  static const Webhook* const webhook = new Webhook();
  if (kind == DeliveryRoute::Provider::kVictorOps) return *victorops;
  return *webhook;
}

}  // namespace escalation
