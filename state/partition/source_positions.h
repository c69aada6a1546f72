// state/partition/source_positions.h
//
// How far each source was folded: what came at or below its highest position is a duplicate.
//
//   Input       origins of events, in order of the log; the committed positions
//   Output      whether an event is new; changed positions in the overlay, once a turn
//   Invariants  1. for each (tenant, source, generation, source partition) the highest
//                  (offset, index) is kept
//               2. what is kept in memory never changes what is answered
//   Time        none
//   Errors      failed reads and damaged values go to the overlay's status
//   Threads     the folding thread
#pragma once

#include <limits>
#include <string>

#include "absl/container/node_hash_map.h"
#include "escalation/v1/event.pb.h"
#include "state/partition/overlay.h"

namespace escalation {

class SourcePositions {
 public:
  explicit SourcePositions(Overlay* overlay) : overlay_(*overlay) {}

  // False: not above what was seen of that source.
  bool Advance(const std::string& tenant, const v1::Origin& origin);
  // Ends a turn: writes what changed.
  void Save();

 private:
  struct Position {
    std::string tenant;
    std::string source;
    std::string generation;
    int32_t partition = 0;
    int64_t offset = std::numeric_limits<int64_t>::min();
    int32_t index = 0;
    bool dirty = false;
  };
  Position& Find(const std::string& tenant, const v1::Origin& origin);

  Overlay& overlay_;
  // By key; see keys.h.
  absl::node_hash_map<std::string, Position> positions_;
  // Events come in runs of one source.
  Position* latest_ = nullptr;
};

}  // namespace escalation
