// daemon/source/proto_values.h
//
// The scalar forms of proto3 JSON: whole numbers in any notation, and durations.
//
//   Errors      an empty optional or false: not of that form, or out of range
//   Threads     stateless; safe everywhere
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace google::protobuf {
class Duration;
}  // namespace google::protobuf

namespace escalation {

// A whole number in any notation of JSON, such as 5, 5.0 or 5e2. For the four widths of protobuf.
template <typename Int>
std::optional<Int> WholeNumber(std::string_view text);

// "7200s", "-1.5s".
bool ParseProtoDuration(std::string_view text, google::protobuf::Duration* out);

}  // namespace escalation
