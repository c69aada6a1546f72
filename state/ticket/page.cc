#include "state/ticket/page.h"

#include "state/base/sha256.h"
#include "state/base/text.h"
#include "state/ticket/clock.h"
#include "state/ticket/handover.h"

namespace escalation {
namespace {

constexpr std::string_view kDigestMark = "sha256-";

const v1::ClockState* FindCause(const v1::TicketTimeline& timeline,
                                const v1::EscalationState& run) {
  for (const v1::ClockState& clock : timeline.clocks()) {
    if (clock.metric() == run.metric() && clock.set() == run.set() && clock.lane() == run.lane() &&
        clock.cycle() == run.clock_cycle()) {
      return &clock;
    }
  }
  return nullptr;
}

void DescribeClock(const Environment& environment, const std::string& account,
                   const v1::ClockState& clock, Instant at, v1::Decision* decision) {
  v1::PageRequested* const page = decision->mutable_page_requested();
  const Calendar& calendar = environment.FindCalendar(clock.calendar());
  page->set_metric(clock.metric());
  page->set_target(clock.target());
  ToProto(UsedAt(clock, calendar, at), page->mutable_used());
  ToProto(Duration{clock.within_ms()}, page->mutable_within());
  ToProto(PausedAt(clock, at), page->mutable_paused());
  const int64_t due_ms = clock.breached_ms() != 0 ? clock.breached_ms() : clock.due_ms();
  if (due_ms == 0) return;
  ToProto(Instant{due_ms}, decision->mutable_due_at());
  // As the customer reads it, if the account names a calendar.
  const v1::AccountState* const known = environment.FindAccount(account);
  const bool placed = known != nullptr && !known->facts().calendar().empty();
  page->set_due_local(environment.LocalText(placed ? known->facts().calendar() : clock.calendar(),
                                            Instant{due_ms}));
}

std::string SubjectOf(const v1::TicketFacts& facts, const v1::EscalationState& run) {
  const std::string& subject = facts.subject().empty() ? run.subject() : facts.subject();
  if (!run.test()) return subject;
  return Cat("Test page, nobody has to do anything", subject.empty() ? "" : ": ", subject);
}

std::string WhyText(const v1::EscalationState& run, const v1::Escalation& escalation) {
  const std::string step = Cat("step ", run.step(), " of ", escalation.steps_size(),
                               escalation.path().empty() ? "" : Cat(" (", escalation.path(), ")"));
  if (run.by().empty()) {
    return Cat(run.reason(), " (", run.rule(), ") started ", run.name(), ", ", step);
  }
  return Cat(run.by(), " paged by hand", run.detail().empty() ? "" : Cat(": ", run.detail()), "; ",
             run.name(), ", ", step);
}

std::string ReplaceTicketId(const std::string& url, std::string_view ticket_id) {
  static constexpr std::string_view kPlace = "{ticket_id}";
  std::string out = url;
  for (size_t at = out.find(kPlace); at != std::string::npos; at = out.find(kPlace, at)) {
    out.replace(at, kPlace.size(), ticket_id);
    at += ticket_id.size();
  }
  return out;
}

}  // namespace

std::string PageKey(std::string_view tenant, std::string_view ticket_id,
                    const v1::EscalationState& run, std::string_view route, bool first) {
  std::string key =
      Cat(tenant, '/', ticket_id, '/', run.name(), '/', run.cycle(), '/', run.generation());
  if (!first) CatTo(&key, '@', route);
  return key;
}

std::string ShortPageKey(std::string_view key) {
  const size_t tenant = key.find('/');
  const size_t ticket = tenant == std::string_view::npos ? tenant : key.find('/', tenant + 1);
  // A key without a ticket, such as a digest's, is found by nobody.
  const size_t kept = ticket == std::string_view::npos ? 0 : ticket + 1;
  return Cat(key.substr(0, kept), kDigestMark, ToHex(Sha256({key})));
}

bool IsPageKey(const v1::PageState& page, std::string_view key) {
  if (page.key() == key) return true;
  const std::string_view last = key.substr(key.rfind('/') + 1);
  return last.starts_with(kDigestMark) && ShortPageKey(page.key()) == key;
}

bool IsPageDecision(const v1::Decision& decision) {
  switch (decision.body_case()) {
    case v1::Decision::kPageRequested:
    case v1::Decision::kPageDigest:
    case v1::Decision::kPageAcknowledged:
    case v1::Decision::kPageClosed:
      return true;
    default:
      return false;
  }
}

bool IsOpen(const v1::PageState& page) {
  return !page.closed() &&
         (page.state() == v1::PageState::REQUESTED || page.state() == v1::PageState::DELIVERED);
}

bool MayBeOpen(const v1::PageState& page) {
  return page.state() == v1::PageState::DELIVERED || !page.destination().empty();
}

std::string MuteText(const v1::MuteState& mute) {
  std::string text = Cat(mute.snooze() ? "snooze " : "mute ", mute.mute_id());
  if (!mute.by().empty()) CatTo(&text, " by ", mute.by());
  if (mute.until_ms() == 0) {
    CatTo(&text, " until it is cleared");
  } else {
    CatTo(&text, " until ", Instant{mute.until_ms()});
  }
  if (!mute.reason().empty()) CatTo(&text, ": ", mute.reason());
  return text;
}

void DescribePage(const Environment& environment, std::string_view ticket_id,
                  const v1::TicketTimeline& timeline, const v1::EscalationState& run,
                  const v1::Escalation& escalation, Instant at, v1::Decision* decision) {
  v1::PageRequested* const page = decision->mutable_page_requested();
  const v1::TicketFacts& facts = timeline.facts();
  page->set_escalation(run.name());
  // The level that the step asks for, else where the ticket is.
  const v1::Level* const asked = LevelOfStep(environment.PolicyAt(run.policy_revision()),
                                             escalation.steps(run.step() - 1), facts);
  page->set_level(asked == nullptr ? facts.level() : asked->name());
  page->set_generation(run.generation());
  page->set_step(run.step());
  page->set_severity(facts.severity());
  page->set_subject(SubjectOf(facts, run));
  page->set_test(run.test());
  page->set_by(run.by());
  page->set_detail(run.detail());
  page->set_account(facts.account());
  page->set_plan(facts.plan());
  page->set_group(facts.group());
  page->set_assignee(facts.assignee());
  if (const v1::ClockState* const clock = FindCause(timeline, run)) {
    DescribeClock(environment, facts.account(), *clock, at, decision);
  }
  page->set_why(WhyText(run, escalation));
  for (const v1::Link& link : environment.PolicyAt(run.policy_revision()).policy().links()) {
    v1::PageLink* const out = page->add_links();
    out->set_name(link.name());
    out->set_url(ReplaceTicketId(link.url(), ticket_id));
  }
}

}  // namespace escalation
