#include "ops/report_command.h"

#include <CLI/CLI.hpp>

#include "ops/report_promises.h"
#include "ops/report_shadow.h"

namespace escalation {

void AddReportCommand(CLI::App& app, CommandContext& context) {
  CLI::App* const command = app.add_subcommand("report", "What came of the promises");
  AddPromiseReport(command, context);
  AddShadowReport(command, context);
}

}  // namespace escalation
