// state/base/text.h
//
// Builds text from pieces. Debian's abseil has a string_view of its own, which std::string_view
// does not convert to, so messages are built with Cat and handed over as std::string.
//
//   Threads     stateless; safe everywhere
#pragma once

#include <concepts>
#include <string>
#include <string_view>

#include "state/base/ids.h"
#include "state/base/instant.h"

namespace escalation {
namespace internal {

inline void AppendPiece(std::string* out, std::string_view piece) { out->append(piece); }
inline void AppendPiece(std::string* out, const char* piece) { out->append(piece); }
inline void AppendPiece(std::string* out, char piece) { out->push_back(piece); }
inline void AppendPiece(std::string* out, Instant t) { out->append(ToText(t)); }
inline void AppendPiece(std::string* out, Duration d) { out->append(ToText(d)); }
inline void AppendPiece(std::string* out, Offset offset) {
  out->append(std::to_string(offset.value));
}
inline void AppendPiece(std::string* out, Partition p) { out->append(std::to_string(p.value)); }
template <std::integral T>
requires(!std::same_as<T, char> && !std::same_as<T, bool>) void AppendPiece(std::string* out,
                                                                            T number) {
  out->append(std::to_string(number));
}

}  // namespace internal

// Concatenates strings, characters, integers, instants, durations and positions.
template <typename... Pieces>
std::string Cat(const Pieces&... pieces) {
  std::string out;
  (internal::AppendPiece(&out, pieces), ...);
  return out;
}

template <typename... Pieces>
void CatTo(std::string* out, const Pieces&... pieces) {
  (internal::AppendPiece(out, pieces), ...);
}

}  // namespace escalation
