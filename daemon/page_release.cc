#include "daemon/page_release.h"

#include <algorithm>
#include <utility>

#include "daemon/answered_page.h"
#include "daemon/deliver/delivery.h"
#include "escalation/v1/state.pb.h"
#include "state/base/text.h"
#include "state/partition/keys.h"

namespace escalation {
namespace {

// Pages handed to the dispatcher at once.
constexpr size_t kReleaseMax = 1'000;
// A page this much after its moment says how late it is.
constexpr Duration kLateAfter = Duration::Minutes(1);

}  // namespace

void PageRelease::Hold(v1::Decision decision, Offset end) {
  held_.push_back({std::move(decision), end, world_.now(), Held::Sent::kNot, {}, false});
}

size_t PageRelease::CountFree(bool caught_up, const Tenure& tenure) const {
  const Instant now = world_.now();
  size_t count = 0;
  for (const Held& held : held_) {
    const bool sure = tenure.shared() ? tenure.LeaseOf(held.end).Holds(now) : caught_up;
    if (!sure && now < held.since + kHoldMax) break;
    ++count;
  }
  return count;
}

void PageRelease::NoticePause() {
  const Instant now = world_.now();
  if (looked_ != Instant::Past() && now > looked_ + kPauseMax) {
    for (Held& held : held_) held.since = now;
  }
  looked_ = now;
}

absl::Status PageRelease::Release(bool caught_up, const Tenure& tenure) {
  if (tenure.shared()) NoticePause();
  size_t free = CountFree(caught_up, tenure);
  if (free == 0) return absl::OkStatus();
  const Instant now = world_.now();
  if (world_.dispatcher != nullptr && tenure.shared()) {
    // After kHoldMax far behind the log's end there is no fresher sign than a loop that runs.
    const Lease sure = tenure.LeaseOf(held_.front().end);
    world_.dispatcher->SetLease(partition_,
                                sure.Holds(now) ? sure : Lease{now, now + Tenure::kFresh});
  }
  // Not so for what leaves only because it waited too long: what supersedes it may be answered.
  if (caught_up || tenure.shared()) MarkSuperseded(free);
  while (free > 0) {
    // Together, so that a page whose close is known already does not leave.
    std::vector<Delivery> leaving;
    for (size_t i = 0; i < std::min(free, kReleaseMax); ++i) {
      const Held& held = held_[i];
      leaving.push_back(DeliveryOf(held.decision, held.sent == Held::Sent::kPerhaps, held.pending));
      if (held.superseded) leaving.back().kept_back = "superseded";
    }
    const size_t offered = leaving.size();
    size_t taken = offered;
    if (world_.dispatcher != nullptr) {
      const absl::StatusOr<size_t> enqueued = world_.dispatcher->Enqueue(std::move(leaving));
      if (!enqueued.ok()) return enqueued.status();
      taken = *enqueued;
    }
    held_.erase(held_.begin(), held_.begin() + static_cast<ptrdiff_t>(taken));
    free -= taken;
    // What was not taken is offered again with the next turn.
    if (taken < offered) break;
  }
  return absl::OkStatus();
}

void PageRelease::MarkSuperseded(size_t count) {
  // By run of an escalation and route: the newest generation that waits.
  const auto run_of = [](const v1::PageRequested& page) {
    return std::pair(page.key().substr(0, page.key().rfind('/')), page.route());
  };
  std::map<std::pair<std::string, std::string>, int> newest;
  for (size_t i = 0; i < count; ++i) {
    if (!held_[i].decision.has_page_requested()) continue;
    const v1::PageRequested& page = held_[i].decision.page_requested();
    int& generation = newest[run_of(page)];
    generation = std::max(generation, page.generation());
  }
  for (size_t i = 0; i < count; ++i) {
    if (!held_[i].decision.has_page_requested()) continue;
    const v1::PageRequested& page = held_[i].decision.page_requested();
    held_[i].superseded = page.generation() < newest[run_of(page)];
  }
}

absl::Status PageRelease::ReleasePending() {
  absl::Status status;
  std::vector<Held> left;
  const absl::Status scanned = world_.state->Scan(
      keys::Pending(0), keys::PrefixEnd("d"), [&](std::string_view key, std::string_view value) {
        v1::PendingDelivery pending;
        if (!pending.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
          status = absl::DataLossError(
              Cat("pending delivery ", keys::ReadU64(key.substr(1)), " cannot be decoded"));
          return false;
        }
        left.push_back(
            {pending.decision(), Offset{0}, world_.now(), Held::Sent::kPerhaps, {}, false});
        return true;
      });
  if (!scanned.ok() || !status.ok()) return scanned.ok() ? status : scanned;
  std::vector<Delivery> leaving;
  for (Held& held : left) {
    absl::StatusOr<PendingPage> pending = FindPendingPage(*world_.state, held.decision);
    if (!pending.ok()) return pending.status();
    held.pending = *std::move(pending);
    leaving.push_back(DeliveryOf(held.decision, true, held.pending));
  }
  if (world_.dispatcher == nullptr) return absl::OkStatus();
  // Together, as in Release.
  const absl::StatusOr<size_t> taken = world_.dispatcher->Enqueue(std::move(leaving));
  if (!taken.ok()) return taken.status();
  for (size_t i = *taken; i < left.size(); ++i) held_.push_back(std::move(left[i]));
  return absl::OkStatus();
}

void PageRelease::Forget() {
  held_.clear();
  if (world_.dispatcher == nullptr) return;
  world_.dispatcher->SetLease(partition_, Tenure::kNoLease);
  world_.dispatcher->Forget(partition_);
}

bool PageRelease::WantsLease(const Tenure& tenure) const {
  return tenure.shared() && !held_.empty() && !tenure.LeaseOf(held_.back().end).Holds(world_.now());
}

Delivery PageRelease::DeliveryOf(v1::Decision decision, bool maybe_sent,
                                 const PendingPage& pending) const {
  Delivery delivery;
  delivery.kept_back = pending.kept_back;
  delivery.delivered = pending.delivered;
  delivery.digest = pending.digest;
  delivery.partition = partition_;
  const auto severities = severities_.find(decision.tenant());
  if (severities != severities_.end()) {
    const auto& names = severities->second;
    const auto found = std::find(names.begin(), names.end(), decision.page_requested().severity());
    if (found != names.end()) delivery.severity_rank = static_cast<int>(found - names.begin());
  }
  const Duration late = world_.now() - FromProto(decision.at());
  if (decision.has_page_requested() && late > kLateAfter) {
    delivery.late_by = Duration::Seconds(late.ms / 1000);  // People read it.
  }
  delivery.maybe_sent = maybe_sent;
  delivery.decision = std::move(decision);
  return delivery;
}

}  // namespace escalation
