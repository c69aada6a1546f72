#include "ops/page_command.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "ops/manual_record.h"
#include "ops/manual_scope.h"
#include "state/base/text.h"

namespace escalation {
namespace {

using nlohmann::ordered_json;

constexpr char kFooter[] = R"(Examples:
  escalationctl page test --route victorops             does it arrive? nobody has to do anything
  escalationctl page now T-1 --route victorops --reason "the customer called"
  escalationctl page now --route victorops --subject "helpdesk is down"
  escalationctl page ack default/T-1/wake/1/1           `escalationctl pages` lists keys
  escalationctl page snooze T-1 --for 1h --reason "vendor restores"
  escalationctl page stop --ticket T-1 --reason "known, see T-9"
  escalationctl page resend default/T-1/wake/1/1

Each is a record of the log: `escalationctl explain TICKET` shows who did it. Exit 0: it is done,
and where somebody is paged, the pager has taken it.)";

struct Options {
  ManualOptions manual;
  ScopeOptions scope;
  UntilOptions until;
  std::string key;
  std::string ticket;
  std::string route;
  std::string escalation;
  std::string subject;
  std::string close_after;
  bool close = false;
};

Instant Now() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count()};
}

void Refuse(CommandContext& context, std::string_view command, std::string_view what) {
  context.err << "escalationctl " << command << ": " << what << "\n";
  context.exit_code = kExitUsage;
}

// "tenant/ticket/..."; empty: it is not the key of a ticket's page.
std::string TicketOf(const std::string& key) {
  const size_t first = key.find('/');
  const size_t second = first == std::string::npos ? first : key.find('/', first + 1);
  return second == std::string::npos ? "" : key.substr(first + 1, second - first - 1);
}

void Acknowledge(const Options& options, CommandContext& context) {
  v1::Event event;
  event.mutable_page_acknowledged()->set_key(options.key);
  event.mutable_page_acknowledged()->set_by(WhoAsks(options.manual));
  SendManual(options.manual, "page ack", std::move(event), context);
}

void Stop(const Options& options, CommandContext& context) {
  const absl::StatusOr<v1::Scope> scope = ScopeOf(options.scope);
  if (!scope.ok()) return Refuse(context, "page stop", std::string(scope.status().message()));
  v1::Event event;
  event.set_ticket_id(scope->ticket_id());
  *event.mutable_escalation_stopped()->mutable_scope() = *scope;
  event.mutable_escalation_stopped()->set_reason(options.manual.reason);
  SendManual(options.manual, "page stop", std::move(event), context);
}

void Snooze(const Options& options, CommandContext& context) {
  const absl::StatusOr<Instant> until = UntilOf(options.until, Now());
  if (!until.ok()) return Refuse(context, "page snooze", std::string(until.status().message()));
  v1::Event event;
  v1::MuteSet* const snooze = event.mutable_mute_set();
  snooze->set_mute_id(Cat("snooze-", RandomName()));
  snooze->mutable_scope()->set_ticket_id(options.ticket);
  snooze->mutable_scope()->set_escalation(options.escalation);
  ToProto(*until, snooze->mutable_until());
  snooze->set_reason(options.manual.reason);
  snooze->set_snooze(true);
  SendManual(options.manual, "page snooze", std::move(event), context);
}

void SendAgain(const Options& options, CommandContext& context) {
  v1::Event event;
  event.set_ticket_id(TicketOf(options.key));
  if (event.ticket_id().empty()) {
    return Refuse(context, "page resend",
                  Cat("expected a key such as default/T-1/wake/1/1, got \"", options.key, "\""));
  }
  event.mutable_page_requested_manually()->set_key(options.key);
  event.mutable_page_requested_manually()->set_reason(options.manual.reason);
  SendManual(options.manual, "page resend", std::move(event), context);
}

void PageNow(const Options& options, CommandContext& context) {
  v1::Event event;
  event.set_ticket_id(options.ticket.empty() ? Cat("page.", RandomName()) : options.ticket);
  v1::PageRequestedManually* const page = event.mutable_page_requested_manually();
  page->set_route(options.route);
  page->set_escalation(options.escalation);
  page->set_subject(options.subject);
  page->set_reason(options.manual.reason);
  if (options.ticket.empty() && options.subject.empty()) {
    return Refuse(context, "page now", "about what? expected a ticket or --subject");
  }
  if (options.route.empty() == options.escalation.empty()) {
    return Refuse(context, "page now", "through what? expected --route or --escalation");
  }
  if (!options.close_after.empty()) {
    const absl::StatusOr<Duration> length = ParseDuration(options.close_after);
    if (!length.ok()) return Refuse(context, "page now", "--close-after: expected such as 30m");
    ToProto(*length, page->mutable_close_after());
  }
  SendManual(options.manual, "page now", std::move(event), context);
}

