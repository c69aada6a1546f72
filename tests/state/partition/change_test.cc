// Calendars, policies and accounts reach thousands of tickets bit by bit, while events go on: for
// each ticket it is as if they had reached all at once.

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "state/base/sha256.h"
#include "state/base/text.h"
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
default_plan: gold
calendars:
  office: {zone: Europe/Berlin, hours: {mon-fri: ["09:00-17:00"]}}
plans:
  gold:
    calendar: office
    targets:
      - {name: first, metric: first_response, within: 2h, warn_at: [50%], breached: wake}
      - {name: next, metric: next_response, within: 1h}
      - {name: solve, metric: resolution, within: 2bd, pause: [pending]}
escalations: {wake: {steps: [{page: [pager]}]}}
routes: {pager: }
)";
constexpr Instant kNine = Instant::Seconds(1'773'133'200);  // 2026-03-10T09:00:00Z, a Tuesday.
constexpr int kTickets = 2'600;

class History {
 public:
  History() {
    auto loaded = LoadPolicyText("p.yaml", kPolicy);
    EXPECT_TRUE(loaded.ok()) << loaded.status();
    calendars_ = loaded->calendars;
    policy_ = loaded->policy;
    PublishCalendars(17);
    v1::Event event;
    *event.mutable_policy_published()->mutable_policy() = policy_;
    Add(event);
  }

  const std::vector<FoldRecord>& records() const { return records_; }

  void Add(v1::Event event) {
    now_ = now_ + Duration{100};
    if (!event.has_tick()) event.set_tenant("default");
    records_.push_back({Offset{static_cast<int64_t>(records_.size())}, now_, std::move(event)});
  }

  void Open(int ticket) {
    v1::Event event = Of(ticket, v1::Actor::CUSTOMER);
    event.mutable_opened()->set_account(Cat("account-", ticket % 3));
    Add(event);
  }

  // Something happens to a ticket.
  void Touch(int ticket, int what) {
    v1::Event event = Of(ticket, v1::Actor::AGENT);
    if (what == 0) {
      event.mutable_message_added()->set_visibility(v1::MessageAdded::PUBLIC);
    } else if (what == 1) {
      event.mutable_severity_changed()->set_severity("high");
    } else if (what == 2) {
      event.mutable_status_changed()->set_status(v1::StatusChanged::PENDING);
    } else if (what == 3) {
      event.mutable_merged()->set_into(Name((ticket * 7 + 1) % kTickets));
    } else {
      event.mutable_actor()->set_kind(v1::Actor::CUSTOMER);
      event.mutable_message_added()->set_visibility(v1::MessageAdded::PUBLIC);
    }
    Add(event);
  }

  void Tick(Duration ahead) {
    now_ = now_ + ahead;
    v1::Event event;
    ToProto(now_, event.mutable_tick()->mutable_until());
    Add(event);
  }

  // The office closes at `hour`:30 in Berlin.
  void PublishCalendars(int hour) {
    calendars_.set_revision(calendars_.revision() + 1);
    for (v1::CalendarDefinition& calendar : *calendars_.mutable_calendars()) {
      for (v1::Shifts& day : *calendar.mutable_week()) {
        for (v1::Shift& shift : *day.mutable_shifts()) shift.set_end_s(hour * 3'600 + 1'800);
      }
    }
    v1::Event event;
    *event.mutable_calendars_published()->mutable_calendars() = calendars_;
    Add(event);
  }

  void PublishPolicy() {
    policy_.set_revision(policy_.revision() + 1);
    policy_.mutable_plans(0)->mutable_targets(0)->mutable_within()->set_ms(Duration::Hours(3).ms);
    v1::Event event;
    *event.mutable_policy_published()->mutable_policy() = policy_;
    event.mutable_policy_published()->set_apply(v1::PolicyPublished::RUNNING);
    Add(event);
  }

  void ChangeAccount(int account, const std::string& within) {
    v1::Event event;
    event.mutable_account_changed()->set_account(Cat("account-", account));
    v1::AccountChanged::Override* const exception =
        event.mutable_account_changed()->add_overrides();
    exception->set_target("first");
    exception->set_within(within);
    Add(event);
  }

  static std::string Name(int ticket) { return Cat("T-", ticket); }

 private:
  static v1::Event Of(int ticket, v1::Actor::Kind kind) {
    v1::Event event;
    event.set_ticket_id(Name(ticket));
    event.mutable_actor()->set_kind(kind);
    event.mutable_actor()->set_id("ann");
    return event;
  }

  Instant now_ = kNine;
  v1::CalendarSet calendars_;
  v1::Policy policy_;
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
      longest_ = std::max(longest_, result.turn.writes.size());
      std::ranges::move(result.decisions, std::back_inserter(decisions_));
      return store_.Commit(result.turn);
    });
    ASSERT_TRUE(status.ok()) << status;
  }

  const PartitionFold& fold() const { return *fold_; }
  const std::vector<std::string>& decisions() const { return decisions_; }
  size_t longest_turn() const { return longest_; }
  std::string Digest() const { return ToHex(*StateDigest(store_)); }

  // What was decided of each ticket, in order.
  std::map<std::string, std::vector<std::string>> ByTicket() const {
    std::map<std::string, std::vector<std::string>> out;
    for (const std::string& bytes : decisions_) {
      v1::Decision decision;
      EXPECT_TRUE(decision.ParseFromString(bytes));
      out[decision.ticket_id()].push_back(DecisionText(decision));
    }
    return out;
  }

 private:
  const size_t tickets_max_;
  MemoryStore store_;
  std::unique_ptr<PartitionFold> fold_;
  std::vector<std::string> decisions_;
  size_t longest_ = 0;
};

