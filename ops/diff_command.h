// ops/diff_command.h
//
// The part of `escalationctl replay` behind --diff: compares the two foldings and prints what
// differs.
//
//   Input       a log, what is changed, how to print it
//   Output      on `out` the chosen form: lines with "- " and "+ " (and counts on `err`) where none
//               is chosen; a page where one is asked for
//   Errors      exit 1: the condition holds, or the page cannot be written. Others: as what_if.h
//   Threads     one command runs at a time
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ops/command.h"
#include "ops/decision_diff.h"
#include "ops/decision_output.h"
#include "ops/progress_bar.h"
#include "ops/what_if.h"

namespace escalation {

struct DiffOutput {
  std::optional<OutputForm> form;
  // Empty: none.
  std::string html;
  std::string fail_if;
};

// Decisions of the change's tenant only. kNotFound: the log holds nothing of this tenant.
absl::StatusOr<DecisionDiff> CompareFoldings(const Log& log,
                                             const std::vector<Partition>& partitions,
                                             const WhatIfChange& change, ProgressBar& progress);

// kInvalidArgument: a condition that could never be answered, before a long folding.
absl::Status CheckCondition(const std::string& condition, const WhatIfChange& change);

// The exit code.
int PrintDiff(DecisionDiff& diff, const WhatIfChange& change, const DiffOutput& output,
              CommandContext& context);

}  // namespace escalation
