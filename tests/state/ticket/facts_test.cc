#include "state/ticket/facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "google/protobuf/text_format.h"
#include "state/partition/decision_text.h"
#include "state/policy/policy_loader.h"

namespace escalation {
namespace {

using ::testing::ElementsAre;
using v1::Metric;

constexpr const char* kPolicy = R"(
policy: p
tenant: default
revision: 1
severities: [low, high, urgent]
default_severity: low
default_plan: gold
permissions: {set_severity: [tier_two], customer_severity: provisional}
workarounds: {urgent: high}
levels:
  - {name: l1}
  - {name: l2, requires: [description, contract], requires_values: {reproduced: "true"}}
plans:
  gold: {severity_ceiling: high, targets: [{name: solve, metric: resolution, within: 4h}]}
  gift: {tickets: none, hint: "see the forum"}
)";
constexpr Instant kNine = Instant::Seconds(1'773'133'200);

class FactsTest : public ::testing::Test {
 protected:
  FactsTest() {
    auto loaded = LoadPolicyText("p.yaml", kPolicy);
    EXPECT_TRUE(loaded.ok()) << loaded.status();
    policy_ = std::make_unique<CompiledPolicy>(loaded->policy);
  }

  // Applies an event as protobuf text, a minute after the one before.
  FactChange Apply(const std::string& text) {
    v1::Event event;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &event)) << text;
    at_ = at_ + Duration::Minutes(1);
    return ApplyEvent(*policy_, account_known_ ? &account_ : nullptr, event, at_, &facts_);
  }
  static std::vector<std::string> Told(const FactChange& change) {
    std::vector<std::string> told;
    for (const v1::Decision& note : change.notes) told.push_back(DecisionText(note));
    return told;
  }

  std::unique_ptr<CompiledPolicy> policy_;
  v1::AccountState account_;
  bool account_known_ = false;
  Instant at_ = kNine;
  v1::TicketFacts facts_;
};

TEST_F(FactsTest, lists_are_sorted_and_hold_each_value_once) {
  Apply("opened { tags: 'b' tags: 'a' tags: 'b' participants: 'zoe' participants: 'ann' }");
  EXPECT_THAT(facts_.tags(), ElementsAre("a", "b"));
  EXPECT_THAT(facts_.participants(), ElementsAre("ann", "zoe"));
  Apply(
      "fields_changed { add_tags: 'c' remove_tags: 'a' remove_tags: 'none' add_participants: 'ann'"
      " remove_participants: 'zoe' remove_participants: 'nobody' }");
  EXPECT_THAT(facts_.tags(), ElementsAre("b", "c"));
  EXPECT_THAT(facts_.participants(), ElementsAre("ann"));
}

TEST_F(FactsTest, fields_are_set_replaced_and_removed_by_name) {
  Apply(
      "fields_changed { fields { name: 'm' value: '1' } fields { name: 'z' value: '2' }"
      " fields { name: 'a' value: '3' } subject: 'down' product: 'shop' }");
  EXPECT_EQ(facts_.fields(0).name(), "a");
  EXPECT_EQ(facts_.fields(1).name(), "m");
  EXPECT_EQ(facts_.fields(2).name(), "z");
  EXPECT_EQ(facts_.subject(), "down");
  EXPECT_EQ(facts_.product(), "shop");
  Apply(
      "fields_changed { fields { name: 'm' value: '9' } fields { name: 'a' }"
      " fields { name: 'never' } fields { name: 'zz' } }");
  EXPECT_EQ(FieldValue(facts_, "m"), "9");
  EXPECT_EQ(FieldValue(facts_, "a"), "");
  EXPECT_EQ(facts_.fields_size(), 2);
  EXPECT_EQ(facts_.subject(), "down");
  EXPECT_THAT(facts_.fields_at_level(), ElementsAre("a", "m", "z"));
}

