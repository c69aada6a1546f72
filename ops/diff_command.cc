#include "ops/diff_command.h"

#include <set>

#include "ops/diff_report.h"
#include "state/base/text.h"

namespace escalation {
namespace {

// In which people read hours and weekdays.
absl::StatusOr<Zone> DisplayZone(const LoadedPolicy& policy) {
  for (const v1::ZoneDefinition& zone : policy.calendars.zones()) {
    if (zone.name() == policy.policy.display_zone()) return Zone::Make(zone);
  }
  return Zone::Utc();
}

std::string Joined(const std::set<std::string>& names) {
  std::string text;
  for (const std::string& name : names) CatTo(&text, text.empty() ? "" : ", ", name);
  return text.empty() ? "none" : text;
}

}  // namespace

absl::StatusOr<DecisionDiff> CompareFoldings(const Log& log,
                                             const std::vector<Partition>& partitions,
                                             const WhatIfChange& change, ProgressBar& progress) {
  const absl::StatusOr<Zone> zone = DisplayZone(change.policy);
  if (!zone.ok()) return zone.status();
  const std::string& tenant = change.policy.policy.tenant();
  DecisionDiff diff(*zone);
  std::set<std::string> tenants;
  const auto compare = [&](const WhatIfBatch& batch) {
    for (const v1::Decision& decision : batch.before) {
      if (decision.tenant() == tenant) diff.AddBefore(decision);
    }
    for (const v1::Decision& decision : batch.after) {
      if (decision.tenant() == tenant) diff.AddAfter(decision);
    }
    diff.Settle();
    return absl::OkStatus();
  };
  for (const Partition partition : partitions) {
    absl::StatusOr<WhatIfCounts> counts =
        ReplayWhatIf(log, partition, change, compare, progress.Part());
    if (!counts.ok()) return counts.status();
    tenants.merge(counts->tenants);
  }
  if (tenants.count(tenant) == 0) {
    return absl::NotFoundError(Cat("the log holds nothing of the policy's tenant \"", tenant,
                                   "\"; its tenants: ", Joined(tenants)));
  }
  return diff;
}

absl::Status CheckCondition(const std::string& condition, const WhatIfChange& change) {
  return Holds(condition, FiguresOf(DiffSummary(), change.policy.policy)).status();
}

int PrintDiff(DecisionDiff& diff, const WhatIfChange& change, const DiffOutput& output,
              CommandContext& context) {
  const DiffSummary summary = diff.Summary();
  const Figures figures = FiguresOf(summary, change.policy.policy);
  if (!output.form) {
    diff.PrintLines(context.out);
    diff.PrintCounts(context.err);
  } else if (*output.form == OutputForm::kTable) {
    PrintDiffTable(summary, context.out);
  } else if (*output.form == OutputForm::kJson) {
    PrintDiffJson(summary, figures, context.out);
  } else {
    diff.PrintJsonLines(context.out);
  }
  if (summary.unlisted > 0) {
    context.err << "escalationctl replay: " << summary.unlisted
                << " more decisions changed than are listed; the figures count all of them\n";
  }
  if (!output.html.empty()) {
    const char* const what =
        change.kind == WhatIfChange::Kind::kPolicy ? "policy " : "the calendars of policy ";
    const HtmlPage page =
        DiffPage(summary, Cat("What would change under ", what, change.policy.policy.name(),
                              " revision ", change.policy.policy.revision()));
    if (absl::Status status = page.WriteTo(output.html); !status.ok()) {
      context.err << "escalationctl replay: " << status.message() << "\n";
      return kExitFailed;
    }
  }
  if (output.fail_if.empty()) return kExitOk;
  const absl::StatusOr<bool> holds = Holds(output.fail_if, figures);
  if (holds.ok() && !*holds) return kExitOk;
  context.err << "escalationctl replay: "
              << (holds.ok() ? Cat("it holds that ", output.fail_if)
                             : Cat("--fail-if ", std::string(holds.status().message())))
              << "\n";
  return kExitFailed;
}

}  // namespace escalation
