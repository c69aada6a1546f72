#include "tests/simulation/simulated_pager.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "state/base/check.h"
#include "state/base/text.h"

namespace escalation::simulation {
namespace {

constexpr char kPagerUrl[] = "https://pager.example/integrations/generic/20131114/alert/KEY/team";
constexpr char kLeadUrl[] = "https://lead.example/hook";

void ReadVictorOps(const nlohmann::json& body, PagerCall* call) {
  const std::string type = body["message_type"];
  call->operation = type == "RECOVERY"          ? v1::PageOutcome::CLOSE
                    : type == "ACKNOWLEDGEMENT" ? v1::PageOutcome::ACKNOWLEDGE
                                                : v1::PageOutcome::TRIGGER;
  call->decision_id = body["decision_id"];
  call->key = body["entity_id"];
}

void ReadWebhook(const nlohmann::json& body, PagerCall* call) {
  const std::string type = body["type"];
  call->operation = type == "page_closed"         ? v1::PageOutcome::CLOSE
                    : type == "page_acknowledged" ? v1::PageOutcome::ACKNOWLEDGE
                                                  : v1::PageOutcome::TRIGGER;
  call->decision_id = body["decision"]["id"];
  call->key = body["decision"][type]["key"];
}

HttpReply Status(int status, std::string body) {
  HttpReply reply;
  reply.status = status;
  reply.body = std::move(body);
  return reply;
}

HttpReply Broken(HttpReply::Kind kind, const char* error) {
  HttpReply reply;
  reply.kind = kind;
  reply.error = error;
  return reply;
}

}  // namespace

std::vector<DeliveryRoute> SimulatedPager::Routes() {
  DeliveryRoute pager;
  pager.name = "pager";
  pager.provider = DeliveryRoute::Provider::kVictorOps;
  pager.url = Secret(kPagerUrl);
  pager.per_minute_max = 150;
  DeliveryRoute lead;
  lead.name = "lead";
  lead.provider = DeliveryRoute::Provider::kWebhook;
  lead.url = Secret(kLeadUrl);
  return {pager, lead};
}

void SimulatedPager::Accept(const PagerCall& call) {
  const std::pair page(call.route, call.key);
  if (call.operation == v1::PageOutcome::CLOSE) open_.erase(page);
  if (call.operation != v1::PageOutcome::TRIGGER) return;
  if (open_.try_emplace(page, stage_.agenda.now()).second && on_wake_) on_wake_(call.key);
}

void SimulatedPager::Resolve(const std::string& key) {
  std::erase_if(open_, [&](const auto& page) { return page.first.second == key; });
}

HttpReply SimulatedPager::Serve(const HttpCall& http, PagerCall* call, Duration* takes) {
  const auto body = nlohmann::json::parse(http.body, nullptr, /*allow_exceptions=*/false);
  ESCALATION_CHECK(body.is_object(), http.body);
  const bool victorops = http.url == kPagerUrl;
  call->route = victorops ? "pager" : "lead";
  victorops ? ReadVictorOps(body, call) : ReadWebhook(body, call);
  Random& random = stage_.random;
  *takes = random.Between(Duration{20}, Duration{600});
  const HttpReply success = Status(200, victorops ? R"({"result":"success"})" : "");
  if (!down_ && !random.Chance(stage_.faults.provider_fails)) {
    call->accepted = true;
    Accept(*call);
    return success;
  }
  const uint64_t kind = random.Below(down_ ? 4 : 9);
  // Some failures are told although the page was taken.
  call->accepted = !down_ && random.Percent(50) && kind != 2 && kind != 3 && kind < 7;
  // Of a webhook's reply only the status counts.
  if (!victorops && (kind == 5 || kind == 7)) call->accepted = true;
  if (call->accepted) Accept(*call);
  switch (kind) {
    case 0:
      *takes = http.timeout;
      return Broken(HttpReply::Kind::kTimeout, "timed out");
    case 1:
      return Status(503, "try again");
    case 2:
      return Broken(HttpReply::Kind::kUnreachable, "refused");
    case 3: {
      HttpReply reply = Status(429, "slow down");
      reply.retry_after = Duration::Seconds(static_cast<int64_t>(1 + random.Below(20)));
      return reply;
    }
    case 4:
      return Broken(HttpReply::Kind::kBroken, "connection reset");
    case 5:
      return Status(200, "<html>a proxy speaks</html>");
    case 6:
      return Status(500, "");
    case 7:
      return Status(200, R"({"result":"failure","messages":"no"})");
    default:
      return Status(400, "no");
  }
}

void PagerConnection::Send(HttpCall http, Done done) {
  if (!life_->Survives("before a request")) return;
  PagerCall call;
  call.process = life_->name();
  Duration takes;
  HttpReply reply = pager_.Serve(http, &call, &takes);
  describe_(&call);
  stage_.trace.Add(stage_.agenda.now(), life_->name(), " ",
                   call.operation == v1::PageOutcome::CLOSE ? "closes " : "sends ", call.key,
                   " to ", call.route, call.accepted ? ": taken, " : ": not taken, ", reply.status);
  pager_.Keep(std::move(call));
  const Instant at = std::max(stage_.agenda.now() + takes, life_->frozen_until());
  stage_.agenda.At(at, [this, life = life_, done = std::move(done), reply = std::move(reply)] {
    if (life->dead()) return;
    done(reply);
    replied_();
  });
  life_->Survives("after a request");
}

}  // namespace escalation::simulation
