#include "daemon/api/explain_clock.h"

#include <algorithm>
#include <vector>

#include "state/base/text.h"
#include "state/calendar/calendar_explain.h"
#include "state/calendar/calendar_view.h"
#include "state/partition/ticket_text.h"
#include "state/ticket/clock.h"
#include "state/ticket/clock_decisions.h"

namespace escalation {
namespace {

using v1::ClockState;

// Rows of one stretch of counting; what lies between is summed up.
constexpr size_t kRowsMax = 24;
constexpr size_t kRowsKept = 10;

const char* EndText(ClockChange change) {
  switch (change) {
    case ClockChange::kMet:
      return "met";
    case ClockChange::kCancelled:
      return "cancelled";
    case ClockChange::kExpired:
      return "expired";
    default:
      return nullptr;
  }
}

class ClockExplainer {
 public:
  ClockExplainer(const ClockScene& scene, const ClockHistory& history, ExplainLines* lines)
      : environment_(scene.environment),
        ticket_(scene.ticket),
        entries_(scene.entries),
        history_(history),
        clock_(history.latest()),
        calendar_(environment_.FindCalendar(clock_.calendar())),
        home_(scene.zone),
        zone_(ZoneOf(calendar_)),
        now_(scene.now),
        lines_(*lines) {}

  void Explain() {
    lines_.Heading(Cat("Clock ", ClockSummary(environment_, clock_, now_)));
    Promise();
    if (history_.before.state() != ClockState::NONE) Beginning(history_.before);
    for (size_t i = 0; i < history_.moments.size(); ++i) Moment(i);
    Standing();
  }

 private:
  const Zone& ZoneOf(const Calendar& calendar) const {
    return calendar.hours().always_open() ? home_ : calendar.hours().zone();
  }

  void Promise() {
    const CompiledPlan* const plan =
        environment_.PolicyAt(clock_.policy_revision()).FindPlan(clock_.plan());
    const CompiledTarget* const target =
        plan == nullptr ? nullptr : plan->FindTarget(clock_.target());
    std::string promise = OpenText(Duration{clock_.within_ms()});
    if (target != nullptr && target->target->within().business_days() > 0) {
      promise = Cat(target->target->within().text(), ", here ", promise);
    }
    const bool always = calendar_.hours().always_open();
    CatTo(&promise,
          always ? " around the clock"
                 : Cat(" of open time, calendar ", calendar_.name(), " (", zone_.name(), ")"));
    lines_.Add("promise", promise);
    const std::string rule = RuleOf(environment_, clock_);
    lines_.Add("policy", Cat(rule.empty() ? "(no longer kept)" : rule, ", plan ", clock_.plan(),
                             ", revision ", clock_.policy_revision()));
  }

  // What is known of the time before the first event that is kept.
  void Beginning(const ClockState& clock) {
    const Instant since{clock.since_ms()};
    lines_.Add("started", LocalAndUtcText(zone_, Instant{clock.started_ms()}));
    if (clock.breached_ms() != 0) {
      lines_.Add("breached", LocalAndUtcText(zone_, Instant{clock.breached_ms()}));
    }
    if (!IsOpen(clock)) lines_.Add(ClockStateText(clock.state()), LocalAndUtcText(zone_, since));
    if (clock.since_ms() != clock.started_ms()) {
      lines_.Add("earlier", Cat(OpenText(Duration{clock.accrued_ms()}), " were used up to ",
                                LocalText(zone_, since),
                                "; the events before that are no longer kept one by one"));
    }
    CountFrom(clock, since, 0);
  }

  std::string CauseText(const ClockMoment& moment) const {
    if (moment.entry < 0) return "";
    const v1::Entry& entry = entries_[static_cast<size_t>(moment.entry)];
    return Cat(", by record ", entry.offset(), ": ", EventText(entry.event()));
  }

  void Moment(size_t index) {
    const ClockMoment& moment = history_.moments[index];
    const std::string at = LocalText(zone_, moment.at);
    const std::string cause = CauseText(moment);
    switch (moment.change) {
      case ClockChange::kStarted:
        lines_.Add("started", Cat(LocalAndUtcText(zone_, moment.at), cause));
        break;
      case ClockChange::kWarned:
        lines_.Add("warned", at);
        return;
      case ClockChange::kBreached:
        lines_.Add("breached", Cat(LocalAndUtcText(zone_, moment.at), ": ",
                                   OpenText(Duration{moment.clock.within_ms()}), " were used"));
        break;
      case ClockChange::kPaused:
        lines_.Add("paused", Cat(at, cause));
        break;
      case ClockChange::kResumed:
        lines_.Add("resumed", Cat(at, cause));
        break;
      case ClockChange::kAmended:
        lines_.Add("amended", Cat(at, ", because of the ", moment.detail, ": now ",
                                  OpenText(Duration{moment.clock.within_ms()}), " (target ",
                                  moment.clock.target(), ")", cause));
        break;
      case ClockChange::kFellBack:
        lines_.Add("alarm", "the calendar has no opening within 400 days: wall time is counted");
        return;
      default:
        lines_.Add(EndText(moment.change),
                   Cat(LocalAndUtcText(zone_, moment.at),
                       moment.detail.empty() ? "" : Cat(" (", moment.detail, ")"), cause));
        return;
    }
    CountFrom(moment.clock, moment.at, index + 1);
  }

