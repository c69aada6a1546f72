#include "ops/manual_scope.h"

#include <CLI/CLI.hpp>

#include "state/base/text.h"

namespace escalation {

void AddScopeOptions(CLI::App* command, ScopeOptions* options) {
  command->add_option("--ticket", options->ticket, "Of this ticket")->option_text("TICKET");
  command->add_option("--account", options->account, "Of tickets of this account")
      ->option_text("ACCOUNT");
  command->add_option("--route", options->route, "Through this route")->option_text("ROUTE");
  command->add_option("--escalation", options->escalation, "Of this escalation")
      ->option_text("NAME");
  command->add_flag("--everything", options->everything, "The whole tenant");
}

absl::StatusOr<v1::Scope> ScopeOf(const ScopeOptions& options) {
  v1::Scope scope;
  scope.set_ticket_id(options.ticket);
  scope.set_account(options.account);
  scope.set_route(options.route);
  scope.set_escalation(options.escalation);
  const bool named = scope.ByteSizeLong() > 0;
  if (named == options.everything) {
    return absl::InvalidArgumentError(
        named ? "--everything, and something of it, expected one of them"
              : "of what? expected --ticket, --account, --route, --escalation or --everything");
  }
  return scope;
}

void AddUntilOptions(CLI::App* command, UntilOptions* options, bool endless) {
  CLI::Option* const length =
      command->add_option("--for", options->length, "So long from now, such as 2h or 1h30m")
          ->option_text("LENGTH");
  CLI::Option* const until = command->add_option("--until", options->until, "Until then (RFC 3339)")
                                 ->option_text("TIME")
                                 ->excludes(length);
  if (!endless) return;
  command->add_flag("--until-cleared", options->until_cleared, "Until somebody clears it")
      ->excludes(length)
      ->excludes(until);
}

absl::StatusOr<Instant> UntilOf(const UntilOptions& options, Instant now) {
  if (options.until_cleared) return Instant::Never();
  if (!options.length.empty()) {
    const absl::StatusOr<Duration> length = ParseDuration(options.length);
    if (!length.ok() || length->ms <= 0) {
      return absl::InvalidArgumentError(
          Cat("--for: expected a length such as 2h or 1h30m, got \"", options.length, "\""));
    }
    return now + *length;
  }
  if (options.until.empty()) {
    return absl::InvalidArgumentError("until when? expected --for LENGTH or --until TIME");
  }
  const absl::StatusOr<Instant> until = ParseInstant(options.until);
  if (!until.ok()) {
    return absl::InvalidArgumentError(Cat("--until: ", std::string(until.status().message())));
  }
  if (*until <= now) {
    return absl::InvalidArgumentError(
        Cat("--until: expected a time to come, got ", *until, ", now it is ", now));
  }
  return *until;
}

}  // namespace escalation
