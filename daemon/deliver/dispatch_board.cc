#include "daemon/deliver/dispatch_board.h"

#include <algorithm>

#include "state/base/check.h"
#include "state/base/text.h"

namespace escalation {

using Stage = DispatchItem::Stage;

DispatchItem& DispatchBoard::Add(DispatchItem item) {
  const DeliveryId id = item.id;
  pages_[item.page].insert(id);
  const auto [added, is_new] = items_.try_emplace(id, std::move(item));
  ESCALATION_CHECK(is_new, Cat("delivery ", id.seq, " of partition ", id.partition));
  return added->second;
}

DispatchItem* DispatchBoard::Find(DeliveryId id) {
  const auto found = items_.find(id);
  return found == items_.end() ? nullptr : &found->second;
}

void DispatchBoard::Remove(const DispatchItem& item) {
  Leave(item);
  const auto page = pages_.find(item.page);
  page->second.erase(item.id);
  if (page->second.empty()) pages_.erase(page);
  items_.erase(item.id);
}

const std::set<DeliveryId>& DispatchBoard::Page(const std::string& page) const {
  static const auto* const none = new std::set<DeliveryId>();
  const auto found = pages_.find(page);
  return found == pages_.end() ? *none : found->second;
}

bool DispatchBoard::IsHeadOfPage(const DispatchItem& item) const {
  for (const DeliveryId id : Page(item.page)) {
    if (id >= item.id) return true;
    const Stage stage = items_.at(id).stage;
    if (stage == Stage::kWaiting || stage == Stage::kInFlight) return false;
  }
  return true;
}

void DispatchBoard::Leave(const DispatchItem& item) {
  const auto found = places_.find(item.id);
  if (found == places_.end()) return;
  const Place& place = found->second;
  --count_[static_cast<size_t>(place.stage)];
  deadlines_.erase({place.deadline, item.id});
  switch (place.kind) {
    case Place::Kind::kNowhere:
      break;
    case Place::Kind::kReady: {
      Ready& ready = ready_[place.group];
      (place.closes ? ready.closings : ready.others).erase(place.turn);
      break;
    }
    case Place::Kind::kMoment:
      moments_.erase({place.moment, item.id});
      break;
    case Place::Kind::kSettled:
      settled_.erase(item.id);
      break;
  }
  places_.erase(found);
}

void DispatchBoard::Enter(const DispatchItem& item, Instant now) {
  Place& place = places_[item.id];
  place.stage = item.stage;
  ++count_[static_cast<size_t>(place.stage)];
  const bool waits = item.stage == Stage::kWaiting;
  if (waits) {
    place.deadline = item.give_up_at;
    deadlines_.insert({place.deadline, item.id});
  }
  if (!(waits && IsHeadOfPage(item)) && item.stage != Stage::kSettled) return;
  // What no route takes need not wait.
  if (item.not_before > now && !(waits && item.group.empty())) {
    place.kind = Place::Kind::kMoment;
    place.moment = item.not_before;
    moments_.insert({place.moment, item.id});
    return;
  }
  if (!waits) {
    place.kind = Place::Kind::kSettled;
    settled_.insert(item.id);
    return;
  }
  place.kind = Place::Kind::kReady;
  place.group = item.group;
  place.closes = item.operation == v1::PageOutcome::CLOSE;
  place.turn = {item.delivery.severity_rank, item.enqueued, item.id};
  Ready& ready = ready_[place.group];
  (place.closes ? ready.closings : ready.others).insert(place.turn);
}

void DispatchBoard::Moved(const DispatchItem& item, Instant now) {
  const std::set<DeliveryId>& page = Page(item.page);
  for (auto id = page.find(item.id); id != page.end(); ++id) {
    const DispatchItem& behind = items_.at(*id);
    Leave(behind);
    Enter(behind, now);
  }
}

void DispatchBoard::AllMoved(Instant now) {
  for (const auto& [id, item] : items_) {
    Leave(item);
    Enter(item, now);
  }
}

void DispatchBoard::Wake(Instant now) {
  while (!moments_.empty() && moments_.begin()->first <= now) {
    const DispatchItem& item = items_.at(moments_.begin()->second);
    Leave(item);
    Enter(item, now);
  }
}

Instant DispatchBoard::NextMoment() const {
  return moments_.empty() ? Instant::Never() : moments_.begin()->first;
}

}  // namespace escalation
