#include "tests/daemon/deliver/dispatch_world.h"

#include <algorithm>

#include "state/base/text.h"
#include "tests/daemon/deliver/pages.h"

namespace escalation {
namespace {

constexpr const char* kRoutes[] = {"pager", "backup", "hook", "alerts"};

// Two routes of one organisation, one without a limit, one that forgets.
std::vector<DeliveryRoute> Routes() {
  std::vector<DeliveryRoute> routes;
  for (const std::string name : kRoutes) {
    DeliveryRoute route = RouteNamed(name);
    if (name == "pager" || name == "backup") {
      route.provider = DeliveryRoute::Provider::kVictorOps;
      route.url = Secret("https://alert.example.com/alert/ORG/" + name);
      route.per_minute_max = DispatchWorld::kPerMinuteMax;
    }
    if (name == "alerts") route.provider = DeliveryRoute::Provider::kAlertmanager;
    routes.push_back(route);
  }
  return routes;
}

DispatchOptions Options() {
  DispatchOptions options;
  options.give_up_after = Duration::Minutes(30);
  options.digest_after = Duration::Minutes(1);
  return options;
}

std::string KeyOfAttempt(const DispatchAttempt& attempt) {
  return PageKeyOf(attempt.delivery.decision);
}

}  // namespace

DispatchWorld::DispatchWorld(uint64_t seed) : random_(seed) { Start(); }

template <typename... Pieces>
void DispatchWorld::Blame(const Pieces&... pieces) {
  if (problems_.size() < 10) problems_.push_back(Cat(ToText(now_), ": ", pieces...));
}

void DispatchWorld::Start() {
  queue_ = std::make_unique<DispatchQueue>(Options(),
                                           [this](uint64_t bound) { return random_.Below(bound); });
  queue_->SetRoutes(Routes());
  left_.clear();
  in_flight_.clear();
  taken_up_.clear();
  for (const auto& [seq, known] : pending_) {
    Delivery delivery = known;
    delivery.maybe_sent = true;
    const auto page = pages_.find(PageKeyOf(delivery.decision));
    const bool triggers = delivery.decision.has_page_requested();
    if (page != pages_.end() && !delivery.decision.has_page_closed()) {
      const bool delivered = page->second.state == v1::PageOutcome::DELIVERED;
      if (page->second.closed) delivery.kept_back = "closed";
      delivery.delivered = delivered && !page->second.closed;
      if (triggers) delivery.digest = DigestOfDestination(page->second.destination);
      const bool taken_up = !page->second.wanted && !page->second.closed;
      if (triggers && taken_up && !delivered) delivery.kept_back = "acknowledged";
    }
    (void)queue_->Enqueue(std::move(delivery), now_);
  }
}

void DispatchWorld::Die() {
  ++counts_.deaths;
  queue_.reset();
  requests_.clear();  // Nobody hears the replies.
  // Some of what was under way to the log has arrived.
  const size_t arrived = random_.Below(told_.size() + 1);
  counts_.lost_outcomes += static_cast<int>(told_.size() - arrived);
  for (size_t i = 0; i < arrived; ++i) {
    if (told_[i].kept) Fold(told_[i].outcome);
  }
  told_.clear();
  now_ = now_ + random_.Between(Duration{0}, Duration::Minutes(2));
  Start();
}

void DispatchWorld::Decide(Delivery delivery) {
  pending_[delivery.decision.seq()] = delivery;
  if (queue_ != nullptr) (void)queue_->Enqueue(std::move(delivery), now_);
}

void DispatchWorld::OpenPages() {
  const uint64_t count = random_.Percent(10) ? 20 + random_.Below(60) : 1 + random_.Below(3);
  const char* const storm = kRoutes[random_.Below(4)];
  for (uint64_t i = 0; i < count; ++i) {
    const std::string run = Cat("default/T-", ++runs_, "/wake/1");
    const uint64_t pages = random_.Percent(20) ? 2 : 1;
    for (uint64_t p = 0; p < pages; ++p) {
      const std::string route = p == 0 ? storm : kRoutes[random_.Below(4)];
      const std::string key = Cat(run, "/1", p == 0 ? "" : Cat("@", route));
      if (pages_.contains(key)) continue;
      Delivery delivery = PageFor(Next(), key, static_cast<int>(random_.Below(3)), route);
      delivery.decision.mutable_page_requested()->set_generation(1);
      Page& page = pages_[key];
      page.seq = delivery.decision.seq();
      page.run = run;
      page.route = route;
      ++counts_.pages;
      Decide(std::move(delivery));
    }
  }
}

void DispatchWorld::Acknowledge() {
  if (pages_.empty()) return;
  const auto found =
      std::next(pages_.begin(), static_cast<ptrdiff_t>(random_.Below(pages_.size())));
  const auto& [key, page] = *found;
  if (page.closed || !page.wanted) return;
  Delivery delivery;
  delivery.decision.set_seq(Next());
  delivery.decision.set_tenant("default");
  v1::PageAcknowledgedAtPager* const body = delivery.decision.mutable_page_acknowledged();
  body->set_route(page.route);
  body->set_key(key);
  body->set_generation(page.generation);
  const std::string run = page.run;
  for (auto& [other_key, other] : pages_) {
    if (other.run == run) other.wanted = false;
  }
  taken_up_.insert(run);
  Decide(std::move(delivery));
}

void DispatchWorld::Close(Page* page) {
  if (page->closed) return;
  page->closed = true;
  page->wanted = false;
  const bool requested = page->state == v1::PageOutcome::UNSPECIFIED;
  const bool delivered = page->state == v1::PageOutcome::DELIVERED;
  if (!requested && !delivered && page->destination.empty()) return;
  std::string key;
  for (const auto& [name, candidate] : pages_) {
    if (&candidate == page) key = name;
  }
  Delivery close = CloseOf(Next(), key, page->route);
  close.decision.mutable_page_closed()->set_destination(page->destination);
  Decide(std::move(close));
}

void DispatchWorld::CloseOne() {
  if (pages_.empty()) return;
  Close(&std::next(pages_.begin(), static_cast<ptrdiff_t>(random_.Below(pages_.size())))->second);
}

void DispatchWorld::FoldTrigger(const v1::PageOutcome& outcome) {
  const auto found = pages_.find(outcome.key());
  if (found == pages_.end()) return Blame(outcome.key(), " has an outcome and was never asked for");
  Page& page = found->second;
  const bool requested = page.state == v1::PageOutcome::UNSPECIFIED;
  if (!requested && page.state != v1::PageOutcome::SUPPRESSED) return;
  if (!requested && outcome.destination().empty()) return;
  page.destination = outcome.destination();
  if (outcome.outcome() == v1::PageOutcome::DIGESTED && requested) return;
  if (requested || outcome.outcome() == v1::PageOutcome::DELIVERED) page.state = outcome.outcome();
  if (outcome.outcome() == v1::PageOutcome::DELIVERED) {
    const std::string digest = DigestOfDestination(page.destination);
    const std::string& where = digest.empty() ? outcome.key() : digest;
    if (!accepted_.contains({page.route, where})) {
      Blame(outcome.key(), " was reported delivered as ", where, " and nobody has taken it");
    }
  }
  if (requested && outcome.outcome() == v1::PageOutcome::SUPPRESSED && page.wanted) {
    Blame(outcome.key(), " was kept back though somebody waits for it: ", outcome.reason());
  }
  const bool landed = !requested || outcome.outcome() == v1::PageOutcome::DELIVERED;
  if (!page.closed || !landed) return;
  page.closed = false;
  Close(&page);
}

void DispatchWorld::Fold(const DispatchOutcome& told) {
  const v1::PageOutcome& outcome = told.outcome;
  if (outcome.decision_seq() != 0) pending_.erase(outcome.decision_seq());
  if (outcome.operation() == v1::PageOutcome::TRIGGER) FoldTrigger(outcome);
}

Verdict DispatchWorld::Serve(const DispatchAttempt& attempt, bool* accepted) {
  const bool works = peace_ || random_.Percent(60);
  *accepted = works || random_.Percent(40);
  Verdict verdict;
  if (works) {
    verdict.kind = Verdict::Kind::kDelivered;
    return verdict;
  }
  verdict.maybe_received = true;
  switch (random_.Below(4)) {
    case 0:  // A time-out, a reset, a lie, an endless reply: nobody knows.
      return verdict;
    case 1:
      *accepted = false;
      verdict.maybe_received = false;
      return verdict;
    case 2:
      *accepted = false;
      verdict.maybe_received = false;
      verdict.after = Duration::Seconds(static_cast<int64_t>(random_.Below(120)));
      return verdict;
    default:
      *accepted = false;
      verdict.maybe_received = false;
      verdict.kind = Verdict::Kind::kFailed;
      if (attempt.delivery.decision.has_page_requested()) {
        pages_[KeyOfAttempt(attempt)].refused = true;
      }
      return verdict;
  }
}

void DispatchWorld::CheckBudget(const DispatchAttempt& attempt) {
  if (attempt.route.per_minute_max == 0) return;
  std::deque<Instant>& left = left_[BudgetGroupOf(attempt.route)];
  left.push_back(now_);
  while (left.front() + Duration::Minutes(1) <= now_) left.pop_front();
  if (left.size() > kPerMinuteMax) Blame(left.size(), " requests within a minute");
}

void DispatchWorld::CheckAttempt(const DispatchAttempt& attempt, const Place& place) {
  const v1::Decision& decision = attempt.delivery.decision;
  CheckBudget(attempt);
  if (!in_flight_.insert(place).second) Blame(place.second, " has two requests at the same time");
  if (decision.has_page_closed()) {
    closing_.insert(place);
  } else if (closing_.contains(place) && !decision.has_page_digest()) {
    Blame(place.second, " was sent after its close");
  }
  if (decision.has_page_requested()) {
    const Page& page = pages_.at(place.second);
    const bool acked = taken_up_.contains(page.run) && page.state == v1::PageOutcome::UNSPECIFIED;
    const bool by_itself = pending_.contains(page.seq) && !accepted_.contains(place);
    bool own = false;  // The acknowledged page itself may be on its way.
    for (const auto& [seq, delivery] : pending_) {
      own = own || (delivery.decision.has_page_acknowledged() &&
                    PageKeyOf(delivery.decision) == place.second);
    }
    if (acked && by_itself && !own) Blame(place.second, " left though its run was taken up");
  }
  if (!decision.has_page_digest()) return;
  ++counts_.digests;
  int64_t marked = 0;
  for (const auto& [key, page] : pages_) {
    marked += DigestOfDestination(page.destination) == place.second;
  }
  if (marked < decision.page_digest().suppressed()) {
    Blame(place.second, " stands for ", decision.page_digest().suppressed(),
          " pages, the log knows of ", marked);
  }
}

void DispatchWorld::Take(const DispatchAttempt& attempt) {
  const Place place{attempt.route.name, KeyOfAttempt(attempt)};
  CheckAttempt(attempt, place);
  bool accepted = false;
  Request request;
  request.verdict = Serve(attempt, &accepted);
  if (accepted) {
    const v1::Decision& decision = attempt.delivery.decision;
    if (decision.has_page_closed()) open_.erase(place);
    if (decision.has_page_requested() || decision.has_page_digest()) {
      if (attempt.route.name == "alerts" && open_.contains(place)) ++counts_.renewals;
      accepted_.insert(place);
      open_.insert(place);
    }
  }
  request.at = now_ + random_.Between(Duration{1}, Duration::Seconds(10));
  request.attempt = attempt;
  requests_.push_back(std::move(request));
}

void DispatchWorld::Step() {
  now_ = now_ + (random_.Percent(50) ? random_.Between(Duration{0}, Duration{200})
                                     : random_.Between(Duration{0}, Duration::Seconds(8)));
  for (size_t i = 0; i < requests_.size();) {
    if (requests_[i].at > now_) {
      ++i;
      continue;
    }
    const Request request = requests_[i];
    requests_.erase(requests_.begin() + static_cast<ptrdiff_t>(i));
    in_flight_.erase({request.attempt.route.name, KeyOfAttempt(request.attempt)});
    queue_->Reply(request.attempt.id, request.attempt.attempt, request.verdict, now_);
  }
  while (!told_.empty() && told_.front().at <= now_) {
    const Told told = told_.front();
    told_.pop_front();
    if (told.kept) Fold(told.outcome);
    queue_->OutcomeKept(told.outcome.id, told.kept, now_);
  }
  const DispatchActions actions = queue_->Step(now_);
  for (const DispatchAttempt& attempt : actions.attempts) Take(attempt);
  for (const DispatchOutcome& outcome : actions.outcomes) {
    const Instant before = told_.empty() ? now_ : told_.back().at;
    const Instant at = std::max(before, now_ + random_.Between(Duration{1}, Duration{500}));
    told_.push_back({at, outcome, peace_ || !random_.Percent(5)});
  }
}

bool DispatchWorld::IsQuiet() const {
  return pending_.empty() && requests_.empty() && told_.empty() && queue_->empty();
}

void DispatchWorld::CheckEnd() {
  for (const auto& [key, page] : pages_) {
    if (page.state == v1::PageOutcome::UNSPECIFIED) Blame(key, " has no outcome");
  }
  for (const auto& [route, key] : open_) Blame(key, " is open at ", route, " for ever");
  for (const auto& [seq, delivery] : pending_) {
    Blame("delivery ", seq, " is pending for ever: ", delivery.decision.ShortDebugString());
    const auto page = pages_.find(PageKeyOf(delivery.decision));
    if (page == pages_.end()) continue;
    Blame("its page has outcome ", static_cast<int>(page->second.state), " at ",
          page->second.destination, page->second.closed ? ", closed" : ", not closed");
  }
}

void DispatchWorld::Run() {
  for (int i = 0; i < 400; ++i) {
    const uint64_t what = random_.Below(100);
    if (what < 12) OpenPages();
    if (what >= 12 && what < 18) Acknowledge();
    if (what >= 18 && what < 40) CloseOne();
    if (what >= 40 && what < 43) Die();
    Step();
  }
  peace_ = true;
  // A page that is open stays so until somebody closes it.
  for (int i = 0; i < 300; ++i) Step();
  for (auto& [key, page] : pages_) Close(&page);
  for (int i = 0; i < 100'000 && !IsQuiet(); ++i) Step();
  CheckEnd();
}

}  // namespace escalation