  // Up to the next moment that changes what is counted: warnings cut nothing.
  void CountFrom(const ClockState& clock, Instant from, size_t next) {
    while (next < history_.moments.size() &&
           (history_.moments[next].change == ClockChange::kWarned ||
            history_.moments[next].change == ClockChange::kFellBack)) {
      ++next;
    }
    if (next == history_.moments.size()) return Counting(clock, from);
    Segment(clock, from, history_.moments[next].at);
  }

  // From the latest change on: to the due moment where there is one, else to now.
  void Counting(const ClockState& clock, Instant from) {
    if (!IsOpen(clock)) return;
    Instant to = now_;
    if (clock.state() == ClockState::RUNNING && clock.due_ms() != 0) to = Instant{clock.due_ms()};
    if (to > from) Segment(clock, from, to);
  }

  // What the clock counted in [from, to) in the state that it had from `from` on.
  void Segment(const ClockState& clock, Instant from, Instant to) {
    if (to <= from) return;
    if (clock.state() == ClockState::PAUSED) {
      lines_.Add("not counted",
                 Cat(RangeText(zone_, from, to), ": paused for ", ElapsedText(to - from)));
      return;
    }
    if (clock.state() != ClockState::RUNNING) return;
    const Calendar& calendar = environment_.FindCalendar(clock.calendar());
    const Duration before = UsedAt(clock, calendar, from);
    const Explanation answer = ExplainAdd(calendar, from, calendar.OpenBetween(from, to));
    std::vector<ExplainedStretch> rows = answer.stretches;
    const Instant told = rows.empty() ? from : rows.back().to;
    if (told < to) {
      const Duration counted = rows.empty() ? Duration{} : rows.back().counted;
      rows.push_back({told, to, false, counted, "outside hours"});
    }
    const bool all = rows.size() <= kRowsMax;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (!all && i == kRowsKept) {
        const size_t next = rows.size() - kRowsKept;
        lines_.Add("...", Cat(next - i, " more stretches, together +",
                              OpenText(rows[next - 1].counted - rows[i - 1].counted), " = ",
                              OpenText(before + rows[next - 1].counted)));
        i = next;
      }
      Row(ZoneOf(calendar), rows[i], before);
    }
    for (const std::string& change : answer.clock_changes) lines_.Add("note", change);
  }

  void Row(const Zone& zone, const ExplainedStretch& row, Duration before) {
    const std::string range = RangeText(zone, row.from, row.to);
    if (!row.is_open) {
      lines_.Add("not counted", Cat(range, ": ", row.reason));
      return;
    }
    lines_.Add(
        row.from >= now_ ? "will count" : "counted",
        Cat(range, ": +", OpenText(row.to - row.from), " = ", OpenText(before + row.counted)));
  }

  // How it stands now, against what is stored.
  void Standing() {
    if (IsOpen(clock_)) {
      const Duration used = UsedAt(clock_, calendar_, std::max(now_, Instant{clock_.since_ms()}));
      const Duration within{clock_.within_ms()};
      std::string text =
          Cat(LocalText(zone_, now_), ": ", OpenText(used), " of ", OpenText(within), " used");
      if (used < within) CatTo(&text, ", ", OpenText(within - used), " left");
      if (used > within) CatTo(&text, ", over by ", OpenText(used - within));
      lines_.Add("now", text);
    }
    if (clock_.pinned_due_ms() != 0) {
      lines_.Add("fixed", clock_.pin_is_soft()
                              ? "the due moment is a date that business days lead to"
                              : "the due moment was agreed or given; it does not follow from "
                                "counting");
    }
    if (clock_.due_ms() != 0) {
      const Instant due{clock_.due_ms()};
      lines_.Add("due", Cat(LocalAndUtcText(zone_, due),
                            due > now_ ? Cat(", in ", ElapsedText(due - now_))
                                       : Cat(", ", ElapsedText(now_ - due), " ago")));
    } else if (clock_.state() == ClockState::PAUSED) {
      lines_.Add("due", "no moment while it is paused");
    }
    Compare();
  }

  void Compare() {
    for (const ClockState& stored : ticket_.live().clocks()) {
      if (!SameCycle(stored, clock_)) continue;
      const bool same = stored.state() == clock_.state() && stored.due_ms() == clock_.due_ms() &&
                        stored.breached_ms() == clock_.breached_ms() &&
                        stored.within_ms() == clock_.within_ms();
      if (same) return;
      lines_.Add("note", Cat("the stored clock is ", ClockSummary(environment_, stored, now_),
                             "; an account or policy has changed since it was counted"));
    }
  }

  const Environment& environment_;
  const v1::TicketState& ticket_;
  const std::span<const v1::Entry> entries_;
  const ClockHistory& history_;
  const ClockState& clock_;
  const Calendar& calendar_;
  const Zone& home_;
  const Zone& zone_;
  const Instant now_;
  ExplainLines& lines_;
};

}  // namespace

void ExplainClock(const ClockScene& scene, const ClockHistory& history, ExplainLines* lines) {
  ClockExplainer(scene, history, lines).Explain();
}

std::string ClockSummary(const Environment& environment, const ClockState& clock, Instant now) {
  const Calendar& calendar = environment.FindCalendar(clock.calendar());
  const Duration used = UsedAt(clock, calendar, std::max(now, Instant{clock.since_ms()}));
  std::string out = ClockName(clock.metric(), clock.target());
  if (clock.cycle() > 1) CatTo(&out, ", cycle ", clock.cycle());
  const bool breached = clock.breached_ms() != 0;
  CatTo(&out, ": ", breached ? "breached, " : "", ClockStateText(clock.state()), ", ",
        OpenText(used), " of ", OpenText(Duration{clock.within_ms()}), " used");
  return out;
}

}  // namespace escalation
