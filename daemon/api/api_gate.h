// daemon/api/api_gate.h
//
// Who may ask what of the HTTP API: tokens and what each of them is good for.
//
//   Input       requests; the tokens of the config
//   Output      what may pass goes to the handler behind it
//                 read     GET and HEAD of /v1/... and /metrics
//                 write    every other method: events, what people do by hand, letters tried again
//                 admin    POST /v1/policy
//               Without a token pass: /-/healthy and /-/ready, which say nothing else, and
//               /v1/hooks/..., whose senders are verified in their own ways
//   Invariants  1. where no tokens are configured everything passes: only for addresses that nobody
//                  else reaches (config_api.h)
//               2. tokens are compared in constant time, by their digests, all of them each time
//   Time        none
//   Errors      401 with WWW-Authenticate: no token, or none that is known. 403: a token for other
//               things, with its name and what it lacks
//   Threads     Handle and SetTokens from any thread; the handler outlives it
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "daemon/api/http.h"
#include "daemon/secret.h"

namespace escalation {

enum class ApiScope { kRead, kWrite, kAdmin };

struct ApiToken {
  // For messages and the log; no secret.
  std::string name;
  Secret secret;
  // No scope includes another.
  std::vector<ApiScope> scopes;

  friend bool operator==(const ApiToken&, const ApiToken&) = default;
};

// "read", "write", "admin".
std::string_view NameOf(ApiScope scope);

class ApiGate : public HttpHandler {
 public:
  ApiGate(std::vector<ApiToken> tokens, HttpHandler* handler);

  void SetTokens(std::vector<ApiToken> tokens);
  void Handle(HttpRequest request, HttpRespond respond) override;
  // Requests that did not pass, as Prometheus text.
  std::string Metrics() const;

 private:
  struct Known {
    std::string name;
    std::string digest;
    std::vector<ApiScope> scopes;
  };
  using KnownTokens = std::vector<Known>;
  std::shared_ptr<const KnownTokens> tokens() const;

  HttpHandler& handler_;
  mutable std::mutex mutex_;
  std::shared_ptr<const KnownTokens> tokens_;
  std::atomic<uint64_t> unknown_ = 0;
  std::atomic<uint64_t> forbidden_ = 0;
};

}  // namespace escalation
