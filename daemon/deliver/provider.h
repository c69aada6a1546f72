// daemon/deliver/provider.h
//
// How a provider is spoken to: the request for a page operation, and what its reply means.
//
//   Input       a delivery and its route; a reply
//   Output      a request; a verdict; for providers that take a request before they have done it,
//               the question what became of it
//   Invariants  a verdict never reports delivered without the provider's own word
//   Time        enters as an argument (signatures carry it)
//   Errors      kInvalidArgument: the delivery can never be sent this way
//   Threads     stateless; safe everywhere
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "daemon/deliver/delivery.h"
#include "daemon/deliver/http_call.h"

namespace escalation {

struct Verdict {
  enum class Kind { kDelivered, kRetry, kFailed };
  Kind kind = Kind::kRetry;
  // Of a retry: the provider asked to wait this long.
  std::optional<Duration> after;
  // The provider may have taken it although we cannot tell.
  bool maybe_received = false;
  // For people; not redacted.
  std::string reason;
  // Of a delivery: what a person should know of it all the same.
  std::string note;
  // Of a retry: what Ask needs, since the provider took the request without having done it. Empty:
  // the request is made again.
  std::string receipt;
};

class Provider {
 public:
  virtual ~Provider() = default;
  virtual absl::StatusOr<HttpCall> Build(const Delivery& delivery, const DeliveryRoute& route,
                                         Instant now) const = 0;
  virtual Verdict Classify(const HttpReply& reply) const = 0;

  // How often an open page is sent again, since the provider forgets it otherwise; 0: never.
  virtual Duration RenewEvery() const { return Duration{0}; }

  // What became of a request whose verdict had a receipt, and what the answer means. Never called
  // for providers that give none.
  virtual absl::StatusOr<HttpCall> Ask(const std::string& receipt,
                                       const DeliveryRoute& route) const;
  virtual Verdict ClassifyAnswer(const std::string& receipt, const HttpReply& reply) const;
};

// One for each kind; lives forever.
const Provider& ProviderOf(DeliveryRoute::Provider kind);

// What transport and status alone say: 2xx delivered; 408, 425, 429, 5xx and broken transports
// again; every other status failed for good, also redirects, which are never followed.
Verdict ClassifyTransport(const HttpReply& reply);

}  // namespace escalation
