// state/base/ids.h
//
// Names and positions. Distinct types, so that a partition cannot be passed for an offset.
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

namespace escalation {

// Partition of the log, from 0.
struct Partition {
  int32_t value = 0;
  friend constexpr auto operator<=>(Partition, Partition) = default;
};

// Position of a record within its partition, dense in the embedded log, rising in Kafka.
struct Offset {
  int64_t value = 0;
  friend constexpr auto operator<=>(Offset, Offset) = default;
  friend constexpr Offset operator+(Offset a, int64_t n) { return {a.value + n}; }
};

// Lengths in bytes of the ids that enter.
inline constexpr size_t kTenantBytesMax = 32;
inline constexpr size_t kNameBytesMax = 64;  // Escalations, targets, plans, routes ...
inline constexpr size_t kIdBytesMax = 128;   // Tickets, events.

// True for 1 to bytes_max characters of [A-Za-z0-9._:-].
constexpr bool IsId(std::string_view text, size_t bytes_max) {
  if (text.empty() || text.size() > bytes_max) return false;
  for (const char c : text) {
    const bool ok = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                    c == '.' || c == '_' || c == ':' || c == '-';
    if (!ok) return false;
  }
  return true;
}

}  // namespace escalation
