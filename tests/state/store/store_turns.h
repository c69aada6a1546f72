// tests/state/store/store_turns.h
//
// Turns from which a store's content shows up to where it is whole.
#pragma once

#include <string>

#include "state/base/text.h"
#include "state/store/rocksdb_store.h"

namespace escalation {

inline const StoreIdentity kStoreIdentity{"embedded", "", "", "0123456789abcdef0123456789abcdef",
                                          Partition{0}};

// Digits of equal length, so that keys sort by number.
inline std::string TurnKey(int64_t n) {
  const std::string digits = std::to_string(n);
  return "turn " + std::string(10 - digits.size(), '0') + digits;
}

inline std::string TurnValue(int64_t n) {
  return std::string(static_cast<size_t>(n * 131 % 3000), static_cast<char>('a' + n % 26));
}

inline Turn NumberedTurn(int64_t n) {
  Turn turn;
  turn.writes = {
      {"first", std::to_string(n)}, {"last", std::to_string(n)}, {TurnKey(n), TurnValue(n)}};
  return turn;
}

}  // namespace escalation
