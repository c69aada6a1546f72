#include "daemon/config.h"

#include <unistd.h>

#include <algorithm>
#include <set>

#include "daemon/config_api.h"
#include "daemon/config_guard.h"
#include "daemon/config_log.h"
#include "daemon/config_routes.h"
#include "daemon/config_sources.h"
#include "daemon/config_values.h"
#include "state/base/text.h"
#include "state/policy/bounded_file.h"
#include "state/policy/policy_names.h"

namespace escalation {
namespace {

constexpr int64_t kPartitionMax = 1023;
constexpr Duration kSettleMax = Duration::Minutes(1);

// The host's name as a name of ours: other characters become "-".
std::string HostName() {
  char name[256] = {};
  if (gethostname(name, sizeof(name) - 1) != 0 || name[0] == '\0') return "escalationd";
  std::string out = std::string(name).substr(0, kNameBytesMax);
  for (char& c : out) {
    if (!IsId({&c, 1}, 1)) c = '-';
  }
  return out;
}

std::string WalkName(YamlMap& map, std::string_view key, size_t bytes_max) {
  const std::string name = map.Text(key);
  if (!name.empty() && !IsId(name, bytes_max)) {
    map.Problem(map.Find(key)->place,
                Cat(Quoted(key), " must be 1 to ", bytes_max,
                    " characters of A-Z a-z 0-9 . _ : -, got ", Quoted(name)));
  }
  return name;
}

void WalkLogging(YamlMap& top, LoggingConfig* logging) {
  using Level = LogLevel;
  using Format = LogFormat;
  std::optional<YamlMap> map = top.Map("logging", "logging");
  if (!map) return;
  const std::vector<Choice> levels = {{"trace", static_cast<int>(Level::kTrace)},
                                      {"debug", static_cast<int>(Level::kDebug)},
                                      {"info", static_cast<int>(Level::kInfo)},
                                      {"warning", static_cast<int>(Level::kWarning)},
                                      {"error", static_cast<int>(Level::kError)}};
  const std::vector<Choice> formats = {{"auto", static_cast<int>(Format::kAuto)},
                                       {"json", static_cast<int>(Format::kJson)},
                                       {"pretty", static_cast<int>(Format::kPretty)}};
  logging->level =
      static_cast<Level>(map->Word("level", levels).value_or(static_cast<int>(Level::kInfo)));
  logging->format =
      static_cast<Format>(map->Word("format", formats).value_or(static_cast<int>(Format::kAuto)));
  map->Finish();
}

void WalkDelivery(YamlMap& top, DeliveryConfig* delivery) {
  std::optional<YamlMap> map = top.Map("delivery", "delivery");
  if (!map) return;
  delivery->allow_private_addresses = map->Flag("allow_private_addresses").value_or(false);
  WalkLength(*map, "backoff_initial", {10}, Duration::Minutes(5), &delivery->backoff_initial);
  WalkLength(*map, "backoff_max", {10}, Duration::Hours(1), &delivery->backoff_max);
  WalkLength(*map, "give_up_after", Duration::Seconds(1), Duration::Days(7),
             &delivery->give_up_after);
  WalkLength(*map, "digest_after", Duration::Seconds(10), Duration::Hours(1),
             &delivery->digest_after);
  if (delivery->backoff_max < delivery->backoff_initial) {
    map->Problem(map->place(), Cat("\"backoff_max\" must be at least \"backoff_initial\" of ",
                                   delivery->backoff_initial, ", got ", delivery->backoff_max));
  }
  map->Finish();
}

// The problems of policy files are added to *policies: they have places of their own.
void WalkTenants(YamlMap& top, const std::string& folder, Config* config, std::string* policies) {
  std::set<std::string> names;
  int index = 0;
  for (const YamlNode* item : top.List("tenants", Need::kRequired)) {
    TenantConfig tenant;
    YamlMap map(*item, Cat("tenant ", index + 1), Cat("tenants[", index, "]"), top.walk());
    ++index;
    tenant.name = WalkName(map, "name", kTenantBytesMax);
    if (tenant.name.empty()) tenant.name = "default";
    tenant.partition.value =
        static_cast<int32_t>(map.Integer("partition", 0, kPartitionMax).value_or(0));
    const std::string policy = map.Text("policy", Need::kRequired);
    map.Finish();
    if (!names.insert(tenant.name).second) {
      map.Problem(item->place, Cat("the tenant ", Quoted(tenant.name), " is given twice"));
    }
    if (policy.empty()) continue;
    tenant.policy_path = ResolvePath(folder, policy);
    absl::StatusOr<LoadedPolicy> loaded = LoadPolicyFile(tenant.policy_path);
    if (!loaded.ok()) {
      const std::string message(loaded.status().message());
      if (message.starts_with(Cat(tenant.policy_path, ": "))) {
        // About the file as a whole, so the place that names it says more.
        map.Problem(map.Find("policy")->place, Cat("\"policy\": ", message));
      } else {
        CatTo(policies, policies->empty() ? "" : "\n", message);
      }
      continue;
    }
    tenant.policy = *std::move(loaded);
    if (tenant.policy.policy.tenant() != tenant.name) {
      map.Problem(map.Find("policy")->place,
                  Cat("the policy is for tenant ", Quoted(tenant.policy.policy.tenant()),
                      ", expected ", Quoted(tenant.name)));
    }
    config->tenants.push_back(std::move(tenant));
  }
  if (index == 0 && top.Has("tenants")) {
    top.Problem(top.place(), "\"tenants\" must hold at least one tenant");
  }
}

void CheckRoutes(YamlMap& top, Config* config) {
  std::vector<std::string> configured;
  for (const DeliveryRoute& route : config->routes) configured.push_back(route.name);
  std::set<std::string> paged = {config->break_glass.route};
  for (const TenantConfig& tenant : config->tenants) {
    for (const v1::Route& route : tenant.policy.policy.routes()) {
      paged.insert(route.name());
      if (config->FindRoute(route.name()) != nullptr) continue;
      const YamlNode* routes = top.Find("routes");
      top.Problem(routes == nullptr ? top.place() : routes->place,
                  Cat("the policy of tenant ", Quoted(tenant.name), " pages the route ",
                      Quoted(route.name()), ", which is not configured"),
                  configured.empty() ? "" : HintOf(route.name(), configured, "configured:"));
    }
  }
  for (const std::string& name : configured) {
    if (paged.contains(name)) continue;
    config->notices.push_back(
        Cat(config->path, ": route ", Quoted(name), " is configured, but no policy pages it"));
  }
}

void WalkConfig(YamlMap& top, const std::string& folder, Config* config, std::string* policies) {
  config->instance = WalkName(top, "instance", kNameBytesMax);
  if (config->instance.empty()) config->instance = HostName();
  const std::string state_dir = top.Text("state_dir");
  if (!state_dir.empty()) config->state_dir = ResolvePath(folder, state_dir);
  WalkLog(top, folder, config);
  WalkApi(top, folder, config);
  WalkLogging(top, &config->logging);
  WalkLength(top, "settle", {}, kSettleMax, &config->settle);
  for (const YamlEntry* entry : top.Named("routes")) {
    WalkRoute(*entry, top.walk(), folder, config->log, &config->routes.emplace_back());
  }
  WalkDelivery(top, &config->delivery);
  WalkGuard(top, folder, config);
  if (std::optional<YamlMap> cache = top.Map("cache", "cache")) {
    config->tickets_max =
        cache->Integer("tickets_max", 1, 100'000'000).value_or(config->tickets_max);
    cache->Finish();
  }
  WalkTenants(top, folder, config, policies);
  WalkSources(top, folder, config);
  top.Finish();
}

}  // namespace

std::string ToText(const ListenAddress& listen) {
  const bool v6 = listen.host.find(':') != std::string::npos;
  return v6 ? Cat('[', listen.host, "]:", listen.port) : Cat(listen.host, ':', listen.port);
}

const DeliveryRoute* Config::FindRoute(std::string_view name) const {
  for (const DeliveryRoute& route : routes) {
    if (route.name == name) return &route;
  }
  return nullptr;
}

const TenantConfig* Config::FindTenant(std::string_view name) const {
  for (const TenantConfig& tenant : tenants) {
    if (tenant.name == name) return &tenant;
  }
  return nullptr;
}

absl::StatusOr<Config> LoadConfig(const std::string& path, Positions* positions) {
  Problems problems(path);
  Positions dropped;
  std::optional<YamlNode> root = ReadYamlFile(path, &problems);
  if (!root) return problems.ToStatus();
  ExpandEnvironment(ReadEnvironment, &problems, &*root);
  Config config;
  config.path = path;
  std::string policies;
  YamlMap top(*root, "", "", {&problems, positions == nullptr ? &dropped : positions});
  if (root->kind != YamlNode::Kind::kMap) return problems.ToStatus();
  WalkConfig(top, FolderOf(path), &config, &policies);
  if (problems.empty() && policies.empty()) CheckRoutes(top, &config);
  if (problems.empty() && policies.empty()) return config;
  std::string message(problems.ToStatus().message());
  if (!policies.empty()) CatTo(&message, message.empty() ? "" : "\n", policies);
  return absl::InvalidArgumentError(message);
}

std::vector<std::string> RestartFields(const Config& before, const Config& after) {
  std::vector<std::string> fields;
  const auto differ = [&](bool different, const char* field) {
    if (different) fields.emplace_back(field);
  };
  differ(before.instance != after.instance, "instance");
  differ(before.state_dir != after.state_dir, "state_dir");
  differ(!(before.log == after.log), "log");
  differ(before.listen.host != after.listen.host || before.listen.port != after.listen.port ||
             before.api.socket != after.api.socket,
         "api");
  differ(before.logging.format != after.logging.format, "logging.format");
  differ(before.tickets_max != after.tickets_max, "cache");
  differ(!(before.heartbeat == after.heartbeat), "heartbeat");
  differ(!(before.break_glass == after.break_glass), "break_glass");
  differ(before.sources_hash != after.sources_hash, "sources");
  bool tenants = before.tenants.size() != after.tenants.size();
  for (const TenantConfig& tenant : before.tenants) {
    const TenantConfig* other = after.FindTenant(tenant.name);
    tenants |= other == nullptr || other->partition != tenant.partition;
  }
  differ(tenants, "tenants");
  return fields;
}

}  // namespace escalation
