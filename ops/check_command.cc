#include "ops/check_command.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "daemon/config.h"
#include "state/base/text.h"
#include "state/policy/policy_loader.h"
#include "state/policy/yaml_tree.h"

namespace escalation {
namespace {

constexpr char kFooter[] = R"(Examples:
  escalationctl check deploy/policies/example.yaml
  escalationctl check /etc/escalationd/escalationd.yaml   also checks the policies that it names

Prints FILE:LINE:COLUMN: what is wrong, the value, the expectation, and a hint.
Exit 0 when every file is well, 78 when any is not.)";

std::string Count(int64_t count, std::string_view noun) {
  return Cat(count, " ", noun, count == 1 ? "" : "s");
}

bool HasKey(const YamlNode& map, std::string_view key) {
  for (const YamlEntry& entry : map.entries) {
    if (entry.key == key) return true;
  }
  return false;
}

// What a file that is well holds.
absl::StatusOr<std::string> CheckPolicyFile(const std::string& path) {
  const absl::StatusOr<LoadedPolicy> loaded = LoadPolicyFile(path);
  if (!loaded.ok()) return loaded.status();
  int targets = 0;
  for (const v1::Plan& plan : loaded->policy.plans()) targets += plan.targets_size();
  return Cat("policy ", loaded->policy.name(), ", revision ", loaded->policy.revision(), ", ",
             Count(loaded->policy.plans_size(), "plan"), ", ", Count(targets, "target"));
}

absl::StatusOr<std::string> CheckConfigFile(const std::string& path, std::ostream& err) {
  const absl::StatusOr<Config> config = LoadConfig(path);
  if (!config.ok()) return config.status();
  for (const std::string& notice : config->notices) err << notice << "\n";
  return Cat("config of ", config->instance, ", ",
             Count(static_cast<int64_t>(config->tenants.size()), "tenant"), ", ",
             Count(static_cast<int64_t>(config->routes.size()), "route"));
}

absl::StatusOr<std::string> CheckFile(const std::string& path, std::ostream& err) {
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

}  // namespace

void AddCheckCommand(CLI::App& app, CommandContext& context) {
  CLI::App* command = app.add_subcommand("check", "Checks policy files and daemon configs");
  command->footer(kFooter);
  auto files = std::make_shared<std::vector<std::string>>();
  command->add_option("FILE", *files, "Policy or config files (YAML)")->required();
  command->callback([files, &context] {
    for (const std::string& file : *files) {
      const absl::StatusOr<std::string> result = CheckFile(file, context.err);
      if (result.ok()) {
        context.out << file << ": ok (" << *result << ")\n";
        continue;
      }
      context.err << result.status().message() << "\n";
      context.exit_code = kExitConfig;
    }
  });
}

}  // namespace escalation
