// ops/receiver_provider.h
//
// What a request to a paging provider says, and how that provider answers it. Used by the receiver.
//
//   Input       a POST; which provider it is for follows from its path (receiver.h lists them)
//   Output      the page, and the answer; a body that may be shown, without its credentials
//   Errors      no page: the answer is the provider's refusal
//   Threads     stateless; safe everywhere
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/api/http.h"
#include "state/base/instant.h"

namespace escalation {

// What a page looks like whoever sent it.
struct ReceivedPage {
  std::string provider;
  std::string route;
  // In the provider's own word.
  std::string operation;
  std::string key;
  std::string title;
  std::string text;
};

struct Received {
  std::optional<ReceivedPage> page;
  HttpResponse answer;
};

// May take credentials out of the body.
Received Understand(const HttpRequest& request, Instant now, nlohmann::ordered_json* body);

// The answer to a question about an earlier request; nothing: it is none.
std::optional<HttpResponse> AnswerAbout(std::string_view path);

}  // namespace escalation
