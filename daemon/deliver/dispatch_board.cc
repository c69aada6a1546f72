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
    if (items_.at(id).IsUnsettled()) return false;
  }
  return true;
}

bool DispatchBoard::IsAloneOnPage(const DispatchItem& item) const {
  const std::set<DeliveryId>& page = Page(item.page);
  return std::all_of(page.begin(), page.end(),
                     [&](DeliveryId id) { return id == item.id || !items_.at(id).IsUnsettled(); });
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
    case Place::Kind::kReady:
      (ready_[place.group].*place.turns).erase(place.turn);
      break;
    case Place::Kind::kMoment:
      moments_.erase({place.moment, item.id});
      break;
    case Place::Kind::kSettled:
      settled_.erase(item.id);
      break;
  }
  places_.erase(found);
}

void DispatchBoard::EnterAt(Instant moment, const DispatchItem& item, Place* place) {
  if (moment == Instant::Never()) return;
  place->kind = Place::Kind::kMoment;
  place->moment = moment;
  moments_.insert({moment, item.id});
}

void DispatchBoard::EnterReady(const DispatchItem& item, Place* place) {
  place->kind = Place::Kind::kReady;
  place->group = item.group;
  place->turns = item.stage == Stage::kStanding             ? &Ready::renewals
                 : item.operation == v1::PageOutcome::CLOSE ? &Ready::closings
                                                            : &Ready::others;
  place->turn = {item.delivery.severity_rank, item.enqueued, item.id};
  (ready_[place->group].*place->turns).insert(place->turn);
}

void DispatchBoard::Enter(const DispatchItem& item, Instant now) {
  Place& place = places_[item.id];
  place.stage = item.stage;
  ++count_[static_cast<size_t>(place.stage)];
  switch (item.stage) {
    case Stage::kWaiting:
      if (item.unmarked > 0) return;  // It may be reported failed only when nothing is under way.
      place.deadline = item.give_up_at;
      deadlines_.insert({place.deadline, item.id});
      if (!IsHeadOfPage(item)) return;
      // What no route takes need not wait.
      if (item.not_before > now && !item.group.empty()) {
        return EnterAt(item.not_before, item, &place);
      }
      return EnterReady(item, &place);
    case Stage::kMarked:
    case Stage::kSettled:
      if (item.not_before > now) return EnterAt(item.not_before, item, &place);
      place.kind = Place::Kind::kSettled;
      settled_.insert(item.id);
      return;
    case Stage::kStanding:
      if (item.not_before > now) return EnterAt(item.not_before, item, &place);
      if (!item.group.empty() && IsAloneOnPage(item)) EnterReady(item, &place);
      return;
    default:
      return;
  }
}

void DispatchBoard::Moved(const DispatchItem& item, Instant now) {
  for (const DeliveryId id : Page(item.page)) {
    const DispatchItem& other = items_.at(id);
    Leave(other);
    Enter(other, now);
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
