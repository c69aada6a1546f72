// A late event gives the same clocks as if it had come in time, and the decisions add up to the
// same breaches.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "escalation/v1/state.pb.h"
#include "state/base/text.h"
#include "state/partition/decision_text.h"
#include "state/partition/keys.h"
#include "state/partition/partition.h"
#include "state/policy/policy_loader.h"
#include "state/store/memory_store.h"

namespace escalation {
namespace {

// No metric that a late customer's message is kept from starting: there the two orders differ on
// purpose.
constexpr const char* kPolicy = R"(
policy: late
tenant: default
revision: 1
severities: [low, high]
default_severity: low
default_plan: gold
time: {max_lateness: 30d, hold: 5m, forget_after: 300d}
calendars:
  office:
    zone: Europe/Berlin
    hours: {mon-fri: ["09:00-12:00", "13:00-17:00"]}
plans:
  gold:
    calendar: office
    targets:
      - {name: first_low, metric: first_response, severity: low, within: 2h}
      - {name: first_high, metric: first_response, severity: high, within: 40m, warn_at: [50%]}
      - {name: engage, metric: engagement, within: 1h, set: inner}
      - {name: engage_outer, metric: engagement, within: 1bd, reading: end_of_day, set: outer}
      - {name: updates, metric: periodic_update, within: 1h, pause: [pending]}
      - {name: wait, metric: requester_wait, within: 3h}
      - {name: work, metric: agent_work, within: 3h}
      - {name: solve, metric: resolution, within: 5h, pause: [pending, on_hold]}
      - {name: solve_desk, metric: resolution, within: 3h, set: desk, when: {groups: [desk]}}
      - {name: hand_over, metric: handover, within: 2h}
levels: [{name: l1}, {name: l2}]
intake: {contacts: authorized, participants: logins}
resolution_reasons: [fixed]
rules:
  - {name: loud, when: {tags: [loud]}, group: desk, flag: loud}
  - {name: hard, when: {groups: [desk], fields: {hard: "yes"}}, severity: high, level: l2}
escalations:
  wake:
    steps: [{after: 0m, notify: [lead]}]
routes: {}
)";

using Breach = std::tuple<std::string, int, int64_t>;  // Target, cycle, due moment.

struct Outcome {
  v1::TicketTimeline live;
  std::map<Breach, int> breaches;  // Decided minus retracted.
  std::string told;
};

class World {
 public:
  World() {
    auto fold = PartitionFold::Open(store_, {Partition{0}, "incarnation", 10});
    fold_ = *std::move(fold);
    const auto loaded = LoadPolicyText("late.yaml", kPolicy);
    EXPECT_TRUE(loaded.ok()) << loaded.status();
    v1::Event calendars, policy;
    calendars.set_tenant("default");
    *calendars.mutable_calendars_published()->mutable_calendars() = loaded->calendars;
    Fold(calendars, Instant::Seconds(1'772'400'000));
    policy.set_tenant("default");
    *policy.mutable_policy_published()->mutable_policy() = loaded->policy;
    Fold(policy, Instant::Seconds(1'772'400'000));
    v1::Event account;
    account.set_tenant("default");
    account.mutable_account_changed()->set_account("acme");
    account.mutable_account_changed()->add_contacts("ann");
    account.mutable_account_changed()->add_logins("ann");
    Fold(account, Instant::Seconds(1'772'400'000));
  }

  void Fold(const v1::Event& event, Instant appended) {
    const FoldRecord record{Offset{offset_++}, appended, event};
    auto result = fold_->Fold(std::span(&record, 1));
    ASSERT_TRUE(result.ok()) << result.status();
    ASSERT_TRUE(store_.Commit(result->turn).ok());
    ASSERT_FALSE(result->turn.more);
    for (const v1::Decision& decision : DecodeDecisions(*result)) {
      CatTo(&outcome_.told, DecisionText(decision), '\n');
      const int64_t due = FromProto(decision.due_at()).ms;
      if (decision.has_clock_breached()) {
        ++outcome_.breaches[{decision.clock_breached().target(), decision.clock_breached().cycle(),
                             due}];
      }
      if (decision.has_breach_retracted()) {
        const Breach breach{decision.breach_retracted().target(),
                            decision.breach_retracted().cycle(), due};
        if (--outcome_.breaches[breach] == 0) outcome_.breaches.erase(breach);
      }
    }
  }

  void Tick(Instant until) {
    v1::Event tick;
    ToProto(until, tick.mutable_tick()->mutable_until());
    Fold(tick, until);
  }

  Outcome Result() {
    v1::TicketState state;
    state.ParseFromString(**store_.Get(keys::Ticket("default", "T-1")));
    outcome_.live = state.live();
    outcome_.live.clear_reached_ms();
    outcome_.live.clear_fired_ms();
    return outcome_;
  }

 private:
  MemoryStore store_;
  std::unique_ptr<PartitionFold> fold_;
  int64_t offset_ = 0;
  Outcome outcome_;
};

std::vector<v1::Event> RandomTicket(std::mt19937_64* random) {
  const auto below = [&](uint64_t bound) { return (*random)() % bound; };
  std::vector<v1::Event> events;
  Instant at =
      Instant::Seconds(1'772'440'000) + Duration::Minutes(static_cast<int64_t>(below(4'000)));
  for (int i = 0; i < 10; ++i) {
    v1::Event& event = events.emplace_back();
    event.set_tenant("default");
    event.set_ticket_id("T-1");
    // Each moment once: events of one instant are ordered by arrival, which differs here on
    // purpose.
    at = at + Duration{static_cast<int64_t>(1 + below(9'000'000))};
    ToProto(at, event.mutable_occurred_at());
    event.mutable_actor()->set_kind(v1::Actor::AGENT);
    if (i == 0) {
      event.mutable_actor()->set_kind(v1::Actor::CUSTOMER);
      event.mutable_opened()->set_severity(below(2) == 0 ? "low" : "high");
      event.mutable_opened()->set_account("acme");
      // Who may not open tickets has no clocks until one of the events confirms it.
      event.mutable_opened()->set_requester(below(3) == 0 ? "eve" : "ann");
      continue;
    }
    switch (below(8)) {
      case 5:
        if (below(2) == 0) {
          event.mutable_fields_changed()->add_add_tags("loud");
        } else {
          event.mutable_fields_changed()->add_remove_tags("loud");
        }
        break;
      case 6: {
        v1::FieldsChanged* const changed = event.mutable_fields_changed();
        changed->add_fields()->set_name("hard");
        changed->mutable_fields(0)->set_value(below(2) == 0 ? "yes" : "");
        changed->add_add_participants("ann eve");
        break;
      }
      case 7:
        event.mutable_assigned()->set_group(below(2) == 0 ? "desk" : "sales");
        break;
      case 0:
        event.mutable_message_added()->set_visibility(v1::MessageAdded::PUBLIC);
        break;
      case 1:
        event.mutable_assigned()->set_assignee("maria");
        break;
      case 2:
        event.mutable_severity_changed()->set_severity(below(2) == 0 ? "low" : "high");
        break;
      default:
        event.mutable_status_changed()->set_status(
            static_cast<v1::StatusChanged::Status>(1 + below(4)));
    }
  }
  return events;
}

class LateEventsTest : public ::testing::TestWithParam<int> {};

TEST_P(LateEventsTest, any_order_of_arrival_gives_the_same_clocks_and_breaches) {
  for (int round = 0; round < 25; ++round) {
    std::mt19937_64 random(static_cast<uint64_t>(GetParam() * 1'000 + round));
    const std::vector<v1::Event> events = RandomTicket(&random);
    const Instant end = FromProto(events.back().occurred_at()) + Duration::Days(3);

    World in_time;
    for (const v1::Event& event : events) {
      const Instant at = FromProto(event.occurred_at());
      in_time.Tick(at - Duration{1});
      in_time.Fold(event, at);
    }
    in_time.Tick(end);

    // The opening comes first; the rest in any order, some after what they should have stopped.
    std::vector<v1::Event> shuffled = events;
    std::shuffle(shuffled.begin() + 1, shuffled.end(), random);
    World late;
    Instant now = FromProto(events.front().occurred_at());
    for (const v1::Event& event : shuffled) {
      now = std::max(now, FromProto(event.occurred_at())) +
            Duration::Minutes(static_cast<int64_t>(random() % 200));
      late.Tick(now);
      late.Fold(event, now);
    }
    late.Tick(end);

    const Outcome expected = in_time.Result();
    const Outcome got = late.Result();
    ASSERT_EQ(expected.live.DebugString(), got.live.DebugString())
        << "seed " << GetParam() << ", round " << round << "\nin time:\n"
        << expected.told << "late:\n"
        << got.told;
    ASSERT_EQ(expected.breaches, got.breaches)
        << "seed " << GetParam() << ", round " << round << "\nin time:\n"
        << expected.told << "late:\n"
        << got.told;
  }
}

INSTANTIATE_TEST_SUITE_P(seeds, LateEventsTest, ::testing::Range(1, 9));

}  // namespace
}  // namespace escalation
