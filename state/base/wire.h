// state/base/wire.h
//
// The two pieces of Protobuf's wire format that are needed to put messages together from parts
// without copying these first.
//
//   Input       field numbers of length-delimited fields, sizes
//   Output      bytes, appended
//   Errors      none
//   Threads     stateless; safe everywhere
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace escalation::wire {

inline void AppendVarint(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

inline size_t VarintBytes(uint64_t value) {
  size_t bytes = 1;
  for (; value >= 0x80; value >>= 7) ++bytes;
  return bytes;
}

// Tag of a length-delimited field: a string, bytes or a message.
inline uint64_t TagOf(int field) { return static_cast<uint64_t>(field) << 3 | 2; }

inline void AppendTag(int field, std::string* out) { AppendVarint(TagOf(field), out); }

}  // namespace escalation::wire
