#include "tests/simulation/helpdesk.h"

#include <algorithm>
#include <array>
#include <utility>

#include "state/base/text.h"

namespace escalation::simulation {
namespace {

using v1::Actor;
using v1::StatusChanged;

constexpr Duration kRetry = Duration::Seconds(1);
constexpr Duration kMarkEvery = Duration::Seconds(30);

v1::Event Message(v1::MessageAdded::Visibility visibility) {
  v1::Event event;
  event.mutable_message_added()->set_visibility(visibility);
  return event;
}

v1::Event Status(StatusChanged::Status status) {
  v1::Event event;
  event.mutable_status_changed()->set_status(status);
  return event;
}

}  // namespace

void Source::Send(v1::Event event) {
  Random& random = stage_.random;
  const Instant now = stage_.agenda.now();
  ToProto(now + clock_offset_, event.mutable_occurred_at());
  if (!random.Chance(stage_.faults.event_late)) return Push(std::move(event));
  const auto held = held_.emplace(now, 0);
  // While a source holds its tenant back, every ticket is looked at each second.
  const Duration longest = stage_.faults.marks ? Duration::Minutes(5) : Duration::Hours(3);
  const Duration late = random.Between(Duration::Seconds(10), longest);
  stage_.agenda.After(late, [this, held, event = std::move(event)] {
    held_.erase(held);
    Push(event);
  });
}

void Source::Push(v1::Event event) {
  event.set_tenant("default");
  event.set_id(Cat(name_, "-", sent_));
  v1::Origin* const origin = event.mutable_origin();
  origin->set_source(name_);
  origin->set_positioned(positioned_);
  if (positioned_) origin->set_offset(sent_);
  ++sent_;
  queue_.push_back(std::move(event));
  since_.push_back(stage_.agenda.now());
  if (next_ == Instant::Never()) {
    DeliverAfter(stage_.random.Between(Duration{1}, Duration{100}));
  }
}

void Source::DeliverAfter(Duration wait) {
  const Instant at = stage_.agenda.now() + wait;
  next_ = at;
  stage_.agenda.At(at, [this, at] {
    if (next_ == at) Deliver();
  });
}

void Source::Deliver() {
  Random& random = stage_.random;
  const Faults& faults = stage_.faults;
  Duration wait = random.Between(Duration{2}, Duration{40});
  const Instant now = stage_.agenda.now();
  if (now < down_until_) {
    wait = down_until_ - now;
  } else if (log_.down() || random.Chance(faults.append_refused)) {
    wait = kRetry;
  } else {
    v1::Event& event = queue_.front();
    ToProto(now + clock_offset_, event.mutable_written_at());
    const std::string value = event.SerializeAsString();
    log_.Take(value);
    if (random.Chance(faults.append_doubled)) log_.Take(value);
    if (random.Chance(faults.append_unacknowledged)) {
      wait = kRetry;  // It is sent again.
    } else {
      queue_.pop_front();
      since_.pop_front();
    }
  }
  next_ = Instant::Never();
  if (!queue_.empty()) DeliverAfter(wait);
}

void Source::Mark() {
  if (stage_.agenda.now() < down_until_ || log_.down() || !queue_.empty()) return;
  Instant through = stage_.agenda.now();
  if (!held_.empty()) through = held_.begin()->first - Duration{1};
  v1::Event event;
  event.set_tenant("default");
  event.mutable_source_mark()->set_source(name_);
  ToProto(through + clock_offset_, event.mutable_source_mark()->mutable_through_time());
  log_.Take(event.SerializeAsString());
}

void Source::Heal() {
  down_until_ = Instant::Past();
  clock_offset_ = Duration{0};
  if (!queue_.empty()) DeliverAfter(kRetry);
}

Helpdesk::Helpdesk(Stage* stage, SimulatedLog* log)
    : stage_(*stage), pager_(stage, log, "pager", false) {
  sources_.reserve(2);
  sources_.emplace_back(stage, log, "http", false);
  sources_.emplace_back(stage, log, "topic", true);
}

void Helpdesk::Begin(Instant until, int tickets_a_day) {
  const Duration skew = stage_.faults.source_skew;
  for (Source& source : sources_) {
    source.set_clock_offset(stage_.random.Between(Duration{0} - skew, skew));
  }
  const Duration gap{Duration::Days(1).ms / tickets_a_day};
  Instant at = stage_.agenda.now();
  for (;;) {
    at = at + stage_.random.Between(Duration{0}, gap * 2);
    if (at >= until) break;
    stage_.agenda.At(at, [this] { Open(); });
  }
  if (stage_.faults.marks) stage_.agenda.After(kMarkEvery, [this] { MarkAll(); });
}

void Helpdesk::MarkAll() {
  for (Source& source : sources_) source.Mark();
  stage_.agenda.After(kMarkEvery, [this] { MarkAll(); });
}

Source& Helpdesk::SourceOf(const std::string& ticket_id) {
  return sources_[static_cast<size_t>(ticket_id.back()) % sources_.size()];
}

void Helpdesk::Say(const std::string& ticket_id, Actor::Kind kind, v1::Event event) {
  event.set_ticket_id(ticket_id);
  event.mutable_actor()->set_kind(kind);
  event.mutable_actor()->set_id(kind == Actor::CUSTOMER ? "ann" : "maria");
  SourceOf(ticket_id).Send(std::move(event));
}

void Helpdesk::Open() {
  static constexpr std::array<const char*, 4> kSeverities = {"low", "high", "urgent", ""};
  Random& random = stage_.random;
  const std::string ticket_id = Cat("T-", tickets_.size());
  tickets_.push_back(ticket_id);
  v1::Event event;
  event.mutable_opened()->set_severity(kSeverities[random.Below(kSeverities.size())]);
  event.mutable_opened()->set_subject("help");
  // Some are heard of before they are opened.
  if (random.Percent(5)) Say(ticket_id, Actor::CUSTOMER, Message(v1::MessageAdded::PUBLIC));
  Say(ticket_id, random.Percent(85) ? Actor::CUSTOMER : Actor::AGENT, std::move(event));
  Live(ticket_id, 3 + static_cast<int>(random.Below(10)));
}

void Helpdesk::Live(const std::string& ticket_id, int steps) {
  if (steps == 0) return;
  const Duration most = stage_.random.Percent(50) ? Duration::Minutes(12) : Duration::Hours(3);
  stage_.agenda.After(stage_.random.Between(Duration{0}, most), [this, ticket_id, steps] {
    if (quiet_) return;
    Act(ticket_id);
    Live(ticket_id, steps - 1);
  });
}

void Helpdesk::Act(const std::string& ticket_id) {
  static constexpr std::array<const char*, 3> kSeverities = {"low", "high", "urgent"};
  Random& random = stage_.random;
  const uint64_t what = random.Below(100);
  if (what < 28) {
    return Say(ticket_id, Actor::AGENT, Message(v1::MessageAdded::PUBLIC));
  } else if (what < 50) {
    return Say(ticket_id, Actor::CUSTOMER, Message(v1::MessageAdded::PUBLIC));
  } else if (what < 55) {
    return Say(ticket_id, Actor::BOT, Message(v1::MessageAdded::PUBLIC));
  } else if (what < 58) {
    return Say(ticket_id, Actor::AGENT, Message(v1::MessageAdded::INTERNAL));
  } else if (what < 68) {
    v1::Event event;
    event.mutable_assigned()->set_assignee(random.Percent(75) ? "maria" : "");
    return Say(ticket_id, Actor::AGENT, std::move(event));
  } else if (what < 76) {
    v1::Event event;
    event.mutable_severity_changed()->set_severity(kSeverities[random.Below(3)]);
    return Say(ticket_id, random.Percent(70) ? Actor::AGENT : Actor::CUSTOMER, std::move(event));
  }
  Say(ticket_id, Actor::AGENT,
      Status(static_cast<StatusChanged::Status>(StatusChanged::OPEN + random.Below(5))));
}

void Helpdesk::OnWake(const std::string& key) {
  Random& random = stage_.random;
  if (quiet_ || random.Percent(30)) return;  // Sleeps on.
  const Duration wakes = random.Between(Duration::Seconds(30), Duration::Minutes(15));
  stage_.agenda.After(wakes, [this, key] {
    if (quiet_) return;
    v1::Event event;
    const size_t first = key.find('/') + 1;
    const std::string ticket_id = key.substr(first, key.find('/', first) - first);
    event.set_ticket_id(ticket_id);
    if (stage_.random.Percent(85)) {
      event.mutable_page_acknowledged()->set_key(key);
    } else {
      event.mutable_page_resolved()->set_key(key);
      if (on_resolve_) on_resolve_(key);
    }
    pager_.Send(std::move(event));
    if (stage_.random.Percent(50)) Live(ticket_id, 2);
  });
}

void Helpdesk::CloseAll() {
  quiet_ = true;
  for (const std::string& ticket_id : tickets_) {
    Say(ticket_id, Actor::AGENT, Message(v1::MessageAdded::PUBLIC));
    Say(ticket_id, Actor::AGENT, Status(StatusChanged::CLOSED));
  }
}

void Helpdesk::Heal() {
  for (Source& source : sources_) source.Heal();
  pager_.Heal();
}

void Helpdesk::StopSource(Duration how_long) {
  Source& source = stage_.random.Percent(20) ? pager_ : sources_[stage_.random.Below(2)];
  source.StopUntil(stage_.agenda.now() + how_long);
}

bool Helpdesk::HasSent(Instant until) const {
  return pager_.HasSent(until) && sources_[0].HasSent(until) && sources_[1].HasSent(until);
}

}  // namespace escalation::simulation
