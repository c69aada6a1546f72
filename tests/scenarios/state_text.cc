#include "tests/scenarios/state_text.h"

#include <algorithm>

#include "state/base/text.h"
#include "state/partition/decision_text.h"

namespace escalation::scenarios {
namespace {

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

std::string Pair(const char* name, const std::string& value) {
  return value.empty() ? "" : Cat(" ", name, "=", value);
}

std::string Moment(const char* name, int64_t ms, int offset_s) {
  return ms == 0 ? "" : Pair(name, TextWithOffset(Instant{ms}, offset_s));
}

}  // namespace

std::string StateText(const std::string& ticket_id, const v1::TicketState& state, int offset_s) {
  const v1::TicketFacts& facts = state.live().facts();
  std::string out =
      Cat("ticket ", ticket_id, " ", Lower(v1::StatusChanged::Status_Name(facts.status())));
  CatTo(&out, Pair("plan", facts.plan()), Pair("severity", facts.severity()),
        Pair("level", facts.level()), Pair("group", facts.group()),
        Pair("assignee", facts.assignee()), Pair("merged_into", facts.merged_into()), "\n");
  for (const v1::ClockState& clock : state.live().clocks()) {
    CatTo(&out, "  clock ", clock.target(), " ", Lower(v1::ClockState::State_Name(clock.state())));
    if (clock.cycle() != 1) CatTo(&out, " cycle=", clock.cycle());
    CatTo(&out, " used=", Duration{clock.accrued_ms()}, " within=", Duration{clock.within_ms()},
          Moment("due", clock.due_ms(), offset_s),
          Moment("breached", clock.breached_ms(), offset_s), "\n");
  }
  for (const v1::EscalationState& run : state.escalations()) {
    CatTo(&out, "  escalation ", run.name(), " ",
          Lower(v1::EscalationState::State_Name(run.state())), " step=", run.step(),
          " generation=", run.generation(), Moment("next", run.next_ms(), offset_s), "\n");
    for (const v1::PageState& page : run.pages()) {
      CatTo(&out, "    page ", page.key(), " ", Lower(v1::PageState::State_Name(page.state())),
            page.closed() ? " closed" : "", "\n");
    }
  }
  return out;
}

}  // namespace escalation::scenarios