void Test(const Options& options, CommandContext& context) {
  const std::string ticket = Cat("page-test.", RandomName());
  v1::Event event;
  event.set_ticket_id(ticket);
  event.mutable_page_requested_manually()->set_route(options.route);
  event.mutable_page_requested_manually()->set_test(true);
  event.mutable_page_requested_manually()->set_reason(options.manual.reason);
  SendManual(options.manual, "page test", std::move(event), context);
  if (!options.close) return;
  ManualOptions closing = options.manual;
  if (!closing.id.empty()) closing.id += "-close";
  v1::Event stop;
  stop.set_ticket_id(ticket);
  stop.mutable_escalation_stopped()->set_reason("the test is over");
  SendManual(closing, "page test --close", std::move(stop), context);
}

// A subcommand with what all of them have.
CLI::App* Add(CLI::App* page, const char* name, const char* what, Options* options,
              bool needs_reason) {
  CLI::App* const command = page->add_subcommand(name, what);
  CLI::Option* const reason =
      command->add_option("--reason", options->manual.reason, "Why: shown to whoever asks")
          ->option_text(needs_reason ? "TEXT REQUIRED" : "TEXT");
  if (needs_reason) reason->required();
  AddManualOptions(command, &options->manual);
  return command;
}

void AddKey(CLI::App* command, Options* options) {
  command->add_option("KEY", options->key, "Of the page")->required()->option_text("REQUIRED");
}

}  // namespace

void AddPageCommand(CLI::App& app, CommandContext& context) {
  CLI::App* const page =
      app.add_subcommand("page", "Pages by hand: acknowledges, stops, snoozes, sends again, tests");
  page->footer(kFooter);
  page->require_subcommand(1);
  const auto run = [&context](CLI::App* command, std::shared_ptr<Options> options, auto action) {
    command->callback([options, action, &context] { action(*options, context); });
  };

  auto options = std::make_shared<Options>();
  CLI::App* command = Add(page, "ack", "Acknowledges a page", options.get(), false);
  AddKey(command, options.get());
  run(command, options, Acknowledge);

  options = std::make_shared<Options>();
  command = Add(page, "stop", "Stops escalations and closes their pages", options.get(), true);
  AddScopeOptions(command, &options->scope);
  run(command, options, Stop);

  options = std::make_shared<Options>();
  command = Add(page, "snooze", "Lets a ticket's escalations rest; then the step is taken again",
                options.get(), true);
  command->add_option("TICKET", options->ticket, "Ticket id")->required()->option_text("REQUIRED");
  command->add_option("--escalation", options->escalation, "Only this one")->option_text("NAME");
  AddUntilOptions(command, &options->until, false);
  run(command, options, Snooze);

  options = std::make_shared<Options>();
  command = Add(page, "resend", "Wakes again, through the routes of the page's step", options.get(),
                false);
  AddKey(command, options.get());
  run(command, options, SendAgain);

  options = std::make_shared<Options>();
  command =
      Add(page, "now", "Pages through a route, or starts an escalation", options.get(), false);
  command->add_option("TICKET", options->ticket, "Ticket id; none: --subject says what it is about")
      ->option_text(" ");
  command->add_option("--route", options->route, "Page through it")->option_text("ROUTE");
  command->add_option("--escalation", options->escalation, "Start it")->option_text("NAME");
  command->add_option("--subject", options->subject, "What the page is about")->option_text("TEXT");
  command->add_option("--close-after", options->close_after, "Closed by itself after so long")
      ->option_text("LENGTH");
  run(command, options, PageNow);

  options = std::make_shared<Options>();
  command =
      Add(page, "test", "Sends a page that asks nothing of anybody, and says what became of it",
          options.get(), false);
  command->add_option("--route", options->route, "The route to try")
      ->required()
      ->option_text("ROUTE REQUIRED");
  command->add_flag("--close", options->close, "Close it at once; else it closes after 5 minutes");
  run(command, options, Test);
}

}  // namespace escalation
