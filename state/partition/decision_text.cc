#include "state/partition/decision_text.h"

#include <cstdlib>

#include "state/base/text.h"

namespace escalation {
namespace {

using google::protobuf::RepeatedPtrField;

class Line {
 public:
  Line(const v1::Decision& decision, const DecisionTextOptions& options)
      : decision_(decision), options_(options) {}

  Line& Word(std::string_view word) {
    if (word.empty()) return *this;
    if (!text_.empty()) text_.push_back(' ');
    text_.append(word);
    return *this;
  }

  Line& Pair(std::string_view name, std::string_view value) {
    if (value.empty()) return *this;
    return Word(name).Append("=").Append(value);
  }

  Line& Pair(std::string_view name, int64_t value, int64_t silent) {
    return value == silent ? *this : Pair(name, std::to_string(value));
  }

  Line& Pair(std::string_view name, const google::protobuf::Duration& value) {
    return Pair(name, ToText(FromProto(value)));
  }

  Line& Pair(std::string_view name, const google::protobuf::Timestamp& value) {
    return Pair(name, TextWithOffset(FromProto(value), options_.offset_s));
  }

  Line& List(std::string_view name, const RepeatedPtrField<std::string>& values) {
    std::string joined;
    for (const std::string& value : values) CatTo(&joined, joined.empty() ? "" : ",", value);
    return Pair(name, joined);
  }

  // The due moment, unless it is the moment of the decision itself.
  Line& Due() {
    if (!decision_.has_due_at()) return *this;
    const Instant due = FromProto(decision_.due_at());
    return due == FromProto(decision_.at()) ? *this : Pair("due", decision_.due_at());
  }

  std::string Finish() {
    const Instant at = FromProto(decision_.at());
    if (decision_.has_at() && at != options_.now) Pair("at", decision_.at());
    return std::move(text_);
  }

 private:
  Line& Append(std::string_view text) {
    text_.append(text);
    return *this;
  }

