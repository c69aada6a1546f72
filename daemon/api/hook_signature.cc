#include "daemon/api/hook_signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "absl/strings/escaping.h"
#include "daemon/source/form_fields.h"
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
  HMAC(kind == Kind::kHmacSha256 ? EVP_sha256() : EVP_sha1(), key.data(),
       static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(content.data()),
       content.size(), digest, &size);
  return std::string(reinterpret_cast<const char*>(digest), size);
}

// The address, and each field's name and value, in alphabetical order of the names.
std::optional<std::string> VictorOpsContent(const std::string& url, const std::string& body) {
  absl::StatusOr<FormFields> fields = ParseFormFields(body);
  if (!fields.ok()) return std::nullopt;
  std::sort(fields->begin(), fields->end());
  std::string out = url;
  for (const auto& [name, value] : *fields) CatTo(&out, name, value);
  return out;
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

// Whether one of the signatures that stand there is one of the `expected`.
bool HoldsSignature(std::string_view header, char separator,
                    const std::vector<std::string>& expected) {
  bool found = false;
  while (!header.empty()) {
    const size_t end = std::min(header.find(separator), header.size());
    std::string_view one = header.substr(0, end);
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    while (!one.empty() && one.back() == ' ') one.remove_suffix(1);
    for (const std::string& text : expected) found |= IsSame(one, text);
    header.remove_prefix(std::min(end + 1, header.size()));
  }
  return found;
}

absl::Status VerifySignature(const HookVerification& agreed, const HttpRequest& request,
                             std::string_view header) {
  const std::optional<std::string> content = agreed.kind == Kind::kVictorOps
                                                 ? VictorOpsContent(agreed.url, request.body)
                                                 : SignedContent(agreed.content, request);
  if (!content && agreed.kind == Kind::kVictorOps) return Refuse("the body is no form");
  if (!content) return Refuse("a header that is signed is missing");
  std::vector<std::string> expected;
  for (const Secret& secret : agreed.secrets) {
    const std::string digest = Hmac(agreed.kind, secret.Reveal(), *content);
    const bool hex = agreed.encoding == HookVerification::Encoding::kHex;
    expected.push_back(Cat(agreed.prefix, hex ? ToHex(digest) : absl::Base64Escape(digest)));
  }
  if (!HoldsSignature(header, agreed.separator, expected)) {
    return Refuse("the signature does not fit the body");
  }
  return absl::OkStatus();
}

// A secret that comes along as it is.
bool HoldsSecret(const HookVerification& agreed, std::string_view header) {
  bool found = false;
  for (const Secret& secret : agreed.secrets) {
    const std::string expected = agreed.kind == Kind::kBasic
                                     ? Cat("Basic ", absl::Base64Escape(secret.Reveal()))
                                     : Cat(agreed.prefix, secret.Reveal());
    found |= IsSame(header, expected);
  }
  return found;
}

}  // namespace

std::optional<HookVerification> UsualVerification(std::string_view sender) {
  HookVerification usual;
  usual.kind = Kind::kHmacSha256;
  if (sender == "pagerduty") {
    usual.header = "x-pagerduty-signature";
    usual.prefix = "v1=";
    usual.separator = ',';
  } else if (sender == "slack") {
    usual.header = "x-slack-signature";
    usual.prefix = "v0=";
    usual.content = "v0:{x-slack-request-timestamp}:{body}";
    usual.timestamp_header = "x-slack-request-timestamp";
  } else if (sender == "standard_webhooks") {
    usual.header = "webhook-signature";
    usual.prefix = "v1,";
    usual.encoding = HookVerification::Encoding::kBase64;
    usual.content = "{webhook-id}.{webhook-timestamp}.{body}";
    usual.timestamp_header = "webhook-timestamp";
  } else if (sender == "victorops") {
    usual.kind = Kind::kVictorOps;
    usual.header = "x-victorops-signature";
    usual.encoding = HookVerification::Encoding::kBase64;
  } else {
    return std::nullopt;
  }
  return usual;
}

std::optional<Secret> StandardWebhooksSecret(const Secret& secret) {
  static constexpr std::string_view kPrefix = "whsec_";
  const std::string& text = secret.Reveal();
  if (!text.starts_with(kPrefix)) return secret;
  std::string decoded;
  if (!absl::Base64Unescape(text.substr(kPrefix.size()), &decoded)) return std::nullopt;
  return Secret(std::move(decoded));
}

absl::Status VerifyHook(const HookVerification& agreed, const HttpRequest& request, Instant now) {
  if (agreed.kind == Kind::kNone) return absl::OkStatus();
  const std::string name = agreed.kind == Kind::kBasic ? "authorization" : agreed.header;
  const auto header = request.Header(name);
  if (!header) return Refuse(Cat("the header ", name, " is missing"));
  // Anybody could make a signature with an empty key.
  const bool usable = std::none_of(agreed.secrets.begin(), agreed.secrets.end(),
                                   [](const Secret& secret) { return secret.empty(); });
  if (agreed.secrets.empty() || !usable) return Refuse("no secret is agreed on");
  if (agreed.kind == Kind::kBasic || agreed.kind == Kind::kHeader) {
    if (HoldsSecret(agreed, *header)) return absl::OkStatus();
    return Refuse(agreed.kind == Kind::kBasic ? "the credentials are others"
                                              : "the secret is another");
  }
  const absl::Status verified = VerifySignature(agreed, request, *header);
  return verified.ok() ? CheckAge(agreed, request, now) : verified;
}

}  // namespace escalation
