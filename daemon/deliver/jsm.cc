#include "daemon/deliver/jsm.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/deliver/json_request.h"
#include "daemon/deliver/page_text.h"
#include "daemon/deliver/plain_text.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr size_t kMessageBytesMax = 130;
constexpr size_t kAliasBytesMax = 512;
constexpr size_t kDescriptionBytesMax = 15'000;
constexpr size_t kDetailsBytesMax = 8'000;
constexpr size_t kNoteBytesMax = 25'000;
constexpr size_t kReceiptBytesMax = 128;

bool IsUnreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.' || c == '~';
}

std::string PathSegment(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (IsUnreserved(c)) {
      out.push_back(c);
    } else {
      CatTo(&out, '%', kHex[byte >> 4], kHex[byte & 15]);
    }
  }
  return out;
}

// It becomes part of an address, so it is not taken from anybody as it comes.
bool IsReceipt(std::string_view text) {
  return !text.empty() && text.size() <= kReceiptBytesMax &&
         std::all_of(text.begin(), text.end(), IsUnreserved) && text != "." && text != "..";
}

// As many lines as fit.
JsonBody DetailsOf(const Delivery& delivery, const PageText& text) {
  JsonBody details = JsonBody::object();
  size_t bytes = 0;
  const auto add = [&](const std::string& name, const std::string& value) {
    bytes += name.size() + value.size();
    if (bytes <= kDetailsBytesMax) details[name] = value;
  };
  add("page_key", PageKeyOf(delivery.decision));
  for (const PageLine& line : text.lines) add(FieldName(line.name), line.value);
  for (const PageLine& link : text.links) add(Cat("link_", FieldName(link.name)), link.value);
  return details;
}

JsonBody AlertOf(const Delivery& delivery, const std::string& alias, const DeliveryRoute& route) {
  const v1::Decision& decision = delivery.decision;
  const PageText text = PageTextOf(delivery);
  JsonBody body;
  body["message"] = CutText(text.title, kMessageBytesMax);
  body["alias"] = alias;
  body["description"] = CutText(text.message, kDescriptionBytesMax);
  body["details"] = DetailsOf(delivery, text);
  if (!decision.ticket_id().empty()) body["entity"] = decision.ticket_id();
  body["source"] = Cat("escalationd/", decision.tenant());
  body["priority"] = route.urgency.empty() ? "P1" : route.urgency;
  return body;
}

JsonBody NoteOf(const Delivery& delivery) {
  const PageText text = PageTextOf(delivery);
  return {{"source", Cat("escalationd/", delivery.decision.tenant())},
          {"note", CutText(Cat(text.title, "\n", text.message), kNoteBytesMax)}};
}

void Authorize(const DeliveryRoute& route, HttpCall* call) {
  call->headers.emplace_back("Authorization", Cat("GenieKey ", route.key.Reveal()));
}

}  // namespace

absl::StatusOr<HttpCall> Jsm::Build(const Delivery& delivery, const DeliveryRoute& route,
                                    Instant) const {
  const std::string& key = PageKeyOf(delivery.decision);
  if (key.empty()) return absl::InvalidArgumentError("a page without a key");
  const std::string alias = KeyWithin(key, kAliasBytesMax);
  const PageOperation operation = OperationOf(delivery.decision);
  std::string url = route.url.Reveal();
  JsonBody body;
  if (operation == v1::PageOutcome::TRIGGER) {
    body = AlertOf(delivery, alias, route);
  } else {
    const char* action = operation == v1::PageOutcome::CLOSE ? "/close" : "/acknowledge";
    CatTo(&url, "/", PathSegment(alias), action, "?identifierType=alias");
    body = NoteOf(delivery);
  }
  HttpCall call = JsonCall(std::move(url), body, route);
  Authorize(route, &call);
  return call;
}

Verdict Jsm::Classify(const HttpReply& reply) const {
  Verdict verdict = ClassifyTransport(reply);
  if (verdict.kind != Verdict::Kind::kDelivered) return verdict;
  const std::string receipt = TextOf(ReplyObject(reply), "requestId");
  if (!IsReceipt(receipt)) return NotItsWord(reply);
  verdict.kind = Verdict::Kind::kRetry;
  verdict.maybe_received = true;
  verdict.receipt = receipt;
  verdict.reason = "accepted, but not done yet";
  return verdict;
}

absl::StatusOr<HttpCall> Jsm::Ask(const std::string& receipt, const DeliveryRoute& route) const {
  if (!IsReceipt(receipt)) return absl::InvalidArgumentError("a receipt that is none");
  HttpCall call;
  call.method = HttpCall::Method::kGet;
  call.url = Cat(route.url.Reveal(), "/requests/", receipt);
  call.timeout = route.timeout;
  for (const auto& [name, value] : route.headers) call.headers.emplace_back(name, value.Reveal());
  Authorize(route, &call);
  return call;
}

Verdict Jsm::ClassifyAnswer(const std::string& receipt, const HttpReply& reply) const {
  Verdict verdict = ClassifyTransport(reply);
  // It took the request, whatever came of it.
  verdict.maybe_received = true;
  const bool not_yet = reply.kind == HttpReply::Kind::kResponse && reply.status == 404;
  if (not_yet) verdict.kind = Verdict::Kind::kRetry;
  if (verdict.kind == Verdict::Kind::kRetry) verdict.receipt = receipt;
  if (verdict.kind != Verdict::Kind::kDelivered) return verdict;
  const JsonBody json = ReplyObject(reply);
  const auto data = json.find("data");
  const bool told = data != json.end() && data->is_object() && data->contains("isSuccess") &&
                    (*data)["isSuccess"].is_boolean();
  if (!told) {
    verdict = NotItsWord(reply);
    verdict.receipt = receipt;
    return verdict;
  }
  if ((*data)["isSuccess"].get<bool>()) {
    verdict.maybe_received = false;
    return verdict;
  }
  const std::string status = TextOf(*data, "status");
  return Refused(reply, status.empty() ? "the request failed" : status);
}

}  // namespace escalation
