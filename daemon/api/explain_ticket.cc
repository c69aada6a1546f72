#include "daemon/api/explain_ticket.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/api/explain_clock.h"
#include "daemon/api/explain_decisions.h"
#include "daemon/api/explain_escalation.h"
#include "daemon/api/explain_history.h"
#include "daemon/api/explain_lines.h"
#include "daemon/api/explain_mutes.h"
#include "daemon/api/explain_on_call.h"
#include "daemon/api/explain_outcome.h"
#include "state/base/text.h"
#include "state/calendar/calendar_view.h"
#include "state/partition/decision_text.h"
#include "state/partition/ticket_text.h"
#include "state/ticket/clock.h"
#include "state/ticket/entry_list.h"

namespace escalation {
namespace {

// Decisions that are shown; the latest.
constexpr size_t kDecisionsShownMax = 100;
// A decision that came later than this after its moment says so: the daemon was away.
constexpr Duration kNoticedLate = Duration::Seconds(10);

class TicketExplainer {
 public:
  TicketExplainer(const TenantView& view, const v1::TicketState& ticket,
                  const ExplainQuestion& question)
      : view_(view),
        environment_(view.environment()),
        ticket_(ticket),
        facts_(ticket.live().facts()),
        question_(question),
        zone_(ChooseZone()) {}

  absl::StatusOr<std::vector<std::string>> Explain() {
    absl::StatusOr<FoundDecisions> found =
        FindDecisions(view_.partition(), view_.name(), question_.ticket_id, ticket_);
    if (!found.ok()) return found.status();
    found_ = *std::move(found);
    std::optional<std::vector<v1::Entry>> entries = DecodeEntries(ticket_);
    if (!entries) return absl::DataLossError("the ticket's kept events are damaged");
    entries_ = *std::move(entries);
    histories_ = FoldHistory(environment_, ticket_, entries_);
    if (absl::Status status = ChooseSubject(); !status.ok()) return status;
    if (page_ != nullptr) {
      auto outcome = FindOutcome(view_.partition(), Offset{page_->cause().offset()},
                                 page_->page_requested().key());
      if (!outcome.ok()) return outcome.status();
      outcome_ = *std::move(outcome);
    }
    Head();
    InShort();
    Clocks();
    for (const v1::EscalationState& run : ticket_.escalations()) {
      if (Wanted(run)) ExplainEscalation(environment_, run, zone_, question_.now, &lines_);
    }
    ExplainMutes(view_, question_.ticket_id, ticket_, zone_, &lines_);
    if (absl::Status status = OnCall(); !status.ok()) return status;
    Events();
    Decisions();
    if (!view_.status().ok()) return view_.status();
    return lines_.lines();
  }

 private:
  // The zone of the first clock's calendar with hours; else the one that the policy shows to
  // people.
  Zone ChooseZone() const {
    for (const v1::ClockState& clock : ticket_.live().clocks()) {
      const OpenHours& hours = environment_.FindCalendar(clock.calendar()).hours();
      if (!hours.always_open()) return hours.zone();
    }
    const v1::Policy& policy = environment_.CurrentPolicy().policy();
    const absl::StatusOr<v1::CalendarSet> calendars = view_.FindCalendars();
    if (calendars.ok()) {
      for (const v1::ZoneDefinition& definition : calendars->zones()) {
        if (definition.name() != policy.display_zone()) continue;
        if (absl::StatusOr<Zone> zone = Zone::Make(definition); zone.ok()) return *std::move(zone);
      }
    }
    return environment_.FindCalendar(policy.default_calendar()).hours().zone();
  }

