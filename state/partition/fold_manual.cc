// What people ask for: mutes and snoozes, and that escalations stop.

#include <utility>

#include "state/base/text.h"
#include "state/partition/partition_impl.h"

namespace escalation {

using v1::Event;

const std::string& TicketToStop(const Event& event) {
  return event.ticket_id().empty() ? event.escalation_stopped().scope().ticket_id()
                                   : event.ticket_id();
}

// Mutes hold from the log's time of their record: nobody is silenced for the past.
void PartitionFold::Impl::FoldMuteSet(const FoldRecord& record, Tenant* tenant) {
  const v1::MuteSet& set = record.event.mute_set();
  const Instant now = record.appended;
  v1::MuteState mute;
  mute.set_mute_id(set.mute_id());
  *mute.mutable_scope() = set.scope();
  mute.set_until_ms(set.has_until() ? FromProto(set.until()).ms : 0);
  mute.set_reason(set.reason());
  mute.set_by(record.event.actor().id());
  mute.set_set_ms(now.ms);
  mute.set_snooze(set.snooze());
  std::string& ticket_id = *mute.mutable_scope()->mutable_ticket_id();
  if (!ticket_id.empty()) ticket_id = overlay_.LivingTicket(tenant->name(), ticket_id).ticket_id;
  const bool known = tenant->FindMute(set.mute_id()) != nullptr;
  std::string problem;
  if (mute.until_ms() != 0 && mute.until_ms() <= now.ms) {
    problem = Cat("is over at ", Instant{mute.until_ms()}, ", before it begins");
  } else if (mute.snooze() && (ticket_id.empty() || mute.until_ms() == 0)) {
    problem = "is a snooze, and needs a ticket and an end";
  } else if (!known && tenant->state().mutes_size() >= kMutesMax) {
    problem = Cat("is one more than ", kMutesMax);
  }
  if (!problem.empty()) {
    return Flag(tenant, ticket_id, now, "mute_refused", Cat("mute ", set.mute_id(), " ", problem));
  }
  if (known) tenant->RemoveMute(set.mute_id());
  *tenant->state().add_mutes() = mute;
  tenant->MarkDirty();
  tenant->TellMute(mute, known ? "replaced" : "set", now);
  if (known) BeginUnmute(record, set.mute_id());
  if (mute.snooze()) SnoozeTicket(record, tenant, mute);
}

void PartitionFold::Impl::SnoozeTicket(const FoldRecord& record, Tenant* tenant,
                                       const v1::MuteState& snooze) {
  Overlay::TicketSlot& slot = overlay_.Ticket(tenant->name(), snooze.scope().ticket_id());
  if (!slot.exists) {
    return Flag(tenant, slot.ticket_id, record.appended, "unknown_ticket",
                "nothing is known of the ticket yet");
  }
  CatchUp(tenant, &slot);
  sink_.About(tenant->name(), slot.ticket_id, tenant->CurrentPolicy().revision());
  TicketFold fold(*tenant, tenant->name(), slot.ticket_id, &slot.state, &sink_);
  fold.Snooze(snooze, record.appended);
  Touch(&slot, fold);
}

void PartitionFold::Impl::FoldMuteCleared(const FoldRecord& record, Tenant* tenant) {
  const v1::MuteCleared& cleared = record.event.mute_cleared();
  const v1::MuteState* const known = tenant->FindMute(cleared.mute_id());
  if (known == nullptr) {
    return Flag(tenant, "", record.appended, "unknown_mute",
                Cat("mute ", cleared.mute_id(), " is not in force"));
  }
  v1::MuteState mute = *known;
  mute.set_by(record.event.actor().id());
  mute.set_reason(cleared.reason());
  tenant->RemoveMute(cleared.mute_id());
  tenant->TellMute(mute, "cleared", record.appended);
  BeginUnmute(record, cleared.mute_id());
}

void PartitionFold::Impl::BeginUnmute(const FoldRecord& record, const std::string& mute_id) {
  v1::FanOut change = FanOutOf(record, v1::FanOut::UNMUTE, record.appended);
  change.set_mute_id(mute_id);
  BeginChange(std::move(change));
}

void PartitionFold::Impl::FoldStop(const FoldRecord& record, Tenant* tenant, Instant at) {
  const v1::EscalationStopRequested& asked = record.event.escalation_stopped();
  const std::string& ticket_id = TicketToStop(record.event);
  if (!ticket_id.empty()) {
    FoldRecord named = record;
    named.event.set_ticket_id(ticket_id);
    return FoldTicket(named, tenant, at);
  }
  v1::FanOut change = FanOutOf(record, v1::FanOut::STOP, at);
  *change.mutable_scope() = asked.scope();
  change.set_account(asked.scope().account());
  change.set_by(record.event.actor().id());
  change.set_reason(asked.reason());
  BeginChange(std::move(change));
}

}  // namespace escalation
