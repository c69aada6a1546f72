// state/partition/partition_impl.h
//
// The inside of PartitionFold, shared by its parts: partition.cc (turns), fold_record.cc (one
// record), fold_tenant.cc (records about a tenant), fold_account.cc (records about accounts),
// fold_manual.cc (what people ask for), tick.cc, change.cc (what changes many tickets).
//
//   Threads     the folding thread
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "escalation/v1/state.pb.h"
#include "state/partition/account.h"
#include "state/partition/keys.h"
#include "state/partition/overlay.h"
#include "state/partition/partition.h"
#include "state/partition/record_sink.h"
#include "state/partition/source_positions.h"
#include "state/partition/tenant.h"
#include "state/ticket/ticket.h"

namespace escalation {

class PartitionFold::Impl {
 public:
  Impl(const StateReader& reader, FoldOptions options);

  absl::Status Restore();
  // Folds as many of the records as the present turn has room for, and says how many.
  absl::StatusOr<size_t> Add(std::span<const FoldRecord> records);
  // The turn holds something; it MUST be finished before more is added.
  bool is_turn_open() const { return turn_.records > 0 || turn_.full; }
  bool is_turn_full() const { return turn_.full; }
  // `records`: how many of them it has folded last.
  absl::StatusOr<FoldResult> Finish(size_t records);

  const v1::PartitionState& state() const { return state_; }
  const FoldCounts& counts() const { return counts_; }

 private:
  // partition.cc
  Tenant& GetTenant(const std::string& name);
  bool BeginTurn(std::span<const FoldRecord> records);
  void Prefetch(std::span<const FoldRecord> records);
  bool IsAnythingPlanned() const;
  bool HasRoom() const;

  // fold_record.cc
  absl::Status FoldOne(const FoldRecord& record);
  absl::Status Dispatch(const FoldRecord& record);
  // Index of the record's first decision.
  int TakePreceding(Offset offset);
  absl::Status FoldPartitionWide(const FoldRecord& record);
  void FoldOfTenant(const FoldRecord& record, Tenant* tenant, Instant at);
  // False: seen before, or the same id with other content.
  bool IsNew(const FoldRecord& record, Tenant* tenant);
  // The instant at which the record holds; flags one that was put elsewhere than it says.
  Instant Place(const FoldRecord& record, const Tenant& tenant);
  void FoldTicket(const FoldRecord& record, Tenant* tenant, Instant at);
  void FoldPageEvent(const FoldRecord& record, Tenant* tenant, Instant at);
  void FoldMark(const FoldRecord& record, Tenant* tenant);
  void FoldPolicy(const FoldRecord& record, Tenant* tenant, Instant at);
  void FoldCalendars(const FoldRecord& record, Tenant* tenant, Instant at);
  absl::Status FoldPublished(const v1::Published& published);
  void NotSupportedYet(const FoldRecord& record, Tenant* tenant, Instant at);
  void Touch(Overlay::TicketSlot* slot, const TicketFold& fold);
  void Flag(Tenant* tenant, const std::string& ticket_id, Instant at, const char* reason,
            std::string detail);
  void Refuse(Tenant* tenant, Instant at, const char* reason, std::string detail);

  // fold_account.cc
  void FoldAccountRecord(const FoldRecord& record, Tenant* tenant, Instant at);
  void FoldAccountChanged(const FoldRecord& record, Tenant* tenant, Instant at);
  void FoldOnCall(const FoldRecord& record, Tenant* tenant, Instant at);
  void RearmAccounts(Tenant* tenant, int64_t previous_revision, Instant at);
  // Accounts whose planned changes a record or wake-up must not come before.
  std::vector<std::string> AccountsOf(const v1::Event& event, const Tenant& tenant);
  // The account of the tenant whose planned change has to take effect before the record; empty:
  // none.
  std::string PlannedBefore(const FoldRecord& record);
  // Lets planned changes take effect that come before it. False: not all of them fit into this
  // turn; MUST be called again in the next one.
  bool PrepareRecord(const FoldRecord& record);
  bool PrepareWakeUp(Tenant* tenant, std::string_view ticket_id, Instant limit);
  // False: a change is under way, and this turn has no room for its rest.
  bool FinishChange();
  // `cause`: the record whose decisions these are.
  void BeginPlanned(Tenant* tenant, const std::string& account, v1::FanOut cause);
  void BeginAccountChange(v1::FanOut change, AccountFold::Effect effect, const std::string& account,
                          Instant at);

