#include "ops/replay_command.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "daemon/log/open_log.h"
#include "ops/decision_diff.h"
#include "ops/option_form.h"
#include "ops/replay.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr char kFooter[] = R"(Without more options: the decisions that the log folds to, one a line.
--verify compares them with those that were published, byte by byte.
--policy FILE folds the log under another policy; with --diff it prints what changes:
"- " only as it was, "+ " only under the new policy. Ticks come when they came.

Examples:
  escalationctl replay --log embedded:/var/lib/escalationd/log --verify
  escalationctl replay --log archive:/backup/2026-Q3 --policy new.yaml --diff
  escalationctl replay --log embedded:/var/lib/escalationd/log | jq 'select(.page_requested)'

Exit 0 done, 1 the log is damaged or folds differently, 2 usage, 78 the policy is wrong.)";

struct Options {
  std::string log;
  std::string policy;
  int partition = -1;
  bool diff = false;
  bool verify = false;
  OutputForm form = OutputForm::kJsonLines;
};

// One line that is written over and over, for people only.
ReplayProgress ProgressOn(std::ostream& err) {
  if (&err != &std::cerr || isatty(STDERR_FILENO) == 0) return [](int64_t, int64_t) {};
  return [&err](int64_t records, int64_t of) {
    err << "\r" << records << " of " << of << " records" << (records >= of ? "\n" : "")
        << std::flush;
  };
}

class Replay {
 public:
  Replay(const Options& options, const Log& log, const LoadedPolicy& policy,
         CommandContext& context)
      : options_(options),
        log_(log),
        policy_(policy),
        context_(context),
        progress_(ProgressOn(context.err)) {}

  absl::Status Run(Partition partition) {
    if (options_.verify) return Verify(partition);
    return options_.diff ? Diff(partition) : Print(partition);
  }

 private:
  absl::Status Verify(Partition partition) {
    const absl::StatusOr<VerifyCounts> counts = VerifyDecisions(log_, partition, progress_);
    if (!counts.ok()) return counts.status();
    const int64_t decisions = counts->replayed.decisions;
    context_.out << "partition " << partition.value << ": " << counts->replayed.records
                 << " records fold to " << decisions << " decisions; the " << counts->published
                 << " that were published are the same";
    const int64_t rest = decisions - static_cast<int64_t>(counts->published);
    if (rest > 0) context_.out << ", " << rest << " are not published yet";
    context_.out << "\n";
    return absl::OkStatus();
  }

  absl::Status Print(Partition partition) {
    DecisionOutput output(options_.form, context_.out);
    const auto print = [&](const v1::Decision& decision) {
      output.Print(decision);
      return absl::OkStatus();
    };
    const absl::StatusOr<ReplayCounts> counts =
        options_.policy.empty() ? ReplayLog(log_, partition, print, progress_)
                                : ReplayUnderPolicy(log_, partition, policy_, print, progress_);
    output.Finish();
    return counts.status();
  }

  absl::Status Diff(Partition partition) {
    DecisionDiff diff;
    const auto before = [&](const v1::Decision& decision) {
      diff.AddBefore(decision);
      return absl::OkStatus();
    };
    const auto after = [&](const v1::Decision& decision) {
      diff.AddAfter(decision);
      return absl::OkStatus();
    };
    const auto was = ReplayLog(log_, partition, before, progress_);
    if (!was.ok()) return was.status();
    const auto is = ReplayUnderPolicy(log_, partition, policy_, after, progress_);
    if (!is.ok()) return is.status();
    diff.PrintLines(context_.out);
    diff.PrintCounts(context_.err);
    return absl::OkStatus();
  }

  const Options& options_;
  const Log& log_;
  const LoadedPolicy& policy_;
  CommandContext& context_;
  const ReplayProgress progress_;
};

int RunReplay(const Options& options, CommandContext& context) {
  const auto fail = [&](const std::string& message, int code) {
    context.err << "escalationctl replay: " << message << "\n";
    return code;
  };
  if (options.diff && options.policy.empty()) {
    return fail("--diff needs --policy FILE, the policy to compare with", kExitUsage);
  }
  if (options.verify && !options.policy.empty()) {
    return fail("--verify compares with what was published; it takes no --policy", kExitUsage);
  }
  LoadedPolicy policy;
  if (!options.policy.empty()) {
    absl::StatusOr<LoadedPolicy> loaded = LoadPolicyFile(options.policy);
    if (!loaded.ok()) {
      context.err << loaded.status().message() << "\n";
      return kExitConfig;
    }
    policy = *std::move(loaded);
  }
  EmbeddedLogOptions access;
  access.access = Access::kReadOnly;
  const absl::StatusOr<std::unique_ptr<Log>> log = OpenLog(options.log, access);
  if (!log.ok()) return fail(std::string(log.status().message()), kExitFailed);
  if (options.partition >= (*log)->partitions()) {
    return fail(
        Cat("there is no partition ", options.partition, ", the log has ", (*log)->partitions()),
        kExitFailed);
  }
  Replay replay(options, **log, policy, context);
  for (int partition = 0; partition < (*log)->partitions(); ++partition) {
    if (options.partition >= 0 && options.partition != partition) continue;
    if (absl::Status status = replay.Run(Partition{partition}); !status.ok()) {
      return fail(std::string(status.message()), kExitFailed);
    }
  }
  return kExitOk;
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
  command->add_flag("--diff", options->diff, "Print what the policy changes");
  AddFormOption(command, &options->form);
  command->callback([options, &context] { context.exit_code = RunReplay(*options, context); });
}

}  // namespace escalation
