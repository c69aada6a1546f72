// daemon/log/dead_letters.h
//
// What sources could not turn into events, kept with raw bytes and reason until a person looks.
//
//   Input       dead letters
//   Output      the same, each with its position
//   Invariants  1. a letter that was put is durable: Put returns only then
//               2. positions rise; one that was given out never means another letter
//               3. the incarnation of a store of letters never changes; a recreated one has another
//               4. bounded: the oldest letters go first, and that is counted
//   Time        letters carry their own; retention by age reads the injected clock
//   Errors      kUnavailable: the same call may succeed later. kResourceExhausted: the disk is
//               full. kNotFound: no letter at that position (any more). kDataLoss: damaged
//   Threads     all methods from any thread; Put blocks until the letter is durable
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "escalation/v1/source.pb.h"
#include "state/base/instant.h"

namespace escalation {

struct StoredLetter {
  // From 0.
  int64_t position = 0;
  v1::DeadLetter letter;
};

struct LetterPage {
  // Oldest first.
  std::vector<StoredLetter> letters;
  // Where the next page begins; equal to `end`: there is none.
  int64_t next = 0;
  // The position that the next letter gets.
  int64_t end = 0;
};

class DeadLetters {
 public:
  virtual ~DeadLetters() = default;

  // Which store of letters this is: 32 hexadecimal digits, or the cluster and topic.
  virtual const std::string& incarnation() const = 0;

  virtual absl::StatusOr<int64_t> Put(const v1::DeadLetter& letter) = 0;
  virtual absl::StatusOr<StoredLetter> Get(int64_t position) const = 0;
  // At most `count` letters from `from` on, or from the oldest one if that is later; at most about
  // bytes_max of them, but one if there is one.
  virtual absl::StatusOr<LetterPage> List(int64_t from, size_t count, size_t bytes_max) const = 0;
  // Letters that this store let go since it was opened; 0 where brokers do that by themselves.
  virtual uint64_t dropped() const { return 0; }
};

// Letters that nobody can look at any more.
struct DroppedLetters {
  // Since it was last said.
  uint64_t count = 0;
  // The position of the oldest one that is left.
  int64_t oldest = 0;
};

struct EmbeddedDeadLettersOptions {
  // Dates letters for retention.
  std::function<Instant()> clock;
  size_t bytes_max = size_t{256} << 20;
  Duration age_max = Duration::Days(90);
  // Told in Put, at most once a minute; MUST NOT call back. May be empty.
  std::function<void(const DroppedLetters&)> on_dropped = {};
};

// In a directory of this machine, which one process writes to; created if there is none.
absl::StatusOr<std::unique_ptr<DeadLetters>> OpenEmbeddedDeadLetters(
    const std::string& dir, EmbeddedDeadLettersOptions options);

}  // namespace escalation