  // The page that is asked about, or the latest one; and what it says about clock and escalation.
  absl::Status ChooseSubject() {
    for (const v1::Decision& decision : found_.decisions) {
      const bool fits =
          decision.has_page_requested() &&
          (question_.page.empty() || decision.page_requested().key() == question_.page);
      if (fits) page_ = &decision;
    }
    for (const v1::EscalationState& run : ticket_.escalations()) {
      for (const v1::PageState& page : run.pages()) {
        if (page.key() == question_.page) page_run_ = &run;
      }
    }
    if (!question_.page.empty() && page_ == nullptr && page_run_ == nullptr) {
      return absl::NotFoundError(Cat("ticket ", question_.ticket_id, " has no page with the key ",
                                     question_.page.substr(0, 300)));
    }
    if (question_.clock.empty()) return absl::OkStatus();
    std::string known;
    for (const ClockHistory& history : histories_) {
      if (Wanted(history)) return absl::OkStatus();
      const v1::ClockState& clock = history.latest();
      CatTo(&known, known.empty() ? "" : ", ", ClockName(clock.metric(), clock.target()));
    }
    return absl::NotFoundError(Cat("ticket ", question_.ticket_id, " has no clock \"",
                                   question_.clock.substr(0, 100), "\"; it has ",
                                   known.empty() ? "none" : known));
  }

  bool Wanted(const ClockHistory& history) const {
    const v1::ClockState& clock = history.latest();
    if (!question_.clock.empty()) {
      return question_.clock == clock.metric() || question_.clock == clock.target() ||
             question_.clock == ClockName(clock.metric(), clock.target());
    }
    if (question_.page.empty()) return true;
    if (page_ != nullptr) {
      const v1::PageRequested& page = page_->page_requested();
      return page.metric().empty() ||
             (page.metric() == clock.metric() && page.target() == clock.target());
    }
    return page_run_->metric().empty() ||
           (page_run_->metric() == clock.metric() && page_run_->target() == clock.target());
  }

  bool Wanted(const v1::EscalationState& run) const {
    if (!question_.page.empty()) {
      return page_run_ != nullptr ? page_run_ == &run
                                  : run.name() == page_->page_requested().escalation();
    }
    return question_.clock.empty() || question_.clock == run.metric() ||
           question_.clock == run.target() ||
           question_.clock == ClockName(run.metric(), run.target());
  }

  void Head() {
    lines_.Heading(Cat("Ticket ", question_.ticket_id,
                       facts_.subject().empty() ? "" : Cat(": ", facts_.subject())));
    lines_.Add("now", LocalAndUtcText(zone_, question_.now));
    std::string text;
    const auto add = [&text](std::string_view name, std::string_view value) {
      if (!value.empty()) CatTo(&text, text.empty() ? "" : ", ", name, value);
    };
    add("severity ", facts_.severity());
    add("plan ", facts_.plan());
    add("account ", facts_.account());
    add("", StatusText(facts_.status()));
    add("", facts_.assignee().empty() ? "nobody assigned" : Cat("assigned to ", facts_.assignee()));
    add("group ", facts_.group());
    add("level ", facts_.level());
    lines_.Add("ticket", text);
    if (facts_.provisional()) {
      lines_.Add("note", "only heard of by a customer's message: it was never seen being opened");
    }
    if (!facts_.merged_into().empty()) {
      lines_.Add("note", Cat("merged into ", facts_.merged_into(), ": look there"));
    }
  }

  // The present cycles, and the earlier ones in a line each unless one clock was asked for.
  void Clocks() {
    std::vector<const v1::ClockState*> earlier;
    for (const ClockHistory& history : histories_) {
      if (!Wanted(history)) continue;
      const auto& live = ticket_.live().clocks();
      const bool present = std::any_of(live.begin(), live.end(), [&](const v1::ClockState& clock) {
        return SameCycle(clock, history.latest());
      });
      if (present || !question_.clock.empty()) {
        ExplainClock({environment_, ticket_, entries_, zone_, question_.now}, history, &lines_);
      } else {
        earlier.push_back(&history.latest());
      }
    }
    if (earlier.empty()) return;
    lines_.Heading("Earlier cycles");
    for (const v1::ClockState* const clock : earlier) {
      lines_.Add(LocalText(zone_, Instant{clock->started_ms()}),
                 ClockSummary(environment_, *clock, question_.now));
    }
  }

