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

void WalkHook(YamlMap& map, const std::string& folder, SourceConfig* source) {
  HookVerification& hook = source->hook.emplace();
  const auto kind = map.Word("verify",
                             {{"none", static_cast<int>(Verify::kNone)},
                              {"hmac_sha256", static_cast<int>(Verify::kHmacSha256)},
                              {"hmac_sha1", static_cast<int>(Verify::kHmacSha1)},
                              {"header", static_cast<int>(Verify::kHeader)},
                              {"basic", static_cast<int>(Verify::kBasic)}},
                             Need::kRequired);
  if (!kind) return map.ReportMissing();
  hook.kind = static_cast<Verify>(*kind);
  if (hook.kind == Verify::kNone) return map.Finish();
  hook.secret = WalkSecret(map, "secret", folder);
  if (!map.Has("secret") && !map.Has("secret_file")) {
    map.Problem(map.place(), "\"secret_file\" is missing");
  }
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
  std::optional<YamlMap> kafka = map.Map("kafka", Cat(map.where(), ", kafka"));
  std::optional<YamlMap> http = map.Map("http", Cat(map.where(), ", http"));
  if (kafka) WalkKafkaSource(*kafka, folder, *config, &source);
  if (http) WalkHook(*http, folder, &source);
  if (map.Has("kafka") == map.Has("http")) {
    map.Problem(map.place(), "expected either \"kafka\" or \"http\"");
  }
  map.Finish();
  CatTo(&config->sources_hash, source.decoder.program.text, "\n");
  if (source.hook) CatTo(&config->sources_hash, source.hook->secret.Reveal(), "\n");
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
