// ops/api_client.h
//
// One request to a running daemon's HTTP API, and its answer.
//
//   Input       the daemon's address, a path with its query, perhaps a body
//   Output      the whole answer of any status
//   Invariants  1. no proxy, no redirect; an answer is at most 64 MiB
//   Time        a call ends within its time-out
//   Errors      kUnavailable: the daemon cannot be reached, with a hint. kInvalidArgument: not an
//               http or https address
//   Threads     one call at a time; blocks
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "state/base/instant.h"

namespace escalation {

inline constexpr char kDefaultApiUrl[] = "http://127.0.0.1:8320";

struct ApiCall {
  // "http://127.0.0.1:8320"; a slash at the end does no harm.
  std::string url = kDefaultApiUrl;
  std::string method = "GET";
  // "/v1/tickets?limit=5"
  std::string target;
  std::string accept = "application/json";
  // Of the body; empty: no body.
  std::string content_type;
  std::string body;
  Duration timeout = Duration::Seconds(30);
};

struct ApiReply {
  int status = 0;
  std::string body;
};

absl::StatusOr<ApiReply> CallApi(const ApiCall& call);

// Ok for 2xx. Else what the daemon said: kInvalidArgument 4xx, kNotFound 404, kUnavailable 503,
// kInternal else.
absl::Status ApiStatus(const ApiReply& reply);

// One piece of a path or query.
std::string PercentEncode(std::string_view text);

}  // namespace escalation
