// state/partition/partition.h
//
// The fold of one partition: records in, one turn of changes and decisions out.
//
//   Input       records in order of offset; the committed state, through a StateReader
//   Output      a Turn to commit before anything is published or delivered, and its decisions in
//               order; what one turn holds is bounded, in records, tickets and decisions
//   Invariants  1. pure: the same records give the same bytes, in whatever batches they come, on
//                  every machine
//               2. nothing is skipped: a record that cannot be understood stops the fold; one
//                  that says nothing new is dropped by rules that the log alone decides
//               3. a tick is folded in chunks, with one cursor, and nothing in between; a change of
//                  many tickets bit by bit, but of a ticket before anything that comes later
//   Time        only that of the records
//   Errors      kFailedPrecondition: the log holds what this binary does not understand.
//               kDataLoss: stored state cannot be decoded, or another replica decided
//               differently. Others: as the StateReader. After an error the fold MUST be made
//               anew
//   Threads     the folding thread
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "escalation/v1/decision.pb.h"
#include "escalation/v1/event.pb.h"
#include "state/base/ids.h"
#include "state/base/instant.h"
#include "state/partition/turn.h"

namespace escalation {

// The behaviour that this binary folds by.
inline constexpr int kSemanticsVersion = 1;

struct FoldRecord {
  Offset offset;
  Instant appended;
  v1::Event event;
};

struct FoldOptions {
  Partition partition;
  // Of the log: part of every decision's id.
  std::string incarnation;
  // Decoded tickets that are kept between turns.
  size_t tickets_max = 100'000;
};

struct FoldResult {
  Turn turn;
  // Serialized v1::Decisions in order of seq: exactly the bytes that are published.
  std::vector<std::string> decisions;
  // Those of them that somebody outside has to do something about: page operations and alarms.
  std::vector<v1::Decision> notices;
  // How many of the records were folded; the rest MUST come again after the turn is committed.
  size_t records = 0;
};

// What becomes of a turn that has room for more when all records are folded.
enum class TurnEnd {
  // It is committed.
  kNow,
  // It waits for the records that come next: whoever catches up commits less often so, and reads
  // in small batches nevertheless. Nothing of it is known outside before it is committed.
  kWhenFull,
};

// What the fold counted since it was made; for metrics only.
struct FoldCounts {
  int64_t records = 0;
  int64_t duplicates = 0;
  int64_t decisions = 0;
  int64_t late_events = 0;
  // Indexed by v1::Decision::BodyCase.
  std::array<int64_t, 64> decisions_by_body = {};
};

// All decisions of a turn, decoded.
std::vector<v1::Decision> DecodeDecisions(const FoldResult& result);

class PartitionFold {
 public:
  // Borrows `state`, which MUST NOT change but by committing this fold's turns.
  static absl::StatusOr<std::unique_ptr<PartitionFold>> Open(const StateReader& state,
                                                             FoldOptions options);
  ~PartitionFold();

  // Folds as many of the records as one turn may hold. Call again with none while turn.more.
  absl::StatusOr<FoldResult> Fold(std::span<const FoldRecord> records);

  // Folds all of the records, and what an earlier fold left of one, turn by turn. `commit` MUST
  // have committed the turn when it returns; the first error ends it.
  using Commit = std::function<absl::Status(FoldResult& result)>;
  absl::Status FoldAll(std::span<const FoldRecord> records, const Commit& commit,
                       TurnEnd end = TurnEnd::kNow);

  // The next record to fold.
  Offset position() const;
  // Every due moment up to here has fired.
  Instant cursor() const;
  // The latest tick was bounded, and more is due: another one should follow at once.
  bool tick_was_cut() const;
  // Not all tickets are folded under the latest change of calendars, policy or account yet: ticks
  // should follow at once, each folds some.
  bool is_changing() const;
  // Log time of the latest record.
  Instant appended() const;
  const std::string& owner() const;
  uint64_t owner_epoch() const;
  uint64_t seq() const;
  uint64_t published_through() const;
  // Chain over all decisions, 32 bytes; empty: none.
  const std::string& decisions_hash() const;
  const FoldCounts& counts() const;

 private:
  class Impl;
  explicit PartitionFold(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The earliest due moment in the committed state: when the owner should append a tick. Never:
// nothing is due. `from`: it is known that nothing is due before; where wake-ups were removed
// lately the search for the first one is long.
absl::StatusOr<Instant> NextDue(const StateReader& state, Instant from = Instant::Past());
// The earliest wake-up that the turn adds; Never: none.
Instant FirstWakeUpOf(const Turn& turn);

}  // namespace escalation
