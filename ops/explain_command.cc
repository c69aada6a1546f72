#include "ops/explain_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "ops/api_query.h"
#include "ops/option_form.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr char kFooter[] = R"(Examples:
  escalationctl explain T-1
  escalationctl explain T-1 --clock first_reply          one metric or target
  escalationctl explain T-1 --page default/T-1/wake_up/1/2   the key that a page shows
  escalationctl explain T-1 -o json | jq -r '.lines[]'

Asks a running daemon. Times are shown in the zone of the ticket's calendar, due moments also in UTC.)";

struct Options {
  ApiQuery query;
  std::string ticket;
  std::string clock;
  std::string page;
  OutputForm form = OutputForm::kTable;
};

void Explain(const Options& options, CommandContext& context) {
  HttpPairs params;
  if (!options.clock.empty()) params.emplace_back("clock", options.clock);
  if (!options.page.empty()) params.emplace_back("page", options.page);
  const std::string path = Cat("/v1/tickets/", PercentEncode(options.ticket), "/explain");
  const absl::StatusOr<nlohmann::ordered_json> document =
      GetJson(options.query, path, std::move(params));
  if (!document.ok()) return FailQuery(context, "explain", document.status());
  if (options.form != OutputForm::kTable) {
    context.out << document->dump(options.form == OutputForm::kJson ? 2 : -1) << "\n";
    return;
  }
  for (const auto& item : document->value("lines", nlohmann::ordered_json::array())) {
    const std::string line = item.is_string() ? item.get<std::string>() : "";
    const size_t indent = std::min(line.find_first_not_of(' '), line.size());
    context.out << line.substr(0, indent) << Printable(line.substr(indent)) << "\n";
  }
}

}  // namespace

void AddExplainCommand(CLI::App& app, CommandContext& context) {
  CLI::App* const command =
      app.add_subcommand("explain", "Says why a ticket was paged, in words and arithmetic");
  command->footer(kFooter);
  auto options = std::make_shared<Options>();
  command->add_option("TICKET", options->ticket, "Ticket id")->required()->option_text("REQUIRED");
  command->add_option("--clock", options->clock, "Only this metric or target")->option_text("NAME");
  command->add_option("--page", options->page, "Only what led to this page")->option_text("KEY");
  AddQueryOptions(command, &options->query);
  AddFormOption(command, &options->form);
  command->callback([options, &context] { Explain(*options, context); });
}

}  // namespace escalation
