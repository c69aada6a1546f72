// state/policy/span.h
//
// Reads a length of time as policies and contracts write it.
//
//   Input       "15m", "1h30m", "1d" (24 open hours), "2bd" (business days)
//   Output      v1::Span; the reading of business days is left to the caller
//   Errors      kInvalidArgument names the text and the expectation
//   Threads     stateless; safe everywhere
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "escalation/v1/policy.pb.h"

namespace escalation {

inline constexpr int kBusinessDaysMax = 366;

absl::StatusOr<v1::Span> ParseSpan(std::string_view text);

}  // namespace escalation
