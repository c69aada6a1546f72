#include "daemon/config_sources.h"

#include <set>
#include <utility>

#include "daemon/config_log.h"
#include "daemon/config_values.h"
#include "state/base/ids.h"
#include "state/base/sha256.h"
#include "state/base/text.h"
#include "state/policy/bounded_file.h"
#include "state/policy/policy_names.h"

namespace escalation {
namespace {

using Verify = HookVerification::Kind;

constexpr Duration kMarkMin{100};
constexpr Duration kMarkMax = Duration::Minutes(1);
constexpr size_t kTopicsMax = 64;

// Everything that the tree says.
void AppendText(const YamlNode& node, std::string* out) {
  CatTo(out, "(", node.text, ")");
  for (const YamlNode& item : node.items) AppendText(item, out);
  for (const YamlEntry& entry : node.entries) {
    CatTo(out, "[", entry.key, "]");
    AppendText(entry.value, out);
  }
}

std::string Lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

void WalkFormat(YamlMap& map, const std::string& folder, DecoderOptions* decoder) {
  std::vector<Choice> choices;
  const std::vector<std::string> names = SourceFormatNames();
  for (const std::string& name : names) {
    choices.push_back({name, static_cast<int>(*SourceFormatFromName(name))});
  }
  const auto format = map.Word("format", choices, Need::kRequired);
  const std::string program = map.Text("program");
  const auto index = map.Integer("message_index", 0, 10'000);
  if (!format) return;
  decoder->format = static_cast<SourceFormat>(*format);
  if (index && decoder->format != SourceFormat::kConfluent) {
    map.Problem(map.Find("message_index")->place, "\"message_index\" is for format: confluent");
  } else if (index) {
    decoder->confluent_message_index = static_cast<int>(*index);
  }
  if (decoder->format != SourceFormat::kJq) {
    if (program.empty()) return;
    return map.Problem(map.Find("program")->place, "\"program\" is for format: jq");
  }
  if (program.empty()) {
    if (!map.Has("program")) {
      map.Problem(map.place(), "\"program\" is missing: the jq program that makes events");
    }
    return;
  }
  absl::StatusOr<MappingProgram> read = ReadMappingProgram(ResolvePath(folder, program));
  if (!read.ok()) {
    return map.Problem(map.Find("program")->place,
                       Cat("\"program\": ", std::string(read.status().message())));
  }
  decoder->program = *std::move(read);
}

void WalkKafkaSource(YamlMap& map, const std::string& folder, const Config& config,
                     SourceConfig* source) {
  KafkaSourceConfig& kafka = source->kafka.emplace();
  WalkClusterBeside(map, folder, config.log, &kafka.settings);
  kafka.topics = map.Texts("topics", Need::kRequired);
  for (const std::string& topic : kafka.topics) {
    if (!IsTopic(topic)) {
      map.Problem(map.Find("topics")->place, Cat("no name of a topic: ", Quoted(topic)));
    } else if (IsOwnTopic(config.log, kafka.settings, topic)) {
      map.Problem(map.Find("topics")->place,
                  Cat(Quoted(topic), " is a topic that escalationd itself writes"));
    }
  }
  const std::set<std::string> unique(kafka.topics.begin(), kafka.topics.end());
  if (unique.size() != kafka.topics.size() || unique.size() > kTopicsMax) {
    map.Problem(map.Find("topics")->place,
                Cat("\"topics\" must be at most ", kTopicsMax, ", each of them once"));
  }
  kafka.start = static_cast<SourceStart>(
      map.Word("start", {{"beginning", static_cast<int>(SourceStart::kBeginning)},
                         {"latest", static_cast<int>(SourceStart::kLatest)}})
          .value_or(static_cast<int>(SourceStart::kBeginning)));
  kafka.group = map.Text("group");
  if (kafka.group.empty()) kafka.group = Cat("escalationd.", source->name);
  WalkLength(map, "mark_every", kMarkMin, kMarkMax, &kafka.mark_every);
  map.Finish();
}

void WalkSignature(YamlMap& map, HookVerification* hook) {
  hook->encoding = static_cast<HookVerification::Encoding>(
      map.Word("encoding", {{"hex", static_cast<int>(HookVerification::Encoding::kHex)},
                            {"base64", static_cast<int>(HookVerification::Encoding::kBase64)}})
          .value_or(0));
  const std::string content = map.Text("signed");
  if (!content.empty()) hook->content = content;
  if (hook->content.find("{body}") == std::string::npos) {
    map.Problem(map.Find("signed")->place,
                Cat("\"signed\" must hold {body}, got ", Quoted(hook->content)));
  }
  hook->timestamp_header = Lower(map.Text("timestamp_header"));
  WalkLength(map, "age_max", Duration::Seconds(1), Duration::Days(1), &hook->age_max);
}

// One of `secret`, or several files while the sender changes from one to the next.
void WalkHookSecrets(YamlMap& map, const std::string& folder, HookVerification* hook) {
  hook->secrets = WalkSecrets(map, folder);
  if (map.Has("secret") || map.Has("secret_file") || map.Has("secret_files")) return;
  map.Problem(map.place(), "\"secret_file\" is missing");
}

void WalkUsualHook(YamlMap& map, const std::string& folder, HookVerification* hook) {
  const bool standard = hook->header == "webhook-signature";
  WalkHookSecrets(map, folder, hook);
  for (Secret& secret : hook->secrets) {
    std::optional<Secret> used = standard ? StandardWebhooksSecret(secret) : secret;
    if (used) {
      secret = *std::move(used);
    } else {
      map.Problem(map.place(), "a secret begins with whsec_ but is not base64");
    }
  }
  if (hook->kind == Verify::kVictorOps) {
    hook->url = map.Text("url", Need::kRequired);
    if (!hook->url.empty() && !IsDestination(hook->url)) {
      map.Problem(map.Find("url")->place, "\"url\" is not an http or https URL",
                  "the hook's address exactly as VictorOps shows it: its signature covers it");
    }
  }
  if (!hook->timestamp_header.empty()) {
    WalkLength(map, "age_max", Duration::Seconds(1), Duration::Days(1), &hook->age_max);
  }
  map.Finish();
}

// How one says who the sender is: kinds of our own, and senders that everybody knows.
constexpr std::string_view kVerifyWords[] = {
    "none",      "hmac_sha256", "hmac_sha1",         "header",   "basic",
    "pagerduty", "slack",       "standard_webhooks", "victorops"};

void WalkHook(YamlMap& map, const std::string& folder, SourceConfig* source) {
  HookVerification& hook = source->hook.emplace();
  std::vector<Choice> choices;
  for (const std::string_view word : kVerifyWords) {
    choices.push_back({word, static_cast<int>(choices.size())});
  }
  const auto chosen = map.Word("verify", choices, Need::kRequired);
  if (!chosen) return map.ReportMissing();
  const std::string_view word = kVerifyWords[*chosen];
  if (std::optional<HookVerification> usual = UsualVerification(word)) {
    hook = *std::move(usual);
    return WalkUsualHook(map, folder, &hook);
  }
  hook.kind = static_cast<Verify>(*chosen);
  if (hook.kind == Verify::kNone) return map.Finish();
  WalkHookSecrets(map, folder, &hook);
  if (hook.kind == Verify::kBasic) return map.Finish();
  hook.header = Lower(map.Text("header", Need::kRequired));
  hook.prefix = map.Text("prefix");
  if (hook.kind != Verify::kHeader) WalkSignature(map, &hook);
  map.Finish();
}

void WalkSource(const YamlEntry& entry, YamlMap& top, const std::string& folder, Config* config) {
  SourceConfig source;
  source.name = entry.key;
  YamlMap map(entry.value, PartWhere("source", entry.key), PartPath("sources", entry.key),
              top.walk());
  if (!IsId(entry.key, kNameBytesMax) || entry.key == "http" || entry.key.ends_with(".retry")) {
    map.Problem(entry.place,
                Cat("the name must be 1 to ", kNameBytesMax,
                    " characters of A-Z a-z 0-9 . _ : -, neither \"http\" nor ending in .retry"));
  }
  source.tenant = map.Text("tenant");
  if (source.tenant.empty() && !config->tenants.empty()) {
    source.tenant = config->tenants.front().name;
  }
  const TenantConfig* const tenant = config->FindTenant(source.tenant);
  if (tenant != nullptr) {
    source.partition = tenant->partition;
  } else if (map.Has("tenant")) {
    map.Problem(map.Find("tenant")->place,
                Cat("there is no tenant ", Quoted(source.tenant), " in \"tenants\""));
  }
  WalkFormat(map, folder, &source.decoder);
  source.decoder.tenant = source.tenant;
  std::optional<YamlMap> kafka = map.Map("kafka", Cat(map.where(), ", kafka"));
  std::optional<YamlMap> http = map.Map("http", Cat(map.where(), ", http"));
  if (kafka) WalkKafkaSource(*kafka, folder, *config, &source);
  if (http) WalkHook(*http, folder, &source);
  if (map.Has("kafka") == map.Has("http")) {
    map.Problem(map.place(), "expected either \"kafka\" or \"http\"");
  }
  map.Finish();
  CatTo(&config->sources_hash, source.decoder.program.text, "\n");
  if (source.hook) {
    for (const Secret& secret : source.hook->secrets) {
      CatTo(&config->sources_hash, secret.Reveal(), "\n");
    }
  }
  config->sources.push_back(std::move(source));
}

}  // namespace

void WalkSources(YamlMap& top, const std::string& folder, Config* config) {
  for (const YamlEntry* entry : top.Named("sources")) WalkSource(*entry, top, folder, config);
  if (const YamlNode* const sources = top.Find("sources")) {
    AppendText(*sources, &config->sources_hash);
  }
  // Holds secrets until here.
  config->sources_hash = Sha256({config->sources_hash});
}

}  // namespace escalation
