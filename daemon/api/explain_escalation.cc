#include "daemon/api/explain_escalation.h"

#include "state/base/text.h"
#include "state/calendar/calendar_view.h"
#include "state/partition/ticket_text.h"
#include "state/ticket/escalation.h"
#include "state/ticket/page.h"

namespace escalation {
namespace {

using v1::EscalationState;

template <typename List>
std::string Join(const List& list) {
  std::string out;
  for (const std::string& item : list) CatTo(&out, out.empty() ? "" : " and ", item);
  return out;
}

std::string StepText(const v1::Step& step) {
  std::string out;
  const auto add = [&out](std::string_view what, const std::string& whom) {
    CatTo(&out, out.empty() ? "" : ", ", what, whom.empty() ? "" : " ", whom);
  };
  if (!step.page().empty()) add("page", Join(step.page()));
  if (!step.notify().empty()) add("notify", Join(step.notify()));
  if (!step.level().empty()) add("to level", step.level());
  if (!step.assign_group().empty()) add("to group", step.assign_group());
  if (step.unassign()) add("unassign", "");
  return out.empty() ? "nothing" : out;
}

std::string PageText(const v1::PageState& page) {
  std::string out = Cat(page.key(), ": route ", page.route(), ", step ", page.step(),
                        ", generation ", page.generation(), ", ", PageStateText(page.state()));
  if (!page.destination().empty()) CatTo(&out, " (", page.destination(), ")");
  if (!page.muted_by().empty()) CatTo(&out, " by mute ", page.muted_by());
  return Cat(out, page.closed() ? ", closed" : IsOpen(page) ? ", open" : "");
}

class EscalationExplainer {
 public:
  EscalationExplainer(const Environment& environment, const EscalationState& run, const Zone& zone,
                      Instant now, ExplainLines* lines)
      : run_(run),
        escalation_(environment.PolicyAt(run.policy_revision()).FindEscalation(run.name())),
        zone_(zone),
        now_(now),
        lines_(*lines) {}

  void Explain() {
    lines_.Heading(Cat("Escalation ", run_.name(),
                       run_.cycle() > 1 ? Cat(", run ", run_.cycle()) : "", ": ",
                       EscalationStateText(run_.state())));
    lines_.Add("because",
               Cat(StartText(run_), run_.rule().empty() ? "" : Cat(" (", run_.rule(), ")"),
                   ", policy revision ", run_.policy_revision()));
    lines_.Add("started", LocalAndUtcText(zone_, Instant{run_.started_ms()}));
    if (run_.state() == EscalationState::WAITING) {
      lines_.Add("held",
                 Cat("in the waiting room until ", LocalText(zone_, Instant{run_.base_ms()}),
                     ": nobody is woken before"));
    }
    if (escalation_ != nullptr) Steps();
    if (run_.acknowledged_ms() != 0) {
      lines_.Add("answered", Cat(LocalText(zone_, Instant{run_.acknowledged_ms()}), " at the pager",
                                 run_.next_ms() != 0 ? "; it pages again if nobody acts" : ""));
    }
    Next();
    for (const v1::PageState& page : run_.pages()) lines_.Add("page", PageText(page));
    if (escalation_ != nullptr) Stops();
  }

 private:
  void Steps() {
    for (int i = 0; i < escalation_->steps_size(); ++i) {
      const v1::Step& step = escalation_->steps(i);
      std::string after = OpenText(Duration{step.after().ms()});
      if (!step.calendar().empty()) CatTo(&after, " of ", step.calendar());
      const bool taken = i < run_.step();
      lines_.Add(Cat("step ", i + 1), Cat("after ", step.after().ms() == 0 ? "0m" : after, ": ",
                                          StepText(step), taken ? " [done]" : ""));
    }
    if (escalation_->repeat_every_ms() > 0) {
      std::string text = Cat("every ", OpenText(Duration{escalation_->repeat_every_ms()}));
      if (escalation_->repeat_times() > 0) {
        CatTo(&text, ", up to ", escalation_->repeat_times(), " times");
      }
      lines_.Add("repeats", Cat(text, "; ", run_.repetition(), " so far"));
    }
    if (!escalation_->then().empty()) lines_.Add("then", Cat("escalation ", escalation_->then()));
  }

  // What it waits for, and what follows.
  void Waits() {
    if (!WaitsForMute(run_)) return;
    const bool rests = !run_.snoozed_by().empty();
    std::string text = run_.unmute_ms() == 0
                           ? "until the mute is cleared"
                           : Cat("until ", LocalAndUtcText(zone_, Instant{run_.unmute_ms()}));
    if (rests) CatTo(&text, ", under snooze ", run_.snoozed_by());
    CatTo(&text, "; then ");
    if (rests && run_.step() > 0) {
      CatTo(&text, "step ", run_.step(), " is taken again");
    } else {
      CatTo(&text, "it begins at step 1");
    }
    lines_.Add(rests ? "rests" : "kept back", text);
  }

  void Next() {
    if (run_.close_ms() != 0) {
      lines_.Add("closes itself", LocalAndUtcText(zone_, Instant{run_.close_ms()}));
    }
    Waits();
    if (run_.next_ms() == 0 && WaitsForMute(run_)) return;
    if (run_.next_ms() == 0) {
      if (!escalation_ || run_.state() == EscalationState::STOPPED) return;
      lines_.Add("next", "nothing more");
      return;
    }
    const Instant at{run_.next_ms()};
    std::string what;
    if (escalation_ != nullptr && escalation_->steps_size() > 0) {
      int index = run_.step() < escalation_->steps_size() ? run_.step() : 0;
      if (run_.state() == EscalationState::ACKNOWLEDGED) index = std::max(run_.step() - 1, 0);
      what = Cat(": step ", index + 1, ", ", StepText(escalation_->steps(index)));
    }
    lines_.Add("next", Cat(LocalAndUtcText(zone_, at),
                           at > now_ ? Cat(", in ", ElapsedText(at - now_)) : ", due now", what));
  }

  void Stops() {
    if (run_.state() == EscalationState::STOPPED) return;
    std::string text;
    const auto add = [&text](const char* what) { CatTo(&text, text.empty() ? "" : "; ", what); };
    for (const int kind : escalation_->stop_on()) {
      const auto stop = static_cast<v1::StopOn::Kind>(kind);
      if (stop != v1::StopOn::RESOLVED && stop != v1::StopOn::CLOCK_STOPPED) add(StopText(stop));
    }
    add(StopText(v1::StopOn::RESOLVED));
    if (!run_.metric().empty()) add(StopText(v1::StopOn::CLOCK_STOPPED));
    lines_.Add("stopped by", text);
    if (escalation_->ack_timeout_ms() > 0) {
      lines_.Add("pages again", Cat(OpenText(Duration{escalation_->ack_timeout_ms()}),
                                    " after an acknowledgement, if no agent acts meanwhile"));
    }
  }

  const EscalationState& run_;
  const v1::Escalation* const escalation_;
  const Zone& zone_;
  const Instant now_;
  ExplainLines& lines_;
};

}  // namespace

void ExplainEscalation(const Environment& environment, const EscalationState& run, const Zone& zone,
                       Instant now, ExplainLines* lines) {
  EscalationExplainer(environment, run, zone, now, lines).Explain();
}

}  // namespace escalation