// Each change comes before the one before has reached every ticket, and so do due moments.
History BusyHistory() {
  History history;
  for (int i = 0; i < kTickets; ++i) history.Open(i);
  int at = 0;
  const auto touch = [&](int count) {
    for (int i = 0; i < count; ++i, ++at) history.Touch(at * 769 % (kTickets + 40), at % 5);
  };
  history.Tick(Duration::Minutes(30));
  history.PublishCalendars(10);  // Closed since four minutes: no warning at eleven.
  touch(20);
  history.Tick(Duration::Minutes(40));
  touch(20);
  history.ChangeAccount(1, "4h");
  for (int i = 0; i < 30; ++i) history.Open(kTickets + i);
  touch(20);
  history.PublishCalendars(17);
  touch(20);
  history.Tick(Duration::Hours(1));
  history.PublishPolicy();
  touch(70);
  for (int i = 0; i < 8; ++i) history.Tick(Duration::Hours(5));
  return history;
}

TEST(ChangeTest, batches_and_restarts_change_nothing) {
  const History history = BusyHistory();
  const std::span<const FoldRecord> records = history.records();
  Folder one_by_one;
  int changes_that_wait = 0;
  for (size_t i = 0; i < records.size(); ++i) {
    const bool change =
        records[i].event.has_calendars_published() || records[i].event.has_policy_published();
    changes_that_wait += change && one_by_one.fold().is_changing();
    one_by_one.Fold(records.subspan(i, 1));
  }
  EXPECT_GE(changes_that_wait, 1);
  EXPECT_FALSE(one_by_one.fold().is_changing());
  EXPECT_GT(one_by_one.decisions().size(), 10'000u);
  for (const size_t batch : {3u, 50u, 100'000u}) {
    Folder folder;
    for (size_t at = 0; at < records.size(); at += batch) {
      folder.Fold(records.subspan(at, std::min(batch, records.size() - at)));
    }
    EXPECT_TRUE(folder.decisions() == one_by_one.decisions()) << "batches of " << batch;
    EXPECT_EQ(folder.Digest(), one_by_one.Digest()) << "batches of " << batch;
    EXPECT_LT(folder.longest_turn(), 40'000u);
  }
  Folder restarted(2);
  for (size_t at = 0; at < records.size(); ++at) {
    if (at > kTickets) restarted.Open();
    restarted.Fold(records.subspan(at, 1));
  }
  EXPECT_TRUE(restarted.decisions() == one_by_one.decisions()) << "restarts";
  EXPECT_EQ(restarted.Digest(), one_by_one.Digest());
}

// A history of few tickets is changed at once: each ticket must fare as it does among thousands.
TEST(ChangeTest, a_ticket_fares_as_if_all_were_changed_at_once) {
  const History history = BusyHistory();
  Folder all;
  all.Fold(history.records());
  const auto among_all = all.ByTicket();
  // Neighbours, so that merges of some are among them.
  for (const int first : {0, 1'100, 2'500, kTickets}) {
    std::vector<std::string> few;
    for (int i = 0; i < 40; ++i) few.push_back(History::Name(first + i));
    Folder folder;
    for (const FoldRecord& record : history.records()) {
      const std::string& ticket = record.event.ticket_id();
      const bool belongs = ticket.empty() || std::find(few.begin(), few.end(), ticket) != few.end();
      if (belongs) folder.Fold(std::span(&record, 1));
    }
    EXPECT_FALSE(folder.fold().is_changing());
    for (const auto& [ticket, decisions] : folder.ByTicket()) {
      if (std::find(few.begin(), few.end(), ticket) == few.end()) continue;
      ASSERT_TRUE(among_all.contains(ticket)) << ticket;
      EXPECT_EQ(among_all.at(ticket), decisions) << ticket;
    }
  }
}

TEST(ChangeTest, a_record_changes_some_tickets_and_ticks_the_rest) {
  History history;
  for (int i = 0; i < kTickets; ++i) history.Open(i);
  history.PublishCalendars(16);
  Folder folder;
  folder.Fold(history.records());
  const auto changed = [&] {
    int count = 0;
    for (const auto& [ticket, decisions] : folder.ByTicket()) {
      count += std::any_of(decisions.begin(), decisions.end(), [](const std::string& text) {
        return text.find("reason=calendar") != std::string::npos;
      });
    }
    return count;
  };
  EXPECT_TRUE(folder.fold().is_changing());
  EXPECT_EQ(changed(), 1'000);
  size_t folded = history.records().size();
  const auto fold = [&] {
    folder.Fold(std::span(history.records()).subspan(folded));
    folded = history.records().size();
  };
  history.Touch(2'599, 1);
  fold();
  EXPECT_EQ(changed(), 1'009) << "the ticket that was touched, and eight";
  history.Tick(Duration{0});
  fold();
  EXPECT_EQ(changed(), 2'009);
  history.Tick(Duration{0});
  fold();
  EXPECT_EQ(changed(), kTickets);
  EXPECT_FALSE(folder.fold().is_changing());
}

}  // namespace
}  // namespace escalation
