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

#include <google/protobuf/io/coded_stream.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace escalation::wire {

inline void AppendVarint(uint64_t value, std::string* out) {
  uint8_t bytes[10];
  uint8_t* const end = google::protobuf::io::CodedOutputStream::WriteVarint64ToArray(value, bytes);
  out->append(bytes, end);
}

inline size_t VarintBytes(uint64_t value) {
  return google::protobuf::io::CodedOutputStream::VarintSize64(value);
}

// Tag of a length-delimited field: a string, bytes or a message.
inline uint64_t TagOf(int field) { return static_cast<uint64_t>(field) << 3 | 2; }

inline void AppendTag(int field, std::string* out) { AppendVarint(TagOf(field), out); }

}  // namespace escalation::wire