  // fold_linked.cc
  void FoldMerge(const FoldRecord& record, Tenant* tenant, Instant at);
  void FoldLinked(const FoldRecord& record, Tenant* tenant, Instant at);
  // Empty: it may be linked.
  static std::string WhyNotLinked(Tenant* tenant, const Overlay::TicketSlot& ticket,
                                  const Overlay::TicketSlot& problem);

  // fold_manual.cc
  void FoldMuteSet(const FoldRecord& record, Tenant* tenant);
  void FoldMuteCleared(const FoldRecord& record, Tenant* tenant);
  void FoldStop(const FoldRecord& record, Tenant* tenant, Instant at);
  // Tickets that wait for the mute are looked at again.
  void BeginUnmute(const FoldRecord& record, const std::string& mute_id);
  void SnoozeTicket(const FoldRecord& record, Tenant* tenant, const v1::MuteState& snooze);

  // tick.cc
  static v1::FanOut FanOutOf(const FoldRecord& record, v1::FanOut::Kind kind, Instant at);
  void BeginTick(const FoldRecord& record, Instant limit);
  void ContinueTick();
  void FireChunk();
  void PrefetchTickets(std::span<const keys::WakeUpKey> due);
  void FireWakeUp(std::string_view tenant_name, std::string_view ticket_id, Instant limit);
  void ExpireRecent(Instant limit);

  // change.cc
  void BeginChange(v1::FanOut change);
  // What the record that began the change decided itself since then counts.
  void KeepChangeIndex();
  // Folds so many tickets under the change that is under way; it ends when there are fewer.
  void AdvanceChange(int tickets_max);
  // A ticket that a record touches is folded under the change first. MUST be touched afterwards.
  void CatchUp(Tenant* tenant, Overlay::TicketSlot* slot);
  // False: the ticket is over, nothing was changed.
  bool ChangeTicket(Tenant* tenant, Overlay::TicketSlot* slot);
  bool IsConcerned(Tenant* tenant, const Overlay::TicketSlot& slot);
  void EndChange(Tenant* tenant);

  const FoldOptions options_;
  v1::PartitionState state_;
  Overlay overlay_;
  SourcePositions positions_;
  RecordSink sink_;
  // Every tenant of the partition, in order of name.
  std::map<std::string, std::unique_ptr<Tenant>, std::less<>> tenants_;
  FoldCounts counts_;
  // Of the present turn. Wake-ups lie after it; Past: after what was fired so far.
  Instant floor_ = Instant::Past();
  struct {
    size_t records = 0;
    // Its first record left planned changes.
    bool planned = false;
    bool full = false;
  } turn_;
  // The tickets that the records name, as far as they were cached already; of the present record.
  std::vector<Overlay::TicketSlot*> slots_;
  Overlay::TicketSlot* slot_ = nullptr;
  // No dedupe entry expires before this key: where many did lately, the search for the next is
  // long.
  std::string first_expiry_ = "e";
  // Nothing more is folded in this turn: what comes has to see it committed, or it is long enough.
  bool ends_turn_ = false;
  int changed_in_turn_ = 0;
  // How the tenant's calendars stood before the change that is under way; null: not needed.
  std::unique_ptr<Environment> before_change_;
};

// Where the wake-ups begin that have not fired, and the instant after which new ones lie.
std::string FirstWakeUp(const v1::PartitionState& state);
Instant FiredUntil(const v1::PartitionState& state);

// The instant at which a record holds: no single clock can move it forward.
Instant PlaceOf(const FoldRecord& record, const CompiledPolicy& policy);

// The ticket that the key of a page names; empty: none.
std::string TicketOfPage(std::string_view key);
const std::string& PageKeyOf(const v1::Event& event);
// The only ticket whose escalations are to be stopped; empty: it may be many.
const std::string& TicketToStop(const v1::Event& event);

// True for records whose folding scans the committed state: the turn before them MUST be committed.
bool ScansState(const v1::Event& event);

// Tickets that are fired or changed in one turn at most.
inline constexpr int kChunkMax = 1'000;

}  // namespace escalation
