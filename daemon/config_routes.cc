#include "daemon/config_routes.h"

#include <algorithm>
#include <string_view>

#include "daemon/config.h"
#include "daemon/config_values.h"
#include "state/base/text.h"
#include "state/policy/policy_names.h"

namespace escalation {
namespace {

constexpr const char* kVictorOpsEndpoint =
    "https://alert.victorops.com/integrations/generic/20131114/alert";
constexpr int kVictorOpsPerMinuteMax = 150;
constexpr Duration kTimeoutMax = Duration::Minutes(1);

// From `url`, or for VictorOps from its parts.
Secret WalkUrl(YamlMap& map, DeliveryRoute::Provider kind, const std::string& folder) {
  Secret url = WalkSecret(map, "url", folder);
  const bool given = map.Has("url") || map.Has("url_file");
  if (kind == DeliveryRoute::Provider::kWebhook) {
    if (!given) map.Problem(map.place(), "\"url\" is missing");
    return url;
  }
  const std::string endpoint = map.Text("endpoint");
  const std::string routing_key = map.Text("routing_key");
  const Secret key = WalkSecret(map, "key", folder);
  const bool key_given = map.Has("key") || map.Has("key_file");
  if (given && (key_given || !endpoint.empty())) {
    map.Problem(map.place(), "\"url\" is the whole address; \"endpoint\" and \"key\" are its parts",
                "give one or the other");
  } else if (!given && !key_given) {
    map.Problem(map.place(), "no address: \"url_file\" or \"key_file\" is missing");
  }
  std::string address = url.Reveal();
  if (url.empty()) {
    if (key.empty()) return url;
    address = Cat(endpoint.empty() ? kVictorOpsEndpoint : endpoint, "/", key.Reveal());
  }
  if (!routing_key.empty()) CatTo(&address, address.ends_with('/') ? "" : "/", routing_key);
  return Secret(std::move(address));
}

// Token characters of RFC 9110.
bool IsHeaderName(std::string_view name) {
  return !name.empty() && name.size() <= 128 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

void WalkHeaders(YamlMap& map, DeliveryRoute* route) {
  const YamlNode* node = map.Find("headers");
  for (auto& [name, value] : map.Pairs("headers")) {
    const bool clean = std::all_of(value.begin(), value.end(), [](char c) {
      return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F;
    });
    if (!IsHeaderName(name) || !clean || value.size() > kSecretBytesMax) {
      map.Problem(node->place, Cat("\"headers\" has a malformed header ", Quoted(name)),
                  "names are letters, digits, - and _; values are one line");
      continue;
    }
    route->headers.emplace_back(name, Secret(std::move(value)));
  }
}

}  // namespace

void WalkRoute(const YamlEntry& entry, Walk walk, const std::string& folder, DeliveryRoute* route) {
  route->name = entry.key;
  YamlMap map(entry.value, PartWhere("route", entry.key), PartPath("routes", entry.key), walk);
  if (!IsId(entry.key, kNameBytesMax)) {
    map.Problem(entry.place,
                Cat("the name must be 1 to ", kNameBytesMax, " characters of A-Z a-z 0-9 . _ : -"));
  }
  const auto kind = map.Word("kind",
                             {{"victorops", static_cast<int>(DeliveryRoute::Provider::kVictorOps)},
                              {"webhook", static_cast<int>(DeliveryRoute::Provider::kWebhook)}},
                             Need::kRequired);
  if (!kind) {
    // Which keys belong here depends on it.
    map.ReportMissing();
    return;
  }
  route->provider = static_cast<DeliveryRoute::Provider>(*kind);
  route->url = WalkUrl(map, route->provider, folder);
  if (route->provider == DeliveryRoute::Provider::kWebhook) {
    route->signing_secret = WalkSecret(map, "secret", folder);
    WalkHeaders(map, route);
  } else {
    route->per_minute_max = kVictorOpsPerMinuteMax;
  }
  if (!route->url.empty() && !IsDestination(route->url.Reveal())) {
    map.Problem(map.place(), "the address is not an http or https URL",
                "write it such as https://hooks.example.com/pages");
  }
  const auto budget = map.Integer("per_minute_max", 1, 100'000);
  if (budget) route->per_minute_max = static_cast<int>(*budget);
  route->shadow = map.Flag("shadow").value_or(false);
  WalkLength(map, "timeout", {100}, kTimeoutMax, &route->timeout);
  map.Finish();
}

}  // namespace escalation
