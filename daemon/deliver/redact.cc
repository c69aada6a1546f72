#include "daemon/deliver/redact.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "daemon/deliver/plain_text.h"
#include "daemon/log/kafka_settings.h"
#include "state/base/text.h"

namespace escalation {
namespace {

// Shorter ones, such as "v1" or "alert", are no secrets, and redacting them would blot out words.
constexpr size_t kSecretBytesMin = 8;
constexpr size_t kTextBytesMax = 512;
constexpr std::string_view kMark = "[redacted]";

std::string Base64(std::string_view text) {
  return absl::Base64Escape(absl::string_view(text.data(), text.size()));
}

size_t PathBegin(std::string_view url) {
  const size_t scheme = url.find("://");
  return url.find_first_of("/?#", scheme == std::string_view::npos ? 0 : scheme + 3);
}

}  // namespace

std::string OriginOfUrl(std::string_view url) {
  std::string_view origin = url.substr(0, PathBegin(url));
  const size_t scheme = origin.find("://");
  const size_t host = scheme == std::string_view::npos ? 0 : scheme + 3;
  const size_t credentials = origin.rfind('@');
  if (credentials == std::string_view::npos || credentials < host) return std::string(origin);
  return Cat(origin.substr(0, host), origin.substr(credentials + 1));
}

void Redactor::Add(std::string_view secret) {
  if (secret.size() >= kSecretBytesMin) secrets_.emplace_back(secret);
}

// "user:password@" of a URL, and as the header that it becomes.
void Redactor::AddCredentials(std::string_view url) {
  const size_t scheme = url.find("://");
  const size_t begin = scheme == std::string_view::npos ? 0 : scheme + 3;
  const std::string_view host = url.substr(begin, PathBegin(url) - begin);
  const size_t at = host.rfind('@');
  if (at == std::string_view::npos) return;
  const std::string_view credentials = host.substr(0, at);
  Add(credentials);
  Add(credentials.substr(std::min(credentials.find(':'), credentials.size() - 1) + 1));
  Add(Base64(credentials));
}

Redactor::Redactor(const DeliveryRoute& route) {
  const std::string_view url = route.url.Reveal();
  Add(url);
  AddCredentials(url);
  if (!route.mail.user.empty()) {
    // As they go to a mail server.
    Add(Base64(route.key.Reveal()));
    const std::string plain = Cat('\0', route.mail.user, '\0', route.key.Reveal());
    Add(Base64(plain));
  }
  const size_t path = PathBegin(url);
  if (path != std::string_view::npos) {
    std::string_view rest = url.substr(path);
    Add(rest);
    while (!rest.empty()) {
      const size_t end = std::min(rest.find_first_of("/?&=#"), rest.size());
      Add(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  Add(route.key.Reveal());
  for (const Secret& secret : route.signing_secrets) Add(secret.Reveal());
  if (route.topic.cluster != nullptr) {
    for (const Secret& secret : SecretsOf(*route.topic.cluster)) Add(secret.Reveal());
  }
  for (const auto& [name, value] : route.headers) {
    Add(value.Reveal());
    // "Bearer TOKEN": the token alone, too.
    const std::string& text = value.Reveal();
    if (const size_t space = text.rfind(' '); space != std::string::npos) {
      Add(std::string_view(text).substr(space + 1));
    }
  }
  std::sort(secrets_.begin(), secrets_.end(),
            [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

std::string Redactor::operator()(std::string_view text) const {
  std::string out(text);
  for (const std::string& secret : secrets_) {
    for (size_t at = 0; (at = out.find(secret, at)) != std::string::npos; at += kMark.size()) {
      out.replace(at, secret.size(), kMark);
    }
  }
  return CutText(OneLine(out), kTextBytesMax);
}

}  // namespace escalation
