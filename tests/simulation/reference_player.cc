#include "tests/simulation/reference_player.h"

#include <algorithm>
#include <utility>

#include "state/base/text.h"
#include "tests/simulation/reference_rules.h"

namespace escalation::simulation {
namespace {

using v1::Actor;
using v1::Metric;
using v1::StatusChanged;
using State = CycleOutcome::State;

// What one event says.
struct Said {
  bool opened = false;
  bool opened_by_customer = false;
  bool asked = false;  // A customer's public message.
  bool starts_nothing = false;
  bool replied = false;  // An agent's public message.
  bool acted = false;
  bool severity_set = false;
  bool resolved = false;
  bool reopened = false;
  bool closed = false;
  bool terms_changed = false;
};

struct Run {
  int cycle = 0;
  bool open = false;
  bool suspended = false;
};

struct Clock {
  CycleOutcome outcome;
  const ReferencePromise* promise = nullptr;
  bool ended_by_resolve = false;
};

class Player {
 public:
  Player(const std::string& ticket_id, const v1::Policy& policy,
         const std::vector<ReferencePromise>& promises)
      : ticket_id_(ticket_id), policy_(policy), promises_(promises) {
    for (const ReferencePromise& promise : promises) {
      const std::string& metric = promise.target.metric();
      if (std::find(metrics_.begin(), metrics_.end(), metric) == metrics_.end()) {
        metrics_.push_back(metric);
      }
    }
  }

  void Play(const ReferenceEntry& entry) {
    DecideDue(entry.at, false);
    at_ = entry.at;
    Said said = Hear(entry.event);
    said.starts_nothing = entry.starts_nothing;
    if (opened_) {
      for (const std::string& metric : metrics_) StepMetric(metric, said);
      PauseAndResume();
    }
    if (said.closed) CancelAll();
  }

  // Decides what is due before `limit`, or at it too.
  void DecideDue(Instant limit, bool inclusive) {
    for (auto& [key, clock] : clocks_) {
      const Instant due = DueOf(clock);
      if (due < limit || (inclusive && due == limit)) clock.outcome.breached = due;
    }
  }

  std::map<CycleKey, CycleOutcome> Result() const {
    std::map<CycleKey, CycleOutcome> result;
    for (const auto& [key, clock] : clocks_) {
      CycleOutcome& outcome = result[key] = clock.outcome;
      outcome.due = DueOf(clock);
    }
    return result;
  }

 private:
  // Never: it is not running or broken already.
  static Instant DueOf(const Clock& clock) {
    const CycleOutcome& outcome = clock.outcome;
    if (outcome.state != State::kRunning || outcome.breached != Instant::Past()) {
      return Instant::Never();
    }
    return clock.promise->calendar->After(outcome.since, outcome.within - outcome.used);
  }

  bool IsKnown(const std::string& severity) const { return RankOf(severity) >= 0; }
  int RankOf(const std::string& severity) const {
    for (int i = 0; i < policy_.severities_size(); ++i) {
      if (policy_.severities(i) == severity) return i;
    }
    return -1;
  }

  Said Hear(const v1::Event& event) {
    Said said;
    const bool agent = event.actor().kind() == Actor::AGENT;
    if (event.has_opened()) {
      HearOpened(event.opened(), agent, &said);
    } else if (event.has_message_added()) {
      HearMessage(event, &said);
    } else if (event.has_status_changed()) {
      HearStatus(event.status_changed().status(), &said);
    } else if (event.has_severity_changed()) {
      const std::string& wish = event.severity_changed().severity();
      if (!IsKnown(wish)) return said;
      said.severity_set = agent;
      settled_ = settled_ || agent;
      said.terms_changed = wish != severity_;
      severity_ = wish;
    } else if (event.has_assigned() && event.assigned().has_assignee()) {
      assignee_ = event.assigned().assignee();
      said.acted = agent && !assignee_.empty();
    } else if (event.has_page_acknowledged()) {
      said.acted = true;
    }
    return said;
  }

  void HearOpened(const v1::Opened& opened, bool agent, Said* said) {
    if (opened_ && !provisional_) return;
    said->terms_changed = true;
    said->opened = !provisional_;
    said->opened_by_customer = !provisional_ && !agent;
    opened_ = true;
    provisional_ = false;
    if (!opened.assignee().empty()) assignee_ = opened.assignee();
    if (status_ == StatusChanged::UNSPECIFIED) status_ = StatusChanged::OPEN;
    if (settled_) return;
    const bool known = IsKnown(opened.severity());
    severity_ = known ? opened.severity() : policy_.default_severity();
    settled_ = said->severity_set = known && agent;
  }

