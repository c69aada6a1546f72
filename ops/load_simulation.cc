#include "ops/load_simulation.h"

#include <algorithm>
#include <numeric>
#include <queue>
#include <utility>

#include "ops/history.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr uint64_t kMillion = 1'000'000;
constexpr Duration kHalfDay = Duration::Hours(12);

// splitmix64: the same on every machine.
class Chance {
 public:
  explicit Chance(uint64_t seed) : state_(seed) {}
  Chance(uint64_t seed, uint64_t stream) : state_(Chance(seed ^ Chance(stream).Next()).Next()) {}

  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }
  int64_t Below(int64_t bound) {
    return static_cast<int64_t>(Next() % static_cast<uint64_t>(bound));
  }
  int64_t Millionths() { return Below(kMillion); }

 private:
  uint64_t state_;
};

// FNV-1a.
uint64_t HashOf(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return hash;
}

// Local dates whose nights the load holds; a night belongs to the date on which it begins.
class Nights {
 public:
  explicit Nights(const Load& load) : night_(*load.night), zone_(load.night->hours().zone()) {
    const int32_t last = zone_.LocalDay(load.end());
    for (int32_t day = zone_.LocalDay(load.start); day < last; ++day) {
      const Instant noon = zone_.FirstAt(day, kHalfDay.ms);
      const Instant open = night_.NextOpen(noon);
      if (open < zone_.FirstAt(day + 1, kHalfDay.ms) && open < load.end()) {
        index_[day] = static_cast<int64_t>(index_.size());
      }
    }
  }

  int64_t count() const { return static_cast<int64_t>(index_.size()); }
  // -1: by day, or of a night that began before the load.
  int64_t Of(Instant at) const {
    if (!night_.IsOpen(at)) return -1;
    const int32_t today = zone_.LocalDay(at);
    const auto found = index_.find(zone_.WallClock_ms(at) < kHalfDay.ms ? today - 1 : today);
    return found == index_.end() ? -1 : found->second;
  }

 private:
  const Calendar& night_;
  const Zone& zone_;
  std::map<int32_t, int64_t> index_;
};

class LoadRun {
 public:
  LoadRun(const LoadedPolicy& policy, const Load& load)
      : load_(load),
        nights_(load),
        arrivals_(load.seed),
        next_second_(load.start),
        history_(policy, [this](const v1::Decision& decision) { See(decision); }) {
    result_.nights = nights_.count();
    for (const v1::Route& route : policy.policy.routes()) {
      result_.routes[route.name()].nights.resize(static_cast<size_t>(nights_.count()));
    }
    for (const LoadTickets& tickets : load.tickets) shares_ += tickets.share;
    history_.StopAt(load.end());
  }

  absl::StatusOr<LoadResult> Run() {
    for (Instant arrival = NextArrival(); arrival < load_.end(); arrival = NextArrival()) {
      if (absl::Status status = PassUntil(arrival); !status.ok()) return status;
      OpenTicket(arrival);
    }
    if (absl::Status status = PassUntil(load_.end()); !status.ok()) return status;
    if (absl::Status status = history_.Finish(); !status.ok()) return status;
    return std::move(result_);
  }

 private:
  struct Planned {
    Instant at;
    int64_t number = 0;
    v1::Event event;
    friend bool operator>(const Planned& a, const Planned& b) {
      return std::pair(a.at, a.number) > std::pair(b.at, b.number);
    }
  };

  Instant NextArrival() {
    for (; next_second_ < load_.end(); next_second_ = next_second_ + Duration::Seconds(1)) {
      const auto open = std::ranges::find_if(load_.arrivals, [&](const LoadArrivals& arrivals) {
        return arrivals.during->IsOpen(next_second_);
      });
      // Thousandths an hour are 1 / 3,600,000 a second.
      if (arrivals_.Below(3'600'000) >= (open == load_.arrivals.end() ? 0 : open->per_hour_milli)) {
        continue;
      }
      return std::exchange(next_second_, next_second_ + Duration::Seconds(1));
    }
    return load_.end();
  }

  void Plan(Instant at, v1::Event event) {
    const int64_t number = next_number_++;
    event.set_id(Cat("load-", number));
    ToProto(at, event.mutable_occurred_at());
    planned_.push({at, number, std::move(event)});
  }

  static v1::Event EventOf(const std::string& ticket, v1::Actor::Kind kind) {
    v1::Event event;
    event.set_ticket_id(ticket);
    event.mutable_actor()->set_id(kind == v1::Actor::AGENT ? "agent" : "customer");
    event.mutable_actor()->set_kind(kind);
    return event;
  }

