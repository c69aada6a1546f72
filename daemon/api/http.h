// daemon/api/http.h
//
// Requests and replies of the HTTP API as values, and who answers them.
//
//   Input       a whole request; bodies above the server's limit never get here
//   Output      exactly one response for each request, now or later, from any thread
//   Errors      replies say {"error":{"message":...,"field":...}}
//   Threads     values; a handler is called from several threads at once and MUST NOT block
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace escalation {

using HttpPairs = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method;  // "GET", "POST" ...
  std::string path;    // Percent-decoded, without the query.
  HttpPairs query;     // Percent-decoded, in order.
  HttpPairs headers;   // Names in lower case.
  std::string body;

  // The first of that name; names of headers in lower case.
  std::optional<std::string_view> Query(std::string_view name) const;
  std::optional<std::string_view> Header(std::string_view name) const;
  // "application/json" of "Application/JSON; charset=utf-8"; empty: none.
  std::string MediaType() const;
};

struct HttpResponse {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  HttpPairs headers;
};

// Answers one request; later calls do nothing. Dropping the last copy unused answers 500.
using HttpRespond = std::function<void(HttpResponse)>;

class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  // MUST NOT block: waits are expressed by keeping `respond` for later.
  virtual void Handle(HttpRequest request, HttpRespond respond) = 0;
};

// {"error":{"message":...,"field":...}}; an empty field is left out.
HttpResponse ErrorResponse(int status, std::string_view message, std::string_view field = "");
// What went wrong as the client should see it: kInvalidArgument 400, kNotFound 404, kAborted and
// kFailedPrecondition 409, kResourceExhausted and kUnavailable 503 with Retry-After, else 500.
HttpResponse ErrorResponse(const absl::Status& status);
// 404, 405 with Allow, 415 with Accept.
HttpResponse NotFoundResponse(std::string_view path);
HttpResponse MethodNotAllowedResponse(std::string_view allow);
HttpResponse UnsupportedMediaTypeResponse(std::string_view got, std::string_view accept);

// Replaces %xx. Empty: broken escapes, or one that stands for a control character.
std::optional<std::string> PercentDecode(std::string_view text);

}  // namespace escalation