TEST_F(FactsTest, only_an_agents_public_message_answers) {
  Apply("actor { kind: CUSTOMER } opened {}");
  EXPECT_EQ(Apply("actor { kind: CUSTOMER } message_added { visibility: PUBLIC }").facts,
            Bit(Metric::CUSTOMER_MESSAGE));
  const int64_t asked_ms = at_.ms;
  for (const char* silent : {"actor { kind: BOT } message_added { visibility: PUBLIC }",
                             "actor { kind: SYSTEM } message_added { visibility: PUBLIC }",
                             "message_added { visibility: PUBLIC }",
                             "actor { kind: AGENT } message_added { visibility: INTERNAL }",
                             "actor { kind: AGENT } message_added {}"}) {
    EXPECT_EQ(Apply(silent).facts, 0u) << silent;
  }
  EXPECT_EQ(facts_.oldest_unanswered_ms(), asked_ms);
  EXPECT_EQ(facts_.engaged_ms(), 0);
  const FactChange answer =
      Apply("actor { kind: AGENT } message_added { visibility: PUBLIC is_question: true }");
  EXPECT_EQ(answer.facts, Bit(Metric::AGENT_PUBLIC_MESSAGE) | Bit(Metric::AGENT_ACTION) |
                              Bit(Metric::AGENT_PUBLIC_QUESTION));
  EXPECT_EQ(facts_.oldest_unanswered_ms(), 0);
  EXPECT_EQ(facts_.engaged_ms(), at_.ms);
  EXPECT_EQ(facts_.follow_up_ms(), 0);
  Apply(
      "actor { kind: AGENT } message_added { visibility: PUBLIC next_follow_up_at { seconds: 5 } "
      "}");
  EXPECT_EQ(facts_.follow_up_ms(), 5'000);
}

TEST_F(FactsTest, a_status_counts_when_it_changes) {
  Apply("actor { kind: CUSTOMER } opened {}");
  EXPECT_EQ(facts_.status(), v1::StatusChanged::OPEN);
  for (const char* same : {"status_changed {}", "status_changed { status: OPEN }"}) {
    EXPECT_EQ(Apply(same).facts, 0u) << same;
  }
  Apply("status_changed { status: PENDING }");
  EXPECT_EQ(LastingFacts(facts_), Bit(Metric::WHILE_PENDING) | Bit(Metric::WHILE_UNASSIGNED));
  Apply("actor { kind: CUSTOMER } message_added { visibility: PUBLIC }");
  EXPECT_EQ(facts_.status(), v1::StatusChanged::OPEN);
  Apply("status_changed { status: ON_HOLD }");
  EXPECT_EQ(LastingFacts(facts_), Bit(Metric::WHILE_ON_HOLD) | Bit(Metric::WHILE_UNASSIGNED));
  EXPECT_EQ(Apply("status_changed { status: RESOLVED }").facts, Bit(Metric::RESOLVED));
  EXPECT_EQ(facts_.oldest_unanswered_ms(), 0);
  const FactChange closed = Apply("status_changed { status: CLOSED }");
  EXPECT_EQ(closed.facts, 0u) << "it was resolved already";
  EXPECT_STREQ(closed.ended, "closed");
  EXPECT_EQ(Apply("status_changed { status: OPEN }").facts, Bit(Metric::REOPENED));
  EXPECT_EQ(facts_.resolved_ms(), 0);
  EXPECT_EQ(facts_.closed_ms(), 0);
}

TEST_F(FactsTest, only_an_agent_who_names_somebody_acts) {
  EXPECT_EQ(Apply("actor { kind: AGENT } assigned { group: 'net' }").facts, 0u);
  EXPECT_EQ(facts_.group(), "net");
  EXPECT_EQ(Apply("actor { kind: BOT } assigned { assignee: 'maria' }").facts, 0u);
  EXPECT_EQ(Apply("actor { kind: AGENT } assigned { assignee: '' }").facts, 0u);
  EXPECT_EQ(facts_.assignee(), "");
  EXPECT_EQ(Apply("actor { kind: AGENT } assigned { assignee: 'maria' }").facts,
            Bit(Metric::AGENT_ACTION));
  EXPECT_EQ(LastingFacts(facts_), 0u);
  const int64_t engaged_ms = facts_.engaged_ms();
  Apply("page_acknowledged { key: 'k' }");
  EXPECT_EQ(facts_.engaged_ms(), engaged_ms) << "the first action counts";
}

TEST_F(FactsTest, a_handover_names_what_is_missing) {
  Apply("actor { kind: CUSTOMER } opened { fields { name: 'reproduced' value: 'false' } }");
  EXPECT_EQ(facts_.level(), "l1");
  EXPECT_THAT(Told(Apply("handover_requested { level: 'l9' }")),
              ElementsAre("flagged unknown_level (level \"l9\" is not in the policy)"));
  EXPECT_TRUE(Apply("handover_requested { level: 'l1' }").notes.empty());
  const FactChange rejected = Apply("handover_requested { level: 'l2' }");
  ASSERT_EQ(rejected.notes.size(), 1u);
  EXPECT_THAT(rejected.notes[0].handover_rejected().missing(),
              ElementsAre("description", "contract", "reproduced"));
  Apply(
      "fields_changed { fields { name: 'reproduced' value: 'true' }"
      " fields { name: 'contract' value: 'C-1' } }");
  facts_.set_description_length(1);
  const FactChange accepted = Apply("handover_requested { level: 'l2' }");
  EXPECT_EQ(accepted.facts, Bit(Metric::LEVEL_LEFT) | Bit(Metric::HANDOVER_ACCEPTED));
  EXPECT_EQ(facts_.level(), "l2");
  EXPECT_TRUE(facts_.fields_at_level().empty());
}

TEST_F(FactsTest, a_second_opening_is_flagged_and_changes_nothing) {
  Apply("actor { kind: AGENT } opened { subject: 'first' group: 'net' assignee: 'jo' }");
  EXPECT_TRUE(facts_.opened_by_agent());
  const FactChange again = Apply("actor { kind: CUSTOMER } opened { subject: 'second' }");
  ASSERT_EQ(again.notes.size(), 1u);
  EXPECT_EQ(again.notes[0].flagged().reason(), "opened_twice");
  EXPECT_EQ(again.facts, 0u);
  EXPECT_EQ(facts_.subject(), "first");
  EXPECT_EQ(facts_.group(), "net");
  EXPECT_EQ(facts_.assignee(), "jo");
}

TEST_F(FactsTest, a_plan_without_tickets_is_flagged_with_its_hint) {
  const FactChange change = Apply("actor { kind: CUSTOMER } opened { plan: 'gift' }");
  ASSERT_EQ(change.notes.size(), 1u);
  EXPECT_EQ(change.notes[0].flagged().detail(), "see the forum");
  EXPECT_EQ(change.notes[0].cause().rule(), "plans.gift");
}

TEST_F(FactsTest, the_plan_is_the_tickets_own_then_the_accounts_then_the_default) {
  account_.mutable_facts()->set_plan("gift");
  EXPECT_EQ(Apply("opened { plan: 'none' }").notes[0].flagged().reason(), "unknown_plan");
  EXPECT_EQ(facts_.plan(), "gold") << "the account is unknown";
  ResolvePlan(*policy_, &account_, "", &facts_);
  EXPECT_EQ(facts_.plan(), "gift");
  ResolvePlan(*policy_, &account_, "gold", &facts_);
  ResolvePlan(*policy_, &account_, "", &facts_);
  EXPECT_EQ(facts_.plan(), "gold") << "named by the ticket itself";
  facts_.set_plan("dropped");
  ResolvePlan(*policy_, &account_, "", &facts_);
  EXPECT_EQ(facts_.plan(), "gift") << "its own plan is in no policy any more";
  account_.mutable_facts()->set_plan("dropped");
  ResolvePlan(*policy_, &account_, "", &facts_);
  EXPECT_EQ(facts_.plan(), "gold");
}

TEST_F(FactsTest, each_workaround_lowers_the_severity_once) {
  Apply("actor { kind: CUSTOMER } opened {}");
  facts_.set_severity("urgent");
  Apply("workaround_recorded { workaround_id: 'w1' }");
  EXPECT_EQ(facts_.severity(), "high");
  facts_.set_severity("urgent");
  EXPECT_FALSE(Apply("workaround_recorded { workaround_id: 'w1' }").retarget);
  EXPECT_EQ(facts_.severity(), "urgent");
  facts_.set_severity("low");
  EXPECT_FALSE(Apply("workaround_recorded { workaround_id: 'w2' }").retarget);
  EXPECT_EQ(facts_.severity(), "low");
}

TEST_F(FactsTest, what_is_no_fact_changes_nothing) {
  const std::string before = facts_.SerializeAsString();
  EXPECT_EQ(Apply("tick {}").facts, 0u);
  EXPECT_EQ(facts_.SerializeAsString(), before);
  EXPECT_EQ(Apply("update_agreed { until { seconds: 7 } }").update_agreed, Instant::Seconds(7));
  EXPECT_STREQ(Apply("merged { into: 'T-2' }").ended, "merged");
}

}  // namespace
}  // namespace escalation
