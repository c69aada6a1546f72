#include "state/partition/record_sink.h"

#include <utility>

#include "state/base/sha256.h"
#include "state/base/text.h"
#include "state/base/wire.h"
#include "state/partition/decision_encoding.h"
#include "state/partition/keys.h"
#include "state/ticket/page.h"

namespace escalation {
namespace {

// Room for some hundred decisions.
constexpr size_t kArenaBytes = size_t{64} << 10;

// v1::OutboxEntry, without a copy of the decision in between.
std::string EncodeOutboxEntry(std::string_view decision, std::string_view chain_hash) {
  std::string out;
  out.reserve(decision.size() + chain_hash.size() + 16);
  const auto append = [&](int field, std::string_view bytes) {
    wire::AppendTag(field, &out);
    wire::AppendVarint(bytes.size(), &out);
    out.append(bytes);
  };
  append(v1::OutboxEntry::kDecisionFieldNumber, decision);
  append(v1::OutboxEntry::kChainHashFieldNumber, chain_hash);
  return out;
}

}  // namespace

RecordSink::RecordSink(std::string id_prefix, v1::PartitionState* state, Overlay* overlay)
    : id_prefix_(std::move(id_prefix)),
      state_(*state),
      overlay_(*overlay),
      memory_(new char[kArenaBytes]),
      arena_(memory_.get(), kArenaBytes),
      decision_(google::protobuf::Arena::CreateMessage<v1::Decision>(&arena_)) {}

void RecordSink::Tidy() {
  if (arena_.SpaceUsed() < kArenaBytes / 2) return;
  const v1::Decision present = *decision_;
  arena_.Reset();
  decision_ = google::protobuf::Arena::CreateMessage<v1::Decision>(&arena_);
  *decision_ = present;
}

void RecordSink::BeginRecord(int64_t offset, Instant appended, std::string_view event_id,
                             int index) {
  Book();
  Tidy();
  index_ = index;
  id_ = id_prefix_;
  CatTo(&id_, offset, '/');
  ToProto(appended, decision_->mutable_detected_at());
  decision_->mutable_cause()->set_offset(offset);
  decision_->mutable_cause()->mutable_event_id()->assign(event_id);
}

RecordSink::Place RecordSink::place() {
  Book();
  return {decision_->cause().offset(), FromProto(decision_->detected_at()),
          decision_->cause().event_id(), index_};
}

void RecordSink::About(std::string_view tenant, std::string_view ticket_id,
                       int64_t policy_revision) {
  Book();
  Tidy();
  decision_->mutable_tenant()->assign(tenant);
  decision_->mutable_ticket_id()->assign(ticket_id);
  decision_->mutable_cause()->set_policy_revision(policy_revision);
}

v1::Decision& RecordSink::Add(Instant at, Instant due, std::string_view rule) {
  Book();
  open_ = true;
  // What belongs to the record or the ticket stands already.
  decision_->clear_body();
  decision_->clear_account();
  state_.set_seq(state_.seq() + 1);
  decision_->set_seq(state_.seq());
  std::string* const id = decision_->mutable_id();
  id->assign(id_);
  CatTo(id, index_++);
  ToProto(at, decision_->mutable_at());
  if (due == Instant::Never()) {
    decision_->clear_due_at();
  } else {
    ToProto(due, decision_->mutable_due_at());
  }
  decision_->mutable_cause()->mutable_rule()->assign(rule);
  return *decision_;
}

void RecordSink::Book() {
  if (!open_) return;
  open_ = false;
  wire_.Clear();
  EncodeDecision(*decision_, &wire_);
  const std::string& bytes = decided_.decisions.emplace_back(wire_.bytes());
  decided_bytes_ += bytes.size();
  state_.set_decisions_hash(ChainHash(state_.decisions_hash(), bytes));
  overlay_.AppendToOutbox(decision_->seq(), EncodeOutboxEntry(bytes, state_.decisions_hash()));
  decided_.bodies.push_back(decision_->body_case());
  const bool delivery = IsPageDecision(*decision_);
  if (delivery) {
    v1::PendingDelivery pending;
    *pending.mutable_decision() = *decision_;
    overlay_.Put(keys::Pending(decision_->seq()), pending.SerializeAsString());
  }
  if (delivery || decision_->has_alarm()) decided_.notices.push_back(*decision_);
}

DecidedTurn RecordSink::Take() {
  decided_bytes_ = 0;
  return std::exchange(decided_, {});
}

}  // namespace escalation
