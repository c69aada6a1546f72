#include "state/partition/record_sink.h"

#include <utility>

#include "state/base/sha256.h"
#include "state/base/text.h"
#include "state/partition/keys.h"

namespace escalation {
namespace {

// What the dispatcher has to do something about.
bool IsDelivery(const v1::Decision& decision) {
  return decision.has_page_requested() || decision.has_page_closed() || decision.has_page_digest();
}

}  // namespace

void RecordSink::BeginRecord(int64_t offset, Instant appended, std::string_view event_id,
                             int index) {
  offset_ = offset;
  appended_ = appended;
  event_id_ = event_id;
  index_ = index;
}

void RecordSink::About(std::string_view tenant, std::string_view ticket_id,
                       int64_t policy_revision) {
  tenant_ = tenant;
  ticket_id_ = ticket_id;
  policy_revision_ = policy_revision;
}

v1::Decision& RecordSink::Add(Instant at, Instant due, std::string_view rule) {
  v1::Decision& decision = decisions_.emplace_back();
  state_.set_seq(state_.seq() + 1);
  decision.set_id(Cat(id_prefix_, offset_, '/', index_++));
  decision.set_seq(state_.seq());
  decision.set_tenant(tenant_);
  decision.set_ticket_id(ticket_id_);
  ToProto(at, decision.mutable_at());
  if (due != Instant::Never()) ToProto(due, decision.mutable_due_at());
  ToProto(appended_, decision.mutable_detected_at());
  v1::Cause* const cause = decision.mutable_cause();
  cause->set_offset(offset_);
  cause->set_event_id(event_id_);
  cause->set_policy_revision(policy_revision_);
  cause->set_rule(std::string(rule));
  return decision;
}

void RecordSink::Book() {
  for (; booked_ < decisions_.size(); ++booked_) {
    const v1::Decision& decision = decisions_[booked_];
    v1::OutboxEntry entry;
    entry.set_decision(decision.SerializeAsString());
    state_.set_decisions_hash(ChainHash(state_.decisions_hash(), entry.decision()));
    entry.set_chain_hash(state_.decisions_hash());
    overlay_.Put(keys::Outbox(decision.seq()), entry.SerializeAsString());
    if (IsDelivery(decision)) {
      v1::PendingDelivery pending;
      *pending.mutable_decision() = decision;
      overlay_.Put(keys::Pending(decision.seq()), pending.SerializeAsString());
    }
  }
}

std::vector<v1::Decision> RecordSink::Take() {
  booked_ = 0;
  return std::exchange(decisions_, {});
}

}  // namespace escalation
