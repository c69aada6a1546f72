#include "daemon/config_guard.h"

#include <optional>
#include <vector>

#include "daemon/config_values.h"
#include "state/base/text.h"
#include "state/policy/policy_names.h"

namespace escalation {
namespace {

void WalkHeartbeat(YamlMap& top, const std::string& folder, HeartbeatConfig* heartbeat) {
  std::optional<YamlMap> map = top.Map("heartbeat", "heartbeat");
  if (!map) return;
  heartbeat->url = WalkSecret(*map, "url", folder);
  if (!map->Has("url") && !map->Has("url_file")) {
    map->Problem(map->place(), "\"url_file\" is missing", "whom the dead-man's switch listens to");
  } else if (!heartbeat->url.empty() && !IsDestination(heartbeat->url.Reveal())) {
    map->Problem(map->place(), "the address is not an http or https URL",
                 "write it such as https://hc.example.com/ping/0000");
  }
  WalkLength(*map, "every", Duration::Seconds(10), Duration::Hours(1), &heartbeat->every);
  map->Finish();
}

void WalkBreakGlass(YamlMap& top, Config* config) {
  std::optional<YamlMap> map = top.Map("break_glass", "break_glass");
  if (!map) return;
  BreakGlassConfig& glass = config->break_glass;
  glass.route = map->Text("route", Need::kRequired);
  WalkLength(*map, "after", Duration::Seconds(20), Duration::Hours(1), &glass.after);
  const DeliveryRoute* const route = config->FindRoute(glass.route);
  std::vector<std::string> names;
  for (const DeliveryRoute& known : config->routes) names.push_back(known.name);
  if (!glass.route.empty() && route == nullptr) {
    map->Problem(map->Find("route")->place,
                 Cat("the route ", Quoted(glass.route), " is not configured"),
                 names.empty() ? "" : HintOf(glass.route, names, "configured:"));
  } else if (route != nullptr && route->shadow) {
    map->Problem(map->Find("route")->place,
                 Cat("the route ", Quoted(glass.route), " is in shadow mode and wakes nobody"));
  }
  map->Finish();
}

}  // namespace

void WalkGuard(YamlMap& top, const std::string& folder, Config* config) {
  WalkHeartbeat(top, folder, &config->heartbeat);
  WalkBreakGlass(top, config);
}

}  // namespace escalation
