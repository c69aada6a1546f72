#include "daemon/deliver/json_request.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "state/base/text.h"

namespace escalation {

HttpCall JsonCall(std::string url, const JsonBody& body, const DeliveryRoute& route) {
  HttpCall call;
  call.url = std::move(url);
  call.timeout = route.timeout;
  call.headers.emplace_back("Content-Type", "application/json; charset=utf-8");
  for (const auto& [name, value] : route.headers) call.headers.emplace_back(name, value.Reveal());
  // What is not UTF-8 becomes U+FFFD.
  call.body = body.dump(-1, ' ', false, JsonBody::error_handler_t::replace);
  return call;
}

JsonBody ReplyObject(const HttpReply& reply) {
  JsonBody json = JsonBody::parse(reply.body, nullptr, /*allow_exceptions=*/false);
  return json.is_object() ? json : JsonBody();
}

std::string TextOf(const JsonBody& object, std::string_view field) {
  if (!object.is_object()) return "";
  const auto found = object.find(std::string(field));
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

Verdict NotItsWord(const HttpReply& reply) {
  Verdict verdict;
  verdict.maybe_received = true;
  verdict.reason = Cat("status ", reply.status, ", but not the provider's answer: ", reply.body);
  return verdict;
}

Verdict Refused(const HttpReply& reply, std::string_view why) {
  Verdict verdict;
  verdict.kind = Verdict::Kind::kFailed;
  verdict.reason = Cat("status ", reply.status, ": ", why);
  return verdict;
}

}  // namespace escalation
