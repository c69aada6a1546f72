// tests/daemon/deliver/replies.h
//
// Replies of providers, and verdicts as words.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "daemon/deliver/provider.h"
#include "state/base/text.h"

namespace escalation {

inline std::string Word(const Verdict& verdict) {
  std::string out = verdict.kind == Verdict::Kind::kDelivered ? "delivered"
                    : verdict.kind == Verdict::Kind::kFailed  ? "failed"
                                                              : "retry";
  if (verdict.after) CatTo(&out, " after ", *verdict.after);
  if (verdict.maybe_received) out += " maybe";
  return out;
}

inline HttpReply Status(int status, std::string body = "", std::optional<Duration> after = {}) {
  HttpReply reply;
  reply.status = status;
  reply.body = std::move(body);
  reply.retry_after = after;
  return reply;
}

inline HttpReply Broken(HttpReply::Kind kind, int status = 0) {
  HttpReply reply;
  reply.kind = kind;
  reply.status = status;
  reply.error = "as it is";
  return reply;
}

}  // namespace escalation
