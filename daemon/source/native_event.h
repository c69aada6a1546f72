// daemon/source/native_event.h
//
// An event in binary Protobuf, read strictly.
//
//   Input       untrusted bytes
//   Output      the event as it was written
//   Invariants  1. a field that this version does not know is an error: its content would enter the
//                  log unread
//               2. a second body, text that is not UTF-8 and a field of another type are errors
//   Errors      kInvalidArgument "byte N: field path: what", N from `first_byte` on
//   Threads     stateless; safe everywhere
#pragma once

#include <cstddef>
#include <string_view>

#include "absl/status/statusor.h"
#include "escalation/v1/event.pb.h"

namespace escalation {

// `first_byte`: where `bytes` begins in the message that errors are about.
absl::StatusOr<v1::Event> EventFromNative(std::string_view bytes, size_t first_byte = 0);

}  // namespace escalation
