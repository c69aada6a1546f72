#include "state/store/store.h"

#include "state/base/sha256.h"
#include "state/partition/keys.h"

namespace escalation {

absl::StatusOr<std::string> StateDigest(const StateReader& state) {
  // Hashing in pieces keeps the memory bounded whatever the size of the state.
  constexpr size_t kPieceBytes = 1 << 20;
  std::string chain;
  std::string piece;
  // No key starts with 0xff: prefixes are letters (keys.h).
  const absl::Status status =
      state.Scan("", "\xff", [&](std::string_view key, std::string_view value) {
        piece.append(keys::U64(key.size())).append(key);
        piece.append(keys::U64(value.size())).append(value);
        if (piece.size() >= kPieceBytes) {
          chain = ChainHash(chain, piece);
          piece.clear();
        }
        return true;
      });
  if (!status.ok()) return status;
  return ChainHash(chain, piece);
}

}  // namespace escalation
