// A provider's answer to a page whose text is anything: the request keeps the provider's limits,
// and nothing but the provider's own word is a delivery.

#include <nlohmann/json.hpp>

#include "daemon/deliver/provider.h"
#include "daemon/source/json_scanner.h"
#include "state/base/check.h"
#include "tests/fuzz/byte_source.h"

using namespace escalation;

namespace {

constexpr Instant kNow{1'773'212'400'000};

// Every text of the decision is a piece of the input. Strings of a message are UTF-8.
std::string Text(ByteSource* source, size_t max) {
  std::string text(source->Piece(max));
  for (char& c : text) {
    if (!IsUtf8(text)) c = static_cast<char>(c & 0x7f);
  }
  return text;
}

Delivery Page(ByteSource* source) {
  Delivery delivery;
  v1::Decision& decision = delivery.decision;
  decision.set_id("inc/0/7/0");
  decision.set_seq(7);
  decision.set_tenant("default");
  decision.set_ticket_id(Text(source, 128));
  switch (source->Below(4)) {
    case 0: {
      v1::PageRequested* const page = decision.mutable_page_requested();
      page->set_key(Text(source, 700));
      page->set_route("pager");
      page->set_escalation(Text(source, 64));
      page->set_severity(Text(source, 64));
      page->set_subject(Text(source, 4096));
      for (int i = 0; i < 20 && source->Flag(); ++i) {
        v1::PageLink* const link = page->add_links();
        link->set_name(Text(source, 64));
        link->set_url(Text(source, 256));
      }
      break;
    }
    case 1:
      decision.mutable_page_digest()->set_key(Text(source, 700));
      for (int i = 0; i < 40 && source->Flag(); ++i) {
        decision.mutable_page_digest()->add_ticket_ids(Text(source, 128));
      }
      break;
    case 2:
      decision.mutable_page_acknowledged()->set_key(Text(source, 700));
      decision.mutable_page_acknowledged()->set_by(Text(source, 256));
      break;
    default:
      decision.mutable_page_closed()->set_key(Text(source, 700));
      decision.mutable_page_closed()->set_reason(Text(source, 256));
  }
  return delivery;
}

void CheckVictorOps(const HttpCall& call) {
  const auto body = nlohmann::json::parse(call.body);
  const auto bytes = [&](const char* field) {
    return body.contains(field) ? body[field].get<std::string>().size() : 0;
  };
  ESCALATION_CHECK(bytes("entity_id") >= 1 && bytes("entity_id") <= 512, call.body);
  ESCALATION_CHECK(bytes("entity_display_name") <= 1024, call.body);
  ESCALATION_CHECK(bytes("state_message") <= 20'480, call.body);
}

// Headers of a mail are lines of ASCII; the first empty line ends them.
void CheckMail(const HttpCall& call) {
  ESCALATION_CHECK(call.mail.has_value(), "an envelope");
  const size_t end = call.body.find("\r\n\r\n");
  ESCALATION_CHECK(end != std::string::npos, call.body);
  for (size_t at = 0; at < call.body.size(); ++at) {
    const auto byte = static_cast<unsigned char>(call.body[at]);
    const bool line_end = byte == '\r' || byte == '\n';
    ESCALATION_CHECK(line_end || (byte >= 0x20 && byte < 0x7F), call.body);
    ESCALATION_CHECK(byte != '\n' || (at > 0 && call.body[at - 1] == '\r'), call.body);
  }
}

void CheckCall(const DeliveryRoute& route, const HttpCall& call) {
  if (route.provider == DeliveryRoute::Provider::kEmail) return CheckMail(call);
  ESCALATION_CHECK(IsUtf8(call.body), call.body);
  ESCALATION_CHECK(nlohmann::json::accept(call.body), call.body);
  if (route.provider == DeliveryRoute::Provider::kVictorOps) CheckVictorOps(call);
  if (route.provider == DeliveryRoute::Provider::kPagerDuty) {
    ESCALATION_CHECK(call.body.size() <= 512 * 1024, call.body);
  }
}

void CheckVerdict(const HttpReply& reply, const Verdict& verdict) {
  const bool success =
      reply.kind == HttpReply::Kind::kResponse && reply.status >= 200 && reply.status < 300;
  if (verdict.kind == Verdict::Kind::kDelivered) {
    // A response that is too long has begun well.
    ESCALATION_CHECK(success || reply.kind == HttpReply::Kind::kTooLong, verdict.reason);
  } else {
    const bool told = reply.kind == HttpReply::Kind::kResponse || !reply.error.empty();
    ESCALATION_CHECK(!told || !verdict.reason.empty(), "a failure has a reason");
  }
  ESCALATION_CHECK(!verdict.after.has_value() || verdict.kind == Verdict::Kind::kRetry, "");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ByteSource source(data, size);
  DeliveryRoute route;
  route.name = "pager";
  route.provider = static_cast<DeliveryRoute::Provider>(source.Below(7));
  route.mail.from = "pager@example.com";
  route.mail.to = {"ann@example.com"};
  route.buttons = true;
  route.url = Secret("https://alert.example.com/KEY/team");
  if (source.Flag()) route.signing_secrets = {Secret(Text(&source, 64))};
  const Provider& provider = ProviderOf(route.provider);

  HttpReply reply;
  reply.kind = static_cast<HttpReply::Kind>(source.Below(7));
  reply.status = static_cast<int>(source.Below(700));
  if (source.Flag()) reply.retry_after = Duration::Seconds(source.Between(0, 1 << 20));
  const Delivery delivery = Page(&source);
  const absl::StatusOr<HttpCall> call = provider.Build(delivery, route, kNow);
  if (call.ok()) {
    CheckCall(route, *call);
  } else {
    ESCALATION_CHECK(absl::IsInvalidArgument(call.status()), call.status().ToString());
  }
  reply.body = std::string(source.Rest());
  reply.error = reply.body;
  CheckVerdict(reply, provider.Classify(reply));
  if (route.provider == DeliveryRoute::Provider::kJsm) {
    CheckVerdict(reply, provider.ClassifyAnswer("43a2-9f", reply));
  }
  return 0;
}
