// Planned changes, units and set-ups of accounts among thousands of tickets: bounded turns, the
// same in any batches and after restarts, and events never wait.

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "escalation/v1/state.pb.h"
#include "state/base/sha256.h"
#include "state/base/text.h"
#include "state/partition/account_book.h"
#include "state/partition/decision_text.h"
#include "state/partition/keys.h"
#include "state/partition/partition.h"
#include "state/policy/policy_loader.h"
#include "state/store/memory_store.h"

namespace escalation {
namespace {

constexpr const char* kPolicy = R"(
policy: p
tenant: default
revision: 1
severities: [low, high]
default_severity: low
default_plan: basic
plans:
  basic: {targets: [{name: solve, metric: resolution, within: 40h}]}
  silver: {targets: [{name: solve, metric: resolution, within: 30h}]}
  gold: {targets: [{name: solve, metric: resolution, within: 20h}]}
plan_setup: {target: plan_setup, within: 8h, warn_at: [50%], notify: [desk]}
)";
constexpr Instant kNine = Instant::Seconds(1'773'133'200);  // 2026-03-10T09:00:00Z, a Tuesday.

class History {
 public:
  History() {
    auto loaded = LoadPolicyText("p.yaml", kPolicy);
    EXPECT_TRUE(loaded.ok()) << loaded.status();
    v1::Event event;
    *event.mutable_policy_published()->mutable_policy() = loaded->policy;
    Add(event);
  }

  const std::vector<FoldRecord>& records() const { return records_; }
  Instant now() const { return now_; }

  void Add(v1::Event event) {
    now_ = now_ + Duration{10};
    if (!event.has_tick()) event.set_tenant("default");
    records_.push_back({Offset{static_cast<int64_t>(records_.size())}, now_, std::move(event)});
  }

  void Open(int count, const std::string& account) {
    for (int i = 0; i < count; ++i) {
      v1::Event event;
      event.set_ticket_id(Cat("T-", tickets_++));
      event.mutable_actor()->set_kind(v1::Actor::CUSTOMER);
      event.mutable_opened()->set_account(account);
      Add(event);
    }
  }

  // Something that changes nothing happens to a ticket.
  void Touch(int ticket) {
    v1::Event event;
    event.set_ticket_id(Cat("T-", ticket));
    event.mutable_actor()->set_kind(v1::Actor::AGENT);
    event.mutable_message_added()->set_visibility(v1::MessageAdded::INTERNAL);
    Add(event);
  }

  void Change(const std::string& account, const std::string& plan, const std::string& parent = "",
              Instant effective = Instant::Past()) {
    v1::Event event;
    event.mutable_account_changed()->set_account(account);
    event.mutable_account_changed()->set_plan(plan);
    event.mutable_account_changed()->set_parent(parent);
    if (effective != Instant::Past()) {
      ToProto(effective, event.mutable_account_changed()->mutable_effective_at());
    }
    Add(event);
  }

  void Request(const std::string& account, const std::string& plan) {
    v1::Event event;
    event.mutable_plan_change_requested()->set_account(account);
    event.mutable_plan_change_requested()->set_plan(plan);
    event.mutable_plan_change_requested()->set_billing_group("b");
    ToProto(now_, event.mutable_plan_change_requested()->mutable_starts_at());
    Add(event);
  }

  void Tick(Duration ahead, int tickets_max = 0) {
    now_ = now_ + ahead;
    v1::Event event;
    ToProto(now_, event.mutable_tick()->mutable_until());
    event.mutable_tick()->set_tickets_max(tickets_max);
    Add(event);
  }

 private:
  Instant now_ = kNine;
  int tickets_ = 0;
  std::vector<FoldRecord> records_;
};

class Folder {
 public:
  explicit Folder(size_t tickets_max = 100'000) : tickets_max_(tickets_max) { Open(); }

  void Open() {
    auto fold = PartitionFold::Open(store_, {Partition{0}, "incarnation", tickets_max_});
    ASSERT_TRUE(fold.ok()) << fold.status();
    fold_ = *std::move(fold);
  }

  void Fold(std::span<const FoldRecord> records) {
    const absl::Status status = fold_->FoldAll(records, [this](FoldResult& result) {
      longest_ = std::max(longest_, result.decisions.size());
      std::ranges::move(result.decisions, std::back_inserter(decisions_));
      return store_.Commit(result.turn);
    });
    ASSERT_TRUE(status.ok()) << status;
  }

  // What of the history was not folded yet.
  void Catch(const History& history) {
    Fold(std::span(history.records()).subspan(static_cast<size_t>(fold_->position().value)));
  }

  const PartitionFold& fold() const { return *fold_; }
  const std::vector<std::string>& decisions() const { return decisions_; }
  size_t longest_turn() const { return longest_; }
  std::string Digest() const { return ToHex(*StateDigest(store_)); }

  // Decisions with this in their text.
  int Count(const std::string& text) const {
    return static_cast<int>(
        std::count_if(decisions_.begin(), decisions_.end(), [&](const std::string& bytes) {
          v1::Decision decision;
          EXPECT_TRUE(decision.ParseFromString(bytes));
          return DecisionText(decision).find(text) != std::string::npos;
        }));
  }

 private:
  const size_t tickets_max_;
  MemoryStore store_;
  std::unique_ptr<PartitionFold> fold_;
  std::vector<std::string> decisions_;
  size_t longest_ = 0;
};

void ExpectUniqueIds(const Folder& folder) {
  std::vector<std::string> ids;
  for (const std::string& bytes : folder.decisions()) {
    v1::Decision decision;
    ASSERT_TRUE(decision.ParseFromString(bytes));
    ids.push_back(decision.id());
  }
  std::sort(ids.begin(), ids.end());
  EXPECT_EQ(std::adjacent_find(ids.begin(), ids.end()), ids.end());
}

void ExpectSameInBatches(const History& history) {
  const std::span<const FoldRecord> records = history.records();
  Folder one_by_one;
  for (size_t i = 0; i < records.size(); ++i) one_by_one.Fold(records.subspan(i, 1));
  ExpectUniqueIds(one_by_one);
  for (const size_t batch : {7u, 500u, 100'000u}) {
    Folder folder;
    for (size_t at = 0; at < records.size(); at += batch) {
      folder.Fold(records.subspan(at, std::min(batch, records.size() - at)));
    }
    EXPECT_TRUE(folder.decisions() == one_by_one.decisions()) << "batches of " << batch;
    EXPECT_EQ(folder.Digest(), one_by_one.Digest()) << "batches of " << batch;
  }
  Folder restarted(2);
  for (size_t i = 0; i < records.size(); ++i) {
    if (!records[i].event.has_opened()) restarted.Open();
    restarted.Fold(records.subspan(i, 1));
  }
  EXPECT_TRUE(restarted.decisions() == one_by_one.decisions()) << "restarts";
  EXPECT_EQ(restarted.Digest(), one_by_one.Digest());
}

TEST(AccountTest, a_change_of_fifty_thousand_tickets_has_bounded_turns) {
  constexpr int kTickets = 50'000;
  History history;
  history.Open(kTickets, "acme");
  Folder folder;
  folder.Catch(history);
  history.Change("acme", "gold");
  folder.Catch(history);
  EXPECT_EQ(folder.Count("reason=account"), 1'000);
  EXPECT_TRUE(folder.fold().is_changing());
  history.Touch(kTickets - 1);
  folder.Catch(history);
  EXPECT_EQ(folder.Count("reason=account"), 1'009) << "the ticket that was touched, and eight";
  int ticks = 0;
  for (; folder.fold().is_changing() && ticks < 100; ++ticks) {
    history.Tick(Duration{0});
    folder.Catch(history);
  }
  EXPECT_EQ(ticks, 49);
  EXPECT_EQ(folder.Count("reason=account"), kTickets);
  EXPECT_LE(folder.longest_turn(), 4'096u) << "no turn decides more than that of many openings";
}

TEST(AccountTest, a_planned_change_of_thousands_is_the_same_in_any_batches) {
  History history;
  history.Change("acme", "basic");
  history.Open(2'600, "acme");
  const Instant first = history.now() + Duration::Minutes(10);
  history.Change("acme", "gold", "", first);
  history.Change("acme", "silver", "", first + Duration::Minutes(1));
  history.Change("other", "gold", "", first);
  history.Open(5, "other");
  history.Tick(Duration::Minutes(9));
  history.Tick(Duration::Seconds(30));
  history.Touch(3);
  history.Tick(Duration::Minutes(2), 10);
  history.Touch(2'500);
  history.Open(3, "acme");
  for (int i = 0; i < 5; ++i) history.Tick(Duration::Seconds(1), 10);
  history.Tick(Duration::Hours(41));
  ExpectSameInBatches(history);
}

TEST(AccountTest, an_event_lets_several_planned_changes_take_effect_before_it) {
  History history;
  history.Change("acme", "basic");
  history.Open(2'600, "acme");
  const Instant first = history.now() + Duration::Seconds(1);
  history.Change("acme", "gold", "", first);
  history.Change("acme", "silver", "", first + Duration{1});
  history.Change("acme", "basic", "", first + Duration{2});
  history.Open(110, "acme");  // Longer than a second; the tickets before it are changed as well.
  Folder folder;
  folder.Catch(history);
  EXPECT_GE(folder.Count("within=20h reason=account"), 2'600);
  EXPECT_GE(folder.Count("within=1d6h reason=account"), 2'600);
  EXPECT_TRUE(folder.fold().is_changing());
  ExpectSameInBatches(history);
}

TEST(AccountTest, one_tick_lets_the_changes_of_many_accounts_take_effect) {
  constexpr int kAccounts = 1'500;
  History history;
  const Instant midnight = history.now() + Duration::Hours(1);
  for (int i = 0; i < kAccounts; ++i) {
    history.Open(1, Cat("account-", i));
    history.Change(Cat("account-", i), "gold", "", midnight);
  }
  for (const int tickets_max : {0, 100}) {
    SCOPED_TRACE(tickets_max);
    History with_ticks = history;
    with_ticks.Tick(Duration::Hours(1), tickets_max);
    Folder folder;
    folder.Catch(with_ticks);
    if (tickets_max == 0) {
      EXPECT_EQ(folder.Count("reason=account"), kAccounts);
      EXPECT_FALSE(folder.fold().tick_was_cut());
    } else {
      EXPECT_TRUE(folder.fold().tick_was_cut());
      EXPECT_LT(folder.Count("reason=account"), 200);
    }
    for (int i = 0; i < 40; ++i) with_ticks.Tick(Duration{0}, tickets_max);
    folder.Catch(with_ticks);
    EXPECT_EQ(folder.Count("reason=account"), kAccounts);
    EXPECT_LT(folder.longest_turn(), 4'097u);
    ExpectSameInBatches(with_ticks);
  }
}

TEST(AccountTest, a_parents_plan_reaches_the_tickets_of_thousands_of_units_bit_by_bit) {
  constexpr int kUnits = 2'500;
  History history;
  history.Change("acme", "basic");
  for (int i = 0; i < kUnits; ++i) {
    const bool below = i % 10 != 0;
    history.Change(Cat("unit-", i), "", below ? Cat("unit-", i / 10 * 10) : "acme");
    if (i % 2 == 0) history.Open(1, Cat("unit-", i));
  }
  Folder folder;
  folder.Catch(history);
  history.Change("acme", "gold");
  history.Touch(1'200);
  folder.Catch(history);
  EXPECT_TRUE(folder.fold().is_changing());
  const int changed = folder.Count("within=20h reason=account");
  EXPECT_GT(changed, 300);
  EXPECT_LT(changed, 1'010) << "going on to the next unit counts as well";
  history.Open(1, "unit-2");
  for (int i = 0; i < 5; ++i) history.Tick(Duration{0});
  folder.Catch(history);
  EXPECT_FALSE(folder.fold().is_changing());
  EXPECT_EQ(folder.Count("within=20h reason=account"), kUnits / 2);
  ExpectSameInBatches(history);
}

TEST(AccountTest, a_set_up_plan_is_due_among_tickets_and_survives_restarts) {
  History history;
  history.Open(20, "acme");
  history.Request("acme", "gold");
  history.Tick(Duration::Hours(4));
  history.Touch(1);
  history.Tick(Duration::Hours(4));
  history.Tick(Duration::Hours(40));
  Folder folder;
  folder.Catch(history);
  EXPECT_EQ(folder.Count("clock acme deadline/plan_setup warned"), 1);
  EXPECT_EQ(folder.Count("clock acme deadline/plan_setup breached"), 1);
  EXPECT_EQ(folder.Count("notify acme to=desk"), 2);
  ExpectSameInBatches(history);
}

}  // namespace
}  // namespace escalation
