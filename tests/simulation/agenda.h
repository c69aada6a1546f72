// tests/simulation/agenda.h
//
// True time, and what happens when: one thing after the other, in an order that repeats.
//
//   Input       what is to happen, and when
//   Output      it happens, in order of time, then of asking
//   Time        true time; machines, broker and sources read it through clocks that may be wrong
//   Threads     one owner
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "state/base/instant.h"

namespace escalation::simulation {

class Agenda {
 public:
  explicit Agenda(Instant start) : now_(start) {}

  Instant now() const { return now_; }
  void At(Instant when, std::function<void()> what) {
    items_.emplace(std::pair(std::max(when, now_), asked_++), std::move(what));
  }
  void After(Duration wait, std::function<void()> what) { At(now_ + wait, std::move(what)); }

  // Everything up to and at `until`; `stop` ends it early.
  void RunUntil(Instant until, const bool& stop) {
    while (!stop && !items_.empty() && items_.begin()->first.first <= until) {
      auto item = items_.extract(items_.begin());
      now_ = item.key().first;
      item.mapped()();
    }
    now_ = std::max(now_, until);
  }

 private:
  Instant now_;
  uint64_t asked_ = 0;
  std::map<std::pair<Instant, uint64_t>, std::function<void()>> items_;
};

}  // namespace escalation::simulation
