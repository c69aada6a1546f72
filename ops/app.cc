#include "ops/app.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "ops/archive_command.h"
#include "ops/calendar_command.h"
#include "ops/check_command.h"
#include "ops/dead_letters_command.h"
#include "ops/explain_command.h"
#include "ops/import_command.h"
#include "ops/log_command.h"
#include "ops/map_command.h"
#include "ops/mute_command.h"
#include "ops/page_command.h"
#include "ops/policy_command.h"
#include "ops/receiver_command.h"
#include "ops/redact_command.h"
#include "ops/replay_command.h"
#include "ops/report_command.h"
#include "ops/simulate_command.h"
#include "ops/tickets_command.h"

namespace escalation {
namespace {

constexpr char kFooter[] = R"(Examples:
  escalationctl check deploy/policies/example.yaml
  escalationctl simulate --policy deploy/policies/example.yaml history.jsonl
  escalationctl calendar add 2026-12-24T16:00 4h --in office --file deploy/policies/example.yaml
  escalationctl explain T-1 --clock first_reply
  escalationctl replay --log embedded:/var/lib/escalationd/log --verify

Data goes to stdout, notices to stderr. Exit codes: 0 ok, 1 failed, 2 wrong usage, 78 wrong
configuration. `escalationctl COMMAND --help` explains one command.)";

void AddCommands(CLI::App& app, CommandContext& context) {
  AddCheckCommand(app, context);
  AddSimulateCommand(app, context);
  AddReplayCommand(app, context);
  AddReportCommand(app, context);
  AddExplainCommand(app, context);
  AddTicketsCommands(app, context);
  AddPageCommand(app, context);
  AddMuteCommand(app, context);
  AddDeadLettersCommand(app, context);
  AddPolicyCommand(app, context);
  AddCalendarCommand(app, context);
  AddArchiveCommand(app, context);
  AddMapCommand(app, context);
  AddImportCommand(app, context);
  AddLogCommand(app, context);
  AddRedactCommand(app, context);
  AddReceiverCommand(app, context);
}

bool HasCommand(const CLI::App& app, const std::string& name) {
  return !app.get_subcommands([&](const CLI::App* command) { return command->check_name(name); })
              .empty();
}

// Help asked for goes to `out`; help that answers a mistake does not.
int Report(const CLI::App& app, const CLI::ParseError& error, std::ostream& out,
           std::ostream& err) {
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
    app.exit(error, out, err);
    return kExitOk;
  }
  err << "escalationctl: " << error.what() << "\n  hint: ";
  const auto chosen = app.get_subcommands();
  err << "escalationctl " << (chosen.empty() ? "" : chosen.front()->get_name() + " ")
      << "--help shows the usage\n";
  return kExitUsage;
}

}  // namespace

int RunEscalationctl(const std::vector<std::string>& arguments, std::istream& in, std::ostream& out,
                     std::ostream& err) {
  CommandContext context{in, out, err};
  CLI::App app("Looks after escalationd: checks policies, tries them on history, explains pages.",
               "escalationctl");
  app.set_version_flag("--version", "escalationctl " ESCALATION_VERSION);
  app.set_help_all_flag("--help-all", "Help of every command");
  app.footer(kFooter);
  app.require_subcommand(1);
  try {
    AddCommands(app, context);
    if (!arguments.empty() && arguments.front()[0] != '-' && !HasCommand(app, arguments.front())) {
      err << "escalationctl: there is no command \"" << arguments.front()
          << "\"\n  hint: escalationctl --help lists them\n";
      return kExitUsage;
    }
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // As CLI11 wants it.
    app.parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    context.exit_code = Report(app, error, out, err);
  } catch (const std::exception& error) {
    err << "escalationctl: " << error.what() << "\n";
    return kExitFailed;
  }
  out.flush();
  if (!out) {
    err << "escalationctl: the output could not be written\n";
    return kExitFailed;
  }
  return context.exit_code;
}

}  // namespace escalation
