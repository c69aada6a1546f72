// Whatever providers, the log and SIGKILL do: every page is delivered or reported, nothing leaves
// early, twice at the same time, or after its close, and what was opened is closed.

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "tests/daemon/deliver/dispatch_world.h"

namespace escalation {
namespace {

TEST(DispatchProperty, every_promise_is_kept_whatever_fails) {
  // One that failed can be tried again.
  const char* const only = std::getenv("ESCALATION_SEED");
  const uint64_t first = only == nullptr ? 1 : std::strtoull(only, nullptr, 10);
  const uint64_t last = only == nullptr ? 150 : first;
  DispatchWorld::Counts all;
  for (uint64_t seed = first; seed <= last; ++seed) {
    DispatchWorld world(seed);
    world.Run();
    for (const std::string& problem : world.problems()) {
      ADD_FAILURE() << "ESCALATION_SEED=" << seed << " " << problem;
    }
    all.pages += world.counts().pages;
    all.deaths += world.counts().deaths;
    all.digests += world.counts().digests;
    all.renewals += world.counts().renewals;
    all.lost_outcomes += world.counts().lost_outcomes;
    if (HasFailure()) break;
  }
  if (only != nullptr) return;
  // A world in which nothing goes wrong proves nothing.
  EXPECT_GT(all.pages, 10'000);
  EXPECT_GT(all.deaths, 500);
  EXPECT_GT(all.digests, 300);
  EXPECT_GT(all.renewals, 500);
  EXPECT_GT(all.lost_outcomes, 500);
}

}  // namespace
}  // namespace escalation
