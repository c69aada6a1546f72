#include "state/ticket/ticket_encoding.h"

namespace escalation {
namespace {

using v1::ClockState;
using v1::MetricRun;
using v1::TicketFacts;
using v1::TicketState;
using v1::TicketTimeline;

template <int kField, typename List>
void Items(const List& list, WireWriter* out) {
  for (const std::string& item : list) out->Item<kField>(item);
}

template <typename List>
void Messages(int field, const List& list, WireWriter* out) {
  for (const auto& message : list) out->Message(field, message);
}

void Encode(const ClockState& clock, WireWriter* out) {
  out->Text<ClockState::kMetricFieldNumber>(clock.metric());
  out->Text<ClockState::kTargetFieldNumber>(clock.target());
  out->Number<ClockState::kLaneFieldNumber>(clock.lane());
  out->Text<ClockState::kSetFieldNumber>(clock.set());
  out->Number<ClockState::kCycleFieldNumber>(clock.cycle());
  out->Number<ClockState::kStateFieldNumber>(clock.state());
  out->Number<ClockState::kStartedMsFieldNumber>(clock.started_ms());
  out->Number<ClockState::kAccruedMsFieldNumber>(clock.accrued_ms());
  out->Number<ClockState::kSinceMsFieldNumber>(clock.since_ms());
  out->Number<ClockState::kPausedMsFieldNumber>(clock.paused_ms());
  out->Number<ClockState::kWithinMsFieldNumber>(clock.within_ms());
  out->Text<ClockState::kCalendarFieldNumber>(clock.calendar());
  out->Number<ClockState::kPinnedDueMsFieldNumber>(clock.pinned_due_ms());
  out->Number<ClockState::kPinIsSoftFieldNumber>(clock.pin_is_soft());
  out->Number<ClockState::kBreachedMsFieldNumber>(clock.breached_ms());
  out->Number<ClockState::kWarnedFieldNumber>(clock.warned());
  out->Number<ClockState::kPolicyRevisionFieldNumber>(clock.policy_revision());
  out->Text<ClockState::kPlanFieldNumber>(clock.plan());
  out->Number<ClockState::kEndedByResolveFieldNumber>(clock.ended_by_resolve());
  out->Number<ClockState::kDueAtNextOpeningFieldNumber>(clock.due_at_next_opening());
  out->Number<ClockState::kNextMsFieldNumber>(clock.next_ms());
  out->Number<ClockState::kDueMsFieldNumber>(clock.due_ms());
  out->Unknown(clock);
}

void Encode(const MetricRun& run, WireWriter* out) {
  out->Text<MetricRun::kMetricFieldNumber>(run.metric());
  out->Number<MetricRun::kCycleFieldNumber>(run.cycle());
  out->Number<MetricRun::kOpenFieldNumber>(run.open());
  out->Number<MetricRun::kSuspendedFieldNumber>(run.suspended());
  out->Unknown(run);
}

void EncodeMoments(const TicketFacts& facts, WireWriter* out) {
  out->Number<TicketFacts::kOpenedMsFieldNumber>(facts.opened_ms());
  out->Number<TicketFacts::kOpenedByAgentFieldNumber>(facts.opened_by_agent());
  out->Number<TicketFacts::kProvisionalFieldNumber>(facts.provisional());
  out->Number<TicketFacts::kLastPublicReplyMsFieldNumber>(facts.last_public_reply_ms());
  out->Number<TicketFacts::kOldestUnansweredMsFieldNumber>(facts.oldest_unanswered_ms());
  out->Number<TicketFacts::kEngagedMsFieldNumber>(facts.engaged_ms());
  out->Number<TicketFacts::kResolvedMsFieldNumber>(facts.resolved_ms());
  out->Number<TicketFacts::kClosedMsFieldNumber>(facts.closed_ms());
}

void Encode(const TicketFacts& facts, WireWriter* out) {
  out->Text<TicketFacts::kAccountFieldNumber>(facts.account());
  out->Text<TicketFacts::kPlanFieldNumber>(facts.plan());
  out->Text<TicketFacts::kSeverityFieldNumber>(facts.severity());
  out->Number<TicketFacts::kSeveritySettledFieldNumber>(facts.severity_settled());
  out->Text<TicketFacts::kSubjectFieldNumber>(facts.subject());
  out->Text<TicketFacts::kProductFieldNumber>(facts.product());
  out->Text<TicketFacts::kTopicFieldNumber>(facts.topic());
  out->Text<TicketFacts::kChannelFieldNumber>(facts.channel());
  out->Text<TicketFacts::kLevelFieldNumber>(facts.level());
  out->Text<TicketFacts::kGroupFieldNumber>(facts.group());
  out->Text<TicketFacts::kAssigneeFieldNumber>(facts.assignee());
  out->Number<TicketFacts::kStatusFieldNumber>(facts.status());
  Items<TicketFacts::kTagsFieldNumber>(facts.tags(), out);
  Messages(TicketFacts::kFieldsFieldNumber, facts.fields(), out);
  out->Number<TicketFacts::kDescriptionLengthFieldNumber>(facts.description_length());
  EncodeMoments(facts, out);
  Items<TicketFacts::kWorkaroundsFieldNumber>(facts.workarounds(), out);
  out->Text<TicketFacts::kMergedIntoFieldNumber>(facts.merged_into());
  out->Text<TicketFacts::kRequesterFieldNumber>(facts.requester());
  Items<TicketFacts::kParticipantsFieldNumber>(facts.participants(), out);
  Items<TicketFacts::kFieldsAtLevelFieldNumber>(facts.fields_at_level(), out);
  out->Text<TicketFacts::kReasonFieldNumber>(facts.reason());
  out->Number<TicketFacts::kFollowUpMsFieldNumber>(facts.follow_up_ms());
  out->Number<TicketFacts::kLastCustomerMessageMsFieldNumber>(facts.last_customer_message_ms());
  out->Number<TicketFacts::kPlanIsOwnFieldNumber>(facts.plan_is_own());
  Items<TicketFacts::kRulesFieldNumber>(facts.rules(), out);
  out->Number<TicketFacts::kContactUnconfirmedFieldNumber>(facts.contact_unconfirmed());
  out->Text<TicketFacts::kProblemFieldNumber>(facts.problem());
  out->Text<TicketFacts::kResolutionReasonFieldNumber>(facts.resolution_reason());
  out->Unknown(facts);
}

void Encode(const TicketTimeline& timeline, WireWriter* out) {
  if (timeline.has_facts()) {
    out->Message<TicketTimeline::kFactsFieldNumber>([&] { Encode(timeline.facts(), out); });
  }
  for (const MetricRun& run : timeline.runs()) {
    out->Message<TicketTimeline::kRunsFieldNumber>([&] { Encode(run, out); });
  }
  for (const ClockState& clock : timeline.clocks()) {
    out->Message<TicketTimeline::kClocksFieldNumber>([&] { Encode(clock, out); });
  }
  out->Number<TicketTimeline::kReachedMsFieldNumber>(timeline.reached_ms());
  out->Number<TicketTimeline::kFiredMsFieldNumber>(timeline.fired_ms());
  out->Unknown(timeline);
}

}  // namespace

void EncodeTicket(const TicketState& state, WireWriter* out) {
  if (state.has_live()) {
    out->Message<TicketState::kLiveFieldNumber>([&] { Encode(state.live(), out); });
  }
  if (state.has_base()) {
    out->Message<TicketState::kBaseFieldNumber>([&] { Encode(state.base(), out); });
  }
  out->Text<TicketState::kEntriesFieldNumber>(state.entries());
  Messages(TicketState::kEscalationsFieldNumber, state.escalations(), out);
  Messages(TicketState::kCountsFieldNumber, state.counts(), out);
  Items<TicketState::kFiredFieldNumber>(state.fired(), out);
  out->Number<TicketState::kWakeMsFieldNumber>(state.wake_ms());
  out->Text<TicketState::kIndexedAccountFieldNumber>(state.indexed_account());
  out->Number<TicketState::kEntryCountFieldNumber>(state.entry_count());
  out->Number<TicketState::kChangedByFieldNumber>(state.changed_by());
  Items<TicketState::kWaitsForFieldNumber>(state.waits_for(), out);
  out->Unknown(state);
}

}  // namespace escalation
