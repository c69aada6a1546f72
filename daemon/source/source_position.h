// daemon/source/source_position.h
//
// Where to go on reading a partition of a source, and whether it is the partition that was read
// before: a topic that was deleted and created anew counts from 0 again.
//
//   Input       what was committed beside the source; what the log's fold knows; what the source
//               holds now
//   Output      the generation, the offset to go on from, and what was missed
//   Invariants  1. a message that was never read is not taken for one that was: in doubt it is
//                  another generation. Generations are numbered, so that two readers that find out
//                  at the same time choose the same one
//               2. what retention removed unread is said (missed), never skipped in silence
//               3. the offset is at or below everything of that generation that is not in the log
//   Time        none
//   Errors      of SourceHistory: kUnavailable, kDataLoss as the store and the log
//   Threads     stateless; safe everywhere
//
// Kafka removes the committed offsets of a topic with the topic, and forgets those of a group that
// is gone for a week. So a commit that is absent says nothing, where the log holds events of the
// partition: then the message at the highest offset that the log knows of must give the ids of the
// events that the log has of it (Evidence::kEvents). Where there is a commit, its note holds the
// fingerprint of the last message before it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/log/log.h"
#include "daemon/source/message_stream.h"
#include "state/partition/turn.h"

namespace escalation {

// What is committed with an offset: "g=2;o=41;f=0123456789abcdef".
struct PositionNote {
  // From 1.
  int generation = 1;
  // Of the last message before the committed offset; -1: none was read yet.
  int64_t last = -1;
  std::string fingerprint;
  friend bool operator==(const PositionNote&, const PositionNote&) = default;
};
std::string ToText(const PositionNote& note);
// Empty optional: none of ours.
std::optional<PositionNote> ParsePositionNote(std::string_view text);

// Origin.generation of a topic's events: "TOPIC#2". A partition has its own count.
std::string GenerationName(std::string_view topic, int generation);

// The highest place of which the log has an event.
struct FoldedPosition {
  int generation = 1;
  int64_t offset = 0;
  friend bool operator==(const FoldedPosition&, const FoldedPosition&) = default;
};

// What the log knows of a source of one tenant. Borrows state and log.
class SourceHistory {
 public:
  SourceHistory(const StateReader* state, const Log* log, Partition partition, std::string tenant,
                std::string source);

  // Of the highest generation.
  absl::StatusOr<std::optional<FoldedPosition>> Highest(const StreamPartition& partition) const;
  // Ids of the events at that place, in order of index. Reads the log backwards until it finds
  // them; empty: they are not there.
  absl::StatusOr<std::vector<std::string>> EventIds(const StreamPartition& partition,
                                                    const FoldedPosition& position) const;

 private:
  const StateReader& state_;
  const Log& log_;
  const Partition partition_;
  const std::string tenant_;
  const std::string source_;
};

// What the source says of the message that was read last.
enum class Evidence {
  kNotAsked,
  kSame,
  kOther,
  // It is gone, by retention or compaction.
  kGone,
};

// Which message must be looked at before Resolve can tell.
struct Witness {
  enum class By { kNone, kFingerprint, kEvents } by = By::kNone;
  int64_t offset = 0;
};
struct KnownPosition {
  std::optional<CommittedPosition> committed;
  std::optional<FoldedPosition> folded;
  StreamExtent extent;
};
Witness WitnessOf(const KnownPosition& known);

struct ResolvedPosition {
  int generation = 1;
  int64_t offset = 0;
  // What is known of the message before; for the next commit.
  PositionNote note;
  // Another partition than before.
  bool recreated = false;
  // Nothing was known of it: the first time.
  bool first = false;
  // Records from..to-1 that nobody can read any more.
  int64_t missed_from = 0;
  int64_t missed_to = 0;
};
ResolvedPosition Resolve(const KnownPosition& known, Evidence evidence);

}  // namespace escalation
