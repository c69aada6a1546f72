#include "ops/tickets_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "daemon/deliver/plain_text.h"
#include "ops/api_query.h"
#include "ops/option_form.h"
#include "ops/table_output.h"
#include "state/base/text.h"

namespace escalation {
namespace {

using nlohmann::ordered_json;

constexpr char kTicketsFooter[] = R"(Examples:
  escalationctl tickets
  escalationctl tickets --status open --limit 1000
  escalationctl tickets --at-risk            running clocks, broken promises first
  escalationctl tickets --at-risk -o jsonl | jq -r 'select(.breached) | .ticket_id')";

struct Options {
  ApiQuery query;
  int limit = 100;
  std::string status;
  std::string after;
  bool at_risk = false;
  OutputForm form = OutputForm::kTable;
};

// Says on `err` where a list is not all there is.
void TellCut(const ordered_json& document, std::ostream& err) {
  if (document.contains("next") && document["next"].is_string()) {
    err << "there are more: --after " << Printable(document["next"].get<std::string>()) << "\n";
  }
  const bool cut = document.value("cut", false) || document.value("more", false);
  const std::string note = document.value("note", std::string("there are more than were read"));
  if (cut) err << Printable(note) << "\n";
}

void Tickets(const Options& options, CommandContext& context) {
  HttpPairs params = {{"limit", std::to_string(options.limit)}};
  if (!options.status.empty()) params.emplace_back("status", options.status);
  if (!options.after.empty()) params.emplace_back("after", options.after);
  const absl::StatusOr<ordered_json> document =
      GetJson(options.query, options.at_risk ? "/v1/at-risk" : "/v1/tickets", std::move(params));
  if (!document.ok()) return FailQuery(context, "tickets", document.status());
  if (options.at_risk) {
    PrintRows(*document, "clocks",
              {{"ticket", "/ticket_id"},
               {"severity", "/severity"},
               {"clock", "/metric"},
               {"target", "/target"},
               {"breached", "/breached"},
               {"due", "/due_at"},
               {"local", "/due_local"},
               {"used", "/used"},
               {"within", "/within"},
               {"assignee", "/assignee"},
               {"subject", "/subject"}},
              options.form, context.out);
  } else {
    PrintRows(*document, "tickets",
              {{"ticket", "/ticket_id"},
               {"status", "/status"},
               {"severity", "/severity"},
               {"plan", "/plan"},
               {"account", "/account"},
               {"next due", "/next_due_at"},
               {"worst clock", "/worst_clock/target"},
               {"breached", "/worst_clock/breached_at"},
               {"assignee", "/assignee"},
               {"subject", "/subject"}},
              options.form, context.out);
  }
  TellCut(*document, context.err);
}

void Timers(const Options& options, CommandContext& context) {
  const absl::StatusOr<ordered_json> document =
      GetJson(options.query, "/v1/timers", {{"limit", std::to_string(options.limit)}});
  if (!document.ok()) return FailQuery(context, "timers", document.status());
  PrintRows(
      *document, "timers",
      {{"due", "/due_at"}, {"tenant", "/tenant"}, {"ticket", "/ticket_id"}, {"what", "/what"}},
      options.form, context.out);
  TellCut(*document, context.err);
}

// Open pages, and what waits for an outcome and is not one of them: closings and digests.
void Pages(const Options& options, CommandContext& context) {
  absl::StatusOr<ordered_json> document =
      GetJson(options.query, "/v1/pages", {{"limit", std::to_string(options.limit)}});
  if (!document.ok()) return FailQuery(context, "pages", document.status());
  ordered_json rows = document->value("pages", ordered_json::array());
  for (const ordered_json& row : document->value("pending", ordered_json::array())) {
    if (row.value("operation", "") == "page") continue;
    rows.push_back(row);
    rows.back()["state"] = Cat("waiting: ", row.value("operation", ""));
  }
  (*document)["pages"] = std::move(rows);
  PrintRows(*document, "pages",
            {{"key", "/key"},
             {"ticket", "/ticket_id"},
             {"severity", "/severity"},
             {"route", "/route"},
             {"state", "/state"},
             {"destination", "/destination"},
             {"acknowledged", "/acknowledged_at"},
             {"next", "/next_at"},
             {"subject", "/subject"}},
            options.form, context.out);
  TellCut(*document, context.err);
}

CLI::App* AddList(CLI::App& app, const char* name, const char* what, Options* options) {
  CLI::App* const command = app.add_subcommand(name, what);
  command->add_option("--limit", options->limit, "At most so many rows")
      ->check(CLI::Range(1, 1000))
      ->option_text("N")
      ->capture_default_str();
  AddQueryOptions(command, &options->query);
  AddFormOption(command, &options->form);
  return command;
}

}  // namespace

void AddTicketsCommands(CLI::App& app, CommandContext& context) {
  auto listing = std::make_shared<Options>();
  CLI::App* const tickets =
      AddList(app, "tickets", "Lists tickets, or the clocks that are at risk", listing.get());
  tickets->footer(kTicketsFooter);
  CLI::Option* const status =
      tickets->add_option("--status", listing->status, "Only tickets of this status")
          ->check(CLI::IsMember({"open", "pending", "on_hold", "resolved", "closed"}));
  CLI::Option* const after =
      tickets->add_option("--after", listing->after, "Continue after this ticket")
          ->option_text("TICKET");
  tickets->add_flag("--at-risk", listing->at_risk, "Running clocks by due moment, breached first")
      ->excludes(status)
      ->excludes(after);
  tickets->callback([listing, &context] { Tickets(*listing, context); });

  auto timing = std::make_shared<Options>();
  CLI::App* const timers =
      AddList(app, "timers", "Lists what wakes up next, and why", timing.get());
  timers->footer("Examples:\n  escalationctl timers --limit 10");
  timers->callback([timing, &context] { Timers(*timing, context); });

  auto paging = std::make_shared<Options>();
  CLI::App* const pages =
      AddList(app, "pages", "Lists open pages, and deliveries without an outcome", paging.get());
  pages->footer("Examples:\n  escalationctl pages\n  escalationctl pages -o jsonl | jq -r .key");
  pages->callback([paging, &context] { Pages(*paging, context); });
}

}  // namespace escalation
