#include "state/partition/account_book.h"

#include <algorithm>

#include "state/base/text.h"
#include "state/partition/keys.h"
#include "state/ticket/clock.h"
#include "state/ticket/sorted_list.h"

namespace escalation {
namespace {

// Decoded accounts that are kept; beyond it all are dropped and read again as needed.
constexpr size_t kAccountsMax = 100'000;

bool IsKnown(const v1::AccountState& state) { return state.has_facts(); }

int64_t FirstPlannedMs(const v1::AccountState& state) {
  return FromProto(state.planned(0).effective_at()).ms;
}

bool Waits(const v1::AccountState& state) {
  return state.planned_size() > 0 || IsOpen(state.setup().clock());
}

// When it is to be folded next.
Instant NextMoment(const v1::AccountState& state) {
  Instant next = Instant::Never();
  if (state.planned_size() > 0) next = Instant{FirstPlannedMs(state)};
  const int64_t clock_ms = state.setup().clock().next_ms();
  return clock_ms == 0 ? next : std::min(next, Instant{clock_ms});
}

}  // namespace

void AccountBook::LoadWaiting() {
  const std::string prefix = keys::Waiting(tenant_, "");
  std::vector<std::string> names;
  overlay_.Fail(overlay_.reader().Scan(prefix, keys::PrefixEnd(prefix),
                                       [&](std::string_view key, std::string_view) {
                                         names.emplace_back(key.substr(prefix.size()));
                                         return true;
                                       }));
  for (const std::string& name : names) List(Load(name));
}

AccountBook::Slot& AccountBook::Load(const std::string& account) {
  if (latest_ != nullptr && latest_->account == account) return *latest_;
  const auto [found, inserted] = slots_.try_emplace(account);
  Slot& slot = found->second;
  latest_ = &slot;
  if (!inserted) return slot;
  slot.account = account;
  if (const auto value = overlay_.Get(keys::Account(tenant_, account))) {
    slot.exists = slot.state.ParseFromString(*value);
    if (!slot.exists) {
      overlay_.Fail(
          absl::DataLossError(Cat("account ", tenant_, "/", account, " cannot be decoded")));
    }
  }
  slot.indexed = Waits(slot.state);
  return slot;
}

const v1::AccountState* AccountBook::Find(const std::string& account) {
  if (account.empty()) return nullptr;
  Slot& slot = Load(account);
  if (!slot.exists) return nullptr;
  if (slot.state.facts().parent().empty()) return &slot.state;
  if (slot.generation != generation_) {
    if (slot.shown == nullptr) slot.shown = std::make_unique<v1::AccountState>();
    *slot.shown = slot.state;
    Share(slot.shown.get());
    slot.generation = generation_;
  }
  return slot.shown.get();
}

void AccountBook::Share(v1::AccountState* unit) {
  const v1::AccountState* above = unit;
  for (int i = 0; i < kParentsMax && !above->facts().parent().empty(); ++i) {
    const Slot& parent = Load(above->facts().parent());
    if (!IsKnown(parent.state)) break;
    above = &parent.state;
    for (const std::string& follower : above->followers()) {
      AddSorted(unit->mutable_followers(), follower);
    }
  }
  if (above != unit) unit->mutable_facts()->set_plan(above->facts().plan());
}

void AccountBook::Unlist(const Slot& slot) {
  if (slot.state.planned_size() > 0) planned_.erase({FirstPlannedMs(slot.state), slot.account});
  if (IsOpen(slot.state.setup().clock())) set_ups_.erase(slot.account);
}

void AccountBook::List(const Slot& slot) {
  if (slot.state.planned_size() > 0) planned_.insert({FirstPlannedMs(slot.state), slot.account});
  if (IsOpen(slot.state.setup().clock())) set_ups_.insert(slot.account);
}

void AccountBook::Change(const std::string& account, const Edit& change) {
  Slot& slot = Load(account);
  Unlist(slot);
  change(&slot.state);
  List(slot);
  slot.exists = true;
  MarkDirty(&slot);
  ++generation_;
}

void AccountBook::SetFacts(const std::string& account, const v1::AccountChanged& facts) {
  const std::string before = Own(account).facts().parent();
  Change(account, [&](v1::AccountState* state) { *state->mutable_facts() = facts; });
  if (facts.parent() == before) return;
  const auto units_of = [&](const std::string& parent, const auto& edit) {
    if (parent.empty()) return;
    Change(parent, [&](v1::AccountState* state) { edit(state->mutable_units()); });
  };
  units_of(before, [&](auto* units) {
    units->erase(std::remove(units->begin(), units->end(), account), units->end());
  });
  units_of(facts.parent(), [&](auto* units) {
    *units->Add() = account;
    std::sort(units->begin(), units->end());
  });
}

std::string AccountBook::CheckParent(const std::string& account, const std::string& parent) {
  std::string above = parent;
  for (int i = 0; i < kParentsMax; ++i) {
    if (above == account) return Cat("account ", account, " would be above itself");
    above = Own(above).facts().parent();
    if (above.empty()) return "";
  }
  return Cat("account ", parent, " has ", kParentsMax, " or more above it already, at most ",
             kParentsMax, " are followed");
}

bool AccountBook::IsWithin(const std::string& account, const std::string& root) {
  std::string above = account;
  for (int i = 0; i <= kParentsMax && !above.empty(); ++i) {
    if (above == root) return true;
    above = Own(above).facts().parent();
  }
  return false;
}

std::string AccountBook::NextWithin(const std::string& account, const std::string& root) {
  int depth = 0;
  for (std::string above = account; above != root && depth < kParentsMax; ++depth) {
    above = std::string(Own(above).facts().parent());
  }
  const v1::AccountState& own = Own(account);
  if (depth < kParentsMax && own.units_size() > 0) return own.units(0);
  std::string last = account;
  for (; depth > 0; --depth) {
    const std::string parent = Own(last).facts().parent();
    const auto& units = Own(parent).units();
    const auto next = std::upper_bound(units.begin(), units.end(), last);
    if (next != units.end()) return *next;
    last = parent;
  }
  return "";
}

std::string AccountBook::FirstPlanned(const std::vector<std::string>& accounts, Instant limit) {
  std::pair<int64_t, std::string> first{limit.ms, ""};
  const auto consider = [&](const std::string& account) {
    const v1::AccountState& own = Own(account);
    if (own.planned_size() == 0 || FirstPlannedMs(own) > limit.ms) return;
    std::pair<int64_t, std::string> candidate{FirstPlannedMs(own), account};
    if (first.second.empty() || candidate < first) first = std::move(candidate);
  };
  for (std::string account : accounts) {
    for (int i = 0; i <= kParentsMax && !account.empty(); ++i) {
      consider(account);
      account = std::string(Own(account).facts().parent());
    }
  }
  return first.second;
}

void AccountBook::MarkDirty(Slot* slot) {
  if (slot->dirty) return;
  slot->dirty = true;
  dirty_.push_back(slot);
}

void AccountBook::BeginRecord() {
  if (slots_.size() < kAccountsMax || !dirty_.empty()) return;
  slots_.clear();
  latest_ = nullptr;
}

void AccountBook::Save(Instant cursor) {
  for (Slot* const slot : dirty_) {
    slot->dirty = false;
    v1::AccountState& state = slot->state;
    const Instant next = NextMoment(state);
    const int64_t wake_ms = next == Instant::Never() ? 0 : std::max(next.ms, cursor.ms + 1);
    const std::string sleeper = keys::Sleeper(slot->account);
    if (wake_ms != state.wake_ms()) {
      if (state.wake_ms() != 0) {
        overlay_.Delete(keys::WakeUp(Instant{state.wake_ms()}, tenant_, sleeper));
      }
      if (wake_ms != 0) overlay_.Put(keys::WakeUp(Instant{wake_ms}, tenant_, sleeper), "");
      state.set_wake_ms(wake_ms);
    }
    if (Waits(state) != slot->indexed) {
      slot->indexed = Waits(state);
      std::string key = keys::Waiting(tenant_, slot->account);
      if (slot->indexed) {
        overlay_.Put(std::move(key), "");
      } else {
        overlay_.Delete(std::move(key));
      }
    }
    overlay_.Put(keys::Account(tenant_, slot->account), state.SerializeAsString());
  }
  dirty_.clear();
}

}  // namespace escalation
