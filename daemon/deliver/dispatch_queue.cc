#include "daemon/deliver/dispatch_queue.h"

#include <algorithm>

#include "state/base/text.h"
#include "state/ticket/page.h"

namespace escalation {
namespace {

constexpr Duration kBudgetWindow = Duration::Minutes(1);
// About one request that a provider took without having done it; then it is made again.
constexpr int kQuestionsMax = 8;
constexpr Duration kReportAgainAfter = Duration::Seconds(1);
// Full jitter may say "at once"; this keeps a refusing provider from being hammered.
constexpr Duration kBackoffMin{50};
// Threads that read the clock one after the other may call in another order; more is a clock that
// was set back.
constexpr Duration kOutOfOrderMax = Duration::Seconds(1);

}  // namespace

struct DispatchQueue::Candidate {
  Item* item = nullptr;
  DeliveryId id;
  const DeliveryRoute* route = nullptr;

  // Closings first, then the worst severity, then the oldest.
  friend bool operator<(const Candidate& a, const Candidate& b) {
    const bool a_closes = a.item->operation == v1::PageOutcome::CLOSE;
    const bool b_closes = b.item->operation == v1::PageOutcome::CLOSE;
    if (a_closes != b_closes) return a_closes;
    const int a_rank = a.item->delivery.severity_rank;
    const int b_rank = b.item->delivery.severity_rank;
    if (a_rank != b_rank) return a_rank > b_rank;
    // Numbers of several partitions say nothing about each other's age.
    if (a.item->enqueued != b.item->enqueued) return a.item->enqueued < b.item->enqueued;
    return a.id < b.id;
  }
};

DispatchQueue::DispatchQueue(DispatchOptions options, Chance chance)
    : options_(options), chance_(std::move(chance)) {}

Instant DispatchQueue::Forward(Instant now) {
  if (latest_ - kOutOfOrderMax > now + set_back_) set_back_ = latest_ - now;
  latest_ = std::max(latest_, now + set_back_);
  return latest_;
}

void DispatchQueue::SetRoutes(std::vector<DeliveryRoute> routes) {
  routes_.clear();
  group_per_minute_max_.clear();
  for (DeliveryRoute& route : routes) {
    const std::string group = BudgetGroupOf(route);
    group_of_route_[route.name] = group;
    int& max = group_per_minute_max_[group];
    if (route.per_minute_max > 0 && (max == 0 || route.per_minute_max < max)) {
      max = route.per_minute_max;
    }
    routes_[route.name] = std::move(route);
  }
}

absl::Status DispatchQueue::Enqueue(Delivery delivery, Instant clock) {
  const Instant now = Forward(clock);
  const DeliveryId id = delivery.id();
  if (!IsPageDecision(delivery.decision)) {
    return absl::InvalidArgumentError(Cat("decision ", id.seq, " is no page operation"));
  }
  if (items_.contains(id)) return absl::OkStatus();
  if (items_.size() >= options_.deliveries_max) {
    return absl::ResourceExhaustedError(Cat(items_.size(), " deliveries wait already"));
  }
  Item& item = items_[id];
  item.operation = OperationOf(delivery.decision);
  item.route = DestinationOf(delivery.decision);
  item.page = Cat(PageKeyOf(delivery.decision), "\n", item.route);
  item.enqueued = now;
  item.maybe_sent = delivery.maybe_sent;
  item.delivery = std::move(delivery);
  pages_[item.page].insert(id);
  item.kept_back = item.delivery.kept_back;
  KeepBack(&item);
  const std::string page = item.page;
  if (item.operation == v1::PageOutcome::ACKNOWLEDGE) {
    OnAcknowledged(item.delivery.decision.page_acknowledged());
  }
  Collapse(page);
  return absl::OkStatus();
}

void DispatchQueue::Settle(Item* item, v1::PageOutcome::Outcome outcome, std::string_view reason) {
  item->stage = Stage::kSettled;
  ++under_way_;
  item->not_before = Instant::Past();
  item->outcome.Clear();
  item->outcome.set_key(PageKeyOf(item->delivery.decision));
  // What surely went nowhere needs no close there.
  if (item->maybe_sent) item->outcome.set_destination(item->route);
  item->outcome.set_outcome(outcome);
  item->outcome.set_reason(std::string(reason));
  item->outcome.set_attempts(item->attempts);
  item->outcome.set_operation(item->operation);
  item->outcome.set_decision_seq(item->delivery.decision.seq());
  RouteStatistics& counters = counters_[item->route];
  if (outcome == v1::PageOutcome::DELIVERED) ++counters.delivered;
  if (outcome == v1::PageOutcome::FAILED) ++counters.failed;
  if (outcome == v1::PageOutcome::SUPPRESSED) ++counters.suppressed;
}

void DispatchQueue::OnAcknowledged(const v1::PageAcknowledgedAtPager& acknowledged) {
  const std::string& key = acknowledged.key();
  const std::string run = key.substr(0, key.rfind('/') + 1);
  for (auto& [id, item] : items_) {
    const v1::PageRequested& page = item.delivery.decision.page_requested();
    if (item.operation != v1::PageOutcome::TRIGGER || !page.key().starts_with(run)) continue;
    if (page.generation() > acknowledged.generation() || page.key() == key) continue;
    item.kept_back = "acknowledged";
    KeepBack(&item);
  }
}

void DispatchQueue::KeepBack(Item* item) {
  if (item->stage != Stage::kWaiting || item->kept_back.empty()) return;
  Settle(item, v1::PageOutcome::SUPPRESSED, item->kept_back);
}

void DispatchQueue::Collapse(const std::string& page) {
  const std::set<DeliveryId>& ids = pages_[page];
  DeliveryId close_id;
  for (const DeliveryId id : ids) {
    if (items_[id].operation == v1::PageOutcome::CLOSE) close_id = id;
  }
  bool may_be_open = true;  // Unless a trigger is here that never left.
  bool in_flight = false;
  for (const DeliveryId id : ids) {
    Item& item = items_[id];
    if (id >= close_id) break;
    if (item.stage == Stage::kWaiting) {
      Settle(&item, v1::PageOutcome::SUPPRESSED,
             item.maybe_sent ? "closed before it was confirmed" : "closed before it was sent");
    }
    in_flight = in_flight || item.stage == Stage::kInFlight;
    if (item.operation == v1::PageOutcome::TRIGGER) may_be_open = item.maybe_sent;
  }
  if (close_id.seq == 0 || in_flight || may_be_open) return;
  Item& close = items_[close_id];
  if (close.stage != Stage::kWaiting || close.maybe_sent) return;
  Settle(&close, v1::PageOutcome::SUPPRESSED, "its page was not sent");
}

bool DispatchQueue::IsHeadOfPage(const Item& item) const {
  const DeliveryId own = item.delivery.id();
  for (const DeliveryId id : pages_.at(item.page)) {
    if (id >= own) return true;
    const Stage stage = items_.at(id).stage;
    if (stage == Stage::kWaiting || stage == Stage::kInFlight) return false;
  }
  return true;
}

Instant DispatchQueue::GiveUpAt(const Item& item) const {
  return item.enqueued + (item.operation == v1::PageOutcome::CLOSE ? options_.give_up_closing_after
                                                                   : options_.give_up_after);
}

void DispatchQueue::GiveUp(Item* item) {
  Settle(item, v1::PageOutcome::FAILED,
         Cat("gave up after ", item->attempts, " attempts", item->reason.empty() ? "" : ": ",
             item->reason));
}

void DispatchQueue::Reply(DeliveryId id, uint64_t attempt, const Verdict& verdict, Instant clock) {
  const Instant now = Forward(clock);
  const auto found = items_.find(id);
  if (found == items_.end() || found->second.stage != Stage::kInFlight) return;
  Item& item = found->second;
  if (item.attempt != attempt) return;
  --under_way_;
  Group& group = groups_[item.group];
  if (group.in_flight > 0) --group.in_flight;
  item.stage = Stage::kWaiting;
  item.maybe_sent = item.maybe_sent || verdict.maybe_received;
  item.reason = verdict.reason;
  // A provider that never says what became of a request may have lost it.
  const bool asks = !verdict.receipt.empty() && item.questions < kQuestionsMax;
  item.questions = asks ? item.questions + 1 : 0;
  item.delivery.receipt = asks ? verdict.receipt : "";
  switch (verdict.kind) {
    case Verdict::Kind::kDelivered:
      item.maybe_sent = true;
      Settle(&item, v1::PageOutcome::DELIVERED, "");
      break;
    case Verdict::Kind::kFailed:
      // A close has no fallback: what refuses it, such as a key that is being changed, may pass.
      if (item.operation == v1::PageOutcome::CLOSE) {
        Retry(&item, verdict, now);
      } else {
        Settle(&item, v1::PageOutcome::FAILED, verdict.reason);
      }
      break;
    case Verdict::Kind::kRetry:
      Retry(&item, verdict, now);
      break;
  }
  KeepBack(&item);
  const std::string page = item.page;
  Collapse(page);
}

void DispatchQueue::Retry(Item* item, const Verdict& verdict, Instant now) {
  if (now >= GiveUpAt(*item)) return GiveUp(item);
  ++counters_[item->route].retries;
  Duration bound = options_.backoff_initial;
  for (int i = 1; i < item->attempts && bound < options_.backoff_max; ++i) bound = bound * 2;
  bound = std::min(bound, options_.backoff_max);
  const auto spread = static_cast<uint64_t>(std::max<int64_t>(bound.ms, 1));
  Duration wait{static_cast<int64_t>(chance_(spread))};
  wait = std::max(wait, kBackoffMin);
  if (verdict.after.has_value()) {
    const Duration asked = std::min(*verdict.after, options_.retry_after_max);
    // The provider speaks for all that goes there, so the whole group waits.
    Group& group = groups_[item->group];
    group.not_before = std::max(group.not_before, now + asked);
    wait = std::max(wait, asked);
  }
  item->not_before = now + wait;
}

void DispatchQueue::OutcomeKept(DeliveryId id, bool kept, Instant clock) {
  const Instant now = Forward(clock);
  const auto found = items_.find(id);
  if (found == items_.end() || found->second.stage != Stage::kReported) return;
  if (!kept) {
    found->second.stage = Stage::kSettled;
    found->second.not_before = now + kReportAgainAfter;
    return;
  }
  --under_way_;
  const auto page = pages_.find(found->second.page);
  page->second.erase(id);
  if (page->second.empty()) pages_.erase(page);
  items_.erase(found);
}

void DispatchQueue::Forget(Partition partition) {
  for (auto found = items_.lower_bound({partition, 0});
       found != items_.end() && found->first.partition == partition;) {
    const Item& item = found->second;
    if (item.stage != Stage::kWaiting) --under_way_;
    if (item.stage == Stage::kInFlight) --groups_[item.group].in_flight;
    // A page is of one partition, as its tenant is.
    pages_.erase(item.page);
    found = items_.erase(found);
  }
}

bool DispatchQueue::IsLeased(Partition partition, Instant clock) const {
  const auto lease = leases_.find(partition);
  return lease == leases_.end() || lease->second.Holds(clock);
}

void DispatchQueue::SettleHopeless(Instant now, DispatchActions* actions) {
  for (auto& [id, item] : items_) {
    if (item.stage != Stage::kWaiting) continue;
    if (!IsLeased(id.partition, clock_)) {
      if (item.not_before <= now) actions->lapsed.insert(id.partition);
      continue;
    }
    const auto route = routes_.find(item.route);
    if (route == routes_.end()) {
      Settle(&item, v1::PageOutcome::FAILED, Cat("route ", item.route, " is not configured"));
    } else if (route->second.shadow) {
      Settle(&item, v1::PageOutcome::SUPPRESSED, "shadow");
    } else if (now >= GiveUpAt(item)) {
      GiveUp(&item);
    }
  }
}

bool DispatchQueue::MayLeave(Group* group, int per_minute_max, Instant now, Instant* next) const {
  while (!group->sent.empty() && group->sent.front() + kBudgetWindow <= now) {
    group->sent.pop_front();
  }
  if (group->in_flight >= options_.in_flight_max) return false;  // A reply will wake us.
  if (group->not_before > now) {
    *next = std::min(*next, group->not_before);
    return false;
  }
  if (per_minute_max > 0 && group->sent.size() >= static_cast<size_t>(per_minute_max)) {
    *next = std::min(*next, group->sent.front() + kBudgetWindow);
    return false;
  }
  return true;
}

void DispatchQueue::AddAttempts(Instant now, DispatchActions* actions) {
  std::map<std::string, std::vector<Candidate>> ready;
  for (auto& [id, item] : items_) {
    if (item.stage != Stage::kWaiting) continue;
    // Without a lease a new one will wake us.
    if (IsLeased(id.partition, clock_)) actions->next = std::min(actions->next, GiveUpAt(item));
    if (!IsHeadOfPage(item)) continue;
    if (item.not_before > now) {
      actions->next = std::min(actions->next, item.not_before);
      continue;
    }
    if (!IsLeased(id.partition, clock_)) continue;
    ready[group_of_route_[item.route]].push_back({&item, id, &routes_[item.route]});
  }
  for (auto& [name, candidates] : ready) {
    Group& group = groups_[name];
    const int per_minute_max = group_per_minute_max_[name];
    std::sort(candidates.begin(), candidates.end());
    for (const Candidate& candidate : candidates) {
      if (!MayLeave(&group, per_minute_max, now, &actions->next)) break;
      Item& item = *candidate.item;
      if (per_minute_max > 0) group.sent.push_back(now);
      ++group.in_flight;
      ++under_way_;
      ++counters_[item.route].attempts;
      ++item.attempts;
      item.stage = Stage::kInFlight;
      item.group = name;
      item.attempt = ++last_attempt_;
      actions->attempts.push_back({candidate.id, item.attempt, item.delivery, *candidate.route});
    }
  }
}

void DispatchQueue::AddOutcomes(Instant now, DispatchActions* actions) {
  for (auto& [id, item] : items_) {
    if (item.stage != Stage::kSettled) continue;
    if (item.not_before > now) {
      actions->next = std::min(actions->next, item.not_before);
      continue;
    }
    // That it arrived is true whoever owns the page now.
    if (item.outcome.outcome() != v1::PageOutcome::DELIVERED && !IsLeased(id.partition, clock_)) {
      actions->lapsed.insert(id.partition);
      continue;
    }
    item.stage = Stage::kReported;
    const v1::Decision& decision = item.delivery.decision;
    actions->outcomes.push_back({id, decision.tenant(), decision.ticket_id(), item.outcome});
  }
}

DispatchActions DispatchQueue::Step(Instant clock) {
  const Instant now = Forward(clock);
  clock_ = clock;
  DispatchActions actions;
  if (paused_) return actions;
  if (!draining_) {
    SettleHopeless(now, &actions);
    AddAttempts(now, &actions);
  }
  AddOutcomes(now, &actions);
  if (actions.next != Instant::Never()) actions.next = actions.next - set_back_;
  return actions;
}

std::map<std::string, RouteStatistics> DispatchQueue::Statistics() const {
  std::map<std::string, RouteStatistics> out = counters_;
  for (const auto& [id, item] : items_) {
    RouteStatistics& route = out[item.route];
    route.waiting += item.stage == Stage::kWaiting;
    route.in_flight += item.stage == Stage::kInFlight;
    route.oldest = std::min(route.oldest, item.enqueued - set_back_);
  }
  return out;
}

}  // namespace escalation
