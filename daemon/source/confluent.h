// daemon/source/confluent.h
//
// The prefix that serializers of a schema registry (Confluent's and those that speak its form) put
// before a Protobuf message.
//
//   framed := 0x00 schema_id:u32be indexes message
//   indexes := 0x00 | count:zigzag-varint index:zigzag-varint ...    -- 0x00: the first message
//
//   Input       untrusted bytes
//   Output      the schema's number, which message of the schema it is, where it begins
//   Invariants  the registry is not asked: what the message must be is configured
//   Errors      kInvalidArgument "byte N: what"; JSON and unframed messages are told as such
//   Threads     stateless; safe everywhere
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace escalation {

struct ConfluentFrame {
  uint32_t schema_id = 0;
  // From the outermost message of the schema inwards.
  std::vector<int> indexes;
  size_t message_begin = 0;
};

absl::StatusOr<ConfluentFrame> ReadConfluentFrame(std::string_view bytes);

}  // namespace escalation
