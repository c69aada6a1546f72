// daemon/deliver/json_request.h
//
// What requests with a JSON body have in common, and how the JSON of a reply is looked at. A reply
// may be anything: a provider's word, a proxy's page, half a document.
//
//   Errors      a reply that is no JSON object has no fields
//   Threads     stateless; safe everywhere
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "daemon/deliver/provider.h"

namespace escalation {

// Fields in the order in which they were added.
using JsonBody = nlohmann::ordered_json;

// A POST to `url`, with the headers and the time-out of the route.
HttpCall JsonCall(std::string url, const JsonBody& body, const DeliveryRoute& route);

// An object or null.
JsonBody ReplyObject(const HttpReply& reply);
// A text of an object; empty: it has no such field, or it is no text.
std::string TextOf(const JsonBody& object, std::string_view field);

// A reply that came instead of the provider's: it may have taken the request all the same.
Verdict NotItsWord(const HttpReply& reply);
// A reply in which the provider refuses.
Verdict Refused(const HttpReply& reply, std::string_view why);

}  // namespace escalation
