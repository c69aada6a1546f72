#include "daemon/deliver/provider.h"

#include <map>

#include "daemon/deliver/alertmanager.h"
#include "daemon/deliver/email.h"
#include "daemon/deliver/jsm.h"
#include "daemon/deliver/kafka_route.h"
#include "daemon/deliver/pagerduty.h"
#include "daemon/deliver/slack.h"
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
    case HttpReply::Kind::kRefused:
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

absl::StatusOr<HttpCall> Provider::Ask(const std::string& receipt, const DeliveryRoute&) const {
  return absl::InvalidArgumentError(Cat("nobody gave the receipt ", receipt));
}

Verdict Provider::ClassifyAnswer(const std::string&, const HttpReply& reply) const {
  return ClassifyTransport(reply);
}

const Provider& ProviderOf(DeliveryRoute::Provider kind) {
  using Kind = DeliveryRoute::Provider;
  static const std::map<Kind, const Provider*>* const providers =
      new std::map<Kind, const Provider*>{{Kind::kVictorOps, new VictorOps()},
                                          {Kind::kWebhook, new Webhook()},
                                          {Kind::kPagerDuty, new PagerDuty()},
                                          {Kind::kSlack, new Slack()},
                                          {Kind::kJsm, new Jsm()},
                                          {Kind::kEmail, new Email()},
                                          {Kind::kAlertmanager, new Alertmanager()},
                                          {Kind::kKafka, new KafkaRoute()}};
  return *providers->at(kind);
}

}  // namespace escalation
