#include "daemon/deliver/dispatch_queue.h"

#include <algorithm>

#include "state/base/text.h"
#include "state/ticket/page.h"

namespace escalation {
namespace {

// About one request that a provider took without having done it; then it is made again.
constexpr int kQuestionsMax = 8;
// Full jitter may say "at once"; this keeps a refusing provider from being hammered.
constexpr Duration kBackoffMin{50};
// Threads that read the clock one after the other may call in another order; more is a clock that
// was set back.
constexpr Duration kOutOfOrderMax = Duration::Seconds(1);

}  // namespace

DispatchQueue::DispatchQueue(DispatchOptions options, Chance chance)
    : options_(options), chance_(std::move(chance)) {}

Instant DispatchQueue::Forward(Instant now) {
  if (latest_ - kOutOfOrderMax > now + set_back_) set_back_ = latest_ - now;
  latest_ = std::max(latest_, now + set_back_);
  return latest_;
}

void DispatchQueue::SetRoutes(std::vector<DeliveryRoute> routes) {
  routes_.clear();
  std::map<std::string, int> per_minute_max;
  for (DeliveryRoute& route : routes) {
    int& max = per_minute_max[BudgetGroupOf(route)];
    if (route.per_minute_max > 0 && (max == 0 || route.per_minute_max < max)) {
      max = route.per_minute_max;
    }
    routes_[route.name] = std::move(route);
  }
  for (const auto& [group, max] : per_minute_max) budgets_[group].set_per_minute_max(max);
  AddressAll();
}

void DispatchQueue::SetOptions(const DispatchOptions& options) {
  options_ = options;
  AddressAll();
}

void DispatchQueue::Address(DispatchItem* item) const {
  const auto route = routes_.find(item->route);
  const bool takes = route != routes_.end() && !route->second.shadow;
  // Whoever is in flight comes back to the group that it left for.
  if (item->stage != Stage::kInFlight) item->group = takes ? BudgetGroupOf(route->second) : "";
  item->give_up_at = GiveUpAt(*item);
}

void DispatchQueue::AddressAll() {
  for (auto& [id, item] : board_.items()) Address(&item);
  board_.AllMoved(latest_);
}

absl::Status DispatchQueue::Enqueue(Delivery delivery, Instant clock) {
  const Instant now = Forward(clock);
  const DeliveryId id = delivery.id();
  if (!IsPageDecision(delivery.decision)) {
    return absl::InvalidArgumentError(Cat("decision ", id.seq, " is no page operation"));
  }
  if (board_.Find(id) != nullptr) return absl::OkStatus();
  const size_t waiting = board_.items().size() - board_.CountIn(Stage::kStanding);
  if (!delivery.delivered && waiting >= options_.deliveries_max) {
    return absl::ResourceExhaustedError(Cat(waiting, " deliveries wait already"));
  }
  DispatchItem fresh;
  fresh.id = id;
  fresh.operation = OperationOf(delivery.decision);
  fresh.route = DestinationOf(delivery.decision);
  fresh.page = Cat(PageKeyOf(delivery.decision), "\n", fresh.route);
  fresh.enqueued = now;
  fresh.maybe_sent = delivery.maybe_sent;
  fresh.kept_back = delivery.kept_back;
  fresh.digest = delivery.digest;
  if (fresh.operation == v1::PageOutcome::CLOSE) fresh.digest = DigestOf(delivery.decision);
  fresh.delivery = std::move(delivery);
  DispatchItem& item = board_.Add(std::move(fresh));
  Address(&item);
  Moved(item);
  KeepBack(&item);
  const bool acknowledges = item.operation == v1::PageOutcome::ACKNOWLEDGE;
  if (item.stage == Stage::kWaiting && item.delivery.delivered &&
      (!acknowledges || RenewEvery(item).ms > 0)) {
    StandAgain(&item);
  } else if (item.stage == Stage::kWaiting && item.operation == v1::PageOutcome::TRIGGER &&
             !item.digest.empty()) {
    JoinAgain(&item);
  }
  if (acknowledges) {
    OnAcknowledged(item.delivery.decision.page_acknowledged());
  }
  Collapse(item.page);
  return absl::OkStatus();
}

void DispatchQueue::Settle(DispatchItem* item, v1::PageOutcome::Outcome outcome,
                           const std::string& reason) {
  if (item->IsOfDigest()) return SettleDigest(item, outcome, reason);
  SetOutcome(item, outcome, reason);
  if (outcome == v1::PageOutcome::DELIVERED && Stands(*item)) item->outcome.clear_decision_seq();
  item->stage = Stage::kSettled;
  Moved(*item);
  // Of what stood before, the newest is what the provider shows.
  if (item->operation == v1::PageOutcome::CLOSE || item->outcome.decision_seq() == 0) {
    EndStandingOf(item->page, item);
  }
  RouteStatistics& counters = counters_[item->route];
  if (outcome == v1::PageOutcome::DELIVERED) ++counters.delivered;
  if (outcome == v1::PageOutcome::FAILED) ++counters.failed;
  if (outcome == v1::PageOutcome::SUPPRESSED) ++counters.suppressed;
}

Instant DispatchQueue::GiveUpAt(const DispatchItem& item) const {
  return item.enqueued + (item.operation == v1::PageOutcome::CLOSE ? options_.give_up_closing_after
                                                                   : options_.give_up_after);
}

void DispatchQueue::GiveUp(DispatchItem* item) {
  Settle(item, v1::PageOutcome::FAILED,
         Cat("gave up after ", item->attempts, " attempts", item->reason.empty() ? "" : ": ",
             item->reason));
}

void DispatchQueue::Reply(DeliveryId id, uint64_t attempt, const Verdict& verdict, Instant clock) {
  const Instant now = Forward(clock);
  DispatchItem* const item = board_.Find(id);
  if (item == nullptr || item->stage != Stage::kInFlight || item->attempt != attempt) return;
  budgets_[item->group].CameBack();
  // A provider that never says what became of a request may have lost it.
  const bool asks = !verdict.receipt.empty() && item->questions < kQuestionsMax;
  item->questions = asks ? item->questions + 1 : 0;
  item->delivery.receipt = asks ? verdict.receipt : "";
  item->maybe_sent =
      item->maybe_sent || verdict.maybe_received || verdict.kind == Verdict::Kind::kDelivered;
  item->reason = verdict.reason;
  const std::string page = item->page;
  if (item->stands) {
    Renewed(item, verdict, now);
    return Collapse(page);
  }
  item->stage = Stage::kWaiting;
  // A close has no fallback: what refuses it, such as a key that is being changed, may pass.
  const bool refused = verdict.kind == Verdict::Kind::kFailed;
  if (verdict.kind == Verdict::Kind::kDelivered) {
    Settle(item, v1::PageOutcome::DELIVERED, verdict.note);
  } else if (refused && item->operation != v1::PageOutcome::CLOSE) {
    Settle(item, v1::PageOutcome::FAILED, verdict.reason);
  } else {
    Retry(item, verdict, now);
  }
  if (DispatchItem* const left = board_.Find(id); left != nullptr) KeepBack(left);
  Collapse(page);
  RidersMayLeave(id);
}

Duration DispatchQueue::WaitAfter(const DispatchItem& item, const Verdict& verdict, Instant now) {
  ++counters_[item.route].retries;
  Duration bound = options_.backoff_initial;
  for (int i = 1; i < item.attempts && bound < options_.backoff_max; ++i) bound = bound * 2;
  bound = std::min(bound, options_.backoff_max);
  const auto spread = static_cast<uint64_t>(std::max<int64_t>(bound.ms, 1));
  const Duration wait = std::max(Duration{static_cast<int64_t>(chance_(spread))}, kBackoffMin);
  if (!verdict.after.has_value()) return wait;
  const Duration asked = std::min(*verdict.after, options_.retry_after_max);
  // The provider speaks for all that goes there, so the whole group waits.
  budgets_[item.group].PauseUntil(now + asked);
  return std::max(wait, asked);
}

void DispatchQueue::Retry(DispatchItem* item, const Verdict& verdict, Instant now) {
  if (now >= item->give_up_at) return GiveUp(item);
  item->not_before = now + WaitAfter(*item, verdict, now);
  Address(item);
  Moved(*item);
}

void DispatchQueue::OutcomeKept(DeliveryId id, bool kept, Instant clock) {
  const Instant now = Forward(clock);
  DispatchItem* const item = board_.Find(id);
  if (item == nullptr) return;
  if (item->stage == Stage::kMarking) return MarkKept(item, kept, now);
  if (item->stage != Stage::kReported) return;
  if (!kept) {
    item->stage = Stage::kSettled;
    item->not_before = now + kReportAgainAfter;
    return Moved(*item);
  }
  if (item->outcome.decision_seq() != 0) return board_.Remove(*item);
  Stand(item, now + RenewEvery(*item));
  if (item->ends) EndStanding(item);
}

void DispatchQueue::Forget(Partition partition) {
  auto& items = board_.items();
  for (auto found = items.lower_bound({partition, 0});
       found != items.end() && found->first.partition == partition;) {
    const DispatchItem& item = (found++)->second;
    if (item.stage == Stage::kInFlight) budgets_[item.group].CameBack();
    board_.Remove(item);
  }
  std::erase_if(digests_, [&](const auto& digest) { return digest.second.partition == partition; });
}

bool DispatchQueue::IsLeased(Partition partition) const {
  const auto lease = leases_.find(partition);
  return lease == leases_.end() || lease->second.Holds(clock_);
}

void DispatchQueue::SettleHopeless(Instant now, DispatchActions* actions) {
  std::vector<DeliveryId> hopeless;
  DispatchBoard::Ready& nowhere = board_.ready()[""];
  for (const DispatchBoard::Turns* turns : {&nowhere.closings, &nowhere.others}) {
    for (const DispatchTurn& turn : *turns) hopeless.push_back(turn.id);
  }
  for (const auto& [moment, id] : board_.deadlines()) {
    if (moment > now) break;
    hopeless.push_back(id);
  }
  for (const DeliveryId id : hopeless) {
    DispatchItem* const item = board_.Find(id);
    if (item == nullptr || item->stage != Stage::kWaiting) continue;
    const auto route = routes_.find(item->route);
    if (!IsLeased(id.partition)) {
      actions->lapsed.insert(id.partition);
    } else if (route == routes_.end()) {
      Settle(item, v1::PageOutcome::FAILED, Cat("route ", item->route, " is not configured"));
    } else if (route->second.shadow) {
      Settle(item, v1::PageOutcome::SUPPRESSED, "shadow");
    } else {
      GiveUp(item);
    }
  }
}

void DispatchQueue::AddAttempts(Instant now, DispatchActions* actions) {
  for (auto& [group, ready] : board_.ready()) {
    if (group.empty()) continue;
    FormDigests(group, ready);
    AddAttemptsOf(group, &ready, now, actions);
  }
}

void DispatchQueue::AddAttemptsOf(const std::string& group, DispatchBoard::Ready* ready,
                                  Instant now, DispatchActions* actions) {
  DispatchBudget& budget = budgets_[group];
  auto closing = ready->closings.begin();
  auto other = ready->others.begin();
  const auto waits = [&](const DispatchBoard::Turns& turns, auto* turn) {
    while (*turn != turns.end() && !IsLeased((*turn)->id.partition)) {
      actions->lapsed.insert((*turn)->id.partition);
      ++*turn;
    }
    return *turn != turns.end();
  };
  for (;;) {
    const bool closing_waits = waits(ready->closings, &closing);
    const bool other_waits = waits(ready->others, &other);
    // What leaves may take a renewal of its page out of the ready.
    auto renewal = ready->renewals.begin();
    if (!closing_waits && !other_waits && !waits(ready->renewals, &renewal)) return;
    if (!budget.MayLeave(now, options_.in_flight_max, &actions->next)) return;
    const bool closes = closing_waits && (!other_waits || budget.IsClosingsTurn());
    // What leaves is no longer among the ready.
    auto& turn = closes ? closing : other_waits ? other : renewal;
    const DeliveryId id = (turn++)->id;
    Launch(board_.Find(id), &budget, now, actions);
  }
}

void DispatchQueue::Launch(DispatchItem* item, DispatchBudget* budget, Instant now,
                           DispatchActions* actions) {
  const bool closes = item->operation == v1::PageOutcome::CLOSE;
  budget->Left(closes ? DispatchBudget::Kind::kClosing : DispatchBudget::Kind::kOther, now);
  ++counters_[item->route].attempts;
  ++item->attempts;
  item->stage = Stage::kInFlight;
  item->attempt = ++last_attempt_;
  Moved(*item);
  if (item->IsOfDigest() && !closes) Describe(item);
  actions->attempts.push_back({item->id, item->attempt, item->delivery, routes_.at(item->route)});
}

void DispatchQueue::AddOutcomes(DispatchActions* actions) {
  const std::set<DeliveryId> settled = board_.settled();
  for (const DeliveryId id : settled) {
    DispatchItem& item = *board_.Find(id);
    // That it arrived is true whoever owns the page now.
    if (item.outcome.outcome() != v1::PageOutcome::DELIVERED && !IsLeased(id.partition)) {
      actions->lapsed.insert(id.partition);
      continue;
    }
    item.stage = item.stage == Stage::kMarked ? Stage::kMarking : Stage::kReported;
    Moved(item);
    const v1::Decision& decision = item.delivery.decision;
    actions->outcomes.push_back({id, decision.tenant(), decision.ticket_id(), item.outcome});
  }
}

Instant DispatchQueue::NextLook() const {
  Instant next = board_.NextMoment();
  for (const auto& [moment, id] : board_.deadlines()) {
    if (moment >= next) break;
    // Without a lease a new one will wake us.
    if (IsLeased(id.partition)) next = moment;
  }
  return next;
}

DispatchActions DispatchQueue::Step(Instant clock) {
  const Instant now = Forward(clock);
  clock_ = clock;
  DispatchActions actions;
  if (paused_) return actions;
  board_.Wake(now);
  if (!draining_) {
    SettleHopeless(now, &actions);
    AddAttempts(now, &actions);
  }
  AddOutcomes(&actions);
  actions.next = std::min(actions.next, NextLook());
  if (actions.next != Instant::Never()) actions.next = actions.next - set_back_;
  return actions;
}

size_t DispatchQueue::under_way() const {
  if (paused_) return 0;
  return board_.CountIn(Stage::kInFlight) + board_.CountIn(Stage::kSettled) +
         board_.CountIn(Stage::kReported);
}

std::map<std::string, RouteStatistics> DispatchQueue::Statistics() const {
  std::map<std::string, RouteStatistics> out = counters_;
  for (const auto& [id, item] : board_.items()) {
    if (item.IsOfDigest()) continue;
    RouteStatistics& route = out[item.route];
    route.standing += item.stands;
    if (item.stands) continue;
    route.waiting += item.IsUnsettled() && item.stage != Stage::kInFlight;
    route.in_flight += item.stage == Stage::kInFlight;
    route.oldest = std::min(route.oldest, item.enqueued - set_back_);
    if (item.operation == v1::PageOutcome::TRIGGER) {
      route.oldest_page = std::min(route.oldest_page, item.enqueued - set_back_);
    }
  }
  return out;
}

}  // namespace escalation
