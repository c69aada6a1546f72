// One record: dropped as a duplicate, put in its place in time, and folded.

#include <algorithm>

#include "state/base/sha256.h"
#include "state/base/text.h"
#include "state/partition/keys.h"
#include "state/partition/partition_impl.h"

namespace escalation {
namespace {

using v1::Event;

// How long a hook's event is remembered to drop its duplicates.
constexpr Duration kRecentWindow = Duration::Hours(72);
// So many tickets are folded under a change with each event that comes meanwhile: a tenth of a
// millisecond. The owner's ticks do the rest.
constexpr int kChangedWithEvent = 8;

// What an event says, without how it came.
std::string ContentHash(const Event& event) {
  Event content = event;
  content.clear_origin();
  content.clear_written_at();
  return Sha256({content.SerializeAsString()});
}

// A page by hand that says what it is about, and what follows it.
bool NeedsNoTicket(const Event& event, const v1::TicketState& state) {
  if (!event.has_page_requested_manually() && !event.has_escalation_stopped()) return false;
  const v1::PageRequestedManually& page = event.page_requested_manually();
  return page.test() || !page.subject().empty() || !state.escalations().empty();
}

Instant WrittenAt(const FoldRecord& record) {
  return record.event.has_written_at() ? FromProto(record.event.written_at()) : record.appended;
}

// Earliest: how far in the past it may lie.
Instant EarliestOf(const FoldRecord& record, const CompiledPolicy& policy) {
  const Duration lateness = policy.MaxLateness(record.event.origin().source());
  if (lateness.ms == 0) return kInstantMin;
  return std::min(record.appended, WrittenAt(record)) - lateness;
}

}  // namespace

const std::string& PageKeyOf(const Event& event) {
  if (event.has_page_acknowledged()) return event.page_acknowledged().key();
  if (event.has_page_resolved()) return event.page_resolved().key();
  return event.page_outcome().key();
}

// "tenant/ticket/..." -> "ticket"
std::string TicketOfPage(std::string_view key) {
  const size_t first = key.find('/');
  const size_t second = first == std::string_view::npos ? first : key.find('/', first + 1);
  if (second == std::string_view::npos) return "";
  return std::string(key.substr(first + 1, second - first - 1));
}

// ARCHITECTURE.md, time.
Instant PlaceOf(const FoldRecord& record, const CompiledPolicy& policy) {
  if (!record.event.has_occurred_at()) return record.appended;
  return std::clamp(FromProto(record.event.occurred_at()), EarliestOf(record, policy),
                    std::max(record.appended, WrittenAt(record)));
}

absl::Status PartitionFold::Impl::FoldOne(const FoldRecord& record) {
  if (record.offset.value < state_.next_offset()) {
    return absl::FailedPreconditionError(
        Cat("record ", record.offset, " was folded already, expected ", state_.next_offset()));
  }
  if (record.event.body_case() == Event::BODY_NOT_SET) {
    return absl::FailedPreconditionError(
        Cat("record ", record.offset, ": unknown body; a newer binary must fold this log"));
  }
  state_.set_next_offset(record.offset.value + 1);
  state_.set_appended_ms(std::max(state_.appended_ms(), record.appended.ms));
  ++counts_.records;
  sink_.BeginRecord(record.offset.value, record.appended, record.event.id(),
                    TakePreceding(record.offset));
  absl::Status status = Dispatch(record);
  KeepChangeIndex();
  if (state_.has_change() && state_.change().offset() != record.offset.value &&
      !record.event.has_tick()) {
    AdvanceChange(kChangedWithEvent);
  }
  sink_.Book();
  if (status.ok()) status = overlay_.status();
  return status;
}

// Planned changes that came before it have decided as this record.
int PartitionFold::Impl::TakePreceding(Offset offset) {
  if (!state_.has_preceding()) return 0;
  const int index =
      state_.preceding().offset() == offset.value ? state_.preceding().next_index() : 0;
  state_.clear_preceding();
  return index;
}

absl::Status PartitionFold::Impl::Dispatch(const FoldRecord& record) {
  switch (record.event.body_case()) {
    case Event::kTick:
    case Event::kOwnerTook:
    case Event::kPublished:
    case Event::kSemanticsRaised:
      return FoldPartitionWide(record);
    default:
      break;
  }
  Tenant& tenant = GetTenant(record.event.tenant());
  tenant.BeginRecord(record.appended);
  sink_.About(record.event.tenant(), record.event.ticket_id(), tenant.CurrentPolicy().revision());
  if (IsNew(record, &tenant)) {
    FoldOfTenant(record, &tenant, Place(record, tenant));
  } else {
    ++counts_.duplicates;
  }
  return absl::OkStatus();
}

absl::Status PartitionFold::Impl::FoldPartitionWide(const FoldRecord& record) {
  const Event& event = record.event;
  if (event.has_tick()) {
    if (state_.has_change()) AdvanceChange(kChunkMax);
    sink_.About("", "", 0);
    for (auto& [name, tenant] : tenants_) {
      tenant->BeginRecord(record.appended);
      tenant->CheckSources(record.appended);
    }
    const Instant limit = std::min(FromProto(event.tick().until()), Instant{state_.appended_ms()});
    if (limit.ms > state_.cursor_ms()) BeginTick(record, limit);
    return absl::OkStatus();
  }
  if (event.has_owner_took()) {
    state_.set_owner(event.owner_took().instance());
    state_.set_owner_epoch(std::max<uint64_t>(state_.owner_epoch(), event.owner_took().epoch()));
    return absl::OkStatus();
  }
  if (event.has_published()) return FoldPublished(event.published());
  const int version = event.semantics_raised().version();
  if (version > kSemanticsVersion) {
    return absl::FailedPreconditionError(Cat("record ", record.offset,
                                             " raises the behaviour to version ", version,
                                             ", this binary folds version ", kSemanticsVersion));
  }
  state_.set_semantics(std::max(state_.semantics(), version));
  return absl::OkStatus();
}

void PartitionFold::Impl::FoldOfTenant(const FoldRecord& record, Tenant* tenant, Instant at) {
  switch (record.event.body_case()) {
    case Event::kSourceMark:
      return FoldMark(record, tenant);
    case Event::kMuteSet:
      return FoldMuteSet(record, tenant);
    case Event::kMuteCleared:
      return FoldMuteCleared(record, tenant);
    case Event::kEscalationStopped:
      return FoldStop(record, tenant, at);
    case Event::kPolicyPublished:
      return FoldPolicy(record, tenant, at);
    case Event::kCalendarsPublished:
      return FoldCalendars(record, tenant, at);
    case Event::kAccountChanged:
    case Event::kPlanChangeRequested:
    case Event::kPlanActivated:
    case Event::kEntitlementUsed:
    case Event::kFollowChanged:
      return FoldAccountRecord(record, tenant, at);
    case Event::kOnCallChanged:
      return FoldOnCall(record, tenant, at);
    case Event::kPageAcknowledged:
    case Event::kPageResolved:
    case Event::kPageOutcome:
      return FoldPageEvent(record, tenant, at);
    case Event::kMerged:
      return FoldMerge(record, tenant, at);
    case Event::kLinkedTo:
      return FoldLinked(record, tenant, at);
    case Event::kErased:
      return NotSupportedYet(record, tenant, at);
    case Event::kPageRequestedManually:
      if (record.event.ticket_id().empty()) {
        return Flag(tenant, "", at, "unknown_ticket", "a page by hand names no ticket");
      }
      [[fallthrough]];
    default:
      return FoldTicket(record, tenant, at);
  }
}

bool PartitionFold::Impl::IsNew(const FoldRecord& record, Tenant* tenant) {
  const Event& event = record.event;
  const v1::Origin& origin = event.origin();
  if (origin.source().empty()) return true;
  if (origin.positioned()) return positions_.Advance(tenant->name(), origin);
  if (event.id().empty()) return true;
  const std::string key = keys::RecentEvent(tenant->name(), origin.source(), event.id());
  const std::string hash = ContentHash(event);
  v1::RecentEvent recent;
  if (const auto value = overlay_.Get(key); value && recent.ParseFromString(*value)) {
    if (recent.content_hash() != hash) {
      Refuse(tenant, record.appended, "duplicate_id_other_content",
             Cat("event \"", event.id(), "\" of source ", origin.source(),
                 " came before with other content, at ", Instant{recent.at_ms()}));
    }
    return false;
  }
  recent.set_content_hash(hash);
  recent.set_at_ms(record.appended.ms);
  overlay_.Put(key, recent.SerializeAsString());
  std::string expiry = keys::RecentExpiry(record.appended + kRecentWindow, tenant->name(),
                                          origin.source(), event.id());
  first_expiry_ = std::min(first_expiry_, expiry);
  overlay_.Put(std::move(expiry), "");
  return true;
}

Instant PartitionFold::Impl::Place(const FoldRecord& record, const Tenant& tenant) {
  const Instant at = PlaceOf(record, tenant.CurrentPolicy());
  if (!record.event.has_occurred_at()) return at;
  const Instant occurred = FromProto(record.event.occurred_at());
  if (at != occurred) {
    v1::Flagged* const flagged =
        sink_.Add(at, Instant::Never(), "time.max_lateness").mutable_flagged();
    flagged->set_reason("time_clamped");
    flagged->set_detail(Cat("said to have happened at ", occurred, ", accepted ",
                            EarliestOf(record, tenant.CurrentPolicy()), " to ",
                            std::max(record.appended, WrittenAt(record))));
  }
  return at;
}

void PartitionFold::Impl::Touch(Overlay::TicketSlot* slot, const TicketFold& fold) {
  slot->next = fold.NextMoment();
  slot->exists = true;
  overlay_.MarkDirty(slot);
}

void PartitionFold::Impl::Flag(Tenant* tenant, const std::string& ticket_id, Instant at,
                               const char* reason, std::string detail) {
  sink_.About(tenant->name(), ticket_id, tenant->CurrentPolicy().revision());
  v1::Flagged* const flagged = sink_.Add(at, Instant::Never(), "").mutable_flagged();
  flagged->set_reason(reason);
  flagged->set_detail(std::move(detail));
}

void PartitionFold::Impl::Refuse(Tenant* tenant, Instant at, const char* reason,
                                 std::string detail) {
  sink_.About(tenant->name(), "", tenant->CurrentPolicy().revision());
  v1::Alarm* const alarm = sink_.Add(at, Instant::Never(), "").mutable_alarm();
  alarm->set_reason(reason);
  alarm->set_detail(std::move(detail));
}

void PartitionFold::Impl::FoldTicket(const FoldRecord& record, Tenant* tenant, Instant at) {
  if (!tenant->has_policy() && !tenant->state().missing_policy_told()) {
    tenant->state().set_missing_policy_told(true);
    tenant->MarkDirty();
    Refuse(tenant, record.appended, "policy_missing",
           "tickets come in, but no policy was published: no clock runs");
  }
  Overlay::TicketSlot& slot = slot_ != nullptr
                                  ? overlay_.LivingTicket(slot_)
                                  : overlay_.LivingTicket(tenant->name(), record.event.ticket_id());
  CatchUp(tenant, &slot);
  const bool opens =
      record.event.has_opened() || record.event.has_observed() ||
      (record.event.has_message_added() && record.event.actor().kind() == v1::Actor::CUSTOMER);
  if (!IsKnown(slot.state) && !opens && !NeedsNoTicket(record.event, slot.state)) {
    Flag(tenant, slot.ticket_id, at, "unknown_ticket", "nothing is known of the ticket yet");
  }
  if (at.ms < slot.state.live().reached_ms()) ++counts_.late_events;
  sink_.About(tenant->name(), slot.ticket_id, tenant->CurrentPolicy().revision());
  TicketFold fold(*tenant, tenant->name(), slot.ticket_id, &slot.state, &sink_);
  fold.Apply(record.event, record.offset.value, at, record.appended);
  Touch(&slot, fold);
}

void PartitionFold::Impl::FoldPageEvent(const FoldRecord& record, Tenant* tenant, Instant at) {
  const Event& event = record.event;
  if (event.has_page_outcome() && event.page_outcome().decision_seq() != 0) {
    overlay_.Delete(keys::Pending(event.page_outcome().decision_seq()));
  }
  const std::string& key = PageKeyOf(event);
  const std::string ticket_id = TicketOfPage(key);
  if (ticket_id.empty()) return;  // A digest: nothing but its delivery was open.
  Overlay::TicketSlot& slot = overlay_.Ticket(tenant->name(), ticket_id);
  if (!slot.exists) {
    if (!event.has_page_outcome()) {
      Flag(tenant, ticket_id, at, "unknown_page", Cat("page ", key, ": its ticket is not known"));
    }
    return;
  }
  CatchUp(tenant, &slot);
  sink_.About(tenant->name(), ticket_id, tenant->CurrentPolicy().revision());
  TicketFold fold(*tenant, tenant->name(), slot.ticket_id, &slot.state, &sink_);
  fold.Apply(event, record.offset.value, at, record.appended);
  Touch(&slot, fold);
}

void PartitionFold::Impl::NotSupportedYet(const FoldRecord& record, Tenant* tenant, Instant at) {
  const auto* const field =
      Event::descriptor()->FindFieldByNumber(static_cast<int>(record.event.body_case()));
  Flag(tenant, record.event.ticket_id(), at, "not_supported_yet",
       Cat("a record of kind ", field->name(), " is kept in the log and not acted upon"));
}

}  // namespace escalation
