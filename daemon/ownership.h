// daemon/ownership.h
//
// Which partitions this instance should lead: tick, publish, deliver, run the sources of.
//
//   Input       what the instances of a group agree on; signs of life of the loops
//   Output      claims. A claim allows to append OwnerTook, nothing more: who owns a partition is
//               what the log says (tenure.h), so two instances with a claim do no harm
//   Invariants  1. a partition that some instance can lead is claimed by one within seconds
//               2. a claim that was lost and came back has another number
//               3. an instance whose loops make no progress loses its claims
//   Time        that of the group
//   Errors      none: without the group there are no new claims
//   Threads     all methods from any thread
#pragma once

#include <cstdint>
#include <string>

#include "state/base/ids.h"

namespace escalation {

class Ownership {
 public:
  virtual ~Ownership() = default;

  // The number of this instance's claim to the partition, from 1; 0: it has none.
  virtual uint64_t ClaimOf(Partition partition) const = 0;
  // The loop of the partition has looked at the log and folded what was there; as owner, its own
  // records come back.
  virtual void Progress(Partition partition) = 0;
  // Gives up all claims for good, so that others need not wait. Returns once they know, or after a
  // moment.
  virtual void Leave() = 0;
  // Empty, or why this instance knows nothing of the others: for readiness.
  virtual std::string Trouble() const { return ""; }
};

}  // namespace escalation
