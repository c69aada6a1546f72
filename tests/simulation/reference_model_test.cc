// The reference model and the fold judge each other: over histories that were worked out by hand,
// and over random ones with late, doubled and contradicting events.
#include "tests/simulation/reference_model.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <span>

#include "state/base/text.h"
#include "state/partition/partition.h"
#include "state/policy/policy_loader.h"
#include "state/store/memory_store.h"
#include "tests/simulation/decided_clocks.h"

namespace escalation::simulation {
namespace {

using State = CycleOutcome::State;

Instant At(const std::string& text) { return *ParseInstant(text); }

// The fold and the model, fed with the same records.
class Pair {
 public:
  Pair() {
    auto loaded = LoadPolicyFile(ESCALATION_SOURCE_DIR "/tests/simulation/small_policy.yaml");
    EXPECT_TRUE(loaded.ok()) << loaded.status();
    auto model = ReferenceModel::Make(loaded->policy, loaded->calendars);
    EXPECT_TRUE(model.ok()) << model.status();
    model_.emplace(*std::move(model));
    decided_.emplace(&*model_);
    fold_ = *PartitionFold::Open(store_, {Partition{0}, "i", 100});
    now_ = At("2026-06-29T12:00:00Z");
    v1::Event calendars = Record();
    *calendars.mutable_calendars_published()->mutable_calendars() = loaded->calendars;
    Add(calendars);
    v1::Event policy = Record();
    *policy.mutable_policy_published()->mutable_policy() = loaded->policy;
    Add(policy);
  }

  v1::Event Record() const {
    v1::Event event;
    event.set_tenant("default");
    return event;
  }
  void set_now(Instant now) { now_ = now; }
  Instant now() const { return now_; }

  void Add(const v1::Event& event) {
    model_->Add(now_, event);
    const FoldRecord record{Offset{offset_++}, now_, event};
    const absl::Status status = fold_->FoldAll(std::span(&record, 1), [&](FoldResult& result) {
      for (const v1::Decision& decision : DecodeDecisions(result)) {
        decided_->Add(decision);
        decisions_.push_back(decision);
      }
      return store_.Commit(result.turn);
    });
    ASSERT_TRUE(status.ok()) << status;
  }
  void Tick(Instant until) {
    v1::Event event;
    ToProto(until, event.mutable_tick()->mutable_until());
    Add(event);
  }

  std::string Differences() const {
    std::string text;
    for (const std::string& line : decided_->Differences()) CatTo(&text, line, "\n");
    return text;
  }
  const ReferenceModel& model() const { return *model_; }
  const std::vector<v1::Decision>& decisions() const { return decisions_; }

