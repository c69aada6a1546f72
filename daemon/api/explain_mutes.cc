#include "daemon/api/explain_mutes.h"

#include <vector>

#include "state/base/text.h"
#include "state/calendar/calendar_view.h"

namespace escalation {
namespace {

using v1::MuteState;

// Some page of the ticket may be covered.
bool Concerns(const v1::Scope& scope, const std::string& ticket_id, const std::string& account) {
  return (scope.ticket_id().empty() || scope.ticket_id() == ticket_id) &&
         (scope.account().empty() || scope.account() == account);
}

std::string ScopeText(const v1::Scope& scope) {
  std::string text;
  const auto add = [&text](const char* what, const std::string& name) {
    if (!name.empty()) CatTo(&text, text.empty() ? "" : ", ", what, name);
  };
  add("ticket ", scope.ticket_id());
  add("account ", scope.account());
  add("route ", scope.route());
  add("escalation ", scope.escalation());
  return text.empty() ? "everything" : text;
}

std::vector<std::string> PagesKeptBackBy(const v1::TicketState& ticket, const std::string& mute) {
  std::vector<std::string> keys;
  for (const v1::EscalationState& run : ticket.escalations()) {
    for (const v1::PageState& page : run.pages()) {
      if (page.muted_by() == mute) keys.push_back(page.key());
    }
  }
  return keys;
}

void Explain(const MuteState& mute, const v1::TicketState& ticket, const Zone& zone,
             ExplainLines* lines) {
  std::string text = Cat(mute.snooze() ? "a snooze of " : "of ", ScopeText(mute.scope()));
  CatTo(&text, ", set ", LocalText(zone, Instant{mute.set_ms()}));
  if (!mute.by().empty()) CatTo(&text, " by ", mute.by());
  CatTo(&text, ", until ",
        mute.until_ms() == 0 ? "it is cleared" : LocalAndUtcText(zone, Instant{mute.until_ms()}));
  if (!mute.reason().empty()) CatTo(&text, ": ", mute.reason());
  lines->Add(mute.mute_id(), text);
  for (const std::string& key : PagesKeptBackBy(ticket, mute.mute_id())) {
    lines->Add("kept back", key);
  }
}

}  // namespace

std::string KeptBackText(const v1::TicketState& ticket) {
  std::string text;
  for (const v1::EscalationState& run : ticket.escalations()) {
    for (const v1::PageState& page : run.pages()) {
      if (page.muted_by().empty()) continue;
      CatTo(&text, text.empty() ? "" : "; ", page.key(), " through ", page.route(), " by mute ",
            page.muted_by());
    }
  }
  return text;
}

void ExplainMutes(const TenantView& view, const std::string& ticket_id,
                  const v1::TicketState& ticket, const Zone& zone, ExplainLines* lines) {
  bool told = false;
  for (const MuteState& mute : view.state().mutes()) {
    if (!Concerns(mute.scope(), ticket_id, ticket.live().facts().account())) continue;
    if (!told) lines->Heading("Mutes");
    told = true;
    Explain(mute, ticket, zone, lines);
  }
}

}  // namespace escalation
