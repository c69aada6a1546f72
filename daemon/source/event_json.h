// daemon/source/event_json.h
//
// Events and decisions as JSON: one line of a history file, the body of an HTTP request.
//
//   Input       untrusted bytes
//   Output      messages whose form is right; what they say is checked by event_check.h
//   Invariants  1. all or nothing: a body with one bad event gives no event
//               2. text stays outside: `message_added.text` gives tokens, length and is_question,
//                  `opened.description` its length. Tokens that are given too are kept with them;
//                  what else is given counts
//   Errors      kInvalidArgument with the field's path (message_json.h, FieldOf)
//   Threads     stateless; safe everywhere
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "escalation/v1/decision.pb.h"
#include "escalation/v1/event.pb.h"

namespace escalation {

inline constexpr size_t kEventJsonBytesMax = 256 * 1024;
inline constexpr size_t kEventsPerBodyMax = 10'000;

// One event. A history may hold whole policies and calendars, and says how much it allows.
absl::StatusOr<v1::Event> EventFromJson(std::string_view text,
                                        size_t bytes_max = kEventJsonBytesMax);
absl::StatusOr<v1::Decision> DecisionFromJson(std::string_view text);

// One line; see MessageToJson.
std::string ToJson(const google::protobuf::Message& message);

enum class BodyForm {
  kJson,       // One event, an array of events, or {"events": [...]}.
  kJsonLines,  // One event a line; empty lines are skipped.
};
// At least one event. Errors begin with `events[3].` or `line 4: `.
absl::StatusOr<std::vector<v1::Event>> EventsFromBody(std::string_view text, BodyForm form);

}  // namespace escalation
