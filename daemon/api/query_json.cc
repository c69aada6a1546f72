#include "daemon/api/query_json.h"

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "daemon/source/message_json.h"
#include "state/base/text.h"
#include "state/partition/ticket_text.h"
#include "state/ticket/clock.h"
#include "state/ticket/clock_decisions.h"

namespace escalation {

using nlohmann::ordered_json;

std::string LengthText(Duration d) {
  const int64_t ms = std::abs(d.ms);
  std::string out = Cat(d.ms < 0 ? "-" : "", ms / 1000);
  if (ms % 1000 != 0) CatTo(&out, '.', std::to_string(1000 + ms % 1000).substr(1));
  return Cat(out, "s");
}

void SetMoment(ordered_json* object, const char* name, int64_t ms) {
  if (ms != 0) (*object)[name] = ToText(Instant{ms});
}

void SetText(ordered_json* object, const char* name, const std::string& text) {
  if (!text.empty()) (*object)[name] = text;
}

int64_t DueOf(const v1::ClockState& clock) {
  return clock.breached_ms() != 0 ? clock.breached_ms() : clock.due_ms();
}

ordered_json FactsJson(const v1::TicketFacts& facts) {
  ordered_json out = ordered_json::object();
  SetText(&out, "status", StatusText(facts.status()));
  SetText(&out, "severity", facts.severity());
  SetText(&out, "plan", facts.plan());
  SetText(&out, "account", facts.account());
  SetText(&out, "subject", facts.subject());
  SetText(&out, "assignee", facts.assignee());
  SetText(&out, "group", facts.group());
  SetText(&out, "level", facts.level());
  SetText(&out, "product", facts.product());
  SetText(&out, "topic", facts.topic());
  SetText(&out, "channel", facts.channel());
  SetText(&out, "requester", facts.requester());
  SetText(&out, "reason", facts.reason());
  SetText(&out, "merged_into", facts.merged_into());
  SetText(&out, "problem", facts.problem());
  SetText(&out, "resolution_reason", facts.resolution_reason());
  if (facts.provisional()) out["provisional"] = true;
  if (facts.contact_unconfirmed()) out["contact_unconfirmed"] = true;
  for (const std::string& rule : facts.rules()) out["rules"].push_back(rule);
  for (const std::string& tag : facts.tags()) out["tags"].push_back(tag);
  for (const v1::Field& field : facts.fields()) {
    out["fields"].push_back({{"name", field.name()}, {"value", field.value()}});
  }
  for (const std::string& person : facts.participants()) out["participants"].push_back(person);
  SetMoment(&out, "opened_at", facts.opened_ms());
  SetMoment(&out, "engaged_at", facts.engaged_ms());
  SetMoment(&out, "last_public_reply_at", facts.last_public_reply_ms());
  SetMoment(&out, "last_customer_message_at", facts.last_customer_message_ms());
  SetMoment(&out, "oldest_unanswered_at", facts.oldest_unanswered_ms());
  SetMoment(&out, "follow_up_at", facts.follow_up_ms());
  SetMoment(&out, "resolved_at", facts.resolved_ms());
  SetMoment(&out, "closed_at", facts.closed_ms());
  return out;
}

ordered_json ClockJson(const Environment& environment, const v1::ClockState& clock, Instant now) {
  const Calendar& calendar = environment.FindCalendar(clock.calendar());
  const Instant then = std::max(now, Instant{clock.since_ms()});
  const Duration used = UsedAt(clock, calendar, then);
  ordered_json out = {{"metric", clock.metric()}, {"target", clock.target()}};
  SetText(&out, "set", clock.set());
  out["cycle"] = clock.cycle();
  out["state"] = ClockStateText(clock.state());
  out["used"] = LengthText(used);
  out["within"] = LengthText(Duration{clock.within_ms()});
  if (IsOpen(clock)) out["left"] = LengthText(Duration{clock.within_ms()} - used);
  const Duration paused = PausedAt(clock, then);
  if (paused.ms != 0) out["paused"] = LengthText(paused);
  out["calendar"] = clock.calendar().empty() ? "always" : clock.calendar();
  SetMoment(&out, "started_at", clock.started_ms());
  SetMoment(&out, "since", clock.since_ms());
  SetMoment(&out, "due_at", DueOf(clock));
  if (DueOf(clock) != 0)
    out["due_local"] = environment.LocalText(clock.calendar(), Instant{DueOf(clock)});
  SetMoment(&out, "breached_at", clock.breached_ms());
  if (clock.warned() > 0) out["warnings"] = clock.warned();
  SetText(&out, "plan", clock.plan());
  out["policy_revision"] = std::to_string(clock.policy_revision());
  SetText(&out, "rule", RuleOf(environment, clock));
  return out;
}

ordered_json PageJson(const v1::PageState& page) {
  ordered_json out = {{"key", page.key()},
                      {"route", page.route()},
                      {"generation", page.generation()},
                      {"step", page.step()},
                      {"state", PageStateText(page.state())},
                      {"closed", page.closed()}};
  SetText(&out, "destination", page.destination());
  SetText(&out, "muted_by", page.muted_by());
  out["seq"] = std::to_string(page.seq());
  return out;
}

ordered_json EscalationJson(const v1::EscalationState& run) {
  ordered_json out = {{"escalation", run.name()},
                      {"cycle", run.cycle()},
                      {"state", EscalationStateText(run.state())},
                      {"reason", run.reason()}};
  SetText(&out, "metric", run.metric());
  SetText(&out, "target", run.target());
  SetText(&out, "rule", run.rule());
  out["policy_revision"] = std::to_string(run.policy_revision());
  SetMoment(&out, "started_at", run.started_ms());
  out["step"] = run.step();
  if (run.repetition() > 0) out["repetition"] = run.repetition();
  SetMoment(&out, "next_at", run.next_ms());
  SetMoment(&out, "acknowledged_at", run.acknowledged_ms());
  SetText(&out, "by", run.by());
  SetText(&out, "detail", run.detail());
  SetText(&out, "snoozed_by", run.snoozed_by());
  SetMoment(&out, "unmuted_at", run.unmute_ms());
  SetMoment(&out, "closes_at", run.close_ms());
  out["pages"] = ordered_json::array();
  for (const v1::PageState& page : run.pages()) out["pages"].push_back(PageJson(page));
  return out;
}

ordered_json TicketJson(const Environment& environment, const std::string& ticket_id,
                        const v1::TicketState& ticket, Instant now) {
  ordered_json out = {{"ticket_id", ticket_id}, {"now", ToText(now)}};
  out["facts"] = FactsJson(ticket.live().facts());
  out["clocks"] = ordered_json::array();
  for (const v1::ClockState& clock : ticket.live().clocks()) {
    out["clocks"].push_back(ClockJson(environment, clock, now));
  }
  out["escalations"] = ordered_json::array();
  for (const v1::EscalationState& run : ticket.escalations()) {
    out["escalations"].push_back(EscalationJson(run));
  }
  out["entries"] = ticket.entry_count();
  SetMoment(&out, "wake_up_at", ticket.wake_ms());
  return out;
}

HttpResponse JsonResponse(const ordered_json& document) {
  HttpResponse response;
  response.body = document.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  response.body.push_back('\n');
  return response;
}

}  // namespace escalation