 private:
  std::optional<ReferenceModel> model_;
  std::optional<DecidedClocks> decided_;
  MemoryStore store_;
  std::unique_ptr<PartitionFold> fold_;
  Instant now_;
  int64_t offset_ = 0;
  std::vector<v1::Decision> decisions_;
};

v1::Event TicketEvent(const Pair& pair, v1::Actor::Kind kind, Instant occurred) {
  v1::Event event = pair.Record();
  event.set_ticket_id("T-1");
  event.mutable_actor()->set_kind(kind);
  ToProto(occurred, event.mutable_occurred_at());
  return event;
}

TEST(ReferenceModelTest, a_reply_at_the_due_instant_is_in_time_and_one_later_is_not) {
  for (const int64_t late_ms : {0, 1}) {
    Pair pair;
    const Instant opened = At("2026-06-29T13:00:00Z");
    pair.set_now(opened);
    v1::Event event = TicketEvent(pair, v1::Actor::CUSTOMER, opened);
    event.mutable_opened()->set_severity("low");
    pair.Add(event);
    const Instant replied = opened + Duration::Minutes(30) + Duration{late_ms};
    pair.set_now(replied);
    event = TicketEvent(pair, v1::Actor::AGENT, replied);
    event.mutable_message_added()->set_visibility(v1::MessageAdded::PUBLIC);
    pair.Add(event);
    const auto expected = pair.model().Expected();
    const CycleOutcome& first = expected.at({"T-1", "first_response", "", 1});
    EXPECT_EQ(first.state, State::kMet);
    EXPECT_EQ(first.used, Duration::Minutes(30) + Duration{late_ms});
    EXPECT_EQ(first.breached, late_ms == 0 ? Instant::Past() : opened + Duration::Minutes(30));
    // Half past nine in New York, where nobody works before nine.
    EXPECT_EQ(expected.at({"T-1", "first_response", "office", 1}).used,
              Duration::Minutes(30) + Duration{late_ms});
    EXPECT_EQ(pair.Differences(), "");
  }
}

TEST(ReferenceModelTest, a_late_reply_takes_the_breach_back) {
  Pair pair;
  const Instant opened = At("2026-06-29T13:00:00Z");
  pair.set_now(opened);
  v1::Event event = TicketEvent(pair, v1::Actor::CUSTOMER, opened);
  event.mutable_opened()->set_severity("low");
  pair.Add(event);
  pair.set_now(opened + Duration::Hours(1));
  pair.Tick(pair.now());
  EXPECT_EQ(pair.model().Expected().at({"T-1", "first_response", "", 1}).breached,
            opened + Duration::Minutes(30));
  EXPECT_EQ(pair.Differences(), "");
  event = TicketEvent(pair, v1::Actor::AGENT, opened + Duration::Minutes(10));
  event.mutable_message_added()->set_visibility(v1::MessageAdded::PUBLIC);
  pair.Add(event);
  EXPECT_EQ(pair.model().Expected().at({"T-1", "first_response", "", 1}).breached, Instant::Past());
  EXPECT_EQ(pair.Differences(), "");
}

TEST(ReferenceModelTest, what_it_does_not_know_is_named) {
  auto loaded = LoadPolicyFile(ESCALATION_SOURCE_DIR "/tests/simulation/small_policy.yaml");
  ASSERT_TRUE(loaded.ok());
  v1::Policy policy = loaded->policy;
  policy.mutable_plans(0)->mutable_targets(0)->set_metric("handover");
  EXPECT_EQ(ReferenceModel::Make(policy, loaded->calendars).status().message(), "metric handover");
  Pair pair;
  v1::Event event = TicketEvent(pair, v1::Actor::CUSTOMER, pair.now());
  event.mutable_merged()->set_into("T-2");
  pair.Add(event);
  EXPECT_EQ(pair.model().Unmodelled().size(), 2u);
}

// The judge must see what is wrong: each doctored stream differs.
TEST(ReferenceModelTest, doctored_decisions_are_seen) {
  Pair pair;
  const Instant opened = At("2026-06-29T13:00:00Z");
  pair.set_now(opened);
  v1::Event event = TicketEvent(pair, v1::Actor::CUSTOMER, opened);
  event.mutable_opened()->set_severity("low");
  pair.Add(event);
  pair.set_now(opened + Duration::Hours(3));
  pair.Tick(pair.now());
  ASSERT_EQ(pair.Differences(), "");
  int doctored = 0;
  for (size_t leave = 0; leave < pair.decisions().size(); ++leave) {
    const v1::Decision& missing = pair.decisions()[leave];
    if (!missing.has_clock_started() && !missing.has_clock_breached()) continue;
    DecidedClocks without(&pair.model());
    DecidedClocks moved(&pair.model());
    for (size_t i = 0; i < pair.decisions().size(); ++i) {
      v1::Decision decision = pair.decisions()[i];
      if (i != leave) without.Add(decision);
      if (i == leave) ToProto(FromProto(decision.at()) + Duration{1}, decision.mutable_at());
      moved.Add(decision);
    }
    EXPECT_FALSE(without.Differences().empty()) << missing.ShortDebugString();
    EXPECT_FALSE(moved.Differences().empty()) << missing.ShortDebugString();
    ++doctored;
  }
  EXPECT_GT(doctored, 8);
}

class RandomEvents {
 public:
  explicit RandomEvents(uint64_t seed) : random_(seed) {}

