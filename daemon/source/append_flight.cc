#include "daemon/source/append_flight.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace escalation {

std::shared_ptr<AppendFlight> AppendFlight::Launch(Log* log, Partition partition,
                                                   std::vector<FlightItem> items) {
  std::shared_ptr<AppendFlight> flight(new AppendFlight(std::move(items)));
  std::vector<Log::ToAppend> records;
  records.reserve(flight->items_.size());
  for (size_t i = 0; i < flight->items_.size(); ++i) {
    // A copy: what fails is handed over again.
    records.push_back({flight->items_[i].value, [flight, i](const absl::StatusOr<Appended>& fate) {
                         const std::lock_guard lock(flight->mutex_);
                         flight->fates_[i] = fate.status();
                         if (--flight->left_ == 0) flight->changed_.notify_all();
                       }});
  }
  log->AppendTogether(partition, std::move(records));
  return flight;
}

bool AppendFlight::Wait(Duration timeout) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::milliseconds(timeout.ms),
                    [this] { return left_ == 0 || woken_; });
  woken_ = false;
  return left_ == 0;
}

void AppendFlight::Wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  changed_.notify_all();
}

std::vector<AppendFlight::Failed> AppendFlight::TakeFailed() {
  const std::lock_guard lock(mutex_);
  std::vector<Failed> failed;
  bool overtaken = false;
  for (size_t i = fates_.size(); i-- > 0;) {
    if (fates_[i]->ok()) {
      overtaken = true;
    } else {
      failed.push_back({std::move(items_[i]), *fates_[i], overtaken});
    }
  }
  std::reverse(failed.begin(), failed.end());
  return failed;
}

}  // namespace escalation