  const v1::PageState* FindPage(const std::string& key) const {
    for (const v1::EscalationState& run : ticket_.escalations()) {
      for (const v1::PageState& page : run.pages()) {
        if (page.key() == key) return &page;
      }
    }
    return nullptr;
  }

  void InShort() {
    lines_.Heading("In short");
    if (const std::string text = KeptBackText(ticket_); !text.empty()) {
      lines_.Add("kept back", text);
    }
    if (page_ != nullptr) return ShortPage();
    if (page_run_ != nullptr) {
      lines_.Add("paged", Cat(question_.page, ", because ", StartText(*page_run_)));
      return;
    }
    const v1::ClockState* next = nullptr;
    bool breached = false;
    for (const v1::ClockState& clock : ticket_.live().clocks()) {
      if (!IsOpen(clock)) continue;
      if (clock.breached_ms() != 0) {
        breached = true;
        lines_.Add("breached", Cat("clock ", ClockSummary(environment_, clock, question_.now)));
      }
      if (clock.due_ms() != 0 && (next == nullptr || clock.due_ms() < next->due_ms())) {
        next = &clock;
      }
    }
    lines_.Add("paged",
               found_.cut ? "nobody, as far as the decisions that were read go" : "nobody");
    if (next != nullptr) {
      const Instant due{next->due_ms()};
      lines_.Add("next",
                 Cat("clock ", ClockName(next->metric(), next->target()), " is due ",
                     LocalAndUtcText(zone_, due), ", in ", ElapsedText(due - question_.now)));
    } else if (!breached) {
      lines_.Add("next", "no clock is running towards a due moment");
    }
  }

  // Empty: at once.
  std::string NoticedText(const v1::Decision& decision) const {
    const Instant noticed = FromProto(decision.detected_at());
    if (!decision.has_detected_at() || noticed - FromProto(decision.at()) <= kNoticedLate)
      return "";
    return Cat(" (noticed ", LocalText(zone_, noticed), ")");
  }

  void ShortPage() {
    const v1::PageRequested& page = page_->page_requested();
    const Instant at = FromProto(page_->at());
    const bool unsent = outcome_.has_value() && outcome_->outcome() != v1::PageOutcome::DELIVERED;
    lines_.Add(
        unsent ? "not paged" : "paged",
        Cat(LocalAndUtcText(zone_, at), ": route ", page.route(), ", escalation ",
            page.escalation(), " step ", page.step(), ", key ", page.key(), NoticedText(*page_)));
    if (!page.fallback_of().empty()) {
      lines_.Add("fallback", Cat("because route ", page.fallback_of(), " failed"));
    }
    if (!page.why().empty()) lines_.Add("why", page.why());
    if (!page.metric().empty()) {
      std::string text = Cat("clock ", ClockName(page.metric(), page.target()), ": ",
                             OpenText(FromProto(page.used())), " of ",
                             OpenText(FromProto(page.within())), " were used");
      if (FromProto(page.paused()).ms > 0) {
        CatTo(&text, ", paused for ", ElapsedText(FromProto(page.paused())));
      }
      if (!page.due_local().empty()) CatTo(&text, "; it was due ", page.due_local());
      lines_.Add("clock", text);
    }
    if (!page.next().empty() && IsEscalating(page.key())) lines_.Add("then", page.next());
    PageEnd(page.key());
    lines_.Add("cause", Cat("record ", page_->cause().offset(), ", ",
                            page_->cause().rule().empty() ? "no rule" : page_->cause().rule(),
                            ", policy revision ", page_->cause().policy_revision()));
  }