  void HearMessage(const v1::Event& event, Said* said) {
    if (event.message_added().visibility() != v1::MessageAdded::PUBLIC) return;
    if (event.actor().kind() == Actor::AGENT) said->replied = said->acted = true;
    if (event.actor().kind() != Actor::CUSTOMER) return;
    said->asked = true;
    if (!opened_) {  // Somebody writes on a ticket that nobody opened: the strictest promise.
      opened_ = provisional_ = true;
      said->opened = said->opened_by_customer = said->terms_changed = true;
      if (status_ == StatusChanged::UNSPECIFIED) status_ = StatusChanged::OPEN;
      if (!settled_) severity_ = policy_.severities(policy_.severities_size() - 1);
    }
    if (status_ == StatusChanged::PENDING) status_ = StatusChanged::OPEN;
  }

  void HearStatus(StatusChanged::Status status, Said* said) {
    if (status == StatusChanged::UNSPECIFIED || status == status_) return;
    const auto over = [](StatusChanged::Status s) {
      return s == StatusChanged::RESOLVED || s == StatusChanged::CLOSED;
    };
    said->resolved = !over(status_) && over(status);
    said->reopened = over(status_) && !over(status);
    said->closed = status == StatusChanged::CLOSED;
    status_ = status;
  }

  void StepMetric(const std::string& metric, const Said& said) {
    const ReferenceRule& rule = ReferenceRules().at(metric);
    Run& run = runs_[metric];
    const int cycle_before = run.cycle;
    const bool open_before = run.open;
    bool stopped = false;
    const bool answered = (rule.stops_on_reply && said.replied) ||
                          (rule.stops_on_action && said.acted) ||
                          (rule.stops_on_severity && said.severity_set);
    const bool solved = rule.stops_on_resolve && said.resolved;
    if (run.open && (answered || solved)) {
      EndCycle(metric, State::kMet, solved);
      run.open = false;
      run.suspended = solved && rule.reopens;
      stopped = true;
    }
    if (said.reopened && run.suspended) Reopen(metric, &run);
    // What ends with the event that would begin it was never owed.
    const bool ended = stopped || answered || solved;
    if (Starts(rule, said) && !(ended && !rule.renews) && !(run.open && !rule.renews) &&
        !(rule.once && run.cycle > 0)) {
      if (run.open) EndCycle(metric, State::kMet, false);
      run = {run.cycle + 1, true, false};
    }
    if (!run.open) return;
    // The terms may have changed while nothing ran.
    const bool resumed = !open_before && run.cycle == cycle_before;
    if (run.cycle != cycle_before || said.terms_changed || resumed) {
      MatchPromises(metric, run.cycle, said.terms_changed || resumed);
    }
  }

  static bool Starts(const ReferenceRule& rule, const Said& said) {
    const bool asked = said.asked && !said.starts_nothing;
    switch (rule.start) {
      case ReferenceRule::Start::kOpened:
        return said.opened;
      case ReferenceRule::Start::kOpenedOrAsked:
        return said.opened_by_customer || asked;
      case ReferenceRule::Start::kAsked:
        return asked;
      case ReferenceRule::Start::kAnswered:
        return said.replied;
    }
    return false;
  }

  // Resumes with the time it has used; what was broken begins anew.
  void Reopen(const std::string& metric, Run* run) {
    run->open = true;
    run->suspended = false;
    std::vector<Clock*> ended;
    for (auto& [key, clock] : clocks_) {
      if (key.metric == metric && key.cycle == run->cycle && clock.ended_by_resolve) {
        ended.push_back(&clock);
      }
    }
    const bool broken = std::any_of(ended.begin(), ended.end(), [](const Clock* clock) {
      return clock->outcome.breached != Instant::Past();
    });
    if (broken) {
      ++run->cycle;
      return;
    }
    for (Clock* const clock : ended) {
      clock->ended_by_resolve = false;
      Book(clock, State::kRunning);
    }
  }

  // Applies what was used until now, and what the clock is from now on.
  void Book(Clock* clock, State state) {
    CycleOutcome& outcome = clock->outcome;
    if (outcome.state == State::kRunning) {
      outcome.used = outcome.used + clock->promise->calendar->OpenBetween(outcome.since, at_);
    }
    outcome.since = at_;
    outcome.state = state;
  }

  static bool IsOpen(const Clock& clock) {
    return clock.outcome.state == State::kRunning || clock.outcome.state == State::kPaused;
  }

