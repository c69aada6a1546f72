// daemon/source/event_check.h
//
// What an event may say before it enters the log: the last gate in front of the fold, whatever form
// the event came in.
//
//   Input       a decoded event from outside
//   Output      OK, or the first field that is wrong and the expectation
//   Invariants  an accepted event has exactly one body, ids of the alphabet, instants in
//               2000..2099, known enum values, text that is UTF-8 without control characters
//               that keys or terminals trip over, and lengths that bound every state and page
//               made of it
//   Errors      kInvalidArgument, with the field's path as a payload (message_json.h, FieldOf)
//   Threads     stateless; safe everywhere
#pragma once

#include <cstddef>
#include <string_view>

#include "absl/status/status.h"
#include "escalation/v1/event.pb.h"

namespace escalation {

enum class Trust {
  kSource,   // From outside: bodies that only escalationd writes are refused.
  kHistory,  // From a log or a history file: all bodies.
};

// Lengths in code points and counts.
inline constexpr size_t kSubjectPointsMax = 1024;  // Also reasons.
inline constexpr size_t kNamePointsMax = 128;      // Every other text but the ones below.
inline constexpr size_t kFieldValuePointsMax = 4096;
inline constexpr size_t kTagsMax = 64;  // Also roles and tokens.
inline constexpr size_t kFieldsMax = 128;
inline constexpr size_t kParticipantsMax = 256;
inline constexpr size_t kContactsMax = 4096;  // Of an account; also logins.

// Of the alphabet, 1 to `bytes_max` characters.
absl::Status CheckId(std::string_view field, std::string_view id, size_t bytes_max);

// `event.id` may be empty only where `event.origin` is positioned or for Trust::kHistory.
absl::Status ValidateEvent(const v1::Event& event, Trust trust);

}  // namespace escalation
