// daemon/deliver/slack.h
//
// Slack: an incoming webhook, or chat.postMessage with a bot's token.
//
//   Output      a message of blocks: title, lines, links as buttons, and, where the route says so,
//               buttons kSlackAcknowledge and kSlackResolve that carry the page's key. A message
//               cannot be taken back, so an acknowledgement and a close are messages too
//   Invariants  1. what a ticket says is plain text: it names nobody, wakes no channel, makes no
//               link
//               2. a header <= 150 characters, a text <= 3,000, a message <= 50 blocks
//   Errors      200 alone is nothing: a webhook says "ok", the API {"ok":true}. The API's passing
//               errors, such as "ratelimited", are tried again
//   Threads     stateless; safe everywhere
#pragma once

#include <string>
#include <string_view>

#include "daemon/deliver/provider.h"
#include "daemon/source/slack_buttons.h"

namespace escalation {

class Slack : public Provider {
 public:
  absl::StatusOr<HttpCall> Build(const Delivery& delivery, const DeliveryRoute& route,
                                 Instant now) const override;
  Verdict Classify(const HttpReply& reply) const override;
};

// For texts that Slack reads as its markup: "<", ">" and "&" stand for themselves.
std::string EscapeSlack(std::string_view text);

}  // namespace escalation