  const v1::Decision& decision_;
  const DecisionTextOptions& options_;
  std::string text_;
};

const std::string& SubjectOf(const v1::Decision& decision) {
  return decision.ticket_id().empty() ? decision.account() : decision.ticket_id();
}

// "engagement", or "engagement/internal_high" where the promise has a name of its own.
template <typename Clock>
Line& ClockLine(const v1::Decision& decision, const Clock& clock, std::string_view happened,
                Line& line) {
  const bool named = clock.target() != clock.metric() && !clock.target().empty();
  line.Word("clock").Word(SubjectOf(decision));
  line.Word(named ? Cat(clock.metric(), "/", clock.target()) : clock.metric());
  return line.Word(happened).Pair("cycle", clock.cycle(), 1);
}

void ClockText(const v1::Decision& d, Line& line) {
  switch (d.body_case()) {
    case v1::Decision::kClockStarted: {
      const v1::ClockStarted& clock = d.clock_started();
      ClockLine(d, clock, "started", line);
      if (FromProto(clock.used()).ms != 0) line.Pair("used", clock.used());
      if (!d.has_due_at()) line.Pair("within", clock.within());
      line.Due();
      return;
    }
    case v1::Decision::kClockPaused:
      ClockLine(d, d.clock_paused(), "paused", line).Pair("used", d.clock_paused().used());
      return;
    case v1::Decision::kClockResumed:
      ClockLine(d, d.clock_resumed(), "resumed", line).Pair("used", d.clock_resumed().used()).Due();
      return;
    case v1::Decision::kClockWarned:
      ClockLine(d, d.clock_warned(), "warned", line)
          .Pair("warning", d.clock_warned().warning(), 0)
          .Pair("used", d.clock_warned().used())
          .Due();
      return;
    case v1::Decision::kClockBreached:
      ClockLine(d, d.clock_breached(), "breached", line)
          .Word(d.clock_breached().recorded_only() ? "recorded_only" : "")
          .Pair("used", d.clock_breached().used())
          .Due();
      return;
    case v1::Decision::kClockMet:
      ClockLine(d, d.clock_met(), "met", line)
          .Word(d.clock_met().late() ? "late" : "")
          .Pair("used", d.clock_met().used());
      return;
    case v1::Decision::kClockCancelled:
      ClockLine(d, d.clock_cancelled(), "cancelled", line)
          .Pair("used", d.clock_cancelled().used())
          .Pair("reason", d.clock_cancelled().reason());
      return;
    case v1::Decision::kClockAmended:
      ClockLine(d, d.clock_amended(), "amended", line)
          .Word(d.clock_amended().state())
          .Pair("used", d.clock_amended().used())
          .Pair("within", d.clock_amended().within())
          .Pair("reason", d.clock_amended().reason())
          .Due();
      return;
    default:
      ClockLine(d, d.breach_retracted(), "breach_retracted", line)
          .Pair("used", d.breach_retracted().used());
      return;
  }
}

void EscalationText(const v1::Decision& d, Line& line) {
  line.Word("escalation").Word(d.ticket_id());
  if (d.has_escalation_started()) {
    const v1::EscalationStarted& started = d.escalation_started();
    line.Word(started.escalation()).Word("started").Pair("cycle", started.cycle(), 1);
    if (started.has_waiting_until()) line.Word("waiting").Pair("until", started.waiting_until());
    line.Pair("reason", started.reason()).Pair("by", started.by());
  } else if (d.has_escalation_stepped()) {
    const v1::EscalationStepped& stepped = d.escalation_stepped();
    line.Word(stepped.escalation()).Word("step").Word(std::to_string(stepped.step()));
    line.Pair("cycle", stepped.cycle(), 1).Pair("repetition", stepped.repetition(), 0);
    line.Pair("reason", stepped.reason()).Pair("by", stepped.by());
  } else {
    const v1::EscalationStopped& stopped = d.escalation_stopped();
    line.Word(stopped.escalation()).Word("stopped").Pair("cycle", stopped.cycle(), 1);
    line.Pair("step", stopped.step(), 0).Pair("reason", stopped.reason());
    line.Pair("by", stopped.by());
  }
}

void PageText(const v1::Decision& d, Line& line) {
  switch (d.body_case()) {
    case v1::Decision::kPageRequested: {
      const v1::PageRequested& page = d.page_requested();
      line.Word("page").Word(d.ticket_id()).Word(page.route());
      line.Word(page.test() ? "test" : "").Pair("key", page.key());
      line.Pair("step", page.step(), 0).Pair("level", page.level());
      line.Pair("severity", page.severity()).Pair("fallback_of", page.fallback_of());
      line.Pair("by", page.by());
      return;
    }
    case v1::Decision::kPageClosed: {
      const v1::PageClosed& page = d.page_closed();
      line.Word("page").Word(d.ticket_id()).Word(page.route()).Word("closed");
      line.Pair("key", page.key()).Pair("reason", page.reason());
      line.Pair("destination", page.destination());
      return;
    }
    case v1::Decision::kPageAcknowledged: {
      const v1::PageAcknowledgedAtPager& page = d.page_acknowledged();
      line.Word("page").Word(d.ticket_id()).Word(page.route()).Word("acknowledged");
      line.Pair("key", page.key()).Pair("by", page.by());
      return;
    }
    default: {
      const v1::PageDigest& digest = d.page_digest();
      line.Word("digest").Word(digest.route()).Pair("key", digest.key());
      line.Pair("suppressed", digest.suppressed(), -1).List("tickets", digest.ticket_ids());
      return;
    }
  }
}

void AccountText(const v1::Decision& d, Line& line) {
  switch (d.body_case()) {
    case v1::Decision::kPlanChangeScheduled: {
      const v1::PlanChangeScheduled& change = d.plan_change_scheduled();
      line.Word("plan").Word(change.account()).Word("scheduled").Pair("plan", change.plan());
      line.Pair("starts", change.starts_at()).Pair("billed_from", change.billed_from());
      return;
    }
    case v1::Decision::kPlanActivated:
      line.Word("plan").Word(d.plan_activated().account()).Word("activated");
      line.Pair("plan", d.plan_activated().plan());
      return;
    case v1::Decision::kEntitlementCounted: {
      const v1::EntitlementCounted& counted = d.entitlement_counted();
      line.Word("entitlement").Word(counted.account()).Word(counted.entitlement());
      line.Pair("used", Cat(counted.used(), "/", counted.quota()));
      return;
    }
    case v1::Decision::kEntitlementExhausted: {
      const v1::EntitlementExhausted& exhausted = d.entitlement_exhausted();
      line.Word("entitlement").Word(exhausted.account()).Word(exhausted.entitlement());
      line.Word("exhausted").Pair("quota", exhausted.quota(), -1);
      return;
    }
    default: {
      const v1::BookingTooLate& booking = d.booking_too_late();
      line.Word("entitlement").Word(booking.account()).Word(booking.entitlement());
      line.Word("too_late").Pair("lead", booking.lead()).Pair("required", booking.required());
      return;
    }
  }
}

void Remark(std::string_view subject, const v1::Decision& d, std::string_view reason,
            std::string_view detail, Line& line) {
  line.Word(subject).Word(SubjectOf(d)).Word(reason);
  if (!detail.empty()) line.Word(Cat("(", detail, ")"));
}

void MuteText(const v1::MuteChanged& mute, Line& line) {
  line.Word(mute.snooze() ? "snooze" : "mute").Word(mute.mute_id()).Word(mute.state());
  line.Pair("ticket", mute.scope().ticket_id()).Pair("account", mute.scope().account());
  line.Pair("route", mute.scope().route()).Pair("escalation", mute.scope().escalation());
  if (mute.has_until()) line.Pair("until", mute.until());
  line.Pair("by", mute.by()).Pair("kept_back", mute.kept_back(), 0);
  if (!mute.reason().empty()) line.Word(Cat("(", mute.reason(), ")"));
}

void TicketText(const v1::Decision& d, Line& line) {
  switch (d.body_case()) {
    case v1::Decision::kTicketActionRequested: {
      const v1::TicketActionRequested& action = d.ticket_action_requested();
      line.Word("action").Word(d.ticket_id()).Word(action.action());
      line.Pair("level", action.level()).Pair("group", action.group());
      line.Pair("reason", action.reason());
      return;
    }
    case v1::Decision::kSeverityChanged: {
      const v1::SeverityChangeDecided& change = d.severity_changed();
      line.Word("severity").Word(d.ticket_id()).Pair("from", change.from());
      line.Pair("to", change.to()).Pair("reason", change.reason());
      return;
    }
    case v1::Decision::kSeverityClamped:
      line.Word("severity").Word(d.ticket_id()).Word("clamped");
      line.Pair("from", d.severity_clamped().from()).Pair("to", d.severity_clamped().to());
      return;
    case v1::Decision::kHandoverAccepted:
      line.Word("handover").Word(d.ticket_id()).Word("accepted");
      line.Pair("level", d.handover_accepted().level()).Pair("from", d.handover_accepted().from());
      return;
    case v1::Decision::kHandoverRejected:
      line.Word("handover").Word(d.ticket_id()).Word("rejected");
      line.Pair("level", d.handover_rejected().level());
      line.List("missing", d.handover_rejected().missing());
      return;
    case v1::Decision::kParticipantRejected:
      line.Word("participant").Word(d.ticket_id()).Word("rejected");
      line.Pair("address", d.participant_rejected().address());
      return;
    case v1::Decision::kNotify:
      line.Word("notify").Word(SubjectOf(d)).List("to", d.notify().to());
      line.Pair("channel", d.notify().channel()).Pair("reason", d.notify().reason());
      return;
    case v1::Decision::kReviewDue:
      Remark("review", d, d.review_due().reason(), "", line);
      return;
    case v1::Decision::kFlagged:
      Remark("flagged", d, d.flagged().reason(), d.flagged().detail(), line);
      return;
    case v1::Decision::kAlarm:
      Remark("alarm", d, d.alarm().reason(), d.alarm().detail(), line);
      return;
    default:
      line.Word("(no body)");
      return;
  }
}

}  // namespace

std::string DecisionText(const v1::Decision& decision, const DecisionTextOptions& options) {
  Line line(decision, options);
  switch (decision.body_case()) {
    case v1::Decision::kClockStarted:
    case v1::Decision::kClockPaused:
    case v1::Decision::kClockResumed:
    case v1::Decision::kClockWarned:
    case v1::Decision::kClockBreached:
    case v1::Decision::kClockMet:
    case v1::Decision::kClockCancelled:
    case v1::Decision::kClockAmended:
    case v1::Decision::kBreachRetracted:
      ClockText(decision, line);
      break;
    case v1::Decision::kEscalationStarted:
    case v1::Decision::kEscalationStepped:
    case v1::Decision::kEscalationStopped:
      EscalationText(decision, line);
      break;
    case v1::Decision::kPageRequested:
    case v1::Decision::kPageClosed:
    case v1::Decision::kPageAcknowledged:
    case v1::Decision::kPageDigest:
      PageText(decision, line);
      break;
    case v1::Decision::kPlanChangeScheduled:
    case v1::Decision::kPlanActivated:
    case v1::Decision::kEntitlementCounted:
    case v1::Decision::kEntitlementExhausted:
    case v1::Decision::kBookingTooLate:
      AccountText(decision, line);
      break;
    case v1::Decision::kMuteChanged:
      MuteText(decision.mute_changed(), line);
      break;
    default:
      TicketText(decision, line);
      break;
  }
  return line.Finish();
}

std::string TextWithOffset(Instant t, int offset_s) {
  if (t == Instant::Never() || t == Instant::Past() || offset_s == 0) return ToText(t);
  std::string text = ToText(t + Duration::Seconds(offset_s));
  text.pop_back();  // The "Z".
  const auto two = [](int n) { return Cat(n < 10 ? "0" : "", n); };
  const int minutes = std::abs(offset_s) / 60;
  return Cat(text, offset_s < 0 ? "-" : "+", two(minutes / 60), ":", two(minutes % 60));
}

}  // namespace escalation
