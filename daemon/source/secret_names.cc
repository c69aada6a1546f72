#include "daemon/source/secret_names.h"

#include <algorithm>
#include <iterator>
#include <string>

namespace escalation {
namespace {

// Lower case, without what joins words.
std::string Plain(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '_' || c == '-' || c == '.' || c == ' ') continue;
    out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  return out;
}

constexpr std::string_view kParts[] = {
    "password",      "passwd",    "passphrase", "passcode",  "secret",     "token",
    "apikey",        "accesskey", "privatekey", "authkey",   "signingkey", "encryptionkey",
    "authorization", "cookie",    "sessionid",  "sessid",    "credential", "signature",
    "xsrf",          "csrf",      "jwt",        "masterkey", "bearer"};
constexpr std::string_view kWhole[] = {"pass", "pwd", "sid", "passwort", "senha", "contrasena"};
constexpr std::string_view kParameters[] = {
    "code", "key",       "sig",    "auth", "session",  "otp",          "pin",
    "pass", "assertion", "ticket", "hmac", "verifier", "samlresponse", "codeverifier"};
// What is said about a secret is none.
constexpr std::string_view kAbout[] = {"type",      "count",   "expires", "expiresin",
                                       "expiresat", "expiry",  "length",  "limit",
                                       "policy",    "enabled", "endpoint"};

template <typename List>
bool Holds(const List& list, std::string_view name) {
  return std::find(std::begin(list), std::end(list), name) != std::end(list);
}

}  // namespace

bool IsSecretName(std::string_view name) {
  if (name.size() > 128) name = name.substr(name.size() - 128);
  const std::string plain = Plain(name);
  if (Holds(kWhole, plain)) return true;
  const bool part = std::any_of(std::begin(kParts), std::end(kParts), [&](std::string_view one) {
    return plain.find(one) != std::string::npos;
  });
  return part && std::none_of(std::begin(kAbout), std::end(kAbout),
                              [&](std::string_view about) { return plain.ends_with(about); });
}

bool IsSecretParameter(std::string_view name) {
  return IsSecretName(name) || Holds(kParameters, Plain(name));
}

}  // namespace escalation
