// The pages of an escalation: requested, acknowledged, settled, closed.

#include <algorithm>
#include <utility>

#include "state/base/text.h"
#include "state/ticket/escalation.h"
#include "state/ticket/page.h"

namespace escalation {

using v1::EscalationState;
using v1::PageState;

namespace {

// By the run's latest intent to wake somebody.
bool IsPagedThrough(const EscalationState& run, const std::string& route) {
  return std::any_of(run.pages().begin(), run.pages().end(), [&](const PageState& page) {
    return page.generation() == run.generation() && page.route() == route;
  });
}

}  // namespace

EscalationMachine::FoundPage EscalationMachine::FindPage(const std::string& key) {
  for (EscalationState& run : *ticket_.mutable_escalations()) {
    for (PageState& page : *run.mutable_pages()) {
      if (IsPageKey(page, key)) return {&run, &page};
    }
  }
  return {};
}

void EscalationMachine::Page(EscalationState* run, const v1::Escalation& escalation,
                             const v1::Step& step, Instant at) {
  run->set_generation(run->generation() + 1);
  for (int i = 0; i < step.page_size(); ++i) {
    RequestPage(run, escalation, step.page(i), i == 0, "", step.path(), at);
  }
}

void EscalationMachine::RequestPage(EscalationState* run, const v1::Escalation& escalation,
                                    const std::string& route, bool first,
                                    const std::string& fallback_of, const std::string& rule,
                                    Instant at) {
  const CompiledPolicy& policy = environment_.PolicyAt(run->policy_revision());
  const v1::TicketFacts& facts = ticket_.live().facts();
  PageState* const page = run->add_pages();
  page->set_key(PageKey(tenant_, ticket_id_, *run, route, first));
  page->set_route(route);
  page->set_generation(run->generation());
  page->set_step(run->step());
  const bool highest = policy.SeverityRank(facts.severity()) == policy.HighestRank();
  const PageAnswer answer =
      environment_.AdmitPage({std::string(ticket_id_), facts, run->name(), route, at}, highest);
  if (answer.admission != PageAdmission::kAdmitted) {
    page->set_state(PageState::SUPPRESSED);
    if (answer.mute != nullptr) {
      page->set_muted_by(answer.mute->mute_id());
      WaitFor(*answer.mute, at, run);
    }
    TellSuppressed(*page, answer, rule, at);
    return;
  }
  page->set_state(PageState::REQUESTED);
  v1::Decision& decision = sink_.Add(at, Instant::Never(), rule);
  page->set_seq(decision.seq());
  DescribePage(environment_, ticket_id_, ticket_.live(), *run, escalation, at, &decision);
  v1::PageRequested* const requested = decision.mutable_page_requested();
  requested->set_route(route);
  requested->set_key(page->key());
  requested->set_fallback_of(fallback_of);
  if (run->next_ms() != 0) {
    const bool again = run->step() >= escalation.steps_size();
    const v1::Step& next = escalation.steps(again ? 0 : run->step());
    std::string routes;
    for (const std::string& name : next.page()) CatTo(&routes, routes.empty() ? "" : ", ", name);
    requested->set_next(Cat("step ", again ? 1 : run->step() + 1, " at ", Instant{run->next_ms()},
                            routes.empty() ? "" : ": ", routes));
  }
}

void EscalationMachine::TellSuppressed(const PageState& page, const PageAnswer& answer,
                                       const std::string& rule, Instant at) {
  const std::string what = Cat(page.key(), " through ", page.route());
  if (answer.admission == PageAdmission::kJoined) {
    Flag("page_joined", Cat(what, ": the page of ", answer.standing, " stands for it"), rule, at);
  } else if (answer.admission == PageAdmission::kMuted) {
    Flag("page_muted", Cat(what, ": ", MuteText(*answer.mute)), rule, at);
  }
}

void EscalationMachine::Flag(const char* reason, std::string detail, const std::string& rule,
                             Instant at) {
  v1::Flagged* const flagged = sink_.Add(at, Instant::Never(), rule).mutable_flagged();
  flagged->set_reason(reason);
  flagged->set_detail(std::move(detail));
}

void EscalationMachine::ClosePages(EscalationState* run, const char* reason, Instant at) {
  for (PageState& page : *run->mutable_pages()) ClosePage(*run, &page, reason, at);
}

void EscalationMachine::ClosePage(const EscalationState& run, PageState* page, const char* reason,
                                  Instant at) {
  if (page->closed()) return;
  const bool open = IsOpen(*page);
  page->set_closed(true);
  if (open) EndPage(run, *page);
  if (page->state() != PageState::REQUESTED && !MayBeOpen(*page)) return;
  v1::PageClosed* const closed = sink_.Add(at, Instant::Never(), run.rule()).mutable_page_closed();
  closed->set_route(page->route());
  closed->set_escalation(run.name());
  closed->set_key(page->key());
  closed->set_generation(page->generation());
  closed->set_reason(reason);
  closed->set_destination(page->destination());
}

void EscalationMachine::EndPage(const EscalationState& run, const PageState& page) {
  for (const EscalationState& other : ticket_.escalations()) {
    if (other.name() != run.name()) continue;
    for (const PageState& candidate : other.pages()) {
      if (candidate.route() == page.route() && IsOpen(candidate)) return;
    }
  }
  environment_.EndPage(std::string(ticket_id_), ticket_.live().facts(), run.name(), page.route());
}

void EscalationMachine::Acknowledge(const v1::PageAcknowledged& acknowledged, Instant at) {
  const auto [run, page] = FindPage(acknowledged.key());
  if (run == nullptr) {
    return Flag("unknown_page", Cat("acknowledged page ", acknowledged.key(), " is not open"), "",
                at);
  }
  // An acknowledgement of an earlier page says nothing about the one that woke somebody since.
  if (page->closed() || page->generation() != run->generation() || HasStopped(*run)) {
    return Flag("late_acknowledgement",
                Cat("page ", page->key(), ", present generation ", run->generation()), run->rule(),
                at);
  }
  v1::PageAcknowledgedAtPager* const decided =
      sink_.Add(at, Instant::Never(), run->rule()).mutable_page_acknowledged();
  decided->set_route(page->route());
  decided->set_escalation(run->name());
  decided->set_key(page->key());
  decided->set_generation(page->generation());
  decided->set_by(acknowledged.by());
  if (run->state() != EscalationState::ACKNOWLEDGED) {
    v1::EscalationStopped* const stopped =
        sink_.Add(at, Instant::Never(), run->rule()).mutable_escalation_stopped();
    stopped->set_escalation(run->name());
    stopped->set_cycle(run->cycle());
    stopped->set_step(run->step());
    stopped->set_reason("acknowledged");
  }
  run->set_state(EscalationState::ACKNOWLEDGED);
  run->set_acknowledged_ms(at.ms);
  run->clear_next_ms();
  WaitNoMore(run);
  const v1::Escalation* const escalation = Definition(*run);
  if (escalation != nullptr && escalation->ack_timeout_ms() > 0) {
    run->set_next_ms(at.ms + escalation->ack_timeout_ms());
  }
}

void EscalationMachine::ResolveAtPager(const v1::PageResolved& resolved, Instant at) {
  const auto [run, page] = FindPage(resolved.key());
  if (run == nullptr || page->generation() != run->generation()) {
    return Flag("unknown_page", Cat("resolved page ", resolved.key(), " is not open"), "", at);
  }
  // Told like any closing: where it stands already it changes nothing.
  if (HasStopped(*run)) {
    ClosePage(*run, page, "resolved_at_pager", at);
  } else {
    Stop(run, "resolved_at_pager", at);
  }
}

// One process kept it back, and its successor had sent it before the log said so.
void EscalationMachine::SettleAfterAll(const EscalationState& run, PageState* page,
                                       const v1::PageOutcome& outcome, Instant at) {
  if (outcome.destination().empty()) return;
  page->set_destination(outcome.destination());
  if (outcome.outcome() == v1::PageOutcome::DELIVERED) page->set_state(PageState::DELIVERED);
  if (!page->closed()) return;
  page->set_closed(false);
  ClosePage(run, page, "landed_after_close", at);
}

void EscalationMachine::Settle(const v1::PageOutcome& outcome, Instant at) {
  const auto [run, page] = FindPage(outcome.key());
  if (run == nullptr || outcome.operation() != v1::PageOutcome::TRIGGER) return;
  if (page->state() == PageState::SUPPRESSED) return SettleAfterAll(*run, page, outcome, at);
  if (page->state() != PageState::REQUESTED) return;
  page->set_destination(outcome.destination());
  if (outcome.outcome() == v1::PageOutcome::DIGESTED) return;
  if (outcome.outcome() == v1::PageOutcome::SUPPRESSED) {
    page->set_state(PageState::SUPPRESSED);
    EndPage(*run, *page);
    return;
  }
  if (outcome.outcome() == v1::PageOutcome::DELIVERED) {
    page->set_state(PageState::DELIVERED);
    if (!page->closed()) return;
    page->set_closed(false);  // It landed after its closing: closed again.
    ClosePage(*run, page, "landed_after_close", at);
    return;
  }
  page->set_state(PageState::FAILED);
  EndPage(*run, *page);
  // Nobody waits for it any more, or somebody has taken it up.
  if (page->closed() || run->state() == EscalationState::ACKNOWLEDGED) return;
  const CompiledPolicy& policy = environment_.PolicyAt(run->policy_revision());
  const v1::Route* const route = policy.FindRoute(page->route());
  const v1::Escalation* const escalation = Definition(*run);
  if (route != nullptr && !route->fallback().empty() && escalation != nullptr) {
    // Somebody was woken through the fallback by this step already.
    if (IsPagedThrough(*run, route->fallback())) return;
    RequestPage(run, *escalation, route->fallback(), false, page->route(), route->path(), at);
    return;
  }
  v1::Alarm* const alarm = sink_.Add(at, Instant::Never(), run->rule()).mutable_alarm();
  alarm->set_reason("page_failed");
  alarm->set_detail(
      Cat(page->key(), ": ", outcome.reason(), "; route ", page->route(), " has no fallback"));
}

}  // namespace escalation
