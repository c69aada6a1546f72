#include "state/partition/decision_encoding.h"

namespace escalation {
namespace {

using v1::Decision;

void EncodeHead(const Decision& decision, WireWriter* out) {
  out->Text<Decision::kIdFieldNumber>(decision.id());
  out->Number<Decision::kSeqFieldNumber>(static_cast<int64_t>(decision.seq()));
  out->Text<Decision::kTenantFieldNumber>(decision.tenant());
  out->Text<Decision::kTicketIdFieldNumber>(decision.ticket_id());
  if (decision.has_at()) out->Time<Decision::kAtFieldNumber>(decision.at());
  if (decision.has_due_at()) out->Time<Decision::kDueAtFieldNumber>(decision.due_at());
  if (decision.has_detected_at()) {
    out->Time<Decision::kDetectedAtFieldNumber>(decision.detected_at());
  }
  if (decision.has_cause()) {
    const v1::Cause& cause = decision.cause();
    out->Message<Decision::kCauseFieldNumber>([&] {
      out->Number<v1::Cause::kOffsetFieldNumber>(cause.offset());
      out->Text<v1::Cause::kEventIdFieldNumber>(cause.event_id());
      out->Number<v1::Cause::kPolicyRevisionFieldNumber>(cause.policy_revision());
      out->Text<v1::Cause::kRuleFieldNumber>(cause.rule());
    });
  }
  out->Text<Decision::kAccountFieldNumber>(decision.account());
}

// What all decisions about a clock begin with; `rest` writes what is this one's own.
template <int kField, typename Body, typename Rest>
void EncodeClock(const Body& body, WireWriter* out, const Rest& rest) {
  out->Message<kField>([&] {
    out->Text<Body::kMetricFieldNumber>(body.metric());
    out->Text<Body::kTargetFieldNumber>(body.target());
    out->Number<Body::kCycleFieldNumber>(body.cycle());
    if (body.has_used()) out->Time<Body::kUsedFieldNumber>(body.used());
    if (body.has_within()) out->Time<Body::kWithinFieldNumber>(body.within());
    rest();
  });
}

// False: its body is not one that is written here.
bool EncodeKnown(const Decision& decision, WireWriter* out) {
  switch (decision.body_case()) {
    case Decision::kClockStarted:
      EncodeHead(decision, out);
      EncodeClock<Decision::kClockStartedFieldNumber>(decision.clock_started(), out, [&] {
        out->Text<v1::ClockStarted::kCalendarFieldNumber>(decision.clock_started().calendar());
      });
      return true;
    case Decision::kClockPaused:
      EncodeHead(decision, out);
      EncodeClock<Decision::kClockPausedFieldNumber>(decision.clock_paused(), out, [] {});
      return true;
    case Decision::kClockResumed:
      EncodeHead(decision, out);
      EncodeClock<Decision::kClockResumedFieldNumber>(decision.clock_resumed(), out, [] {});
      return true;
    case Decision::kClockWarned:
      EncodeHead(decision, out);
      EncodeClock<Decision::kClockWarnedFieldNumber>(decision.clock_warned(), out, [&] {
        out->Number<v1::ClockWarned::kWarningFieldNumber>(decision.clock_warned().warning());
      });
      return true;
    case Decision::kClockMet:
      EncodeHead(decision, out);
      EncodeClock<Decision::kClockMetFieldNumber>(decision.clock_met(), out, [&] {
        out->Number<v1::ClockMet::kLateFieldNumber>(decision.clock_met().late());
      });
      return true;
    case Decision::kClockAmended:
      EncodeHead(decision, out);
      EncodeClock<Decision::kClockAmendedFieldNumber>(decision.clock_amended(), out, [&] {
        out->Text<v1::ClockAmended::kReasonFieldNumber>(decision.clock_amended().reason());
        out->Text<v1::ClockAmended::kStateFieldNumber>(decision.clock_amended().state());
      });
      return true;
    default:
      return false;
  }
}

}  // namespace

void EncodeDecision(const Decision& decision, WireWriter* out) {
  if (!EncodeKnown(decision, out)) out->Bytes(decision);
}

}  // namespace escalation
