// tests/fuzz/byte_source.h
//
// Makes values of an input's bytes, front to back. After its end everything is 0: every input is a
// whole one.
//
//   Threads     one owner
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace escalation {

class ByteSource {
 public:
  ByteSource(const uint8_t* data, size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  bool empty() const { return rest_.empty(); }

  uint8_t Byte() {
    if (rest_.empty()) return 0;
    const auto byte = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return byte;
  }
  bool Flag() { return (Byte() & 1) != 0; }

  // 0 to bound - 1, of as few bytes as hold the bound.
  uint64_t Below(uint64_t bound) {
    uint64_t value = 0;
    for (uint64_t room = bound - 1; room > 0; room >>= 8) value = value << 8 | Byte();
    return value % bound;
  }
  int64_t Between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(Below(static_cast<uint64_t>(high - low) + 1));
  }
  template <typename List>
  const auto& OneOf(const List& list) {
    return list[Below(std::size(list))];
  }

  // Up to `max` bytes, as many as a length in front of them says.
  std::string_view Piece(size_t max) { return Take(Below(max + 1)); }
  // Up to the next line feed, which is left out.
  std::string_view Line() {
    const std::string_view line = Take(std::min(rest_.find('\n'), rest_.size()));
    if (!rest_.empty()) rest_.remove_prefix(1);
    return line;
  }
  std::string_view Rest() { return Take(rest_.size()); }

 private:
  std::string_view Take(size_t size) {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }

  std::string_view rest_;
};

}  // namespace escalation
