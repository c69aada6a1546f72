#include "ops/log_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "daemon/log/open_log.h"
#include "ops/log_description.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr char kFooter[] = R"(Examples:
  escalationctl log create kafka://kafka-1:9093,kafka-2:9093/escalation.log --replication 3
  escalationctl log describe kafka://kafka-1:9093/escalation.log
  escalationctl log verify embedded:/var/lib/escalationd/log

A log on Kafka has three topics: escalation.log, escalation.decisions, escalation.dead-letters. How a
cluster is reached stands in the file that ESCALATION_KAFKA_SETTINGS names, one NAME=VALUE a line:
security.protocol, sasl.*, ssl.* as librdkafka knows them; allow_plaintext=true where nobody else
reads the network.)";

struct Options {
  std::string uri;
  int32_t partitions = 1;
  int32_t replication = -1;
  std::vector<std::string> settings;
  std::string form = "text";
};

void Fail(CommandContext& context, std::string_view message) {
  context.err << "escalationctl log: " << message << "\n";
  context.exit_code = kExitFailed;
}

void Fail(CommandContext& context, const absl::Status& status) {
  Fail(context, std::string(status.message()));
}

void Create(CommandContext& context, const Options& options) {
  const absl::StatusOr<KafkaPlace> place = ParseKafkaUri(options.uri);
  if (!place.ok()) return Fail(context, place.status());
  KafkaLogSpec spec{place->topic, options.partitions, options.replication, {}};
  for (const std::string& setting : options.settings) {
    const size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Fail(context, Cat("\"", setting, "\" is no setting, expected NAME=VALUE"));
    }
    spec.settings[setting.substr(0, equals)] = setting.substr(equals + 1);
  }
  const absl::StatusOr<std::string> incarnation = CreateKafkaLog(place->settings, spec);
  if (!incarnation.ok()) return Fail(context, incarnation.status());
  if (options.form == "json") {
    context.out << nlohmann::ordered_json{{"topic", place->topic}, {"incarnation", *incarnation}}
                << "\n";
  } else {
    context.out << place->topic << ": log " << *incarnation << "\n";
  }
}

absl::StatusOr<std::unique_ptr<Log>> OpenForReading(const std::string& uri) {
  EmbeddedLogOptions options;
  options.access = Access::kReadOnly;
  return OpenLog(uri, std::move(options));
}

// Of a log that cannot be opened the topics still tell why.
void DescribeClosed(CommandContext& context, const Options& options, const absl::Status& why) {
  Fail(context, why);
  const absl::StatusOr<KafkaPlace> place = ParseKafkaUri(options.uri);
  if (!place.ok() || absl::IsUnavailable(why)) return;
  const auto topics = DescribeTopics(place->settings, place->topic);
  if (!topics.ok()) return;
  for (const TopicDescription& topic : *topics) {
    for (const KafkaFinding& finding : topic.findings) context.err << "  " << finding.text << "\n";
  }
}

void Describe(CommandContext& context, const Options& options) {
  const absl::StatusOr<std::unique_ptr<Log>> log = OpenForReading(options.uri);
  if (!log.ok()) return DescribeClosed(context, options, log.status());
  absl::StatusOr<LogDescription> description = DescribeLog(**log);
  if (!description.ok()) return Fail(context, description.status());
  if ((*log)->identity().kind == "kafka" && options.uri.substr(0, 6) == "kafka:") {
    const absl::StatusOr<KafkaPlace> place = ParseKafkaUri(options.uri);
    if (!place.ok()) return Fail(context, place.status());
    auto topics = DescribeTopics(place->settings, place->topic);
    if (!topics.ok()) return Fail(context, topics.status());
    description->topics = *std::move(topics);
  }
  for (const TopicDescription& topic : description->topics) {
    for (const KafkaFinding& finding : topic.findings) {
      if (finding.kind == KafkaFinding::Kind::kRefused) context.exit_code = kExitFailed;
    }
  }
  if (options.form == "json") {
    context.out << ToJson(*description).dump(2) << "\n";
  } else {
    PrintText(*description, context.out);
  }
}

void Verify(CommandContext& context, const Options& options) {
  const absl::StatusOr<std::unique_ptr<Log>> log = OpenForReading(options.uri);
  if (!log.ok()) return Fail(context, log.status());
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (int32_t i = 0; i < (*log)->partitions(); ++i) {
    const absl::StatusOr<PartitionCheck> check = CheckLogPartition(**log, Partition{i});
    if (!check.ok()) {
      Fail(context, check.status());
      continue;
    }
    if (options.form == "json") {
      json.push_back(
          {{"partition", i}, {"records", check->records}, {"decisions", check->decisions}});
      continue;
    }
    context.out << "partition " << i << ": " << check->records << " records";
    if (check->records > 0) {
      context.out << " of " << ToText(check->first) << " to " << ToText(check->last);
    }
    context.out << " and " << check->decisions << " decisions, all as they should be\n";
  }
  if (options.form == "json") context.out << json << "\n";
}

std::shared_ptr<Options> AddTo(CLI::App* command) {
  auto options = std::make_shared<Options>();
  command->add_option("URI", options->uri, "kafka://BROKERS/TOPIC, embedded:DIR or archive:DIR")
      ->required();
  command->add_option("-o,--output", options->form, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  return options;
}

}  // namespace

void AddLogCommand(CLI::App& app, CommandContext& context) {
  CLI::App* log = app.add_subcommand("log", "Makes, describes and verifies logs");
  log->require_subcommand(1);
  log->footer(kFooter);

  CLI::App* create = log->add_subcommand("create", "Makes the topics of a log on Kafka");
  const auto creating = AddTo(create);
  create->add_option("--partitions", creating->partitions, "Partitions of each topic")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  create
      ->add_option("--replication", creating->replication,
                   "Replicas of each partition; -1: as the cluster's brokers are set")
      ->capture_default_str();
  create->add_option("--setting", creating->settings, "NAME=VALUE: another setting of the topics");
  create->callback([creating, &context] { Create(context, *creating); });

  CLI::App* describe =
      log->add_subcommand("describe", "Tells whose log it is, how far it reaches, how it is set");
  const auto describing = AddTo(describe);
  describe->callback([describing, &context] { Describe(context, *describing); });

  CLI::App* verify = log->add_subcommand("verify", "Reads everything and checks every record");
  const auto verifying = AddTo(verify);
  verify->callback([verifying, &context] { Verify(context, *verifying); });
}

}  // namespace escalation