  void EndCycle(const std::string& metric, State state, bool by_resolve) {
    for (auto& [key, clock] : clocks_) {
      if (key.metric != metric || !IsOpen(clock)) continue;
      Book(&clock, state);
      clock.ended_by_resolve = by_resolve;
    }
  }

  // A closed ticket owes nothing until it is opened again; then it owes what was not kept.
  void CancelAll() {
    for (auto& [key, clock] : clocks_) {
      if (!IsOpen(clock)) continue;
      Book(&clock, State::kCancelled);
      clock.ended_by_resolve = true;
      runs_[key.metric].suspended = true;
    }
    for (auto& [metric, run] : runs_) run.open = false;
  }

  void MatchPromises(const std::string& metric, int cycle, bool terms_changed) {
    std::set<std::string> sets;
    for (const ReferencePromise& promise : promises_) {
      const v1::Target& target = promise.target;
      const auto& severities = target.severities();
      if (target.metric() != metric) continue;
      if (!severities.empty() &&
          std::find(severities.begin(), severities.end(), severity_) == severities.end()) {
        continue;
      }
      sets.insert(target.set());
      const CycleKey key{ticket_id_, metric, target.set(), cycle};
      const auto found = clocks_.find(key);
      if (found == clocks_.end() ||
          (terms_changed && found->second.outcome.state == State::kCancelled)) {
        Clock& clock = clocks_[key] = {};
        clock.promise = &promise;
        clock.outcome.target = target.name();
        clock.outcome.started = clock.outcome.since = at_;
        clock.outcome.within = Duration{target.within().ms()};
      } else if (terms_changed && IsOpen(found->second) && found->second.promise != &promise) {
        Clock& clock = found->second;
        Book(&clock, clock.outcome.state);
        clock.promise = &promise;
        clock.outcome.target = target.name();
        clock.outcome.within = Duration{target.within().ms()};
      }
    }
    if (!terms_changed) return;
    for (auto& [key, clock] : clocks_) {
      if (key.metric == metric && IsOpen(clock) && !sets.contains(key.set)) {
        Book(&clock, State::kCancelled);
      }
    }
  }

  void PauseAndResume() {
    std::set<int> lasting;
    if (status_ == StatusChanged::PENDING) lasting.insert(Metric::WHILE_PENDING);
    if (status_ == StatusChanged::ON_HOLD) lasting.insert(Metric::WHILE_ON_HOLD);
    if (status_ == StatusChanged::RESOLVED || status_ == StatusChanged::CLOSED) {
      lasting.insert(Metric::WHILE_RESOLVED);
    }
    if (assignee_.empty()) lasting.insert(Metric::WHILE_UNASSIGNED);
    for (auto& [key, clock] : clocks_) {
      if (!IsOpen(clock)) continue;
      const std::set<int>& pauses = clock.promise->pauses;
      const bool pause = std::any_of(pauses.begin(), pauses.end(),
                                     [&](int fact) { return lasting.contains(fact); });
      const State state = pause ? State::kPaused : State::kRunning;
      if (clock.outcome.state != state) Book(&clock, state);
    }
  }

  const std::string& ticket_id_;
  const v1::Policy& policy_;
  const std::vector<ReferencePromise>& promises_;
  std::vector<std::string> metrics_;
  Instant at_ = Instant::Past();
  bool opened_ = false;
  bool provisional_ = false;
  bool settled_ = false;
  std::string severity_;
  std::string assignee_;
  StatusChanged::Status status_ = StatusChanged::UNSPECIFIED;
  std::map<std::string, Run> runs_;
  std::map<CycleKey, Clock> clocks_;
};

}  // namespace

std::string ToText(const CycleKey& key) {
  return Cat(key.ticket_id, " ", key.metric, key.set.empty() ? "" : "/", key.set, " #", key.cycle);
}

const char* ToText(CycleOutcome::State state) {
  switch (state) {
    case State::kRunning:
      return "running";
    case State::kPaused:
      return "paused";
    case State::kMet:
      return "met";
    case State::kCancelled:
      return "cancelled";
  }
  return "?";
}

std::map<CycleKey, CycleOutcome> PlayTicket(const std::string& ticket_id, const v1::Policy& policy,
                                            const std::vector<ReferencePromise>& promises,
                                            std::vector<ReferenceEntry> entries,
                                            Instant fired_until) {
  std::stable_sort(entries.begin(), entries.end(),
                   [](const ReferenceEntry& a, const ReferenceEntry& b) { return a.at < b.at; });
  Player player(ticket_id, policy, promises);
  for (const ReferenceEntry& entry : entries) player.Play(entry);
  player.DecideDue(fired_until, true);
  return player.Result();
}

}  // namespace escalation::simulation
