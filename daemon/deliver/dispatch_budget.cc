#include "daemon/deliver/dispatch_budget.h"

namespace escalation {

bool DispatchBudget::MayLeave(Instant now, size_t in_flight_max, Instant* next) {
  while (!sent_.empty() && sent_.front() + kWindow <= now) sent_.pop_front();
  if (in_flight_ >= in_flight_max) return false;  // A reply will wake us.
  if (not_before_ > now) {
    *next = std::min(*next, not_before_);
    return false;
  }
  if (per_minute_max_ > 0 && sent_.size() >= static_cast<size_t>(per_minute_max_)) {
    *next = std::min(*next, sent_.front() + kWindow);
    return false;
  }
  return true;
}

void DispatchBudget::Left(Kind kind, Instant now) {
  if (per_minute_max_ > 0) sent_.push_back(now);
  ++in_flight_;
  closings_in_a_row_ = kind == Kind::kClosing ? closings_in_a_row_ + 1 : 0;
}

void DispatchBudget::CameBack() {
  if (in_flight_ > 0) --in_flight_;
}

}  // namespace escalation
