// daemon/source/jq_request.h
//
// A message as the document that a mapping gets (daemon/mapper/program.h).
//
//   Input       a message whose value is JSON, RFC 8259 to the letter
//   Output      {"body", "headers", "topic", "key", "stamped"}
//   Invariants  1. whole numbers beyond 2^53 become strings, since jq computes with doubles: ids of
//                  tickets keep every digit
//               2. of headers and key what is not UTF-8 becomes U+FFFD
//   Errors      kInvalidArgument: not JSON, not UTF-8, or nested too deep; with line and column
//               where it is the form
//   Threads     stateless; safe everywhere
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/source/source_message.h"

namespace escalation {

// jq's own bound is 256, with what is around the body.
inline constexpr int kForeignJsonDepthMax = 250;

absl::StatusOr<std::string> JqRequest(const SourceMessage& message);

// Appends `text`, valid JSON, with quotes around its large whole numbers. Only the depth can be
// wrong.
absl::Status AppendQuotingLarge(std::string_view text, std::string* out);

}  // namespace escalation
