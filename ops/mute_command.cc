#include "ops/mute_command.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "ops/manual_record.h"
#include "ops/manual_scope.h"
#include "ops/option_form.h"
#include "ops/table_output.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr char kFooter[] = R"(Examples:
  escalationctl mute set --route victorops --for 2h --reason "moving the pager"
  escalationctl mute set night --account acme --until 2026-03-11T07:00:00Z --reason drill
  escalationctl mute list
  escalationctl mute clear night

Of --ticket, --account, --route and --escalation each that is given must match. Pages are kept back,
closings are not. What a mute kept pages back from and still runs when it ends begins again at step
one, unless somebody has acknowledged it. `escalationctl page snooze` takes the same step again.)";

struct SetOptions {
  ManualOptions manual;
  ScopeOptions scope;
  UntilOptions until;
  std::string name;
};

struct ClearOptions {
  ManualOptions manual;
  std::string name;
};

struct ListOptions {
  ApiQuery query;
  OutputForm form = OutputForm::kTable;
};

Instant Now() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count()};
}

void Refuse(CommandContext& context, const absl::Status& status) {
  context.err << "escalationctl mute set: " << status.message() << "\n";
  context.exit_code = kExitUsage;
}

void Set(const SetOptions& options, CommandContext& context) {
  const absl::StatusOr<v1::Scope> scope = ScopeOf(options.scope);
  if (!scope.ok()) return Refuse(context, scope.status());
  const absl::StatusOr<Instant> until = UntilOf(options.until, Now());
  if (!until.ok()) return Refuse(context, until.status());
  v1::Event event;
  v1::MuteSet* const mute = event.mutable_mute_set();
  mute->set_mute_id(options.name.empty() ? Cat("mute-", RandomName()) : options.name);
  *mute->mutable_scope() = *scope;
  if (*until != Instant::Never()) ToProto(*until, mute->mutable_until());
  mute->set_reason(options.manual.reason);
  SendManual(options.manual, "mute set", std::move(event), context);
}

void Clear(const ClearOptions& options, CommandContext& context) {
  v1::Event event;
  event.mutable_mute_cleared()->set_mute_id(options.name);
  event.mutable_mute_cleared()->set_reason(options.manual.reason);
  SendManual(options.manual, "mute clear", std::move(event), context);
}

void List(const ListOptions& options, CommandContext& context) {
  const auto document = GetJson(options.query, "/v1/mutes", {});
  if (!document.ok()) return FailQuery(context, "mute list", document.status());
  PrintRows(*document, "mutes",
            {{"mute", "/mute_id"},
             {"ticket", "/scope/ticket_id"},
             {"account", "/scope/account"},
             {"route", "/scope/route"},
             {"escalation", "/scope/escalation"},
             {"snooze", "/snooze"},
             {"until", "/until"},
             {"by", "/by"},
             {"kept back", "/kept_back"},
             {"reason", "/reason"}},
            options.form, context.out);
}

}  // namespace

void AddMuteCommand(CLI::App& app, CommandContext& context) {
  CLI::App* const command = app.add_subcommand("mute", "Keeps pages back: sets, lists, clears");
  command->footer(kFooter);
  command->require_subcommand(1);

  auto setting = std::make_shared<SetOptions>();
  CLI::App* const set = command->add_subcommand("set", "Keeps pages back from now on");
  set->add_option("NAME", setting->name, "Of the mute; one that exists is replaced")
      ->option_text("(default: drawn)");
  AddScopeOptions(set, &setting->scope);
  AddUntilOptions(set, &setting->until, true);
  set->add_option("--reason", setting->manual.reason, "Why: shown to whoever asks")
      ->required()
      ->option_text("TEXT REQUIRED");
  AddManualOptions(set, &setting->manual);
  set->callback([setting, &context] { Set(*setting, context); });

  auto listing = std::make_shared<ListOptions>();
  CLI::App* const list = command->add_subcommand("list", "Lists mutes and snoozes in force");
  AddQueryOptions(list, &listing->query);
  AddFormOption(list, &listing->form);
  list->callback([listing, &context] { List(*listing, context); });

  auto clearing = std::make_shared<ClearOptions>();
  CLI::App* const clear = command->add_subcommand("clear", "Ends a mute or a snooze");
  clear->add_option("NAME", clearing->name, "Of the mute")->required()->option_text("REQUIRED");
  clear->add_option("--reason", clearing->manual.reason, "Why")->option_text("TEXT");
  AddManualOptions(clear, &clearing->manual);
  clear->callback([clearing, &context] { Clear(*clearing, context); });
}

}  // namespace escalation
