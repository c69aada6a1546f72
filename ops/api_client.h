// ops/api_client.h
//
// One request to a running daemon's HTTP API, and its answer.
//
//   Input       the daemon's address, a path with its query, perhaps a body; a token from a file or
//               from the environment, never from the command line, which everybody can read
//   Output      the whole answer of any status
//   Invariants  1. no proxy, no redirect; an answer is at most 64 MiB
//   Time        a call ends within its time-out
//   Errors      kUnavailable: the daemon cannot be reached, with a hint. kInvalidArgument: not an
//               address; the token's file cannot be used
//   Threads     one call at a time; blocks
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "state/base/instant.h"

namespace escalation {

inline constexpr char kDefaultApiUrl[] = "http://127.0.0.1:8320";

// Holds a token, where no file is named.
inline constexpr char kApiTokenVariable[] = "ESCALATION_TOKEN";

struct ApiCall {
  // "http://127.0.0.1:8320"; a slash at the end does no harm. "unix:PATH": the daemon's socket,
  // which asks for no token.
  std::string url = kDefaultApiUrl;
  // Holds the token in one line, its owner's alone to read; empty: kApiTokenVariable, if set.
  std::string token_file;
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
// kPermissionDenied 401 and 403 with a hint, kInternal else.
absl::Status ApiStatus(const ApiReply& reply);

// One piece of a path or query.
std::string PercentEncode(std::string_view text);

}  // namespace escalation
