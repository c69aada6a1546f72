#include "ops/dead_letters_command.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "ops/api_query.h"
#include "ops/option_form.h"
#include "ops/table_output.h"
#include "state/base/text.h"

namespace escalation {
namespace {

using nlohmann::ordered_json;

constexpr char kFooter[] = R"(Examples:
  escalationctl dead-letters list --source zendesk
  escalationctl dead-letters show 17 --raw | jq .        the message as it came
  escalationctl dead-letters retry 17 18                 with the mapping as it is now
  escalationctl dead-letters retry --all --source zendesk

A letter that is tried again counts once, however often that is done.)";

struct Options {
  ApiQuery query;
  OutputForm form = OutputForm::kTable;
  std::string source;
  int64_t from = 0;
  int limit = 100;
  std::vector<int64_t> positions;
  bool all = false;
  bool raw = false;
};

HttpPairs ParamsOf(const Options& options, int64_t from, int limit) {
  HttpPairs params = {{"from", std::to_string(from)}, {"limit", std::to_string(limit)}};
  if (!options.source.empty()) params.emplace_back("source", options.source);
  return params;
}

void List(const Options& options, CommandContext& context) {
  const auto document =
      GetJson(options.query, "/v1/dead-letters", ParamsOf(options, options.from, options.limit));
  if (!document.ok()) return FailQuery(context, "dead-letters list", document.status());
  PrintRows(*document, "letters",
            {{"letter", "/position"},
             {"received", "/received_at"},
             {"source", "/source"},
             {"kind", "/kind"},
             {"topic", "/topic"},
             {"partition", "/partition"},
             {"offset", "/offset"},
             {"bytes", "/bytes"},
             {"retried", "/retried"},
             {"reason", "/reason"}},
            options.form, context.out);
  if (document->contains("next")) {
    context.err << "there are more: --from " << Printable(document->value("next", std::string()))
                << "\n";
  }
}

void Show(const Options& options, CommandContext& context) {
  const auto document =
      GetJson(options.query, Cat("/v1/dead-letters/", options.positions.front()), {});
  if (!document.ok()) return FailQuery(context, "dead-letters show", document.status());
  if (!options.raw) {
    context.out << document->dump(2) << "\n";
    return;
  }
  std::string bytes = document->value("value", std::string());
  if (document->contains("value_base64")) {
    absl::Base64Unescape(document->value("value_base64", std::string()), &bytes);
  }
  context.out << bytes;
}

// Positions of all letters of the source that were not tried again with success.
absl::StatusOr<std::vector<int64_t>> Waiting(const Options& options) {
  std::vector<int64_t> out;
  for (int64_t from = options.from;;) {
    const auto document =
        GetJson(options.query, "/v1/dead-letters", ParamsOf(options, from, 1'000));
    if (!document.ok()) return document.status();
    for (const ordered_json& letter : document->value("letters", ordered_json::array())) {
      if (letter.value("retried", false)) continue;
      out.push_back(std::stoll(letter.value("position", "0")));
    }
    if (!document->contains("next")) return out;
    from = std::stoll(document->value("next", "0"));
  }
}

void Retry(const Options& options, CommandContext& context) {
  std::vector<int64_t> positions = options.positions;
  if (options.all) {
    auto waiting = Waiting(options);
    if (!waiting.ok()) return FailQuery(context, "dead-letters retry", waiting.status());
    positions = *std::move(waiting);
  }
  size_t failed = 0;
  for (const int64_t position : positions) {
    ApiCall call;
    call.url = options.query.url;
    call.token_file = options.query.token_file;
    call.method = "POST";
    call.target = Cat("/v1/dead-letters/", position, "/retry");
    const absl::StatusOr<ApiReply> reply = CallApi(call);
    const absl::Status status = reply.ok() ? ApiStatus(*reply) : reply.status();
    if (status.ok()) {
      const ordered_json document = ordered_json::parse(reply->body, nullptr, false);
      const int64_t events = document.is_object() ? document.value("accepted", int64_t{0}) : 0;
      context.out << "letter " << position << ": " << events
                  << (events == 1 ? " event\n" : " events\n");
    } else {
      ++failed;
      context.err << "letter " << position << ": " << Printable(std::string(status.message()))
                  << "\n";
      // The others would fail, too.
      if (!reply.ok()) break;
    }
  }
  if (failed > 0) context.exit_code = kExitFailed;
  if (positions.empty()) context.err << "there is no letter to try again\n";
}

}  // namespace

void AddDeadLettersCommand(CLI::App& app, CommandContext& context) {
  CLI::App* const command = app.add_subcommand(
      "dead-letters", "Lists, shows and tries again what sources could not turn into events");
  command->footer(kFooter);
  command->require_subcommand(1);

  auto options = std::make_shared<Options>();
  CLI::App* const list = command->add_subcommand("list", "Lists dead letters, oldest first");
  list->add_option("--source", options->source, "Only of this source")->option_text("NAME");
  list->add_option("--from", options->from, "Begin with this letter")->option_text("N");
  list->add_option("--limit", options->limit, "At most so many rows")
      ->check(CLI::Range(1, 1000))
      ->option_text("N")
      ->capture_default_str();
  AddQueryOptions(list, &options->query);
  AddFormOption(list, &options->form);
  list->callback([options, &context] { List(*options, context); });

  auto showing = std::make_shared<Options>();
  CLI::App* const show = command->add_subcommand("show", "Shows a letter with its bytes");
  show->add_option("letter", showing->positions, "Its number")
      ->required()
      ->expected(1)
      ->check(CLI::NonNegativeNumber);
  show->add_flag("--raw", showing->raw, "Only the message, byte by byte as it came");
  AddQueryOptions(show, &showing->query);
  show->callback([showing, &context] { Show(*showing, context); });

  auto retrying = std::make_shared<Options>();
  CLI::App* const retry = command->add_subcommand(
      "retry", "Tries letters again, with the mapping as the daemon read it when it began");
  CLI::Option* const letters = retry->add_option("letter", retrying->positions, "Their numbers")
                                   ->check(CLI::NonNegativeNumber);
  CLI::Option* const all = retry->add_flag("--all", retrying->all, "All that wait");
  all->excludes(letters);
  retry->add_option("--source", retrying->source, "With --all: only of this source")
      ->needs(all)
      ->option_text("NAME");
  AddQueryOptions(retry, &retrying->query);
  retry->callback([retrying, &context] { Retry(*retrying, context); });
}

}  // namespace escalation
