#include "ops/simulate_command.h"

#include <CLI/CLI.hpp>
#include <fstream>
#include <memory>
#include <string>

#include "daemon/source/event_check.h"
#include "daemon/source/event_json.h"
#include "daemon/source/redactor.h"
#include "ops/history.h"
#include "ops/load_command.h"
#include "ops/option_form.h"
#include "state/base/text.h"

namespace escalation {
namespace {

// A history may hold published policies and calendars with their zones.
constexpr size_t kLineBytesMax = size_t{16} << 20;

constexpr char kFooter[] =
    R"(A history line is one event in JSON; its log time is written_at, else occurred_at:
  {"id":"e1","ticket_id":"T-1","occurred_at":"2026-03-10T23:00:00Z",
   "actor":{"id":"c7","kind":"customer"},"opened":{"plan":"gold","severity":"high"}}   (on one line)

Ticks come at exactly every due moment, as in a daemon without delay: due moments before a line's
log time fire before it, those at its log time after it. After the last line time runs on until
nothing is due, at most 400 days; with --until it stops there, and later lines are ignored.
Calendars come from the policy file, and texts are redacted as it says. A message may carry its
"text", an opening its "description": what they say is found, and they are dropped. No daemon, no store, no page.

Examples:
  escalationctl simulate --policy deploy/policies/example.yaml history.jsonl
  escalationctl simulate --policy new.yaml -o table history.jsonl | grep breached
  zcat march.jsonl.gz | escalationctl simulate --policy new.yaml --until 2026-04-01T00:00:00Z -
  escalationctl simulate --policy new.yaml --load deploy/loads/example.yaml

--load FILE invents the tickets instead, by arrivals per hour, kinds of tickets and times to answer,
and prints how many pages a night each route would get: quantiles over the nights (table or json).

Exit 0 done, 1 a line is wrong (named on stderr), 2 usage, 78 the policy is wrong.)";

struct Options {
  std::string policy;
  std::string history;
  std::string until;
  std::string load;
  bool form_given = false;
  OutputForm form = OutputForm::kJsonLines;
};

absl::Status AddLine(const std::string& line, const Redactor& redactor, History* history) {
  absl::StatusOr<v1::Event> event = EventFromJson(line, kLineBytesMax);
  if (!event.ok()) return event.status();
  if (absl::Status status = ValidateEvent(*event, Trust::kHistory); !status.ok()) return status;
  redactor.RedactEvent(&*event);
  return history->Add(*std::move(event));
}

int Fail(CommandContext& context, const std::string& where, const absl::Status& status) {
  context.err << where << ": " << status.message() << "\n";
  return kExitFailed;
}

int ReadHistory(const Options& options, std::istream& in, const Redactor& redactor,
                History* history, CommandContext& context) {
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty()) continue;
    if (absl::Status status = AddLine(line, redactor, history); !status.ok()) {
      return Fail(context, Cat(options.history, ":", number), status);
    }
  }
  if (in.bad()) {
    return Fail(context, options.history, absl::DataLossError("cannot be read to its end"));
  }
  const absl::Status status = history->Finish();
  return status.ok() ? kExitOk : Fail(context, options.history, status);
}

int Simulate(const Options& options, CommandContext& context) {
  if (options.load.empty() == options.history.empty() ||
      (!options.load.empty() && !options.until.empty())) {
    context.err
        << "escalationctl simulate: expected HISTORY.jsonl, or --load FILE without --until\n";
    return kExitUsage;
  }
  absl::StatusOr<LoadedPolicy> policy = LoadPolicyFile(options.policy);
  if (!policy.ok()) {
    context.err << policy.status().message() << "\n";
    return kExitConfig;
  }
  const absl::StatusOr<Redactor> redactor = Redactor::Create(policy->policy.redaction());
  if (!redactor.ok()) {
    context.err << options.policy << ": " << redactor.status().message() << "\n";
    return kExitConfig;
  }
  if (!options.load.empty()) {
    const OutputForm form = options.form_given ? options.form : OutputForm::kTable;
    return RunLoad(*policy, options.load, form, context);
  }
  DecisionOutput output(options.form, context.out);
  History history(*std::move(policy),
                  [&](const v1::Decision& decision) { output.Print(decision); });
  if (!options.until.empty()) {
    const absl::StatusOr<Instant> until = ParseInstant(options.until);
    if (!until.ok()) {
      context.err << "--until: " << until.status().message() << "\n";
      return kExitUsage;
    }
    history.StopAt(*until);
  }
  int code = kExitOk;
  if (options.history == "-") {
    code = ReadHistory(options, context.in, *redactor, &history, context);
  } else {
    std::ifstream file(options.history);
    if (!file) return Fail(context, options.history, absl::NotFoundError("cannot be opened"));
    code = ReadHistory(options, file, *redactor, &history, context);
  }
  output.Finish();
  return code;
}

}  // namespace

void AddSimulateCommand(CLI::App& app, CommandContext& context) {
  CLI::App* const command =
      app.add_subcommand("simulate", "Shows what a policy decides on a history");
  command->footer(kFooter);
  auto options = std::make_shared<Options>();
  command->add_option("--policy", options->policy, "Policy file (YAML)")
      ->required()
      ->option_text("FILE REQUIRED");
  command->add_option("--until", options->until, "Let time pass up to here")->option_text("TIME");
  AddFormOption(command, &options->form);
  command->add_option("--load", options->load, "Invent tickets as this file says")
      ->option_text("FILE");
  command->add_option("HISTORY.jsonl", options->history, "Events, one a line; - reads stdin")
      ->option_text(" ");
  command->callback([options, command, &context] {
    options->form_given = command->count("-o") > 0;
    context.exit_code = Simulate(*options, context);
  });
}

}  // namespace escalation
