// state/partition/turn.h
//
// What the fold of a batch of records hands to the store, and what it reads back: one ordered map
// from bytes to bytes.
//
//   Input       StateReader: the committed state before the batch
//   Output      Turn: every change of the batch, to be committed atomically, before anything is
//               published or delivered
//   Invariants  1. writes are sorted by key and each key occurs once
//               2. position, running hash, outbox and wake-ups are keys like any other (keys.h):
//                  one atomic batch holds all
//   Threads     values; a StateReader may be read by any thread and sees committed turns only
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "state/base/ids.h"
#include "state/base/instant.h"

namespace escalation {

struct Write {
  std::string key;
  // Empty optional: delete.
  std::optional<std::string> value;
  // Of a delete: the key was written once, by one Put, and will never be written again. A store may
  // forget both sooner than it could otherwise.
  bool written_once = false;
};

struct Turn {
  std::vector<Write> writes;
  // The next record to read. Unchanged while a fan-out record is being folded in chunks.
  Offset next;
  // True: a fan-out record has chunks left; fold again before reading more.
  bool more = false;
};

// Committed state. Errors: kUnavailable (try again), kDataLoss (stop and rebuild).
class StateReader {
 public:
  virtual ~StateReader() = default;

  virtual absl::StatusOr<std::optional<std::string>> Get(std::string_view key) const = 0;

  // `keys` sorted, unique. values has one entry for each key, in that order.
  virtual absl::Status MultiGet(const std::vector<std::string>& keys,
                                std::vector<std::optional<std::string>>* values) const = 0;

  // Visits keys in [begin, end) in byte order until `visit` returns false.
  using Visitor = std::function<bool(std::string_view key, std::string_view value)>;
  virtual absl::Status Scan(std::string_view begin, std::string_view end,
                            const Visitor& visit) const = 0;
};

}  // namespace escalation
