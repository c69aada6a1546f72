#include "ops/figure_condition.h"

#include <gtest/gtest.h>

#include <string>

namespace escalation {
namespace {

const Figures kFigures = {{"pages.added", 11}, {"pages.removed", 0}, {"pages.hour.3.added", 2}};

struct Row {
  int line;
  const char* condition;
  bool holds;
};
constexpr Row kRows[] = {
    {__LINE__, "pages.added > 10", true},
    {__LINE__, "pages.added > 11", false},
    {__LINE__, "pages.added>=11", true},
    {__LINE__, "pages.added < 11", false},
    {__LINE__, "pages.added <= 11", true},
    {__LINE__, "pages.removed == 0", true},
    {__LINE__, "pages.removed != 0", false},
    {__LINE__, "pages.removed > -1", true},
    {__LINE__, "pages.removed > 0 or pages.hour.3.added == 2", true},
    {__LINE__, "pages.removed > 0 and pages.hour.3.added == 2", false},
    {__LINE__, "pages.added > 0 or pages.added > 0 and pages.removed > 0", true},
    {__LINE__, "(pages.added > 0 or pages.added > 0) and pages.removed > 0", false},
};

TEST(FigureCondition, holds_or_not) {
  for (const Row& row : kRows) {
    const absl::StatusOr<bool> holds = Holds(row.condition, kFigures);
    ASSERT_TRUE(holds.ok()) << "row of line " << row.line << ": " << holds.status();
    EXPECT_EQ(*holds, row.holds) << "row of line " << row.line;
  }
}

struct Mistake {
  int line;
  const char* condition;
  const char* message;
};
constexpr Mistake kMistakes[] = {
    {__LINE__, "", "expected the name of a figure, got the end at 1"},
    {__LINE__, "pages.added", "expected one of > >= < <= == !=, got the end"},
    {__LINE__, "pages.added > many", "expected a whole number, got \"many\" at 15"},
    {__LINE__, "pages.added > 1.5", "expected a whole number, got \"1.5\""},
    {__LINE__, "pages.added = 1", "expected one of > >= < <= == !=, got \"=\""},
    {__LINE__, "pages.added > 1 pages.added > 2", "expected and, or, or the end"},
    {__LINE__, "(pages.added > 1", "expected ), got the end"},
    {__LINE__, "pages.aded > 1", "there is no figure \"pages.aded\""},
    {__LINE__, "pages.aded > 1", "there are pages.added, pages.hour.3.added, pages.removed"},
    {__LINE__, "pages.added > 99999999999999999999", "expected a whole number"},
};

TEST(FigureCondition, mistakes_are_named) {
  for (const Mistake& mistake : kMistakes) {
    const absl::StatusOr<bool> holds = Holds(mistake.condition, kFigures);
    ASSERT_EQ(holds.status().code(), absl::StatusCode::kInvalidArgument)
        << "row of line " << mistake.line;
    EXPECT_NE(std::string(holds.status().message()).find(mistake.message), std::string::npos)
        << "row of line " << mistake.line << ": " << holds.status();
  }
  EXPECT_FALSE(Holds(std::string(100'000, '('), kFigures).ok()) << "depth is bounded";
}

}  // namespace
}  // namespace escalation
