// state/partition/account_book.h
//
// The accounts of a tenant: what is known of each, which is a unit of which, and which of them wait
// for a moment of their own.
//
//   Input       AccountStates from the overlay; changes by the fold of an account
//   Output      accounts as tickets see them; changed accounts, their wake-ups and the index of
//               those that wait, once a turn
//   Invariants  1. a unit's plan is that of its topmost known parent, at most kParentsMax above it;
//                  who follows one of these follows the unit
//               2. no account is above itself
//               3. an account waits, and is indexed, if and only if it has planned changes or an
//                  open clock; it has at most one wake-up, after the cursor
//   Errors      failed reads and damaged values go to the overlay's status
//   Threads     the folding thread
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/node_hash_map.h"
#include "escalation/v1/state.pb.h"
#include "state/base/instant.h"
#include "state/partition/overlay.h"

namespace escalation {

inline constexpr int kParentsMax = 8;

class AccountBook {
 public:
  AccountBook(std::string tenant, Overlay* overlay)
      : tenant_(std::move(tenant)), overlay_(*overlay) {}

  // Finds the accounts that wait in the committed state. MUST be called before anything is changed.
  void LoadWaiting();

  // As it is, with what a unit has of its parents; null: never heard of. Lives until the next
  // BeginRecord.
  const v1::AccountState* Find(const std::string& account);
  // What it was told itself; an account that was never heard of is empty.
  const v1::AccountState& Own(const std::string& account) { return Load(account).state; }
  // Whatever `change` makes of it. It MUST NOT change parents and units.
  using Edit = std::function<void(v1::AccountState* state)>;
  void Change(const std::string& account, const Edit& change);
  // What was told of it now holds, with its place among the accounts.
  void SetFacts(const std::string& account, const v1::AccountChanged& facts);

  // Whether `parent` may be given to the account; else in words what is against it.
  std::string CheckParent(const std::string& account, const std::string& parent);
  // The account is `root` or one of its units, or one of theirs.
  bool IsWithin(const std::string& account, const std::string& root);
  // Of root and everything below it, in a fixed order, what comes after the account; empty: it was
  // the last.
  std::string NextWithin(const std::string& account, const std::string& root);

  // No planned change of any account takes effect up to `limit`: a cheap answer.
  bool NothingPlanned(Instant limit) const {
    return planned_.empty() || planned_.begin()->first > limit.ms;
  }
  // Which of these accounts and those above them has the earliest change up to `limit`; empty:
  // none.
  std::string FirstPlanned(const std::vector<std::string>& accounts, Instant limit);
  // Accounts with an open clock, in order of name.
  const std::set<std::string>& set_ups() const { return set_ups_; }

  // Its wake-up came: it is registered anew.
  void WokeUp(const std::string& account) { MarkDirty(&Load(account)); }
  // Forgets what is only kept to be found faster.
  void BeginRecord();
  // Ends a turn: writes what changed.
  void Save(Instant cursor);

 private:
  struct Slot {
    std::string account;
    v1::AccountState state;
    bool exists = false;
    bool dirty = false;
    // Is in the index of those that wait.
    bool indexed = false;
    // Of a unit: with what it has of its parents, as of generation.
    std::unique_ptr<v1::AccountState> shown;
    int64_t generation = 0;
  };

  Slot& Load(const std::string& account);
  void MarkDirty(Slot* slot);
  // Takes it out of what waits, before it is changed; and in again.
  void Unlist(const Slot& slot);
  void List(const Slot& slot);
  // Gives a unit the plan of its topmost known parent, and the followers of all above it.
  void Share(v1::AccountState* unit);

  const std::string tenant_;
  Overlay& overlay_;
  absl::node_hash_map<std::string, Slot> slots_;
  // An event asks for its account several times.
  Slot* latest_ = nullptr;
  std::vector<Slot*> dirty_;
  // Rises with every change: what is shown of units is made anew.
  int64_t generation_ = 1;
  // When each account's first planned change takes effect.
  std::set<std::pair<int64_t, std::string>> planned_;
  std::set<std::string> set_ups_;
};

}  // namespace escalation
