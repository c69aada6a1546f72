// daemon/deliver/redact.h
//
// Takes secrets out of texts that others wrote: a provider's reply or a library's error may repeat
// the URL that it was asked for.
//
//   Threads     Redactor: a value, safe to read from everywhere
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/deliver/delivery.h"

namespace escalation {

class Redactor {
 public:
  Redactor() = default;
  // Everything secret of a route: its URL, the URL's credentials, path segments and query, its key,
  // headers and signing secrets, and the forms in which credentials travel.
  explicit Redactor(const DeliveryRoute& route);

  // Every occurrence becomes "[redacted]"; control characters become spaces; at most 512 bytes.
  std::string operator()(std::string_view text) const;

 private:
  void Add(std::string_view secret);
  void AddCredentials(std::string_view url);
  std::vector<std::string> secrets_;  // Longest first.
};

// Scheme, host and port of a URL: what may be shown of it. Credentials are left out.
std::string OriginOfUrl(std::string_view url);

}  // namespace escalation
