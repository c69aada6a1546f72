// Who takes part: addresses in whatever form people write them.

#include "state/ticket/intake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace escalation {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class IntakeTest : public ::testing::Test {
 protected:
  IntakeTest() {
    v1::Policy policy;
    policy.mutable_intake()->set_known_participants(true);
    strict_ = std::make_unique<CompiledPolicy>(policy);
    open_ = std::make_unique<CompiledPolicy>(v1::Policy());
    for (const char* login : {"Ann@Acme.example", "bob@acme.example"}) {
      account_.mutable_facts()->add_logins(login);
    }
  }

  static WordList List(const std::vector<std::string>& words) {
    return {words.begin(), words.end()};
  }
  std::vector<std::string> Rejected(const v1::AccountState* account,
                                    const std::vector<std::string>& people) {
    FactChange change;
    AddParticipants(*strict_, account, List(people), &facts_, &change);
    std::vector<std::string> rejected;
    for (const v1::Decision& note : change.notes) {
      EXPECT_EQ(note.cause().rule(), "intake.participants");
      rejected.push_back(note.participant_rejected().address());
    }
    return rejected;
  }

  std::unique_ptr<CompiledPolicy> strict_;
  std::unique_ptr<CompiledPolicy> open_;
  v1::AccountState account_;
  v1::TicketFacts facts_;
};

TEST_F(IntakeTest, addresses_stand_between_any_spaces) {
  FactChange change;
  AddParticipants(*open_, nullptr, List({" a\t b \n", "", "   ", "c", "b a"}), &facts_, &change);
  EXPECT_THAT(facts_.participants(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(change.notes, IsEmpty());
}

TEST_F(IntakeTest, a_login_is_known_however_it_is_spelt) {
  EXPECT_THAT(Rejected(&account_, {"ANN@acme.EXAMPLE bob@acme.example ann@acme.example"}),
              IsEmpty());
  EXPECT_THAT(facts_.participants(), ElementsAre("Ann@Acme.example", "bob@acme.example"));
  RemoveParticipants(List({"ann@ACME.example nobody"}), &facts_);
  EXPECT_THAT(facts_.participants(), ElementsAre("bob@acme.example"));
}

TEST_F(IntakeTest, what_only_begins_or_ends_like_a_login_is_none) {
  EXPECT_THAT(
      Rejected(&account_, {"bob@acme.example.evil bob@acme.exampl b", "b", "bob@acme.example,"}),
      ElementsAre("bob@acme.example.evil", "bob@acme.exampl", "b", "bob@acme.example,"));
  EXPECT_THAT(facts_.participants(), IsEmpty());
}

TEST_F(IntakeTest, an_account_that_is_not_known_has_no_logins) {
  EXPECT_THAT(Rejected(nullptr, {"bob@acme.example"}), ElementsAre("bob@acme.example"));
  EXPECT_THAT(facts_.participants(), IsEmpty());
}

TEST_F(IntakeTest, only_letters_have_a_case) {
  // '@' and '`', '[' and '{' differ by the same bit as upper and lower case.
  account_.mutable_facts()->add_logins("a[b");
  EXPECT_THAT(Rejected(&account_, {"a{b A[B"}), ElementsAre("a{b"));
}

}  // namespace
}  // namespace escalation
