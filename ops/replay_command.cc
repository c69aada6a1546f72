#include "ops/replay_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/log/open_log.h"
#include "ops/diff_command.h"
#include "ops/option_form.h"
#include "ops/progress_bar.h"
#include "ops/replay.h"
#include "ops/what_if.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr char kFooter[] = R"(Without more options: the decisions that the log folds to, one a line.
--verify compares them with those that were published, byte by byte, and every published hash.
--policy FILE folds the log under another policy, --calendar FILE with the calendars of another
policy file. With --diff it prints what that changes: "- " only as it was, "+ " only then; as table,
json or jsonl with -o, as a page with --html. Ticks come when they came, and where only the change
makes something due.

--fail-if takes comparisons of figures, with and, or and parentheses; -o json shows all figures.

Examples:
  escalationctl replay --log embedded:/var/lib/escalationd/log --verify
  escalationctl replay --log archive:/backup/2026-Q3 --policy new.yaml --diff -o table
  escalationctl replay --log archive:/backup/2026-Q3 --policy new.yaml --diff --html diff.html \
      --fail-if 'pages.added > 10 or pages.hour.3.added > 0'
  escalationctl replay --log archive:/backup/2026-Q3 --calendar new.yaml --diff -o table
  escalationctl replay --log embedded:/var/lib/escalationd/log | jq 'select(.page_requested)'

Exit 0 done, 1 the log is damaged or folds differently or --fail-if holds, 2 usage, 78 the policy is
wrong.)";

struct Options {
  std::string log;
  std::string policy;
  std::string calendar;
  int partition = -1;
  bool diff = false;
  bool verify = false;
  bool form_given = false;
  OutputForm form = OutputForm::kJsonLines;
  std::string html;
  std::string fail_if;
};

// What was found about a partition; a thread of its own may fill it in.
struct Finding {
  absl::Status status;
  VerifyCounts counts;
};

class Replay {
 public:
  Replay(const Options& options, const Log& log, std::vector<Partition> partitions,
         CommandContext& context)
      : options_(options), log_(log), partitions_(std::move(partitions)), context_(context) {}

  absl::Status Verify() {
    ProgressBar progress(context_.err, Records());
    std::vector<Finding> findings(partitions_.size());
    std::atomic<size_t> next = 0;
    const auto work = [&] {
      for (size_t i = next++; i < partitions_.size(); i = next++) {
        absl::StatusOr<VerifyCounts> counts =
            VerifyDecisions(log_, partitions_[i], progress.Part());
        findings[i].status = counts.status();
        if (counts.ok()) findings[i].counts = *counts;
      }
    };
    const size_t threads = std::clamp<size_t>(std::thread::hardware_concurrency(), 1,
                                              std::max<size_t>(partitions_.size(), 1));
    std::vector<std::thread> others;
    for (size_t i = 1; i < threads; ++i) others.emplace_back(work);
    work();
    for (std::thread& thread : others) thread.join();
    for (size_t i = 0; i < findings.size(); ++i) {
      if (!findings[i].status.ok()) return findings[i].status;
      PrintFinding(partitions_[i], findings[i].counts);
    }
    return absl::OkStatus();
  }

  absl::Status Print(const std::optional<WhatIfChange>& change) {
    ProgressBar progress(context_.err, Records());
    DecisionOutput output(options_.form, context_.out);
    for (const Partition partition : partitions_) {
      const absl::Status status = change
                                      ? PrintChanged(partition, *change, &output, progress.Part())
                                      : PrintOne(partition, &output, progress.Part());
      if (!status.ok()) return status;
    }
    output.Finish();
    return absl::OkStatus();
  }

  absl::StatusOr<DecisionDiff> Diff(const WhatIfChange& change) {
    ProgressBar progress(context_.err, Records());
    return CompareFoldings(log_, partitions_, change, progress);
  }

 private:
  int64_t Records() const {
    int64_t records = 0;
    for (const Partition partition : partitions_) {
      const absl::StatusOr<Offset> end = log_.End(partition);
      if (end.ok()) records += end->value;
    }
    return records;
  }

  void PrintFinding(Partition partition, const VerifyCounts& counts) {
    const int64_t decisions = counts.replayed.decisions;
    context_.out << "partition " << partition.value << ": " << counts.replayed.records
                 << " records fold to " << decisions << " decisions; the "
                 << static_cast<int64_t>(counts.published) - counts.trimmed
                 << " that were published are the same";
    const int64_t rest = decisions - static_cast<int64_t>(counts.published);
    if (rest > 0) context_.out << ", " << rest << " are not published yet";
    if (counts.trimmed > 0) context_.out << ", " << counts.trimmed << " are not kept any more";
    if (counts.hashes > 0) context_.out << ", " << counts.hashes << " published hashes agree";
    context_.out << "\n";
  }

  absl::Status PrintOne(Partition partition, DecisionOutput* output,
                        const ReplayProgress& progress) {
    const auto print = [&](const v1::Decision& decision) {
      output->Print(decision);
      return absl::OkStatus();
    };
    return ReplayLog(log_, partition, print, progress).status();
  }

