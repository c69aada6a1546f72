#include "daemon/redactor_table.h"

#include <gtest/gtest.h>

#include <string>

#include "escalation/v1/state.pb.h"
#include "state/partition/keys.h"
#include "state/store/memory_store.h"

namespace escalation {
namespace {

v1::Policy PolicyOf(const std::string& tenant, int64_t revision, const std::string& pattern) {
  v1::Policy policy;
  policy.set_tenant(tenant);
  policy.set_revision(revision);
  if (!pattern.empty()) policy.mutable_redaction()->add_patterns(pattern);
  return policy;
}

std::string Redacted(const RedactorTable& table, const std::string& tenant) {
  const std::shared_ptr<const Redactor> redactor = table.Of(tenant);
  return redactor == nullptr ? "none" : redactor->Redact("one two");
}

TEST(RedactorTable, each_tenant_has_that_of_its_highest_revision) {
  RedactorTable table;
  EXPECT_EQ(Redacted(table, "a"), "none");
  table.Set(PolicyOf("a", 2, "one"));
  table.Set(PolicyOf("b", 1, "two"));
  EXPECT_EQ(Redacted(table, "a"), "[redacted] two");
  EXPECT_EQ(Redacted(table, "b"), "one [redacted]");
  table.Set(PolicyOf("a", 2, "two"));
  table.Set(PolicyOf("a", 1, "two"));
  EXPECT_EQ(Redacted(table, "a"), "[redacted] two") << "the fold refuses these";
  table.Set(PolicyOf("a", 3, ""));
  EXPECT_EQ(Redacted(table, "a"), "none");
}

TEST(RedactorTable, a_redactor_in_use_stays_whole) {
  RedactorTable table;
  table.Set(PolicyOf("a", 1, "one"));
  const std::shared_ptr<const Redactor> before = table.Of("a");
  table.Set(PolicyOf("a", 2, "two"));
  EXPECT_EQ(before->Redact("one two"), "[redacted] two");
}

TEST(RedactorTable, a_pattern_that_is_none_takes_no_other_with_it) {
  RedactorTable table;
  v1::Policy policy = PolicyOf("a", 1, "one(");
  policy.mutable_redaction()->add_patterns("two");
  table.Set(policy);
  EXPECT_EQ(Redacted(table, "a"), "one [redacted]");
}

TEST(RedactorTable, takes_what_the_committed_state_has_in_force) {
  MemoryStore store;
  RedactorTable table;
  table.TakeInForce(store, "a");
  EXPECT_EQ(Redacted(table, "a"), "none");
  v1::TenantState tenant;
  tenant.set_tenant("a");
  Turn turn;
  for (const int64_t revision : {1, 2}) {
    tenant.add_policy_revisions(revision);
    turn.writes.push_back(
        {keys::Policy("a", revision),
         PolicyOf("a", revision, revision == 2 ? "two" : "one").SerializeAsString()});
  }
  turn.writes.push_back({keys::Tenant("a"), tenant.SerializeAsString()});
  ASSERT_TRUE(store.Commit(turn).ok());
  table.TakeInForce(store, "a");
  EXPECT_EQ(Redacted(table, "a"), "one [redacted]");
}

}  // namespace
}  // namespace escalation
