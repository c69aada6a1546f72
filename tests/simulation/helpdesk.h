// tests/simulation/helpdesk.h
//
// Customers, agents and on-call people, and the sources that bring what they do into the log.
//
//   Input       pages that wake somebody
//   Output      ticket events: in time, late after an outage, twice; marks; acknowledgements
//   Invariants  1. a source repeats an event until the log has taken it for certain
//               2. CloseAll answers and closes every ticket
//   Time        true time; a source's clock has an offset
//   Threads     one owner
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "escalation/v1/event.pb.h"
#include "tests/simulation/simulated_log.h"

namespace escalation::simulation {

class Source {
 public:
  Source(Stage* stage, SimulatedLog* log, std::string name, bool positioned)
      : stage_(*stage), log_(*log), name_(std::move(name)), positioned_(positioned) {}

  void set_clock_offset(Duration offset) { clock_offset_ = offset; }
  // Happened now by the source's clock.
  void Send(v1::Event event);
  void StopUntil(Instant until) { down_until_ = std::max(down_until_, until); }
  void Heal();
  void Mark();
  // Nothing that it has had for so long waits to be sent.
  bool HasSent(Instant until) const { return queue_.empty() || since_.front() > until; }

 private:
  void Push(v1::Event event);
  void DeliverAfter(Duration wait);
  void Deliver();

  Stage& stage_;
  SimulatedLog& log_;
  const std::string name_;
  const bool positioned_;
  Duration clock_offset_;
  Instant down_until_ = Instant::Past();
  std::deque<v1::Event> queue_;
  std::deque<Instant> since_;  // When each came into the queue.
  // Still outside: occurred then.
  std::multimap<Instant, int> held_;
  int64_t sent_ = 0;
  // When the first of the queue is delivered; Never: the queue is empty.
  Instant next_ = Instant::Never();
};

class Helpdesk {
 public:
  Helpdesk(Stage* stage, SimulatedLog* log);

  // Opens tickets until then.
  void Begin(Instant until, int tickets_a_day);
  // Somebody is woken.
  void OnWake(const std::string& key);
  // Told of pages that are resolved at the pager.
  void set_on_resolve(std::function<void(const std::string& key)> on_resolve) {
    on_resolve_ = std::move(on_resolve);
  }
  // Nothing new happens; what is open is answered and closed.
  void CloseAll();
  void Quiet() { quiet_ = true; }
  void Heal();
  void StopSource(Duration how_long);
  bool HasSent(Instant until) const;

 private:
  void Open();
  void Live(const std::string& ticket_id, int steps);
  void Act(const std::string& ticket_id);
  void Say(const std::string& ticket_id, v1::Actor::Kind kind, v1::Event event);
  Source& SourceOf(const std::string& ticket_id);
  void MarkAll();

  Stage& stage_;
  std::vector<Source> sources_;
  Source pager_;
  std::vector<std::string> tickets_;
  std::function<void(const std::string&)> on_resolve_;
  bool quiet_ = false;
};

}  // namespace escalation::simulation
