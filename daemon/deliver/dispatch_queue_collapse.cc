// What of a page need not leave any more: because it was closed, taken up, or kept back.

#include "daemon/deliver/dispatch_queue.h"

namespace escalation {

void DispatchQueue::OnAcknowledged(const v1::PageAcknowledgedAtPager& acknowledged) {
  const std::string& key = acknowledged.key();
  const std::string run = key.substr(0, key.rfind('/') + 1);
  for (auto& [id, item] : board_.items()) {
    const v1::PageRequested& page = item.delivery.decision.page_requested();
    if (item.operation != v1::PageOutcome::TRIGGER || !page.key().starts_with(run)) continue;
    if (page.generation() > acknowledged.generation() || page.key() == key) continue;
    item.kept_back = "acknowledged";
    KeepBack(&item);
  }
}

void DispatchQueue::KeepBack(DispatchItem* item) {
  if (item->kept_back.empty()) return;
  if (MayLeaveDigest(*item)) LeaveDigest(item);
  if (item->stage == Stage::kWaiting) {
    Settle(item, v1::PageOutcome::SUPPRESSED, item->kept_back);
  }
}

bool DispatchQueue::HoldsUpClose(DispatchItem* item) {
  if (MayLeaveDigest(*item)) LeaveDigest(item);
  if (item->stage == Stage::kWaiting) {
    Settle(item, v1::PageOutcome::SUPPRESSED,
           item->maybe_sent ? "closed before it was confirmed" : "closed before it was sent");
  }
  return item->IsUnsettled();
}

void DispatchQueue::Collapse(const std::string& page) {
  const std::set<DeliveryId>& ids = board_.Page(page);
  DispatchItem* close = nullptr;
  std::string digest;
  for (const DeliveryId id : ids) {
    DispatchItem* const item = board_.Find(id);
    if (item->operation == v1::PageOutcome::CLOSE) close = item;
    if (item->operation == v1::PageOutcome::TRIGGER) digest = item->digest;
    // Whoever is told of the digest hears nothing of its pages.
    if (item->operation == v1::PageOutcome::ACKNOWLEDGE && item->stage == Stage::kWaiting &&
        !digest.empty()) {
      Settle(item, v1::PageOutcome::SUPPRESSED, "its page is in a digest");
    }
  }
  if (close == nullptr || close->IsOfDigest()) return;
  bool may_be_open = true;  // Unless a trigger is here that never left.
  bool held_up = false;
  for (const DeliveryId id : ids) {
    DispatchItem& item = *board_.Find(id);
    if (id >= close->id) break;
    held_up = HoldsUpClose(&item) || held_up;
    if (item.operation == v1::PageOutcome::TRIGGER) may_be_open = item.maybe_sent;
    if (may_be_open && !item.digest.empty()) close->digest = item.digest;
  }
  if (held_up || close->stage != Stage::kWaiting) return;
  if (!may_be_open) {
    if (!close->maybe_sent) Settle(close, v1::PageOutcome::SUPPRESSED, "its page was not sent");
  } else if (!close->digest.empty()) {
    CloseMember(close);
  }
}

}  // namespace escalation
