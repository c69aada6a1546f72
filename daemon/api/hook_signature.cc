#include "daemon/api/hook_signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <charconv>
#include <optional>
#include <string_view>

#include "absl/strings/escaping.h"
#include "state/base/sha256.h"
#include "state/base/text.h"

namespace escalation {
namespace {

using Kind = HookVerification::Kind;

absl::Status Refuse(std::string_view why) { return absl::UnauthenticatedError(std::string(why)); }

bool IsSame(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// Empty optional: a header of the content is not there.
std::optional<std::string> SignedContent(const std::string& content, const HttpRequest& request) {
  std::string out;
  std::string_view rest = content;
  while (!rest.empty()) {
    const size_t open = rest.find('{');
    const size_t close = open == std::string_view::npos ? open : rest.find('}', open);
    if (close == std::string_view::npos) break;
    out += rest.substr(0, open);
    const std::string_view name = rest.substr(open + 1, close - open - 1);
    if (name == "body") {
      out += request.body;
    } else if (const auto value = request.Header(Lower(name))) {
      out += *value;
    } else {
      return std::nullopt;
    }
    rest.remove_prefix(close + 1);
  }
  out += rest;
  return out;
}

std::string Hmac(Kind kind, const std::string& key, const std::string& content) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(kind == Kind::kHmacSha1 ? EVP_sha1() : EVP_sha256(), key.data(),
       static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(content.data()),
       content.size(), digest, &size);
  return std::string(reinterpret_cast<const char*>(digest), size);
}

absl::Status CheckAge(const HookVerification& agreed, const HttpRequest& request, Instant now) {
  if (agreed.timestamp_header.empty()) return absl::OkStatus();
  const auto text = request.Header(agreed.timestamp_header);
  if (!text) return Refuse(Cat("the header ", agreed.timestamp_header, " is missing"));
  Instant sent;
  int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seconds);
  if (error == std::errc() && end == text->data() + text->size() && seconds > 0 &&
      seconds < kInstantMax.ms / 1000) {
    sent = Instant::Seconds(seconds);
  } else if (const auto parsed = ParseInstant(*text); parsed.ok()) {
    sent = *parsed;
  } else {
    return Refuse(Cat("the header ", agreed.timestamp_header, " is no time"));
  }
  if (now - sent > agreed.age_max || sent - now > agreed.age_max) {
    return Refuse(
        Cat("the header ", agreed.timestamp_header, " is not of the last ", agreed.age_max));
  }
  return absl::OkStatus();
}

// Several signatures may stand there, separated by spaces or commas and spaces, while a secret is
// being changed.
bool HoldsSignature(std::string_view header, const std::string& expected) {
  bool found = false;
  while (!header.empty()) {
    const size_t end = std::min(header.find(' '), header.size());
    found |= IsSame(header.substr(0, end), expected);
    header.remove_prefix(std::min(end + 1, header.size()));
  }
  return found;
}

}  // namespace

absl::Status VerifyHook(const HookVerification& agreed, const HttpRequest& request, Instant now) {
  if (agreed.kind == Kind::kNone) return absl::OkStatus();
  const std::string name = agreed.kind == Kind::kBasic ? "authorization" : agreed.header;
  const auto header = request.Header(name);
  if (!header) return Refuse(Cat("the header ", name, " is missing"));
  if (agreed.kind == Kind::kBasic) {
    const std::string expected = Cat("Basic ", absl::Base64Escape(agreed.secret.Reveal()));
    return IsSame(*header, expected) ? absl::OkStatus() : Refuse("the credentials are others");
  }
  if (agreed.kind == Kind::kHeader) {
    const std::string expected = Cat(agreed.prefix, agreed.secret.Reveal());
    return IsSame(*header, expected) ? absl::OkStatus() : Refuse("the secret is another");
  }
  const std::optional<std::string> content = SignedContent(agreed.content, request);
  if (!content) return Refuse("a header that is signed is missing");
  const std::string digest = Hmac(agreed.kind, agreed.secret.Reveal(), *content);
  const std::string text = agreed.encoding == HookVerification::Encoding::kHex
                               ? ToHex(digest)
                               : absl::Base64Escape(digest);
  if (!HoldsSignature(*header, Cat(agreed.prefix, text))) {
    return Refuse("the signature does not fit the body");
  }
  return CheckAge(agreed, request, now);
}

}  // namespace escalation
