// How a ticket's past is folded again: late events, new facts, observed state.

#include <algorithm>
#include <optional>
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
constexpr size_t kCompactCount = 16;

// Nobody listens: the base only has to become right.
class QuietObserver : public TimelineObserver {
 public:
  void OnClock(ClockChange, const v1::ClockState&, Instant, Instant, const char*, int) override {}
  void OnNote(v1::Decision, Instant) override {}
  void OnFacts(const PlacedEvent&, const FactChange&, const v1::TicketFacts&) override {}
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

std::vector<v1::Entry> TicketFold::Entries() {
  std::optional<std::vector<v1::Entry>> entries = DecodeEntries(state_);
  if (entries.has_value()) return *std::move(entries);
  environment_.Damaged(Cat("ticket ", ticket_id_, ": its kept events cannot be decoded"));
  return {};
}

void TicketFold::Compact() {
  const std::vector<v1::Entry> entries = Entries();
  const std::span<const v1::Entry> all = entries;
  const std::span<const v1::Entry> old = all.first(std::min<size_t>(kCompactCount, all.size()));
  QuietObserver observer;
  Timeline timeline(environment_, state_.mutable_base(), &observer);
  for (const v1::Entry& entry : old) {
    FireClocks(&timeline, Instant{entry.at_ms()} - kMillisecond);
    timeline.Apply(Placed(entry));
  }
  StoreEntries(all.subspan(old.size()), &state_);
}

v1::TicketTimeline TicketFold::Run(std::span<const v1::Entry> entries, int64_t fire_until_ms,
                                   RefoldObserver* observer) const {
  v1::TicketTimeline result = state_.base();
  Timeline timeline(environment_, &result, observer);
  for (const v1::Entry& entry : entries) {
    FireClocks(&timeline, Instant{entry.at_ms()} - kMillisecond);
    timeline.Apply(Placed(entry));
  }
  if (fire_until_ms != 0) FireClocks(&timeline, Instant{fire_until_ms});
  return result;
}

void TicketFold::Refold(const PlacedEvent& placed, Instant arrived) {
  const int64_t fired_ms = state_.live().fired_ms();
  const int64_t reached_ms = state_.live().reached_ms();
  const v1::TicketTimeline& base = state_.base();
  const int64_t earliest_ms =
      std::max(base.reached_ms(), base.fired_ms() == 0 ? 0 : base.fired_ms() + 1);
  v1::Entry entry = ToEntry(placed);
  if (state_.has_base() && placed.at.ms < earliest_ms) {
    v1::Flagged* const flagged = sink_.Add(placed.at, Instant::Never(), "").mutable_flagged();
    flagged->set_reason("late_event_clamped");
    flagged->set_detail(Cat("happened at ", placed.at, ", applied at ", Instant{earliest_ms},
                            ", the beginning of what is kept"));
    entry.set_at_ms(earliest_ms);
  }
  const Instant at{entry.at_ms()};

  std::vector<v1::Entry> entries = Entries();
  RefoldObserver before(base, -1);
  Run(entries, fired_ms, &before);
  const auto place = std::upper_bound(
      entries.begin(), entries.end(), entry,
      [](const v1::Entry& a, const v1::Entry& b) { return a.at_ms() < b.at_ms(); });
  RefoldObserver after(base, static_cast<int>(place - entries.begin()));
  entries.insert(place, entry);
  *state_.mutable_live() = Run(entries, fired_ms, &after);
  state_.mutable_live()->set_fired_ms(std::max(state_.live().fired_ms(), fired_ms));
  state_.mutable_live()->set_reached_ms(std::max(state_.live().reached_ms(), reached_ms));
  StoreEntries(entries, &state_);

  LiveObserver live(*this);
  for (v1::Decision& note : after.notes()) live.OnNote(std::move(note), at);
  // Pages cannot be unsent: escalations learn of it when it arrives.
  RefoldEffects effects(*this, std::max(arrived, Instant{state_.live().reached_ms()}),
                        entry.event().has_page_acknowledged(), BreachKind::kNow);
  DecideDifference(environment_, before.ledger(), after.ledger(), at, BreachKind::kNow, &sink_,
                   &effects);
  TriggerOnFacts(Placed(entry), after.change(), at);
  AnnounceFacts(placed, after.change(), at);
  if (state_.entry_count() > kEntriesMax) Compact();
}

void TicketFold::RefoldAll(Instant at) {
  // Nothing was promised before: what the base holds is told as well.
  const RefoldObserver before(v1::TicketTimeline(), -1);
  RefoldObserver after(state_.base(), RefoldObserver::kAll);
  const int64_t fired_ms = state_.live().fired_ms();
  const int64_t reached_ms = state_.live().reached_ms();
  const std::vector<v1::Entry> entries = Entries();
  *state_.mutable_live() = Run(entries, fired_ms, &after);
  state_.mutable_live()->set_reached_ms(std::max(state_.live().reached_ms(), reached_ms));
  // Nobody could tell before what follows from a line of the policy.
  LiveObserver live(*this);
  for (v1::Decision& note : after.notes()) {
    if (!note.cause().rule().empty()) live.OnNote(std::move(note), at);
  }
  RefoldEffects effects(*this, at, false, BreachKind::kNow);
  DecideDifference(environment_, before.ledger(), after.ledger(), at, BreachKind::kNow, &sink_,
                   &effects);
  if (entries.empty()) return;
  FactChange opened;
  opened.retarget = true;
  TriggerOnFacts(NothingHappened(at), opened, at);
}

// Facts are asked again, though no event brought them.
PlacedEvent TicketFold::NothingHappened(Instant at) const {
  return {at, 0, environment_.CurrentPolicy().revision(), false, v1::Event::default_instance()};
}

bool TicketFold::Confirm(Instant at, int64_t offset, Instant arrived) {
  const v1::TicketFacts& facts = state_.live().facts();
  if (!facts.contact_unconfirmed()) return false;
  v1::Event word;
  word.mutable_actor()->set_kind(v1::Actor::AGENT);
  word.mutable_fields_changed();
  at = std::max(at, Instant{facts.opened_ms()});
  PlacedEvent placed{at, offset, environment_.CurrentPolicy().revision(), false, std::move(word)};
  placed.announced = true;
  Place(placed, arrived);
  return true;
}

void TicketFold::Inherit(Instant since, int64_t offset, Instant arrived) {
  const v1::Event message = MessageBy(v1::Actor::CUSTOMER);
  const v1::TicketFacts& facts = state_.live().facts();
  // A ticket owes nothing before it was opened.
  if (!facts.provisional()) since = std::max(since, Instant{facts.opened_ms()});
  const bool answered = since.ms < facts.last_public_reply_ms();
  PlacedEvent placed{since, offset, environment_.CurrentPolicy().revision(), answered, message};
  placed.announced = true;
  Place(placed, arrived);
  ForgetPast();
}

void TicketFold::Rearm(const Environment& before, Instant at) {
  const Instant reached{state_.live().reached_ms()};
  LiveObserver observer(*this);
  Timeline(environment_, state_.mutable_live(), &observer).Rearm(before, std::max(at, reached));
  // What was counted by other calendars cannot be counted again.
  *state_.mutable_base() = state_.live();
  ClearEntries(&state_);
}

void TicketFold::Rematch(Instant at, const char* reason) {
  const Instant reached{state_.live().reached_ms()};
  const Instant then = std::max(at, reached);
  LiveObserver observer(*this);
  const FactChange change = Timeline(environment_, state_.mutable_live(), &observer)
                                .Rematch(environment_.CurrentPolicy(), then, reason);
  *state_.mutable_base() = state_.live();
  ClearEntries(&state_);
  TriggerOnFacts(NothingHappened(then), change, then);
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
  *opened.mutable_observed()->mutable_opened() = observed.opened();
  opened.mutable_observed()->set_level(observed.level());
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
  // What is told of it came after its opening, also where nobody knows when that was.
  for (const v1::Entry& entry : entries) {
    entries.front().set_at_ms(std::min(entries.front().at_ms(), entry.at_ms()));
  }
  std::stable_sort(entries.begin(), entries.end(),
                   [](const v1::Entry& a, const v1::Entry& b) { return a.at_ms() < b.at_ms(); });

  RefoldObserver before(state_.base(), -1);
  const int64_t fired_ms = state_.live().fired_ms();
  Run(Entries(), fired_ms, &before);
  state_.clear_base();
  RefoldObserver after(v1::TicketTimeline(), -1);
  const std::string problem = state_.live().facts().problem();
  *state_.mutable_live() = Run(entries, std::max(fired_ms, at.ms), &after);
  // What a source does not say of its tickets.
  state_.mutable_live()->mutable_facts()->set_problem(problem);
  RefoldEffects effects(*this, at, false, BreachKind::kRecordedOnly);
  DecideDifference(environment_, before.ledger(), after.ledger(), at, BreachKind::kRecordedOnly,
                   &sink_, &effects);
  // From here on the ticket lives; what was observed is its beginning.
  *state_.mutable_base() = state_.live();
  ClearEntries(&state_);
}

}  // namespace escalation