  absl::Status PrintChanged(Partition partition, const WhatIfChange& change, DecisionOutput* output,
                            const ReplayProgress& progress) {
    const auto print = [&](const WhatIfBatch& batch) {
      for (const v1::Decision& decision : batch.after) output->Print(decision);
      return absl::OkStatus();
    };
    return ReplayWhatIf(log_, partition, change, print, progress).status();
  }

  const Options& options_;
  const Log& log_;
  const std::vector<Partition> partitions_;
  CommandContext& context_;
};

int Fail(CommandContext& context, const std::string& message, int code) {
  context.err << "escalationctl replay: " << message << "\n";
  return code;
}

// Empty: the options go together.
std::string WrongUse(const Options& options) {
  const bool changed = !options.policy.empty() || !options.calendar.empty();
  if (!options.policy.empty() && !options.calendar.empty()) {
    return "--policy brings its own calendars; it takes no --calendar";
  }
  if (options.diff && !changed) {
    return "--diff needs --policy FILE or --calendar FILE, to compare with";
  }
  if (options.verify && changed) {
    return "--verify compares with what was published; it takes no --policy and no --calendar";
  }
  if (!options.diff && !(options.html.empty() && options.fail_if.empty())) {
    return "--html and --fail-if need --diff";
  }
  return "";
}

absl::StatusOr<std::vector<Partition>> ChosenPartitions(const Log& log, int only) {
  if (only >= log.partitions()) {
    return absl::NotFoundError(
        Cat("there is no partition ", only, ", the log has ", log.partitions()));
  }
  std::vector<Partition> partitions;
  for (int i = 0; i < log.partitions(); ++i) {
    if (only < 0 || only == i) partitions.push_back({i});
  }
  return partitions;
}

int RunOnLog(const Options& options, const std::optional<WhatIfChange>& change,
             CommandContext& context) {
  EmbeddedLogOptions access;
  access.access = Access::kReadOnly;
  const absl::StatusOr<std::unique_ptr<Log>> log = OpenLog(options.log, access);
  if (!log.ok()) return Fail(context, std::string(log.status().message()), kExitFailed);
  auto partitions = ChosenPartitions(**log, options.partition);
  if (!partitions.ok()) {
    return Fail(context, std::string(partitions.status().message()), kExitFailed);
  }
  Replay replay(options, **log, *std::move(partitions), context);
  if (!options.diff) {
    const absl::Status status = options.verify ? replay.Verify() : replay.Print(change);
    return status.ok() ? kExitOk : Fail(context, std::string(status.message()), kExitFailed);
  }
  absl::StatusOr<DecisionDiff> diff = replay.Diff(*change);
  if (!diff.ok()) return Fail(context, std::string(diff.status().message()), kExitFailed);
  const DiffOutput output{options.form_given ? std::optional(options.form) : std::nullopt,
                          options.html, options.fail_if};
  return PrintDiff(*diff, *change, output, context);
}

int RunReplay(const Options& options, CommandContext& context) {
  const std::string wrong = WrongUse(options);
  if (!wrong.empty()) return Fail(context, wrong, kExitUsage);
  std::optional<WhatIfChange> change;
  const std::string& file = options.policy.empty() ? options.calendar : options.policy;
  if (!file.empty()) {
    absl::StatusOr<LoadedPolicy> loaded = LoadPolicyFile(file);
    if (!loaded.ok()) {
      context.err << loaded.status().message() << "\n";
      return kExitConfig;
    }
    const auto kind =
        options.policy.empty() ? WhatIfChange::Kind::kCalendars : WhatIfChange::Kind::kPolicy;
    change = WhatIfChange{kind, *std::move(loaded)};
  }
  if (!options.fail_if.empty()) {
    const absl::Status status = CheckCondition(options.fail_if, *change);
    if (!status.ok())
      return Fail(context, Cat("--fail-if ", std::string(status.message())), kExitUsage);
  }
  return RunOnLog(options, change, context);
}

}  // namespace

void AddReplayCommand(CLI::App& app, CommandContext& context) {
  CLI::App* const command = app.add_subcommand("replay", "Folds a log again: audit and what-if");
  command->footer(kFooter);
  auto options = std::make_shared<Options>();
  command->add_option("--log", options->log, "embedded:DIR, archive:DIR or kafka://BROKERS/TOPIC")
      ->required()
      ->option_text("URI REQUIRED");
  command->add_option("--partition", options->partition, "Only this one")
      ->check(CLI::NonNegativeNumber)
      ->option_text("N");
  command->add_flag("--verify", options->verify, "Compare with what was published");
  command->add_option("--policy", options->policy, "Fold under this policy")->option_text("FILE");
  command
      ->add_option("--calendar", options->calendar, "Fold with the calendars of this policy file")
      ->option_text("FILE");
  command->add_flag("--diff", options->diff, "Print what the policy or the calendars change");
  command->add_option("--html", options->html, "Write the difference as a page")
      ->option_text("FILE");
  command->add_option("--fail-if", options->fail_if, "Exit 1 if this holds for the difference")
      ->option_text("CONDITION");
  AddFormOption(command, &options->form);
  command->callback([options, command, &context] {
    options->form_given = command->count("-o") > 0;
    context.exit_code = RunReplay(*options, context);
  });
}

}  // namespace escalation
