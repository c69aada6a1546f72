// The queue's digests: what is put into one, what leaves it again, how it ends. Rules:
// dispatch_digest.h.

#include <algorithm>
#include <iterator>
#include <tuple>

#include "daemon/deliver/dispatch_queue.h"
#include "state/base/check.h"
#include "state/base/text.h"

namespace escalation {

bool DispatchQueue::MayBeDigested(const DispatchItem& item) const {
  return item.operation == v1::PageOutcome::TRIGGER && !item.IsOfDigest() && item.digest.empty() &&
         !item.maybe_sent && item.delivery.decision.has_page_requested() &&
         RenewEvery(item).ms == 0 && IsLeased(item.id.partition);
}

void DispatchQueue::FormDigests(const std::string& group, const DispatchBoard::Ready& ready) {
  const int per_minute_max = budgets_[group].per_minute_max();
  if (per_minute_max == 0) return;
  const auto fit = static_cast<size_t>(
      std::max<int64_t>(per_minute_max * options_.digest_after.ms / DispatchBudget::kWindow.ms, 1));
  // Closings leave first, but not all of the time.
  const size_t left = fit > ready.closings.size() ? fit - ready.closings.size() : 0;
  const size_t pages_max = std::max(left, fit / (DispatchBudget::kClosingsInARow + 1));
  if (ready.others.size() <= pages_max) return;
  // The digest is a request, too.
  size_t excess = ready.others.size() - pages_max + 1;
  std::map<std::tuple<Partition, std::string, std::string>, std::vector<DispatchItem*>> together;
  for (auto turn = ready.others.rbegin(); excess > 0 && turn != ready.others.rend(); ++turn) {
    DispatchItem* const item = board_.Find(turn->id);
    if (!MayBeDigested(*item)) continue;
    together[{turn->id.partition, item->delivery.decision.tenant(), item->route}].push_back(item);
    --excess;
  }
  for (auto& [who, items] : together) {
    const auto& [partition, tenant, route] = who;
    DispatchDigest* digest = FindForming(partition, tenant, route);
    if (digest == nullptr && items.size() < 2) continue;
    std::sort(items.begin(), items.end(),
              [](const DispatchItem* a, const DispatchItem* b) { return a->id < b->id; });
    if (digest == nullptr) {
      std::string key = DigestKey(items.front()->delivery, route);
      digest = &digests_[key];
      *digest = {std::move(key), partition, tenant, route, {}, {}, {}, {}, {}, false};
    }
    for (DispatchItem* const item : items) Join(item, digest);
  }
}

DispatchDigest* DispatchQueue::FindForming(Partition partition, const std::string& tenant,
                                           const std::string& route) {
  for (auto& [key, digest] : digests_) {
    if (digest.partition != partition || digest.tenant != tenant || digest.route != route) continue;
    if (digest.maybe_open || digest.request.seq == 0) continue;
    const DispatchItem* const request = board_.Find(digest.request);
    if (request->stage == Stage::kWaiting && request->attempts == 0) return &digest;
  }
  return nullptr;
}

DispatchItem& DispatchQueue::RequestOf(DispatchDigest* digest, const DispatchItem& member) {
  if (digest->request.seq != 0) return *board_.Find(digest->request);
  DispatchItem request;
  request.id = {digest->partition, member.id.seq | kDigestSeq};
  request.page = Cat(digest->key, "\n", digest->route);
  request.route = digest->route;
  request.digest = digest->key;
  request.enqueued = member.enqueued;
  request.delivery.severity_rank = member.delivery.severity_rank;
  request.delivery.decision.mutable_page_digest()->set_route(digest->route);
  digest->request = request.id;
  return board_.Add(std::move(request));
}

void DispatchQueue::Ride(DispatchItem* item, DispatchDigest* digest, Stage stage) {
  DispatchItem& request = RequestOf(digest, *item);
  request.enqueued = std::min(request.enqueued, item->enqueued);
  int& rank = request.delivery.severity_rank;
  rank = std::max(rank, item->delivery.severity_rank);
  if (stage == Stage::kMarked) ++request.unmarked;
  item->stage = stage;
  digest->members.insert(item->id);
  digest->riders.insert(item->id);
  Moved(*item);
  Address(&request);
  Moved(request);
}

void DispatchQueue::Join(DispatchItem* item, DispatchDigest* digest) {
  item->digest = digest->key;
  SetOutcome(item, v1::PageOutcome::DIGESTED, "");
  item->outcome.set_destination(DestinationText(item->route, item->digest));
  item->outcome.clear_decision_seq();
  Ride(item, digest, Stage::kMarked);
}

void DispatchQueue::JoinAgain(DispatchItem* item) {
  DispatchDigest& digest = digests_[item->digest];
  digest.key = item->digest;
  digest.partition = item->id.partition;
  digest.tenant = item->delivery.decision.tenant();
  digest.route = item->route;
  digest.maybe_open = true;
  RequestOf(&digest, *item).maybe_sent = true;
  Ride(item, &digest, Stage::kRiding);
}

void DispatchQueue::Describe(DispatchItem* request) {
  const DispatchDigest& digest = digests_.at(request->digest);
  std::vector<const DispatchItem*> members;
  for (const DeliveryId id : digest.riders) members.push_back(board_.Find(id));
  std::sort(members.begin(), members.end(), [](const DispatchItem* a, const DispatchItem* b) {
    return DispatchTurn{a->delivery.severity_rank, a->enqueued, a->id} <
           DispatchTurn{b->delivery.severity_rank, b->enqueued, b->id};
  });
  std::string receipt = std::move(request->delivery.receipt);
  request->delivery = DigestDelivery(digest, members);
  request->delivery.receipt = std::move(receipt);
}

void DispatchQueue::MarkKept(DispatchItem* item, bool kept, Instant now) {
  if (!kept) {
    item->stage = Stage::kMarked;
    item->not_before = now + kReportAgainAfter;
    return Moved(*item);
  }
  item->stage = Stage::kRiding;
  DispatchItem& request = *board_.Find(digests_.at(item->digest).request);
  --request.unmarked;
  Moved(*item);
  Moved(request);
  KeepBack(item);
  Collapse(item->page);
}

bool DispatchQueue::MayLeaveDigest(const DispatchItem& item) {
  if (item.operation == v1::PageOutcome::CLOSE) return false;
  if (item.stage != Stage::kMarked && item.stage != Stage::kRiding) return false;
  return board_.Find(digests_.at(item.digest).request)->stage == Stage::kWaiting;
}

void DispatchQueue::LeaveDigest(DispatchItem* item) {
  DispatchDigest& digest = digests_.at(item->digest);
  DispatchItem& request = *board_.Find(digest.request);
  if (item->stage == Stage::kMarked) --request.unmarked;
  digest.members.erase(item->id);
  digest.riders.erase(item->id);
  item->maybe_sent = request.maybe_sent;
  if (!request.maybe_sent) item->digest.clear();
  item->stage = Stage::kWaiting;
  Moved(*item);
  if (!digest.riders.empty()) return Moved(request);
  digest.maybe_open = digest.maybe_open || request.maybe_sent;
  board_.Remove(request);
  digest.request = {};
  if (digest.members.empty() && !digest.maybe_open) digests_.erase(std::string(digest.key));
}

void DispatchQueue::RidersMayLeave(DeliveryId request) {
  const DispatchItem* const item = board_.Find(request);
  if (item == nullptr || !item->IsOfDigest() || item->stage != Stage::kWaiting) return;
  const std::set<DeliveryId> riders = digests_.at(item->digest).riders;
  for (const DeliveryId id : riders) {
    DispatchItem* const rider = board_.Find(id);
    KeepBack(rider);
    Collapse(rider->page);
  }
}

void DispatchQueue::SettleDigest(DispatchItem* request, v1::PageOutcome::Outcome outcome,
                                 const std::string& reason) {
  DispatchDigest& digest = digests_.at(request->digest);
  const bool closes = request->operation == v1::PageOutcome::CLOSE;
  const bool delivered = outcome == v1::PageOutcome::DELIVERED;
  const std::set<DeliveryId> riders = std::exchange(closes ? digest.closers : digest.riders, {});
  const int attempts = request->attempts;
  const bool maybe_sent = request->maybe_sent;
  (closes ? digest.closing : digest.request) = {};
  board_.Remove(*request);
  digest.maybe_open = closes ? false : digest.maybe_open || maybe_sent;
  for (const DeliveryId id : riders) {
    DispatchItem& rider = *board_.Find(id);
    rider.attempts = attempts;
    rider.maybe_sent = maybe_sent;
    if (!closes && delivered) ++counters_[rider.route].digested;
    if (!closes && !delivered) digest.members.erase(id);
    Settle(&rider, outcome,
           delivered && !closes ? Cat("in a digest of ", riders.size(), " pages") : reason);
  }
  if (digest.members.empty() && digest.request.seq == 0) digests_.erase(std::string(digest.key));
  for (const DeliveryId id : riders) Collapse(board_.Find(id)->page);
}

void DispatchQueue::CloseMember(DispatchItem* close) {
  DispatchDigest& digest = digests_[close->digest];
  digest.key = close->digest;
  digest.partition = close->id.partition;
  digest.route = close->route;
  for (const DeliveryId id : board_.Page(close->page)) digest.members.erase(id);
  if (!digest.members.empty()) {
    return Settle(close, v1::PageOutcome::SUPPRESSED,
                  Cat(digest.members.size(), " pages of its digest are open"));
  }
  if (digest.closing.seq == 0) {
    DispatchItem request;
    request.id = {digest.partition, close->id.seq | kDigestSeq};
    request.operation = v1::PageOutcome::CLOSE;
    request.page = Cat(digest.key, "\n", digest.route);
    request.route = digest.route;
    request.digest = digest.key;
    request.enqueued = close->enqueued;
    request.delivery = DigestClose(digest, close->delivery);
    digest.closing = request.id;
    DispatchItem& added = board_.Add(std::move(request));
    Address(&added);
    Moved(added);
  }
  digest.closers.insert(close->id);
  close->stage = Stage::kRiding;
  Moved(*close);
}

}  // namespace escalation
