#include "daemon/tenure.h"

#include <algorithm>

namespace escalation {

bool Tenure::Claim(uint64_t claim) {
  if (claim == claim_) return true;
  claim_ = claim;
  const bool led = took_;
  // A taking that is under way may still land; it counts for nothing without the claim.
  taking_ = false;
  took_ = false;
  not_before_ = Instant::Past();
  return !led;
}

std::optional<v1::OwnerTook> Tenure::Take(Instant now, uint64_t epoch) {
  if (shared() && claim_ == 0) return std::nullopt;
  // A clock that was set back must not keep the partition alone.
  not_before_ = std::min(not_before_, now + kTakeAgain);
  if (taking_ || took_ || now < not_before_) return std::nullopt;
  taking_ = true;
  epoch_ = epoch + 1;
  v1::OwnerTook taking;
  taking.set_instance(instance_);
  taking.set_epoch(epoch_);
  return taking;
}

void Tenure::TakingFailed(Instant now) {
  if (!taking_) return;
  taking_ = false;
  not_before_ = now + kTryAgain;
}

Tenure::Change Tenure::Read(const v1::OwnerTook& taken, Offset offset, Instant written,
                            Instant now) {
  if (taken.instance() == instance_ && taken.epoch() == epoch_) {
    if (shared() && claim_ == 0) return Change::kNone;
    ReadBack(offset, written);
    taking_ = false;
    if (took_) return Change::kNone;
    took_ = true;
    return Change::kLeads;
  }
  if (!took_) return Change::kNone;
  took_ = false;
  ousted_ = true;
  not_before_ = now + kTakeAgain;
  return Change::kOusted;
}

void Tenure::ReadBack(Offset offset, Instant written) {
  if (offset <= own_) return;
  own_ = offset;
  own_written_ = written;
}

Lease Tenure::LeaseOf(Offset end) const {
  if (!shared()) return {};
  if (!took_ || own_.value < end.value - 1) return kNoLease;
  return {own_written_, own_written_ + kFresh};
}

Lease Tenure::lease() const { return LeaseOf(Offset{0}); }

}  // namespace escalation
