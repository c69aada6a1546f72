#include "state/calendar/open_table.h"

#include <gtest/gtest.h>

namespace escalation {
namespace {

// Sums over all stretches, second by second of the bounds.
int64_t AccruedPlainly(const std::vector<Stretch>& stretches, int64_t t_ms) {
  int64_t sum_ms = 0;
  for (const Stretch s : stretches) {
    sum_ms += std::max<int64_t>(0, std::min(t_ms, s.to_s * 1000) - s.from_s * 1000);
  }
  return sum_ms;
}

struct Form {
  const char* name;
  std::vector<Stretch> stretches;
};

std::vector<Stretch> Every(int64_t period_s, int64_t open_s, int64_t begin_s, int64_t end_s) {
  std::vector<Stretch> out;
  for (int64_t at = begin_s; at < end_s; at += period_s) {
    out.push_back({at, std::min(at + open_s, end_s)});
  }
  return out;
}

TEST(OpenTable, every_edge_is_exact_in_every_form) {
  constexpr int64_t kFrom_s = 1'000'003;
  constexpr int64_t kTo_s = kFrom_s + 3'000'000;
  const Form forms[] = {
      {"closed", {}},
      {"open", {{kFrom_s, kTo_s}}},
      {"one second", {{kFrom_s + 65'535, kFrom_s + 65'536}}},
      {"the bucket's edges", {{kFrom_s + 65'536, kFrom_s + 131'072}, {kTo_s - 1, kTo_s}}},
      {"days", Every(86'400, 28'800, kFrom_s + 100, kTo_s)},
      {"hours", Every(3600, 1800, kFrom_s, kTo_s)},
      {"minutes", Every(60, 59, kFrom_s + 1, kTo_s)},
      // Seconds here and there, and a crowd that no bucket of a fitting size holds.
      {"a crowd", Every(2, 1, kFrom_s + 500'000, kFrom_s + 500'100)},
      {"a crowd among days",
       [] {
         std::vector<Stretch> out = Every(86'400, 28'800, kFrom_s, kFrom_s + 864'000);
         for (const Stretch s : Every(3, 2, kFrom_s + 864'000, kFrom_s + 864'300)) out.push_back(s);
         return out;
       }()},
  };
  for (const Form& form : forms) {
    SCOPED_TRACE(form.name);
    const OpenTable table(form.stretches, kFrom_s, kTo_s);
    EXPECT_FALSE(table.Holds(kFrom_s * 1000 - 1));
    EXPECT_TRUE(table.Holds(kFrom_s * 1000));
    EXPECT_TRUE(table.Holds(kTo_s * 1000 - 1));
    EXPECT_FALSE(table.Holds(kTo_s * 1000));
    EXPECT_EQ(table.total_ms(), AccruedPlainly(form.stretches, kTo_s * 1000));
    std::vector<int64_t> moments = {kFrom_s * 1000, kTo_s * 1000 - 1};
    for (size_t i = 0; i < form.stretches.size(); i += 1 + form.stretches.size() / 97) {
      for (const int64_t edge_s : {form.stretches[i].from_s, form.stretches[i].to_s}) {
        for (const int64_t step_ms : {-1000, -1, 0, 1, 500, 1000}) {
          moments.push_back(edge_s * 1000 + step_ms);
        }
      }
    }
    for (const int64_t t_ms : moments) {
      if (!table.Holds(t_ms)) continue;
      const int64_t accrued_ms = AccruedPlainly(form.stretches, t_ms);
      ASSERT_EQ(table.Accrued(t_ms), accrued_ms) << t_ms;
      ASSERT_EQ(table.IsOpen(t_ms), AccruedPlainly(form.stretches, t_ms + 1) > accrued_ms) << t_ms;
      if (accrued_ms > 0) {
        const int64_t earliest_ms = table.Earliest(accrued_ms);
        ASSERT_EQ(AccruedPlainly(form.stretches, earliest_ms), accrued_ms) << t_ms;
        ASSERT_LT(AccruedPlainly(form.stretches, earliest_ms - 1), accrued_ms) << t_ms;
      }
      if (accrued_ms < table.total_ms()) {
        const int64_t latest_ms = table.Latest(accrued_ms);
        ASSERT_EQ(AccruedPlainly(form.stretches, latest_ms), accrued_ms) << t_ms;
        ASSERT_GT(AccruedPlainly(form.stretches, latest_ms + 1), accrued_ms) << t_ms;
      }
    }
  }
}

}  // namespace
}  // namespace escalation
