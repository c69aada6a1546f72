// daemon/deliver/email.h
//
// E-mail over SMTP: one message for each operation, to all addresses of the route.
//
//   Output      text and HTML of the same content. The Message-ID is made of the decision, so what
//               is sent twice is one message; what follows a page refers to it, so a mail program
//               shows them as one conversation
//   Invariants  1. every header is ASCII and on its own line, whatever the ticket says
//               2. the HTML holds no markup but ours
//   Time        Date is the given time
//   Errors      a recipient that is refused refuses all, and a code of 5xx is for good: the page's
//               fallback is better than one who silently gets nothing
//   Threads     stateless; safe everywhere
#pragma once

#include <string>
#include <string_view>

#include "daemon/deliver/provider.h"

namespace escalation {

class Email : public Provider {
 public:
  absl::StatusOr<HttpCall> Build(const Delivery& delivery, const DeliveryRoute& route,
                                 Instant now) const override;
  // `status` is the server's last code.
  Verdict Classify(const HttpReply& reply) const override;
};

// One header with its name: encoded words (RFC 2047) where the text is not plain, lines of at most
// 78 bytes, CRLF at the end.
std::string HeaderLine(std::string_view name, std::string_view text);

}  // namespace escalation
