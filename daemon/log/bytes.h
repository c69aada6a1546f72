// daemon/log/bytes.h
//
// Big-endian numbers in what logs store.
//
//   Threads     stateless; safe everywhere
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace escalation {

inline void AppendU32(std::string* out, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out->push_back(static_cast<char>(value >> shift));
}

inline void AppendU64(std::string* out, uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out->push_back(static_cast<char>(value >> shift));
}

// The first `bytes` bytes, at most 8, of which the caller knows that they are there.
inline uint64_t ReadBigEndian(std::string_view text, size_t bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; ++i) value = value << 8 | static_cast<unsigned char>(text[i]);
  return value;
}

// Takes numbers and bytes from the front of a text. After a failed take everything fails.
class ByteReader {
 public:
  explicit ByteReader(std::string_view text) : rest_(text) {}

  bool U32(uint32_t* out) {
    uint64_t value = 0;
    if (!Number(4, &value)) return false;
    *out = static_cast<uint32_t>(value);
    return true;
  }
  bool U64(uint64_t* out) { return Number(8, out); }
  bool Bytes(size_t size, std::string_view* out) {
    if (failed_ || rest_.size() < size) return Fail();
    *out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }
  std::string_view rest() const { return rest_; }

 private:
  bool Fail() {
    failed_ = true;
    return false;
  }
  bool Number(size_t size, uint64_t* out) {
    std::string_view bytes;
    if (!Bytes(size, &bytes)) return false;
    *out = ReadBigEndian(bytes, size);
    return true;
  }

  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace escalation
