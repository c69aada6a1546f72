#include "ops/check_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/config.h"
#include "daemon/config_check.h"
#include "daemon/source/mapping_check.h"
#include "state/base/instant.h"
#include "state/base/text.h"
#include "state/policy/policy_lint.h"
#include "state/policy/policy_places.h"
#include "state/policy/yaml_tree.h"

namespace escalation {
namespace {

constexpr char kFooter[] = R"(Examples:
  escalationctl check deploy/policies/example.yaml
  escalationctl check /etc/escalationd/escalationd.yaml   also the policies and programs it names
  escalationctl check new.yaml escalationd.yaml           are the policy's routes configured there?
  escalationctl check --strict --as-of 2027-01-15 new.yaml
  escalationctl check deploy/mappings/zendesk-webhook.jq  runs its samples too

Prints FILE:LINE:COLUMN: what is wrong, the value, the expectation, and a hint. A warning is about
what may be said but hardly is meant: a promise that no ticket can have, an escalation that nothing
starts, holidays that end within 60 days, a route that no config defines.
Exit 0 when every file is well, 78 when any is not; with --strict also when there is a warning.)";

struct Options {
  std::vector<std::string> files;
  std::string as_of;
  bool strict = false;
};

// A file that is well.
struct Checked {
  std::string summary;
  // Of a policy.
  std::optional<LoadedPolicy> policy;
  Positions positions;
  // Of a config: its routes.
  std::optional<std::vector<std::string>> routes;
};

std::string Count(int64_t count, std::string_view noun) {
  return Cat(count, " ", noun, count == 1 ? "" : "s");
}

bool HasKey(const YamlNode& map, std::string_view key) {
  for (const YamlEntry& entry : map.entries) {
    if (entry.key == key) return true;
  }
  return false;
}

absl::StatusOr<Checked> CheckPolicyFile(const std::string& path) {
  Checked checked;
  absl::StatusOr<LoadedPolicy> loaded = LoadPolicyFile(path, &checked.positions);
  if (!loaded.ok()) return loaded.status();
  int targets = 0;
  for (const v1::Plan& plan : loaded->policy.plans()) targets += plan.targets_size();
  checked.summary =
      Cat("policy ", loaded->policy.name(), ", revision ", loaded->policy.revision(), ", ",
          Count(loaded->policy.plans_size(), "plan"), ", ", Count(targets, "target"));
  checked.policy = *std::move(loaded);
  return checked;
}

absl::StatusOr<Checked> CheckConfigFile(const std::string& path, std::ostream& err) {
  Positions positions;
  const absl::StatusOr<Config> config = LoadConfig(path, &positions);
  if (!config.ok()) return config.status();
  const Problems problems = CheckPrograms(*config, positions);
  if (!problems.empty()) return problems.ToStatus();
  for (const std::string& notice : config->notices) err << notice << "\n";
  Checked checked;
  checked.summary = Cat("config of ", config->instance, ", ",
                        Count(static_cast<int64_t>(config->tenants.size()), "tenant"), ", ",
                        Count(static_cast<int64_t>(config->routes.size()), "route"));
  checked.routes.emplace();
  for (const DeliveryRoute& route : config->routes) checked.routes->push_back(route.name);
  return checked;
}

absl::StatusOr<Checked> CheckMappingFile(const std::string& path) {
  int samples = 0;
  const Problems problems = CheckMapping(path, &samples);
  if (!problems.empty()) return problems.ToStatus();
  Checked checked;
  checked.summary = Cat("mapping, ", Count(samples, "sample"));
  return checked;
}

absl::StatusOr<Checked> CheckFile(const std::string& path, std::ostream& err) {
  if (path.ends_with(".jq")) return CheckMappingFile(path);
  Problems problems(path);
  const std::optional<YamlNode> root = ReadYamlFile(path, &problems);
  if (!root) return problems.ToStatus();
  // "plans" too, so that a policy that forgot its name hears just that.
  if (HasKey(*root, "policy") || HasKey(*root, "plans")) return CheckPolicyFile(path);
  if (HasKey(*root, "tenants")) return CheckConfigFile(path, err);
  Problems unknown(path);
  unknown.Add({}, "neither a policy nor a config",
              "a policy has the key \"policy\", a daemon's config the key \"tenants\"");
  return unknown.ToStatus();
}

// The computer's day, in UTC.
int32_t Today() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<int32_t>(std::chrono::duration_cast<std::chrono::hours>(since_epoch).count() /
                              24);
}

// What is doubtful in a policy, in the order of its file; OK: nothing.
absl::Status Warnings(const std::string& path, const Checked& checked, int32_t today,
                      const std::map<std::string, std::vector<std::string>>& routes) {
  const LoadedPolicy& loaded = *checked.policy;
  std::vector<PolicyProblem> doubts = LintPolicy(loaded.policy, loaded.calendars, today);
  for (const auto& [config, names] : routes) {
    std::ranges::move(LintRoutes(loaded.policy, names, config), std::back_inserter(doubts));
  }
  Problems problems(path);
  for (const PolicyProblem& doubt : doubts) {
    problems.Add(PlaceOf(checked.positions, doubt.path), Cat("warning: ", doubt.text), doubt.hint);
  }
  return problems.empty() ? absl::OkStatus() : problems.ToStatus();
}

int Check(const Options& options, CommandContext& context) {
  int32_t today = 0;
  if (options.as_of.empty()) {
    today = Today();
  } else if (const absl::StatusOr<int32_t> day = ParseDay(options.as_of); day.ok()) {
    today = *day;
  } else {
    context.err << "--as-of: " << day.status().message() << "\n";
    return kExitUsage;
  }
  int code = kExitOk;
  std::map<std::string, Checked> policies;
  std::map<std::string, std::vector<std::string>> routes;
  for (const std::string& file : options.files) {
    absl::StatusOr<Checked> checked = CheckFile(file, context.err);
    if (!checked.ok()) {
      context.err << checked.status().message() << "\n";
      code = kExitConfig;
      continue;
    }
    context.out << file << ": ok (" << checked->summary << ")\n";
    if (checked->routes) routes.insert_or_assign(file, *checked->routes);
    if (checked->policy) policies.insert_or_assign(file, *std::move(checked));
  }
  for (const auto& [file, policy] : policies) {
    const absl::Status warnings = Warnings(file, policy, today, routes);
    if (warnings.ok()) continue;
    context.err << warnings.message() << "\n";
    if (options.strict) code = kExitConfig;
  }
  return code;
}

}  // namespace

void AddCheckCommand(CLI::App& app, CommandContext& context) {
  CLI::App* command =
      app.add_subcommand("check", "Checks policy files, daemon configs and mappings");
  command->footer(kFooter);
  auto options = std::make_shared<Options>();
  command->add_option("FILE", options->files, "Policy or config files (YAML), mappings (jq)")
      ->required();
  command->add_option("--as-of", options->as_of, "The day from which on holidays are to be known")
      ->option_text("DATE (default today)");
  command->add_flag("--strict", options->strict, "Warnings are errors");
  command->callback([options, &context] { context.exit_code = Check(*options, context); });
}

}  // namespace escalation