  void OpenTicket(Instant at) {
    const int64_t number = ++result_.tickets;
    const std::string ticket = Cat("L-", number);
    Chance chance(load_.seed, static_cast<uint64_t>(number));
    const LoadTickets& kind = KindOf(&chance);
    v1::Event event = EventOf(ticket, v1::Actor::CUSTOMER);
    event.mutable_opened()->set_plan(kind.plan);
    event.mutable_opened()->set_severity(kind.severity);
    event.mutable_opened()->set_account(kind.account);
    Plan(at, std::move(event));
    for (const LoadAnswers& answers : load_.answers) {
      const auto& severities = answers.severities;
      if (!severities.empty() && std::ranges::find(severities, kind.severity) == severities.end()) {
        continue;
      }
      return PlanAnswers(at, ticket, answers, &chance);
    }
  }

  const LoadTickets& KindOf(Chance* chance) {
    int64_t left = chance->Below(shares_);
    for (const LoadTickets& tickets : load_.tickets) {
      left -= tickets.share;
      if (left < 0) return tickets;
    }
    return load_.tickets.back();
  }

  void PlanAnswers(Instant at, const std::string& ticket, const LoadAnswers& answers,
                   Chance* chance) {
    if (chance->Below(100) < answers.never_percent) return;
    const Instant answered = answers.during->Add(at, answers.after.At(chance->Millionths()));
    if (answered >= load_.end()) return;
    v1::Event reply = EventOf(ticket, v1::Actor::AGENT);
    reply.mutable_message_added()->set_visibility(v1::MessageAdded::PUBLIC);
    Plan(answered, std::move(reply));
    if (answers.resolved.empty()) return;
    const Instant resolved =
        answers.during->Add(answered, answers.resolved.At(chance->Millionths()));
    if (resolved >= load_.end()) return;
    v1::Event event = EventOf(ticket, v1::Actor::AGENT);
    event.mutable_status_changed()->set_status(v1::StatusChanged::RESOLVED);
    Plan(resolved, std::move(event));
  }

  // In steps no longer than the shortest reaction: whoever is paged meanwhile acts afterwards.
  absl::Status PassUntil(Instant end) {
    while (true) {
      const Instant next = planned_.empty() ? end : std::min(end, planned_.top().at);
      if (!load_.acknowledged.empty() && now_ < next) {
        now_ = std::min(next, std::max(now_, load_.start) + load_.acknowledged.shortest());
        if (absl::Status status = history_.AdvanceTo(now_); !status.ok()) return status;
        continue;
      }
      if (planned_.empty() || planned_.top().at >= end) return absl::OkStatus();
      v1::Event event = planned_.top().event;
      planned_.pop();
      ++result_.events;
      if (absl::Status status = history_.Add(std::move(event)); !status.ok()) return status;
    }
  }

  void See(const v1::Decision& decision) {
    if (decision.has_clock_breached()) ++result_.breaches;
    const Instant at = FromProto(decision.at());
    if (decision.has_page_digest()) CountPage(decision.page_digest().route(), at);
    if (!decision.has_page_requested()) return;
    CountPage(decision.page_requested().route(), at);
    if (load_.acknowledged.empty() || decision.ticket_id().empty()) return;
    Chance chance(load_.seed, HashOf(decision.page_requested().key()));
    const Instant acts = at + load_.acknowledged.At(chance.Millionths());
    if (acts >= load_.end()) return;
    v1::Event event = EventOf(decision.ticket_id(), v1::Actor::AGENT);
    event.mutable_assigned()->set_assignee("on_call");
    Plan(std::max(acts, now_), std::move(event));
  }

  void CountPage(const std::string& name, Instant at) {
    RouteLoad& route = result_.routes[name];
    route.nights.resize(static_cast<size_t>(nights_.count()));
    ++route.pages;
    const int64_t night = nights_.Of(at);
    if (night >= 0) ++route.nights[static_cast<size_t>(night)];
  }

  const Load& load_;
  const Nights nights_;
  Chance arrivals_;
  Instant next_second_;
  Instant now_;
  int64_t shares_ = 0;
  int64_t next_number_ = 1;
  std::priority_queue<Planned, std::vector<Planned>, std::greater<>> planned_;
  LoadResult result_;
  History history_;
};

}  // namespace

int64_t RouteLoad::night_pages() const {
  return std::accumulate(nights.begin(), nights.end(), int64_t{0});
}

int64_t RouteLoad::quiet_nights() const { return std::ranges::count(nights, 0); }

int64_t RouteLoad::Quantile(int percent) const {
  if (nights.empty()) return 0;
  std::vector<int64_t> sorted = nights;
  std::ranges::sort(sorted);
  const auto count = static_cast<int64_t>(sorted.size());
  const int64_t rank = (count * percent + 99) / 100;
  return sorted[static_cast<size_t>(std::clamp<int64_t>(rank, 1, count) - 1)];
}

absl::StatusOr<LoadResult> SimulateLoad(const LoadedPolicy& policy, const Load& load) {
  return LoadRun(policy, load).Run();
}

}  // namespace escalation
