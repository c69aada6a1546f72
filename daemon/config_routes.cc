#include "daemon/config_routes.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/config_log.h"
#include "daemon/config_values.h"
#include "daemon/deliver/plain_text.h"
#include "daemon/source/event_decoder.h"
#include "state/base/text.h"
#include "state/policy/bounded_file.h"
#include "state/policy/policy_names.h"

namespace escalation {
namespace {

using Kind = DeliveryRoute::Provider;

constexpr const char* kVictorOpsEndpoint =
    "https://alert.victorops.com/integrations/generic/20131114/alert";
constexpr const char* kPagerDutyEndpoint = "https://events.pagerduty.com/v2/enqueue";
constexpr const char* kSlackEndpoint = "https://slack.com/api/chat.postMessage";
constexpr const char* kJsmEndpoint = "https://api.atlassian.com/jsm/ops/integration/v2/alerts";
constexpr const char* kAlertmanagerPath = "/api/v2/alerts";
constexpr int kVictorOpsPerMinuteMax = 150;
constexpr int kSlackPerMinuteMax = 60;
constexpr Duration kTimeoutMax = Duration::Minutes(1);
constexpr size_t kRecipientsMax = 50;

bool Given(const YamlMap& map, std::string_view key) {
  return map.Has(key) || map.Has(Cat(key, "_file"));
}

void WalkUrl(YamlMap& map, const std::string& folder, DeliveryRoute* route) {
  route->url = WalkSecret(map, "url", folder);
  if (!Given(map, "url")) map.Problem(map.place(), "\"url\" is missing");
}

// A secret without which the provider cannot be spoken to.
void WalkKey(YamlMap& map, std::string_view name, const std::string& folder, DeliveryRoute* route) {
  route->key = WalkSecret(map, std::string(name), folder);
  if (!Given(map, name)) map.Problem(map.place(), Cat("\"", name, "_file\" is missing"));
}

void WalkEndpoint(YamlMap& map, const char* usual, DeliveryRoute* route) {
  const std::string endpoint = map.Text("endpoint");
  route->url = Secret(endpoint.empty() ? usual : endpoint);
}

// The words of the file and what the provider calls them, the most urgent first.
void WalkUrgency(YamlMap& map, std::string_view key, const std::vector<std::string>& words,
                 DeliveryRoute* route) {
  std::vector<Choice> choices;
  for (const std::string& word : words) {
    choices.push_back({word, static_cast<int>(choices.size())});
  }
  const std::optional<int> choice = map.Word(key, choices);
  if (choice) route->urgency = words[static_cast<size_t>(*choice)];
}

// From `url` or from its parts.
Secret WalkVictorOpsUrl(YamlMap& map, const std::string& folder) {
  Secret url = WalkSecret(map, "url", folder);
  const std::string endpoint = map.Text("endpoint");
  const std::string routing_key = map.Text("routing_key");
  const Secret key = WalkSecret(map, "key", folder);
  if (Given(map, "url") && (Given(map, "key") || !endpoint.empty())) {
    map.Problem(map.place(), "\"url\" is the whole address; \"endpoint\" and \"key\" are its parts",
                "give one or the other");
  } else if (!Given(map, "url") && !Given(map, "key")) {
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

void WalkVictorOps(YamlMap& map, const std::string& folder, DeliveryRoute* route) {
  route->url = WalkVictorOpsUrl(map, folder);
  route->per_minute_max = kVictorOpsPerMinuteMax;
  WalkUrgency(map, "message_type", {"CRITICAL", "WARNING", "INFO"}, route);
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

// The program that makes a webhook's body.
void WalkBody(YamlMap& map, const std::string& folder, DeliveryRoute* route) {
  const std::string file = map.Text("body");
  if (file.empty()) return;
  absl::StatusOr<MappingProgram> read = ReadMappingProgram(ResolvePath(folder, file));
  if (read.ok()) {
    route->body = std::make_shared<const MappingProgram>(*std::move(read));
  } else {
    map.Problem(map.Find("body")->place, Cat("\"body\": ", std::string(read.status().message())));
  }
}

void WalkSlack(YamlMap& map, const std::string& folder, DeliveryRoute* route) {
  route->per_minute_max = kSlackPerMinuteMax;
  route->url = WalkSecret(map, "url", folder);
  route->key = WalkSecret(map, "token", folder);
  route->channel = map.Text("channel");
  const std::string endpoint = map.Text("endpoint");
  route->buttons = map.Flag("buttons").value_or(false);
  if (Given(map, "url") == Given(map, "token")) {
    map.Problem(map.place(), "expected either \"url_file\" or \"token_file\"",
                "a webhook's address, or a bot's token with a channel");
  } else if (Given(map, "token") && route->channel.empty() && !map.Has("channel")) {
    map.Problem(map.place(), "\"channel\" is missing");
  } else if (Given(map, "url") && (map.Has("channel") || map.Has("endpoint"))) {
    map.Problem(map.place(), "\"channel\" and \"endpoint\" go with a token",
                "a webhook knows its channel");
  }
  if (Given(map, "token")) route->url = Secret(endpoint.empty() ? kSlackEndpoint : endpoint);
}

bool IsAddress(std::string_view text) {
  const size_t at = text.find('@');
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return c > 0x20 && c < 0x7F &&
           std::string_view("<>()[],;:\\\"").find(c) == std::string_view::npos;
  });
  return plain && text.size() <= 254 && at != std::string_view::npos && at > 0 &&
         at + 1 < text.size() && text.find('@', at + 1) == std::string_view::npos;
}

bool IsMailServer(std::string_view url) {
  const size_t scheme = url.starts_with("smtps://") ? 8 : url.starts_with("smtp://") ? 7 : 0;
  const std::string_view host = url.substr(scheme);
  return scheme > 0 && !host.empty() && host.front() != ':' &&
         std::all_of(host.begin(), host.end(), [](char c) {
           return c > 0x20 && c < 0x7F && c != '@' && c != '/' && c != '?' && c != '#';
         });
}

void WalkAddresses(YamlMap& map, MailRoute* mail) {
  mail->from = map.Text("from", Need::kRequired);
  mail->to = map.Texts("to", Need::kRequired);
  if (!mail->from.empty() && !IsAddress(mail->from)) {
    map.Problem(map.Find("from")->place,
                Cat("\"from\" must be an e-mail address, got ", Quoted(mail->from)));
  }
  for (const std::string& to : mail->to) {
    if (IsAddress(to)) continue;
    map.Problem(map.Find("to")->place, Cat("\"to\" must be e-mail addresses, got ", Quoted(to)));
  }
  if (mail->to.size() > kRecipientsMax) {
    map.Problem(map.Find("to")->place, Cat("\"to\" must be at most ", kRecipientsMax,
                                           " addresses, got ", mail->to.size()));
  }
}

void WalkEmail(YamlMap& map, const std::string& folder, DeliveryRoute* route) {
  const std::string server = map.Text("server", Need::kRequired);
  if (!server.empty() && !IsMailServer(server)) {
    map.Problem(map.Find("server")->place,
                Cat("\"server\" must be a mail server's address, got ", Quoted(server)),
                "write it such as smtp://mail.example.com:587 or smtps://mail.example.com");
  }
  route->url = Secret(server);
  route->mail.user = map.Text("user");
  route->key = WalkSecret(map, "password", folder);
  WalkAddresses(map, &route->mail);
  route->mail.encrypted = !map.Flag("plaintext").value_or(false);
  if (map.Has("user") != Given(map, "password")) {
    map.Problem(map.place(), "\"user\" and \"password_file\" go together");
  } else if (map.Has("user") && !route->mail.encrypted) {
    map.Problem(map.Find("plaintext")->place,
                "\"plaintext\" would send the password for everybody to read");
  }
}

bool IsLabelName(std::string_view name) {
  return !name.empty() && !(name.front() >= '0' && name.front() <= '9') &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                  c == '_';
         });
}

void WalkAlertmanager(YamlMap& map, const std::string& folder, DeliveryRoute* route) {
  WalkUrl(map, folder, route);
  std::string url = route->url.Reveal();
  while (url.ends_with('/')) url.pop_back();
  if (!url.empty() && !url.ends_with(kAlertmanagerPath)) url += kAlertmanagerPath;
  route->url = Secret(std::move(url));
  const Secret token = WalkSecret(map, "token", folder);
  if (!token.empty()) {
    route->headers.emplace_back("Authorization", Secret(Cat("Bearer ", token.Reveal())));
  }
  route->labels = map.Pairs("labels");
  for (const auto& [name, value] : route->labels) {
    const bool ours = name == "alertname" || name == "page_key" || name == "tenant";
    if (IsLabelName(name) && !ours && OneLine(value) == value && !value.empty()) continue;
    map.Problem(map.Find("labels")->place,
                Cat("\"labels\" has a label ", Quoted(name),
                    ours ? " that escalationd gives" : " that is malformed"),
                "names are letters, digits and _; values are one line");
  }
}

void WalkTopic(YamlMap& map, const std::string& folder, const LogConfig& log, TopicRoute* route) {
  auto cluster = std::make_shared<KafkaSettings>();
  WalkClusterBeside(map, folder, log, cluster.get());
  route->topic = map.Text("topic", Need::kRequired);
  if (!route->topic.empty() && !IsTopic(route->topic)) {
    map.Problem(map.Find("topic")->place,
                Cat("\"topic\" must be 1 to ", kTopicBytesMax,
                    " characters of A-Z a-z 0-9 . _ -, got ", Quoted(route->topic)));
  } else if (IsOwnTopic(log, *cluster, route->topic)) {
    map.Problem(map.Find("topic")->place, Cat("\"topic\": ", Quoted(route->topic),
                                              " is a topic that escalationd itself writes"));
  }
  route->cluster = std::move(cluster);
}

void WalkProvider(YamlMap& map, const std::string& folder, const LogConfig& log,
                  DeliveryRoute* route) {
  switch (route->provider) {
    case Kind::kVictorOps:
      return WalkVictorOps(map, folder, route);
    case Kind::kPagerDuty:
      WalkKey(map, "key", folder, route);
      WalkEndpoint(map, kPagerDutyEndpoint, route);
      return WalkUrgency(map, "severity", {"critical", "error", "warning", "info"}, route);
    case Kind::kSlack:
      return WalkSlack(map, folder, route);
    case Kind::kJsm:
      WalkKey(map, "key", folder, route);
      WalkEndpoint(map, kJsmEndpoint, route);
      return WalkUrgency(map, "priority", {"P1", "P2", "P3", "P4", "P5"}, route);
    case Kind::kEmail:
      return WalkEmail(map, folder, route);
    case Kind::kAlertmanager:
      WalkAlertmanager(map, folder, route);
      return WalkHeaders(map, route);
    case Kind::kWebhook:
      WalkUrl(map, folder, route);
      route->signing_secrets = WalkSecrets(map, folder);
      WalkBody(map, folder, route);
      return WalkHeaders(map, route);
    case Kind::kKafka:
      return WalkTopic(map, folder, log, &route->topic);
  }
}

const std::vector<Choice>& KindChoices() {
  static const auto* const choices =
      new std::vector<Choice>{{"victorops", static_cast<int>(Kind::kVictorOps)},
                              {"pagerduty", static_cast<int>(Kind::kPagerDuty)},
                              {"slack", static_cast<int>(Kind::kSlack)},
                              {"jsm", static_cast<int>(Kind::kJsm)},
                              {"email", static_cast<int>(Kind::kEmail)},
                              {"alertmanager", static_cast<int>(Kind::kAlertmanager)},
                              {"kafka", static_cast<int>(Kind::kKafka)},
                              {"webhook", static_cast<int>(Kind::kWebhook)}};
  return *choices;
}

}  // namespace

void WalkRoute(const YamlEntry& entry, Walk walk, const std::string& folder, const LogConfig& log,
               DeliveryRoute* route) {
  route->name = entry.key;
  YamlMap map(entry.value, PartWhere("route", entry.key), PartPath("routes", entry.key), walk);
  if (!IsId(entry.key, kNameBytesMax)) {
    map.Problem(entry.place,
                Cat("the name must be 1 to ", kNameBytesMax, " characters of A-Z a-z 0-9 . _ : -"));
  }
  const auto kind = map.Word("kind", KindChoices(), Need::kRequired);
  if (!kind) {
    // Which keys belong here depends on it.
    map.ReportMissing();
    return;
  }
  route->provider = static_cast<Kind>(*kind);
  WalkProvider(map, folder, log, route);
  if (route->provider != Kind::kEmail && !route->url.empty() &&
      !IsDestination(route->url.Reveal())) {
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
