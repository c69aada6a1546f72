// daemon/api/hook_signature.h
//
// Whether a request to a hook comes from whom it should: a signature over the body, or a secret
// that comes with it.
//
//   Input       the request; what was agreed with the sender
//   Output      OK, or why not; the reason never holds a secret
//   Invariants  1. secrets are compared in constant time
//               2. without an agreement every request is taken: only where the config says so
//   Time        of the request, for the age of a signature
//   Errors      kUnauthenticated
//   Threads     stateless; safe everywhere
#pragma once

#include <string>

#include "absl/status/status.h"
#include "daemon/api/http.h"
#include "daemon/secret.h"
#include "state/base/instant.h"

namespace escalation {

struct HookVerification {
  enum class Kind {
    kNone,
    kHmacSha256,
    kHmacSha1,  // For senders that have nothing better.
    kHeader,    // The header's value is prefix and secret: a bearer token, or one of its own.
    kBasic,     // Authorization: Basic, of `secret` as "user:password".
  };
  enum class Encoding { kHex, kBase64 };
  Kind kind = Kind::kNone;
  Secret secret;
  // In lower case. Where the signature or secret stands.
  std::string header;
  // Before the signature or secret: "sha256=", "v1,", "Bearer ".
  std::string prefix;
  Encoding encoding = Encoding::kHex;
  // What is signed: {body}, and {NAME} for the header of that name.
  std::string content = "{body}";
  // Seconds since 1970, or RFC 3339; empty: not looked at.
  std::string timestamp_header;
  Duration age_max = Duration::Minutes(5);
};

absl::Status VerifyHook(const HookVerification& agreed, const HttpRequest& request, Instant now);

}  // namespace escalation
