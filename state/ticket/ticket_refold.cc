// How a ticket's past is folded again: late events, new facts, observed state.

#include <algorithm>
#include <utility>
#include <vector>

#include "state/base/text.h"
#include "state/ticket/clock.h"
#include "state/ticket/ticket.h"
#include "state/ticket/ticket_observers.h"

namespace escalation {
namespace {

constexpr Duration kMillisecond{1};
// Entries are folded into the base in groups, so that this costs one more fold an event at most.
constexpr int kCompactCount = 16;

// Nobody listens: the base only has to become right.
class QuietObserver : public TimelineObserver {
 public:
  void OnClock(ClockChange, const v1::ClockState&, Instant, Instant, const char*, int) override {}
  void OnNote(v1::Decision, Instant) override {}
  void OnFacts(const v1::Entry&, const FactChange&, const v1::TicketFacts&) override {}
};

void FireClocks(Timeline* timeline, Instant limit) {
  while (timeline->NextMoment() <= limit) timeline->FireNext();
}

v1::Event MessageBy(v1::Actor::Kind kind) {
  v1::Event event;
  event.mutable_actor()->set_kind(kind);
  event.mutable_message_added()->set_visibility(v1::MessageAdded::PUBLIC);
  return event;
}

}  // namespace

void TicketFold::Keep(v1::Entry entry) {
  auto* const entries = state_.mutable_entries();
  *entries->Add() = std::move(entry);
  for (int i = entries->size() - 1; i > 0 && entries->Get(i).at_ms() < entries->Get(i - 1).at_ms();
       --i) {
    entries->SwapElements(i, i - 1);
  }
  if (entries->size() > kEntriesMax) Compact(kCompactCount);
}

void TicketFold::Compact(int count) {
  QuietObserver observer;
  Timeline timeline(environment_, state_.mutable_base(), &observer);
  for (int i = 0; i < count; ++i) {
    const v1::Entry& entry = state_.entries(i);
    FireClocks(&timeline, Instant{entry.at_ms()} - kMillisecond);
    timeline.Apply(entry);
  }
  state_.mutable_entries()->DeleteSubrange(0, count);
}

v1::TicketTimeline TicketFold::Run(RefoldObserver* observer, int64_t fire_until_ms) const {
  v1::TicketTimeline result = state_.base();
  Timeline timeline(environment_, &result, observer);
  for (const v1::Entry& entry : state_.entries()) {
    FireClocks(&timeline, Instant{entry.at_ms()} - kMillisecond);
    timeline.Apply(entry);
  }
  if (fire_until_ms != 0) FireClocks(&timeline, Instant{fire_until_ms});
  return result;
}

void TicketFold::Refold(v1::Entry entry, Instant arrived) {
  const int64_t fired_ms = state_.live().fired_ms();
  const int64_t reached_ms = state_.live().reached_ms();
  const v1::TicketTimeline& base = state_.base();
  const int64_t earliest_ms =
      std::max(base.reached_ms(), base.fired_ms() == 0 ? 0 : base.fired_ms() + 1);
  if (state_.has_base() && entry.at_ms() < earliest_ms) {
    v1::Flagged* const flagged =
        sink_.Add(Instant{entry.at_ms()}, Instant::Never(), "").mutable_flagged();
    flagged->set_reason("late_event_clamped");
    flagged->set_detail(Cat("happened at ", Instant{entry.at_ms()}, ", applied at ",
                            Instant{earliest_ms}, ", the beginning of what is kept"));
    entry.set_at_ms(earliest_ms);
  }
  const Instant at{entry.at_ms()};

  RefoldObserver before(base, -1);
  Run(&before, fired_ms);
  auto* const entries = state_.mutable_entries();
  int position = entries->size();
  while (position > 0 && entries->Get(position - 1).at_ms() > entry.at_ms()) --position;
  *entries->Add() = entry;
  for (int i = entries->size() - 1; i > position; --i) entries->SwapElements(i, i - 1);
  RefoldObserver after(base, position);
  *state_.mutable_live() = Run(&after, fired_ms);
  state_.mutable_live()->set_fired_ms(std::max(state_.live().fired_ms(), fired_ms));
  state_.mutable_live()->set_reached_ms(std::max(state_.live().reached_ms(), reached_ms));

  LiveObserver live(*this);
  for (v1::Decision& note : after.notes()) live.OnNote(std::move(note), at);
  // Pages cannot be unsent: escalations learn of it when it arrives.
  RefoldEffects effects(*this, std::max(arrived, Instant{state_.live().reached_ms()}),
                        entry.event().has_page_acknowledged(), BreachKind::kNow);
  DecideDifference(environment_, before.ledger(), after.ledger(), at, BreachKind::kNow, &sink_,
                   &effects);
  TriggerOnFacts(entry, after.change(), at);
  if (entries->size() > kEntriesMax) Compact(kCompactCount);
}

void TicketFold::RefoldAll(Instant at) {
  // Nothing was promised before: what the base holds is told as well.
  const RefoldObserver before(v1::TicketTimeline(), -1);
  RefoldObserver after(state_.base(), -1);
  const int64_t fired_ms = state_.live().fired_ms();
  const int64_t reached_ms = state_.live().reached_ms();
  *state_.mutable_live() = Run(&after, fired_ms);
  state_.mutable_live()->set_reached_ms(std::max(state_.live().reached_ms(), reached_ms));
  RefoldEffects effects(*this, at, false, BreachKind::kNow);
  DecideDifference(environment_, before.ledger(), after.ledger(), at, BreachKind::kNow, &sink_,
                   &effects);
  if (state_.entries().empty()) return;
  FactChange opened;
  opened.retarget = true;
  v1::Entry entry = state_.entries(state_.entries_size() - 1);
  entry.clear_event();
  entry.set_policy_revision(environment_.CurrentPolicy().revision());
  TriggerOnFacts(entry, opened, at);
}

void TicketFold::Inherit(Instant since, int64_t offset, Instant arrived) {
  Apply(MessageBy(v1::Actor::CUSTOMER), offset, since, arrived);
}

void TicketFold::Rearm(const Environment& before, Instant at) {
  const Instant reached{state_.live().reached_ms()};
  LiveObserver observer(*this);
  Timeline(environment_, state_.mutable_live(), &observer).Rearm(before, std::max(at, reached));
  // What was counted by other calendars cannot be counted again.
  *state_.mutable_base() = state_.live();
  state_.clear_entries();
}

void TicketFold::Rematch(Instant at, const char* reason) {
  const Instant reached{state_.live().reached_ms()};
  const Instant then = std::max(at, reached);
  LiveObserver observer(*this);
  Timeline(environment_, state_.mutable_live(), &observer)
      .Rematch(environment_.CurrentPolicy(), then, reason);
  *state_.mutable_base() = state_.live();
  state_.clear_entries();
  FactChange change;
  change.retarget = true;
  v1::Entry entry;
  entry.set_policy_revision(environment_.CurrentPolicy().revision());
  TriggerOnFacts(entry, change, then);
}

// The present state becomes the events that lead to it; what was broken before is recorded, and
// nobody is paged for it.
void TicketFold::Observe(const v1::Event& event, int64_t offset, Instant at) {
  const v1::Observed& observed = event.observed();
  std::vector<v1::Entry> entries;
  const int64_t revision = environment_.CurrentPolicy().revision();
  const auto add = [&](v1::Event what, Instant when) {
    v1::Entry& entry = entries.emplace_back();
    entry.set_at_ms(std::min(when, at).ms);
    entry.set_offset(offset);
    entry.set_policy_revision(revision);
    *entry.mutable_event() = std::move(what);
  };
  v1::Event opened;
  opened.mutable_actor()->set_kind(v1::Actor::CUSTOMER);
  *opened.mutable_opened() = observed.opened();
  add(opened, observed.has_opened_at() ? FromProto(observed.opened_at()) : at);
  if (observed.has_engaged_at()) {
    v1::Event engaged;
    engaged.mutable_actor()->set_kind(v1::Actor::AGENT);
    const std::string& assignee = observed.opened().assignee();
    engaged.mutable_assigned()->set_assignee(assignee.empty() ? "agent" : assignee);
    add(engaged, FromProto(observed.engaged_at()));
  }
  for (const auto* reply : {&observed.first_public_reply_at(), &observed.last_public_reply_at()}) {
    if (reply->seconds() != 0) add(MessageBy(v1::Actor::AGENT), FromProto(*reply));
  }
  if (observed.has_oldest_unanswered_at()) {
    add(MessageBy(v1::Actor::CUSTOMER), FromProto(observed.oldest_unanswered_at()));
  }
  v1::Event status;
  status.mutable_status_changed()->set_status(observed.status());
  add(status, at);
  std::stable_sort(entries.begin(), entries.end(),
                   [](const v1::Entry& a, const v1::Entry& b) { return a.at_ms() < b.at_ms(); });

  RefoldObserver before(state_.base(), -1);
  const int64_t fired_ms = state_.live().fired_ms();
  Run(&before, fired_ms);
  state_.clear_base();
  state_.clear_entries();
  for (v1::Entry& entry : entries) *state_.add_entries() = std::move(entry);
  RefoldObserver after(v1::TicketTimeline(), -1);
  *state_.mutable_live() = Run(&after, std::max(fired_ms, at.ms));
  if (!observed.level().empty())
    state_.mutable_live()->mutable_facts()->set_level(observed.level());
  RefoldEffects effects(*this, at, false, BreachKind::kRecordedOnly);
  DecideDifference(environment_, before.ledger(), after.ledger(), at, BreachKind::kRecordedOnly,
                   &sink_, &effects);
  // From here on the ticket lives; what was observed is its beginning.
  *state_.mutable_base() = state_.live();
  state_.clear_entries();
}

}  // namespace escalation
