// state/store/store.h
//
// The committed state of one partition: a cache of the fold, together with the position up to which
// it is folded.
//
//   Input       Commit: one Turn, all of it or nothing
//   Output      StateReader: what was committed
//   Invariants  1. after a crash the store holds a prefix of the committed turns, never part of one
//               2. a store never holds state of two logs or of two partitions
//   Time        enters MaybeFlush only, as an argument
//   Errors      kDataLoss: corrupt or no longer writable; stop and rebuild. kResourceExhausted: no
//               room on the disk. kFailedPrecondition: another log's store, or read-only. Once
//               Commit has failed, every later Commit fails with the same status.
//   Threads     one thread commits and flushes; any thread reads meanwhile
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "state/base/instant.h"
#include "state/partition/turn.h"

namespace escalation {

class Store : public StateReader {
 public:
  virtual absl::Status Commit(const Turn& turn) = 0;

  // Makes everything committed so far survive a crash.
  virtual absl::Status Flush() = 0;

  // Starts a flush in the background once the newest one is old enough. `now` is of any clock that
  // does not run backwards; the first call only notes it.
  virtual absl::Status MaybeFlush(Instant now) = 0;

  // Writes a store of its own to `dir`, which must not exist, that holds exactly what is committed.
  virtual absl::Status CheckpointTo(const std::string& dir) = 0;
};

// SHA-256 over every key and value in order: two stores with the same digest hold the same bytes.
// 32 raw bytes.
absl::StatusOr<std::string> StateDigest(const StateReader& state);

}  // namespace escalation
