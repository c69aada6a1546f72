#include "daemon/config_log.h"

#include <algorithm>
#include <utility>

#include "daemon/config_values.h"
#include "daemon/log/kafka_topics.h"
#include "state/base/text.h"
#include "state/policy/bounded_file.h"
#include "state/policy/policy_names.h"

namespace escalation {
namespace {

using Kind = LogConfig::Kind;

// The broker's own limits are 6 s and 30 min unless it was told otherwise.
constexpr Duration kSessionMin = Duration::Seconds(1);
constexpr Duration kSessionMax = Duration::Minutes(5);
constexpr const char* kKafkaKeys[] = {"brokers",      "topic",         "decisions",
                                      "dead_letters", "group",         "allow_plaintext",
                                      "settings",     "settings_file", "session_timeout"};

void WalkTopic(YamlMap& log, std::string_view key, std::string* out) {
  std::string name = log.Text(key);
  if (name.empty()) return;
  if (!IsTopic(name)) {
    log.Problem(log.Find(key)->place, Cat(Quoted(key), " must be 1 to ", kTopicBytesMax,
                                          " characters of A-Z a-z 0-9 . _ -, got ", Quoted(name)));
    return;
  }
  *out = std::move(name);
}

// Properties of the file and of the config; a name may stand in one of them only.
void WalkSettings(YamlMap& log, const std::string& folder, KafkaSettings* settings) {
  const std::string file = log.Text("settings_file");
  if (!file.empty()) {
    const YamlNode& node = *log.Find("settings_file");
    const std::string path = ResolvePath(folder, file);
    absl::StatusOr<KafkaSettings> read = ReadKafkaSettings(path);
    const bool secret = read.ok() && !SecretsOf(*read).empty();
    const absl::Status mode = secret ? CheckSecretFileMode(path) : absl::OkStatus();
    if (!read.ok()) {
      log.Problem(node.place, Cat("\"settings_file\": ", std::string(read.status().message())));
    } else if (!mode.ok()) {
      log.Problem(node.place, Cat("\"settings_file\": ", std::string(mode.message())),
                  SecretFileHint(mode));
    } else if (!read->brokers.empty()) {
      log.Problem(node.place, Cat("\"settings_file\": ", file, " names brokers"),
                  "\"brokers\" belongs here, beside \"settings_file\"");
    } else {
      settings->properties = std::move(read->properties);
      settings->plaintext = read->plaintext;
    }
  }
  for (auto& [name, value] : log.Pairs("settings")) {
    const Place place = log.Find("settings")->place;
    if (!IsKafkaProperty(name)) {
      log.Problem(place, Cat("\"settings\": ", Quoted(name), " cannot be set"),
                  "security.protocol, sasl.*, ssl.*, socket.* and their like can; escalationd sets "
                  "itself what its guarantees rest on");
    } else if (!settings->properties.emplace(name, Secret(std::move(value))).second) {
      log.Problem(place, Cat("\"settings\": ", Quoted(name), " stands in \"settings_file\", too"));
    }
  }
}

void WalkKafka(YamlMap& log, const std::string& folder, LogConfig* out) {
  WalkTopic(log, "topic", &out->topic);
  KafkaLogTopics beside = TopicsOf(out->topic);
  out->decisions = std::move(beside.decisions);
  out->dead_letters = std::move(beside.dead_letters);
  WalkTopic(log, "decisions", &out->decisions);
  WalkTopic(log, "dead_letters", &out->dead_letters);
  out->group = Cat(out->topic, ".owners");
  const std::string group = log.Text("group");
  if (!group.empty()) out->group = group;
  WalkLength(log, "session_timeout", kSessionMin, kSessionMax, &out->session_timeout);
  WalkCluster(log, folder, &out->kafka);
}

}  // namespace

bool IsTopic(std::string_view name) {
  return !name.empty() && name.size() <= kTopicBytesMax && name != "." && name != ".." &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

void WalkCluster(YamlMap& map, const std::string& folder, KafkaSettings* settings) {
  settings->brokers = map.Text("brokers", Need::kRequired);
  WalkSettings(map, folder, settings);
  if (map.Flag("allow_plaintext").value_or(false)) settings->plaintext = Plaintext::kAllowed;
  if (settings->brokers.empty()) return;
  const absl::Status checked = CheckKafkaSettings("kafka", *settings);
  if (checked.ok()) return;
  const std::string message(checked.message());
  const size_t hint = message.find("\n  hint: ");
  map.Problem(map.Find("brokers")->place, message.substr(0, hint),
              hint == std::string::npos ? "" : message.substr(hint + 9));
}

void WalkClusterBeside(YamlMap& map, const std::string& folder, const LogConfig& log,
                       KafkaSettings* settings) {
  const bool same = log.kind == Kind::kKafka && !map.Has("brokers") && !map.Has("settings") &&
                    !map.Has("settings_file") && !map.Has("allow_plaintext");
  if (same) {
    *settings = log.kafka;
  } else {
    WalkCluster(map, folder, settings);
  }
}

bool IsOwnTopic(const LogConfig& log, const KafkaSettings& cluster, std::string_view topic) {
  return log.kind == Kind::kKafka && cluster.brokers == log.kafka.brokers &&
         (topic == log.topic || topic == log.decisions || topic == log.dead_letters);
}

void WalkLog(YamlMap& top, const std::string& folder, Config* config) {
  config->log.dir = Cat(config->state_dir, "/log");
  std::optional<YamlMap> log = top.Map("log", "log");
  if (!log) return;
  const auto kind = log->Word("kind", {{"embedded", static_cast<int>(Kind::kEmbedded)},
                                       {"kafka", static_cast<int>(Kind::kKafka)}});
  config->log.kind = static_cast<Kind>(kind.value_or(static_cast<int>(Kind::kEmbedded)));
  const bool kafka = config->log.kind == Kind::kKafka;
  const std::string dir = log->Text("dir");
  if (kafka && !dir.empty()) {
    log->Problem(log->Find("dir")->place, "\"dir\" is for kind: embedded");
  } else if (!dir.empty()) {
    config->log.dir = ResolvePath(folder, dir);
  }
  if (kafka) {
    WalkKafka(*log, folder, &config->log);
  } else {
    for (const char* key : kKafkaKeys) {
      if (!log->Has(key)) continue;
      log->Problem(log->Find(key)->place, Cat(Quoted(key), " is for kind: kafka"));
    }
  }
  log->Finish();
}

bool operator==(const LogConfig& a, const LogConfig& b) {
  return a.kind == b.kind && a.dir == b.dir && SameConnection(a.kafka, b.kafka) &&
         a.topic == b.topic && a.decisions == b.decisions && a.dead_letters == b.dead_letters &&
         a.group == b.group && a.session_timeout == b.session_timeout;
}

}  // namespace escalation
