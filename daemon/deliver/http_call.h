// daemon/deliver/http_call.h
//
// One outgoing request, of HTTP, SMTP or Kafka, and what became of it, as values, and who makes it.
//
//   Threads     HttpClient: Send from any thread; `done` runs exactly once, on a thread of the
//               client, and MUST NOT block
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "state/base/instant.h"

namespace escalation {

// Who a mail is from and to, and how its server is spoken to.
struct MailEnvelope {
  std::string from;
  std::vector<std::string> to;
  // Empty: no log-in.
  std::string user;
  std::string password;
  // Nothing is said to a server that offers no TLS.
  bool encrypted = true;
};

struct KafkaSettings;

// Where a record goes.
struct RecordEnvelope {
  // Not null.
  std::shared_ptr<const KafkaSettings> cluster;
  std::string topic;
  // Records of one key keep their order.
  std::string key;
};

// MUST NOT be printed: URL, headers and envelope hold credentials.
struct HttpCall {
  enum class Method { kPost, kGet };
  Method method = Method::kPost;
  std::string url;
  // Set: `url` is a mail server's (smtp or smtps), and the body is a whole message.
  std::optional<MailEnvelope> mail;
  // Set: a record with these headers and this body; `url` means nothing.
  std::optional<RecordEnvelope> record;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  // Of the whole request, from the look-up of the name to the last byte.
  Duration timeout = Duration::Seconds(10);
};

struct HttpReply {
  enum class Kind {
    kResponse,     // A whole response of any status; of SMTP the last one, of Kafka 200.
    kUnreachable,  // Refused, unknown host, no trust: nothing was sent.
    kRefused,      // A broker will never take this record.
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
