// daemon/api/hook_signature.h
//
// Whether a request to a hook comes from whom it should: a signature over the body, or a secret
// that comes with it.
//
//   Input       the request; what was agreed with the sender
//   Output      OK, or why not; the reason never holds a secret
//   Invariants  1. secrets are compared in constant time, whichever of them fits
//               2. without an agreement every request is taken: only where the config says so. An
//                  agreement on no secret, or on an empty one, takes none
//   Time        of the request, for the age of a signature
//   Errors      kUnauthenticated
//   Threads     stateless; safe everywhere
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "daemon/api/http.h"
#include "daemon/secret.h"
#include "state/base/instant.h"

namespace escalation {

struct HookVerification {
  enum class Kind {
    kNone,
    kHmacSha256,
    kHmacSha1,   // For senders that have nothing better.
    kHeader,     // The header's value is prefix and secret: a bearer token, or one of its own.
    kBasic,      // Authorization: Basic, of the secret as "user:password".
    kVictorOps,  // Escalation webhooks: HMAC-SHA1 over `url` and the form's fields in order.
  };
  enum class Encoding { kHex, kBase64 };
  Kind kind = Kind::kNone;
  // Any of them fits: the old one, too, while a sender changes to the next.
  std::vector<Secret> secrets;
  // In lower case. Where the signature or secret stands.
  std::string header;
  // Before the signature or secret: "sha256=", "v1,", "Bearer ".
  std::string prefix;
  Encoding encoding = Encoding::kHex;
  // Between several signatures in one header; blanks around it do no harm.
  char separator = ' ';
  // What is signed: {body}, and {NAME} for the header of that name.
  std::string content = "{body}";
  // Seconds since 1970, or RFC 3339; empty: not looked at.
  std::string timestamp_header;
  Duration age_max = Duration::Minutes(5);
  // kVictorOps: the hook's address as the sender knows it.
  std::string url;
};

// How a sender that everybody knows signs, without secrets: "pagerduty" (V3 webhooks), "slack",
// "standard_webhooks", "victorops" (escalation webhooks). Empty: no such name.
std::optional<HookVerification> UsualVerification(std::string_view sender);

// A secret of Standard Webhooks as it is used: behind "whsec_" stands base64. Empty: it does not.
std::optional<Secret> StandardWebhooksSecret(const Secret& secret);

absl::Status VerifyHook(const HookVerification& agreed, const HttpRequest& request, Instant now);

}  // namespace escalation