  // What the pager made of it, and whether it is open there.
  void PageEnd(const std::string& key) {
    if (outcome_.has_value()) {
      lines_.Add("outcome", OutcomeText(*outcome_));
    }
    if (const v1::PageState* const state = FindPage(key)) {
      std::string text = PageStateText(state->state());
      if (!state->destination().empty()) CatTo(&text, " to ", state->destination());
      lines_.Add("page", Cat(text, state->closed() ? ", closed since" : ", open"));
    } else {
      lines_.Add("page", "nothing is open at the pager");
    }
  }

  // Whether the run of that page still takes steps.
  bool IsEscalating(const std::string& key) const {
    for (const v1::EscalationState& run : ticket_.escalations()) {
      for (const v1::PageState& page : run.pages()) {
        if (page.key() == key) return run.next_ms() != 0;
      }
    }
    return false;
  }

  // Of the page that was asked for; else of all.
  absl::Status OnCall() {
    std::vector<const v1::Decision*> pages;
    for (const v1::Decision& decision : found_.decisions) {
      if (!decision.has_page_requested()) continue;
      if (question_.page.empty() || &decision == page_) pages.push_back(&decision);
    }
    return ExplainOnCall(view_, std::move(pages), zone_, &lines_);
  }

  void Events() {
    lines_.Heading(entries_.empty() ? "Events" : "Events, oldest first");
    if (ticket_.has_base()) {
      lines_.Add("", Cat("Older events are part of the ticket's state of ",
                         LocalText(zone_, Instant{ticket_.base().reached_ms()}),
                         "; the log still has them one by one."));
    } else if (entries_.empty()) {
      lines_.Add("", "none");
    }
    for (const v1::Entry& entry : entries_) {
      lines_.Add(Cat("record ", entry.offset()),
                 Cat(LocalText(zone_, Instant{entry.at_ms()}), ": ", EventText(entry.event())));
    }
  }

  void Decisions() {
    const size_t count = found_.decisions.size();
    const size_t first = count > kDecisionsShownMax ? count - kDecisionsShownMax : 0;
    lines_.Heading(first == 0 ? "Decisions, oldest first"
                              : Cat("Decisions, the latest ", kDecisionsShownMax, " of ", count));
    for (size_t i = first; i < count; ++i) {
      const v1::Decision& decision = found_.decisions[i];
      DecisionTextOptions options;
      options.now = FromProto(decision.at());
      options.offset_s = zone_.OffsetAt(options.now.ms / 1000);
      lines_.Add(Cat("record ", decision.cause().offset()),
                 Cat(LocalText(zone_, options.now), ": ", DecisionText(decision, options),
                     NoticedText(decision)));
    }
    if (count == 0) lines_.Add("", "none");
    if (found_.cut) {
      lines_.Add("", Cat("Read ", found_.read,
                         " of the partition's decisions: the latest, and those "
                         "around this ticket's records. Older ones may be missing here; the "
                         "decisions stream has them."));
    }
  }

  const TenantView& view_;
  const Environment& environment_;
  const v1::TicketState& ticket_;
  const v1::TicketFacts& facts_;
  const ExplainQuestion& question_;
  const Zone zone_;
  FoundDecisions found_;
  std::vector<v1::Entry> entries_;
  std::vector<ClockHistory> histories_;
  // The request of the page that is explained; null: none, or older than what was read.
  const v1::Decision* page_ = nullptr;
  // What the pager made of it; none: not yet, or further on in the log than was read.
  std::optional<v1::PageOutcome> outcome_;
  // The run that the page asked for belongs to; null: none, or not kept any more.
  const v1::EscalationState* page_run_ = nullptr;
  ExplainLines lines_;
};

}  // namespace

absl::StatusOr<std::vector<std::string>> ExplainTicket(const TenantView& view,
                                                       const v1::TicketState& ticket,
                                                       const ExplainQuestion& question) {
  return TicketExplainer(view, ticket, question).Explain();
}

}  // namespace escalation
