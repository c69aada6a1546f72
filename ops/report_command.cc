#include "ops/report_command.h"

#include <CLI/CLI.hpp>

namespace escalation {

void AddReportCommand(CLI::App& app, CommandContext& context) {
  CLI::App* const command = app.add_subcommand("report", "What came of the promises");
  command->require_subcommand(1);
  static_cast<void>(context);
}

}  // namespace escalation
