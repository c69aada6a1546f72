// daemon/tenure.h
//
// Whether this instance owns a partition, and how surely: what the log says of takings, and which
// records of its own it has read back. A state machine without I/O.
//
//   Input       the claim (ownership.h); takings read from the log; own records that were read back
//   Output      when to append OwnerTook; whether it leads; the lease of its effects
//   Invariants  1. it leads from reading its own taking on, until it reads another's, or loses its
//                  claim
//               2. an effect of a shared log has a lease only for kFresh after a record of its own
//                  was written that stands behind the deciding one and was read back: when it was
//                  written no other had taken the partition
//               3. a claim that another's taking has answered is taken up again after kTakeAgain,
//                  so that a partition is not left alone by two that crossed
//   Time        enters as arguments
//   Errors      none
//   Threads     one owner
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "daemon/deliver/dispatch_queue.h"
#include "escalation/v1/event.pb.h"
#include "state/base/ids.h"
#include "state/base/instant.h"

namespace escalation {

class Tenure {
 public:
  static constexpr Duration kFresh = Duration::Seconds(2);
  static constexpr Duration kTakeAgain = Duration::Seconds(3);
  static constexpr Duration kTryAgain = Duration::Seconds(1);
  static constexpr Lease kNoLease{Instant::Never(), Instant::Past()};

  // kSole: no other process can write this log, so it leads at once, and its leases never end.
  enum class Writers { kSole, kShared };
  // `instance`: unlike that of every other process.
  Tenure(std::string instance, Writers writers)
      : instance_(std::move(instance)), writers_(writers) {}

  // The claim as it is now, 0: none. Returns false if that ended the lead. Not for a sole writer.
  bool Claim(uint64_t claim);
  // At the log's end: the taking to append now, or nothing. `epoch`: the highest in the log.
  std::optional<v1::OwnerTook> Take(Instant now, uint64_t epoch);
  // It could not be appended.
  void TakingFailed(Instant now);

  enum class Change { kNone, kLeads, kOusted };
  // A taking that was read; `written`: when its writer gave it to the log.
  Change Read(const v1::OwnerTook& taken, Offset offset, Instant written, Instant now);
  // Another record of its own was read back.
  void ReadBack(Offset offset, Instant written);

  bool shared() const { return writers_ == Writers::kShared; }
  bool leads() const { return took_ || (!shared() && !ousted_); }
  // Its taking came back: the log takes its records.
  bool took() const { return took_; }
  uint64_t epoch() const { return epoch_; }
  // Of effects that records before `end` decided.
  Lease LeaseOf(Offset end) const;
  // Of those that stand before the latest own record.
  Lease lease() const;

 private:
  const std::string instance_;
  const Writers writers_;
  uint64_t claim_ = 0;
  // OwnerTook is under way; its epoch.
  bool taking_ = false;
  uint64_t epoch_ = 0;
  // It was read back.
  bool took_ = false;
  bool ousted_ = false;
  Instant not_before_ = Instant::Past();
  // The latest own record that was read back, and when it was written.
  Offset own_{-1};
  Instant own_written_ = Instant::Past();
};

}  // namespace escalation
