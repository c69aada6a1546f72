#include "state/partition/partition.h"

#include <algorithm>
#include <utility>

#include "state/base/check.h"
#include "state/base/text.h"
#include "state/partition/keys.h"
#include "state/partition/partition_impl.h"

namespace escalation {
namespace {

// What one turn holds at most, so that its memory is bounded. The more tickets are written
// together, in the order of their keys, the less each costs.
constexpr size_t kTurnRecordsMax = 65'536;
constexpr size_t kTurnTicketsMax = 4'096;
constexpr size_t kTurnDecidedBytesMax = size_t{16} << 20;
// Records whose tickets are read together.
constexpr size_t kPrefetchMax = 4'096;

bool NamesTicket(const v1::Event& event) { return !event.ticket_id().empty(); }

}  // namespace

std::vector<v1::Decision> DecodeDecisions(const FoldResult& result) {
  std::vector<v1::Decision> decisions(result.decisions.size());
  for (size_t i = 0; i < decisions.size(); ++i) {
    ESCALATION_CHECK(decisions[i].ParseFromString(result.decisions[i]), "not a decision");
  }
  return decisions;
}

namespace {

// May change many tickets.
bool IsChange(const v1::Event& event) {
  return event.has_calendars_published() || event.has_policy_published() ||
         event.has_account_changed() || event.has_plan_activated() || event.has_mute_set() ||
         event.has_mute_cleared() ||
         (event.has_escalation_stopped() && TicketToStop(event).empty());
}

}  // namespace

bool ScansState(const v1::Event& event) { return event.has_tick() || IsChange(event); }

PartitionFold::Impl::Impl(const StateReader& reader, FoldOptions options)
    : options_(std::move(options)),
      overlay_(reader, options_.tickets_max),
      positions_(&overlay_),
      sink_(Cat(options_.incarnation, '/', options_.partition, '/'), &state_, &overlay_) {}

absl::Status PartitionFold::Impl::Restore() {
  state_.set_format_version(keys::kFormatVersion);
  state_.set_semantics(kSemanticsVersion);
  if (const auto value = overlay_.Get(keys::Meta())) {
    if (!state_.ParseFromString(*value)) {
      return absl::DataLossError("stored state of the partition cannot be decoded");
    }
  }
  if (state_.format_version() != keys::kFormatVersion) {
    return absl::FailedPreconditionError(Cat("store has format version ", state_.format_version(),
                                             ", this binary reads ", keys::kFormatVersion));
  }
  std::vector<std::string> names;
  const absl::Status scanned =
      overlay_.reader().Scan("t", "u", [&](std::string_view key, std::string_view) {
        names.emplace_back(key.substr(1));
        return true;
      });
  if (!scanned.ok()) return scanned;
  for (const std::string& name : names) GetTenant(name);
  return overlay_.status();
}

Tenant& PartitionFold::Impl::GetTenant(const std::string& name) {
  auto& slot = tenants_[name];
  if (slot == nullptr) {
    slot = std::make_unique<Tenant>(name, &overlay_, &sink_, &state_);
    slot->accounts().LoadWaiting();
  }
  return *slot;
}

void PartitionFold::Impl::Prefetch(std::span<const FoldRecord> records) {
  std::vector<std::string> keys;
  slots_.assign(records.size(), nullptr);
  for (size_t i = 0; i < records.size(); ++i) {
    const v1::Event& event = records[i].event;
    if (!NamesTicket(event)) continue;
    slots_[i] = overlay_.FindTicket(event.tenant(), event.ticket_id());
    if (slots_[i] == nullptr) keys.push_back(keys::Ticket(event.tenant(), event.ticket_id()));
  }
  overlay_.Prefetch(std::move(keys));
}

// False: what comes first is not a record, and fills the turn.
bool PartitionFold::Impl::BeginTurn(std::span<const FoldRecord> records) {
  if (state_.has_fan_out()) {
    ContinueTick();
    return false;
  }
  if (records.empty()) return true;
  // One change at a time.
  if (state_.has_change() && IsChange(records.front().event)) {
    AdvanceChange(kChunkMax);
    return false;
  }
  return PrepareRecord(records.front());
}

absl::StatusOr<size_t> PartitionFold::Impl::Add(std::span<const FoldRecord> records) {
  if (turn_.records == 0 && !BeginTurn(records)) {
    turn_.full = true;
    return 0;
  }
  size_t folded = 0;
  while (folded < records.size() && !turn_.full) {
    const std::span<const FoldRecord> next =
        records.subspan(folded, std::min(records.size() - folded, kPrefetchMax));
    // Up to the first record that must see everything before it committed.
    size_t count = 0;
    while (count < next.size() && !(turn_.records + count > 0 && ScansState(next[count].event))) {
      ++count;
    }
    Prefetch(next.first(count));
    for (size_t i = 0; i < count && !turn_.full; ++i) {
      if (turn_.planned && !PlannedBefore(next[i]).empty()) {
        turn_.full = true;
        break;
      }
      slot_ = slots_[i];
      if (absl::Status status = FoldOne(next[i]); !status.ok()) return status;
      ++folded;
      // Only the first record of a turn may plan something.
      if (turn_.records++ == 0) turn_.planned = IsAnythingPlanned();
      turn_.full = state_.has_fan_out() || ends_turn_ || !HasRoom();
    }
    if (count < next.size()) turn_.full = true;
  }
  return folded;
}

bool PartitionFold::Impl::HasRoom() const {
  return turn_.records < kTurnRecordsMax && overlay_.dirty_tickets() < kTurnTicketsMax &&
         sink_.decided_bytes() < kTurnDecidedBytesMax;
}

bool PartitionFold::Impl::IsAnythingPlanned() const {
  return std::any_of(tenants_.begin(), tenants_.end(), [](const auto& entry) {
    return !entry.second->accounts().NothingPlanned(Instant::Never());
  });
}

absl::StatusOr<FoldResult> PartitionFold::Impl::Finish(size_t records) {
  sink_.Book();
  const Instant cursor = std::max(std::exchange(floor_, Instant::Past()), FiredUntil(state_));
  ends_turn_ = false;
  turn_ = {};
  changed_in_turn_ = 0;
  for (auto& [name, tenant] : tenants_) tenant->Save(cursor);
  positions_.Save();
  FoldResult result;
  result.records = records;
  DecidedTurn decided = sink_.Take();
  counts_.decisions += static_cast<int64_t>(decided.decisions.size());
  for (const v1::Decision::BodyCase body : decided.bodies) ++counts_.decisions_by_body[body];
  result.decisions = std::move(decided.decisions);
  result.notices = std::move(decided.notices);
  overlay_.Put(keys::Meta(), state_.SerializeAsString());
  result.turn.writes = overlay_.Take(cursor);
  result.turn.next = Offset{state_.next_offset()};
  result.turn.more = state_.has_fan_out();
  if (!overlay_.status().ok()) return overlay_.status();
  return result;
}

PartitionFold::PartitionFold(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PartitionFold::~PartitionFold() = default;

absl::StatusOr<std::unique_ptr<PartitionFold>> PartitionFold::Open(const StateReader& state,
                                                                   FoldOptions options) {
  auto impl = std::make_unique<Impl>(state, std::move(options));
  if (absl::Status status = impl->Restore(); !status.ok()) return status;
  return std::unique_ptr<PartitionFold>(new PartitionFold(std::move(impl)));
}

absl::StatusOr<FoldResult> PartitionFold::Fold(std::span<const FoldRecord> records) {
  const absl::StatusOr<size_t> folded = impl_->Add(records);
  if (!folded.ok()) return folded.status();
  return impl_->Finish(*folded);
}

absl::Status PartitionFold::FoldAll(std::span<const FoldRecord> records, const Commit& commit,
                                    TurnEnd end) {
  while (!records.empty() || impl_->state().has_fan_out() ||
         (impl_->is_turn_open() && end == TurnEnd::kNow)) {
    const absl::StatusOr<size_t> folded = impl_->Add(records);
    if (!folded.ok()) return folded.status();
    records = records.subspan(*folded);
    if (!impl_->is_turn_full() && end == TurnEnd::kWhenFull) return absl::OkStatus();
    absl::StatusOr<FoldResult> result = impl_->Finish(*folded);
    if (!result.ok()) return result.status();
    if (absl::Status status = commit(*result); !status.ok()) return status;
  }
  return absl::OkStatus();
}

Offset PartitionFold::position() const { return {impl_->state().next_offset()}; }
bool PartitionFold::tick_was_cut() const { return !impl_->state().tick_resume().empty(); }
bool PartitionFold::is_changing() const { return impl_->state().has_change(); }
Instant PartitionFold::cursor() const { return {impl_->state().cursor_ms()}; }
Instant PartitionFold::appended() const { return {impl_->state().appended_ms()}; }
const std::string& PartitionFold::owner() const { return impl_->state().owner(); }
uint64_t PartitionFold::owner_epoch() const { return impl_->state().owner_epoch(); }
uint64_t PartitionFold::seq() const { return impl_->state().seq(); }
uint64_t PartitionFold::published_through() const { return impl_->state().published_through(); }
const std::string& PartitionFold::decisions_hash() const { return impl_->state().decisions_hash(); }
const FoldCounts& PartitionFold::counts() const { return impl_->counts(); }

absl::StatusOr<Instant> NextDue(const StateReader& state, Instant from) {
  v1::PartitionState meta;
  absl::StatusOr<std::optional<std::string>> value = state.Get(keys::Meta());
  if (!value.ok()) return value.status();
  if (value->has_value() && !meta.ParseFromString(**value)) {
    return absl::DataLossError("stored state of the partition cannot be decoded");
  }
  Instant due = Instant::Never();
  if (from == due) return due;
  const std::string begin =
      std::max(FirstWakeUp(meta), keys::WakeUp(std::max(from, Instant{0}), "", ""));
  const absl::Status scanned = state.Scan(begin, "x", [&](std::string_view key, std::string_view) {
    if (const auto wake = keys::ParseWakeUp(key)) due = wake->due;
    return false;
  });
  if (!scanned.ok()) return scanned;
  return due;
}

Instant FirstWakeUpOf(const Turn& turn) {
  const auto first =
      std::lower_bound(turn.writes.begin(), turn.writes.end(), std::string_view("w"),
                       [](const Write& write, std::string_view key) { return write.key < key; });
  for (auto write = first; write != turn.writes.end(); ++write) {
    if (!write->value.has_value()) continue;
    const auto wake = keys::ParseWakeUp(write->key);
    return wake.has_value() ? wake->due : Instant::Never();
  }
  return Instant::Never();
}

}  // namespace escalation
