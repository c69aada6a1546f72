// Pages that stay known behind their delivery: some are renewed while they are open, some are
// closed together with others. The log keeps their deliveries pending as long, so a successor knows
// them.

#include <algorithm>

#include "daemon/deliver/dispatch_queue.h"

namespace escalation {

Duration DispatchQueue::RenewEvery(const DispatchItem& item) const {
  const auto route = routes_.find(item.route);
  if (route == routes_.end()) return Duration{0};
  return ProviderOf(route->second.provider).RenewEvery();
}

bool DispatchQueue::Stands(const DispatchItem& item) const {
  const v1::Decision& decision = item.delivery.decision;
  // Nobody closes a digest of the fold.
  if (decision.has_page_requested()) return !item.digest.empty() || RenewEvery(item).ms > 0;
  if (!decision.has_page_acknowledged() || RenewEvery(item).ms == 0) return false;
  // Nor a page that never arrived, whoever has taken it up.
  const std::set<DeliveryId>& page = board_.Page(item.page);
  return std::any_of(page.begin(), page.end(), [&](DeliveryId id) {
    const v1::PageOutcome& outcome = board_.items().at(id).outcome;
    return id != item.id && outcome.outcome() == v1::PageOutcome::DELIVERED &&
           outcome.decision_seq() == 0;
  });
}

void DispatchQueue::Stand(DispatchItem* item, Instant renew_at) {
  item->stands = true;
  item->stage = Stage::kStanding;
  item->attempts = 0;
  item->not_before = RenewEvery(*item).ms > 0 ? renew_at : Instant::Never();
  Address(item);
  Moved(*item);
}

void DispatchQueue::StandAgain(DispatchItem* item) {
  item->maybe_sent = true;
  const bool triggers = item->operation == v1::PageOutcome::TRIGGER;
  // The route may be another provider's by now.
  if (triggers && !Stands(*item)) return Settle(item, v1::PageOutcome::DELIVERED, "");
  SetOutcome(item, v1::PageOutcome::DELIVERED, "");
  item->outcome.clear_decision_seq();
  if (!item->digest.empty()) {
    DispatchDigest& digest = digests_[item->digest];
    digest.key = item->digest;
    digest.partition = item->id.partition;
    digest.tenant = item->delivery.decision.tenant();
    digest.route = item->route;
    digest.maybe_open = true;
    digest.members.insert(item->id);
  }
  // What happened meanwhile is not known, so it is renewed now.
  Stand(item, latest_);
  if (!triggers) EndStandingOf(item->page, item);
}

void DispatchQueue::Renewed(DispatchItem* item, const Verdict& verdict, Instant now) {
  const bool delivered = verdict.kind == Verdict::Kind::kDelivered;
  const Duration every = RenewEvery(*item);
  // What is refused for good now may be taken the next time.
  const Duration wait = delivered ? every : std::min(every, WaitAfter(*item, verdict, now));
  const int attempts = delivered ? 0 : item->attempts;
  Stand(item, now + wait);
  item->attempts = attempts;
  if (item->ends) EndStanding(item);
}

void DispatchQueue::EndStanding(DispatchItem* item) {
  item->stands = false;
  item->ends = false;
  item->enqueued = latest_;  // What is to be done now begins now.
  SetOutcome(item, v1::PageOutcome::DELIVERED, "it stands no longer");
  item->stage = Stage::kSettled;
  Moved(*item);
}

void DispatchQueue::EndStandingOf(const std::string& page, const DispatchItem* but) {
  for (const DeliveryId id : board_.Page(page)) {
    DispatchItem* const item = board_.Find(id);
    if (item == but || item->outcome.outcome() != v1::PageOutcome::DELIVERED) continue;
    if (item->outcome.decision_seq() != 0) continue;
    switch (item->stage) {
      case Stage::kStanding:
        EndStanding(item);
        break;
      case Stage::kSettled:
        item->outcome.set_decision_seq(item->delivery.decision.seq());
        break;
      default:
        item->ends = true;
        break;
    }
  }
}

}  // namespace escalation
