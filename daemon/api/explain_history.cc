#include "daemon/api/explain_history.h"

#include <utility>

namespace escalation {
namespace {

class Listener : public TimelineObserver {
 public:
  explicit Listener(std::vector<ClockHistory>* histories) : histories_(*histories) {}

  void set_entry(int entry) { entry_ = entry; }

  void OnClock(ClockChange change, const v1::ClockState& clock, Instant at, Instant due,
               const char* detail, int warning) override {
    ClockHistory* history = nullptr;
    for (ClockHistory& known : histories_) {
      if (SameCycle(known.latest(), clock)) history = &known;
    }
    if (history == nullptr) history = &histories_.emplace_back();
    history->moments.push_back({change, clock, at, due, detail, warning, entry_});
  }
  void OnNote(v1::Decision, Instant) override {}
  void OnFacts(const PlacedEvent&, const FactChange&, const v1::TicketFacts&) override {}

 private:
  std::vector<ClockHistory>& histories_;
  int entry_ = -1;
};

}  // namespace

bool SameCycle(const v1::ClockState& a, const v1::ClockState& b) {
  return a.lane() == b.lane() && a.cycle() == b.cycle() && a.metric() == b.metric() &&
         a.set() == b.set();
}

std::vector<ClockHistory> FoldHistory(const Environment& environment, const v1::TicketState& ticket,
                                      std::span<const v1::Entry> entries) {
  std::vector<ClockHistory> histories;
  for (const v1::ClockState& clock : ticket.base().clocks()) {
    histories.emplace_back().before = clock;
  }
  v1::TicketTimeline folded = ticket.base();
  Listener listener(&histories);
  Timeline timeline(environment, &folded, &listener);
  const auto fire_until = [&](int64_t limit_ms) {
    listener.set_entry(-1);
    while (timeline.NextMoment().ms <= limit_ms) timeline.FireNext();
  };
  for (size_t i = 0; i < entries.size(); ++i) {
    fire_until(entries[i].at_ms() - 1);
    listener.set_entry(static_cast<int>(i));
    timeline.Apply(Placed(entries[i]));
  }
  fire_until(ticket.live().fired_ms());
  return histories;
}

}  // namespace escalation
