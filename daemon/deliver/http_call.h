// daemon/deliver/http_call.h
//
// One outgoing request and what became of it, as values, and who makes it.
//
//   Threads     HttpClient: Send from any thread; `done` runs exactly once, on the client's thread,
//               and MUST NOT block
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "state/base/instant.h"

namespace escalation {

// A POST. MUST NOT be printed: URL and headers hold credentials.
struct HttpCall {
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  // Of the whole request, from the look-up of the name to the last byte.
  Duration timeout = Duration::Seconds(10);
};

struct HttpReply {
  enum class Kind {
    kResponse,     // A whole response of any status.
    kUnreachable,  // Refused, unknown host, no trust: nothing was sent.
    kForbidden,    // The address is private and those are not allowed: nothing was sent.
    kTimeout,      // It may have arrived.
    kBroken,       // Reset, closed or not HTTP: it may have arrived.
    kTooLong,      // The response did not end within its limit; `status` is set.
    kStopped,      // The client stopped first: it may have arrived.
  };
  Kind kind = Kind::kResponse;
  int status = 0;
  // At most 64 KiB.
  std::string body;
  // As the provider asked; not capped.
  std::optional<Duration> retry_after;
  // For people; may hold what the server said.
  std::string error;
};

class HttpClient {
 public:
  virtual ~HttpClient() = default;
  using Done = std::function<void(HttpReply)>;
  virtual void Send(HttpCall call, Done done) = 0;
};

}  // namespace escalation
