// Who leads: claims, takings and leases.
#include <optional>
#include <string>
#include <utility>

#include "daemon/logging.h"
#include "daemon/pipeline.h"
#include "escalation/v1/event.pb.h"
#include "state/base/text.h"

namespace escalation {

void Pipeline::CheckClaim() {
  if (world_.ownership == nullptr) return;
  {
    // What is under way comes to its end, though nobody owns the partition any more.
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
  }
  if (!tenure_.Claim(world_.ownership->ClaimOf(options_.partition))) {
    StandDown("its claim has ended");
  }
}

// Written once the log was read to its end.
void Pipeline::Take() {
  {
    const std::lock_guard lock(mutex_);
    if (taking_failed_) tenure_.TakingFailed(world_.now());
    taking_failed_ = false;
  }
  std::optional<v1::OwnerTook> taking = tenure_.Take(world_.now(), fold_->owner_epoch());
  if (!taking.has_value()) return;
  v1::Event event;
  ToProto(world_.now(), event.mutable_written_at());
  *event.mutable_owner_took() = *std::move(taking);
  world_.log->Append(options_.partition, event.SerializeAsString(),
                     [this](const absl::StatusOr<Appended>& appended) {
                       const std::lock_guard lock(mutex_);
                       taking_failed_ = !appended.ok();
                     });
}

absl::Status Pipeline::Begin() {
  if (begun_ || !world_.lead_begins) return absl::OkStatus();
  absl::Status status = world_.lead_begins();
  begun_ = status.ok();
  if (!begun_) {
    LogWarning("the lead cannot begin yet",
               {{"partition", Cat(options_.partition)}, {"error", std::string(status.message())}});
  }
  return status;
}

absl::Status Pipeline::CheckOwner(std::span<const FoldRecord> records) {
  for (const FoldRecord& record : records) {
    if (!record.event.has_owner_took()) continue;
    const v1::OwnerTook& taken = record.event.owner_took();
    const Instant written = FromProto(record.event.written_at());
    if (tenure_.Read(taken, record.offset, written, world_.now()) != Tenure::Change::kOusted) {
      continue;
    }
    const std::string why =
        Cat("instance ", taken.instance(), " took it with epoch ", taken.epoch());
    if (!tenure_.shared()) {
      return absl::AbortedError(Cat("partition ", options_.partition, ": ", why, ", this is ",
                                    options_.instance, " with epoch ", tenure_.epoch()));
    }
    StandDown(why);
  }
  return absl::OkStatus();
}

void Pipeline::WantLease() {
  const std::lock_guard lock(mutex_);
  lease_wanted_ = true;
}

void Pipeline::NoteTick() {
  if (!tenure_.shared()) return;
  const std::lock_guard lock(mutex_);
  if (!tick_landed_.has_value() || *tick_landed_ < 0) return;
  if (*tick_landed_ >= fold_->position().value) return;
  tenure_.ReadBack(Offset{*tick_landed_}, tick_written_);
  if (!delivers_ || world_.dispatcher == nullptr || !tenure_.leads()) return;
  const Lease lease = tenure_.lease();
  lease_wanted_ = lease_wanted_ && !lease.Holds(world_.now());
  world_.dispatcher->SetLease(options_.partition, lease);
}

}  // namespace escalation
