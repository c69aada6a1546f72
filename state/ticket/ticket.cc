#include "state/ticket/ticket.h"

#include <algorithm>
#include <utility>

#include "state/base/text.h"
#include "state/ticket/clock.h"
#include "state/ticket/ticket_observers.h"

namespace escalation {
namespace {

using v1::Metric;

constexpr Duration kMillisecond{1};

// Whether the event can change facts or clocks. What cannot is not kept.
bool MattersToClocks(const v1::Event& event) {
  using Event = v1::Event;
  switch (event.body_case()) {
    case Event::kMessageAdded:
      return event.message_added().visibility() == v1::MessageAdded::PUBLIC &&
             (event.actor().kind() == v1::Actor::CUSTOMER ||
              event.actor().kind() == v1::Actor::AGENT);
    case Event::kOpened:
    case Event::kStatusChanged:
    case Event::kSeverityChanged:
    case Event::kWorkaroundRecorded:
    case Event::kAssigned:
    case Event::kHandoverRequested:
    case Event::kFieldsChanged:
    case Event::kUpdateAgreed:
    case Event::kMerged:
    case Event::kLinkedTo:
    case Event::kPageAcknowledged:
      return true;
    default:
      return false;
  }
}

}  // namespace

void TicketFold::LiveObserver::OnClock(ClockChange change, const v1::ClockState& clock, Instant at,
                                       Instant due, const char* detail, int warning) {
  DecideClock(fold_.environment_, change, clock, at, due, detail, warning, BreachKind::kNow,
              &fold_.sink_);
  switch (change) {
    case ClockChange::kWarned:
    case ClockChange::kBreached:
      fold_.TriggerOnClock(change, clock, at);
      break;
    case ClockChange::kMet:
      fold_.escalations_.OnClockEnded(clock, "clock_met", acknowledging_, at);
      break;
    case ClockChange::kCancelled:
    case ClockChange::kExpired:
      fold_.escalations_.OnClockEnded(clock, "clock_cancelled", acknowledging_, at);
      break;
    default:
      break;
  }
}

void TicketFold::LiveObserver::OnNote(v1::Decision note, Instant at) {
  const std::string rule = note.cause().rule();
  note.clear_cause();
  fold_.sink_.Add(at, Instant::Never(), rule).MergeFrom(note);
}

void TicketFold::LiveObserver::OnFacts(const PlacedEvent& placed, const FactChange& change,
                                       const v1::TicketFacts& /*facts*/) {
  fold_.TriggerOnFacts(placed, change, placed.at);
  fold_.AnnounceFacts(placed, change, placed.at);
}

TicketFold::TicketFold(Environment& environment, std::string_view tenant,
                       std::string_view ticket_id, v1::TicketState* state, DecisionSink* sink)
    : environment_(environment),
      tenant_(tenant),
      ticket_id_(ticket_id),
      state_(*state),
      sink_(*sink),
      escalations_(environment, tenant, ticket_id, state, sink) {}

bool TicketFold::IsLate(Instant at) const {
  const v1::TicketTimeline& live = state_.live();
  return at.ms < live.reached_ms() || (live.fired_ms() != 0 && at.ms <= live.fired_ms());
}

void TicketFold::Apply(const v1::Event& event, int64_t offset, Instant at, Instant arrived) {
  if (event.has_observed()) {
    Observe(event, offset, at);
  } else if (MattersToClocks(event)) {
    const bool asks = event.has_message_added() && event.actor().kind() == v1::Actor::CUSTOMER;
    const bool answered = asks && at.ms < state_.live().facts().last_public_reply_ms();
    Place({at, offset, environment_.CurrentPolicy().revision(), answered, event}, arrived);
  } else {
    if (!IsLate(at)) FireBoth(at - kMillisecond);
    // A bot's message changes nothing, but people may want to know of it.
    if (event.has_message_added()) {
      AnnounceFacts({at, offset, environment_.CurrentPolicy().revision(), false, event}, {}, at);
    }
  }
  switch (event.body_case()) {
    case v1::Event::kPageAcknowledged:
      escalations_.Acknowledge(event.page_acknowledged(), at);
      break;
    case v1::Event::kPageResolved:
      escalations_.ResolveAtPager(event.page_resolved(), at);
      break;
    case v1::Event::kPageOutcome:
      escalations_.Settle(event.page_outcome(), at);
      break;
    case v1::Event::kEscalationRequested: {
      const CompiledPolicy& policy = environment_.CurrentPolicy();
      escalations_.Start(
          {event.escalation_requested().escalation(), "requested", "", policy.revision(), nullptr},
          at);
      break;
    }
    case v1::Event::kEscalationStopped:
      StopAsAsked(event, at);
      break;
    case v1::Event::kPageRequestedManually:
      // What is known by nothing else is remembered from here.
      if (!IsKnown(state_)) {
        state_.mutable_live()->set_reached_ms(std::max(state_.live().reached_ms(), at.ms));
      }
      escalations_.PageByHand(event.page_requested_manually(), event.actor().id(), at);
      break;
    default:
      break;
  }
  ForgetPast();
}

void TicketFold::StopAsAsked(const v1::Event& event, Instant at) {
  const v1::EscalationStopRequested& asked = event.escalation_stopped();
  if (escalations_.StopByHand(asked.scope(), {event.actor().id(), asked.reason()}, at) > 0) return;
  v1::Flagged* const flagged = sink_.Add(at, Instant::Never(), "").mutable_flagged();
  flagged->set_reason("nothing_to_stop");
  flagged->set_detail("no escalation that it covers is under way");
}

void TicketFold::Place(const PlacedEvent& placed, Instant arrived) {
  if (IsLate(placed.at)) {
    Refold(placed, arrived);
  } else {
    ApplyInTime(placed);
  }
}

void TicketFold::ApplyInTime(const PlacedEvent& placed) {
  FireBoth(placed.at - kMillisecond);
  LiveObserver observer(*this);
  observer.set_acknowledging(placed.event);
  Timeline(environment_, state_.mutable_live(), &observer).Apply(placed);
  AppendEntry(placed, &state_);
  if (state_.entry_count() > kEntriesMax) Compact();
}

void TicketFold::FireUntil(Instant limit) {
  FireBoth(limit);
  ForgetPast();
}

void TicketFold::StopByHand(const v1::Scope& scope, const ByHand& hand, Instant at) {
  escalations_.StopByHand(scope, hand, at);
  ForgetPast();
}

void TicketFold::Snooze(const v1::MuteState& snooze, Instant at) {
  if (!IsLate(at)) FireBoth(at - kMillisecond);
  escalations_.Snooze(snooze, at);
}

void TicketFold::ReviewMutes(Instant at) {
  escalations_.ReviewMutes(at);
  ForgetPast();
}

void TicketFold::FireBoth(Instant limit) {
  LiveObserver observer(*this);
  Timeline timeline(environment_, state_.mutable_live(), &observer);
  for (;;) {
    const Instant clock = timeline.NextMoment();
    const Instant step = escalations_.NextMoment();
    if (std::min(clock, step) > limit) return;
    if (clock <= step) {
      timeline.FireNext();
    } else {
      escalations_.FireNext();
    }
  }
}

void TicketFold::ForgetPast() { escalations_.Prune(); }

Instant TicketFold::NextMoment() const {
  Instant next = std::min(escalations_.NextMoment(), ForgetMoment());
  for (const v1::ClockState& clock : state_.live().clocks()) {
    if (clock.next_ms() != 0) next = std::min(next, Instant{clock.next_ms()});
  }
  return next;
}

Instant TicketFold::ForgetMoment() const {
  const v1::TicketFacts& facts = state_.live().facts();
  const Duration after = environment_.CurrentPolicy().forget_after();
  if (after.ms == 0) return Instant::Never();
  // A ticket that was only heard of, merged or closed; one with an unsettled page waits for that.
  const bool over =
      facts.opened_ms() == 0 || facts.closed_ms() != 0 || !facts.merged_into().empty();
  if (!over || !state_.escalations().empty()) return Instant::Never();
  return Instant{state_.live().reached_ms()} + after;
}

}  // namespace escalation