  uint64_t Below(uint64_t bound) { return random_() % bound; }
  bool Chance(int percent) { return Below(100) < static_cast<uint64_t>(percent); }

  void Step(Pair* pair) {
    // Whole minutes now and then, so that things happen at the due instant itself.
    Duration step{static_cast<int64_t>(Below(Chance(20) ? 14'400'000 : 900'000))};
    if (Chance(60)) step = Duration::Minutes(step.ms / 60'000);
    pair->set_now(pair->now() + step);
    if (Chance(25)) return pair->Tick(pair->now() - Duration::Seconds(Chance(50) ? 2 : 0));
    if (Chance(4) && !sent_.empty()) return pair->Add(sent_[Below(sent_.size())]);
    v1::Event event = pair->Record();
    event.set_id(Cat("e", events_++));
    event.mutable_origin()->set_source("http");
    event.set_ticket_id(Cat("T-", Below(12)));
    Instant occurred = pair->now();
    if (Chance(25)) occurred = occurred - Duration::Minutes(static_cast<int64_t>(Below(300)));
    if (Chance(2)) occurred = occurred - Duration::Days(static_cast<int64_t>(Below(10)));
    if (Chance(2)) occurred = occurred + Duration::Hours(2);
    ToProto(occurred, event.mutable_occurred_at());
    if (Chance(5)) ToProto(pair->now() + Duration::Minutes(3), event.mutable_written_at());
    event.mutable_actor()->set_kind(static_cast<v1::Actor::Kind>(1 + Below(4)));
    Fill(pair, &event);
    sent_.push_back(event);
    pair->Add(event);
  }

 private:
  std::string Severity() {
    static constexpr std::array<const char*, 4> kSeverities = {"low", "high", "urgent", "odd"};
    return kSeverities[Below(4)];
  }

  void Fill(Pair* pair, v1::Event* event) {
    switch (Below(10)) {
      case 0:
      case 1:
        event->mutable_opened()->set_severity(Severity());
        return;
      case 2:
      case 3:
      case 4:
        event->mutable_message_added()->set_visibility(Chance(85) ? v1::MessageAdded::PUBLIC
                                                                  : v1::MessageAdded::INTERNAL);
        return;
      case 5:
      case 6:
        event->mutable_status_changed()->set_status(
            static_cast<v1::StatusChanged::Status>(1 + Below(5)));
        return;
      case 7:
        event->mutable_severity_changed()->set_severity(Severity());
        return;
      case 8:
        event->mutable_assigned()->set_assignee(Chance(70) ? "maria" : "");
        return;
      default:
        for (const v1::Decision& decision : pair->decisions()) {
          if (decision.has_page_requested() && Chance(20)) {
            event->mutable_page_acknowledged()->set_key(decision.page_requested().key());
            return;
          }
        }
        event->mutable_fields_changed()->add_add_tags("seen");
    }
  }

  std::mt19937_64 random_;
  std::vector<v1::Event> sent_;
  int events_ = 0;
};

class RandomHistoriesTest : public ::testing::TestWithParam<uint64_t> {};

TEST_P(RandomHistoriesTest, the_fold_decides_what_the_model_expects) {
  for (uint64_t run = 0; run < 25; ++run) {
    const uint64_t seed = GetParam() * 1'000 + run;
    Pair pair;
    RandomEvents events(seed);
    for (int i = 0; i < 150; ++i) {
      events.Step(&pair);
      if (HasFatalFailure()) return;
    }
    pair.set_now(pair.now() + Duration::Days(3));
    pair.Tick(pair.now());
    EXPECT_GT(pair.model().Expected().size(), 20u);
    ASSERT_EQ(pair.Differences(), "") << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(seeds, RandomHistoriesTest, ::testing::Range<uint64_t>(1, 5));

}  // namespace
}  // namespace escalation::simulation
