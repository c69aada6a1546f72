#include "daemon/configured_log.h"

#include <algorithm>
#include <set>
#include <utility>

#include "daemon/log/embedded_log.h"
#include "daemon/log/kafka_log.h"
#include "daemon/logging.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr Duration kTryEvery = Duration::Seconds(1);
// How many tries pass between two lines in the log.
constexpr int kTellEvery = 10;

// What librdkafka has to say is for operators as well: it never holds a secret.
void LogLine(const KafkaLogLine& line) {
  const std::initializer_list<LogField> fields = {{"facility", line.facility}, {"text", line.text}};
  switch (line.level) {
    case KafkaLogLine::Level::kError:
    case KafkaLogLine::Level::kWarning:
      return LogWarning("kafka", fields);
    default:
      return LogDebug("kafka", fields);
  }
}

KafkaSettings SettingsOf(const Config& config) {
  KafkaSettings settings = config.log.kafka;
  settings.on_log = LogLine;
  return settings;
}

absl::StatusOr<std::unique_ptr<Log>> OpenEmbedded(const Config& config,
                                                  std::function<Instant()> clock) {
  EmbeddedLogOptions options;
  options.clock = std::move(clock);
  for (const TenantConfig& tenant : config.tenants) {
    options.partitions = std::max(options.partitions, tenant.partition.value + 1);
  }
  return OpenEmbeddedLog(config.log.dir, options);
}

absl::Status CheckPartitions(const Config& config, const Log& log) {
  for (const TenantConfig& tenant : config.tenants) {
    if (tenant.partition.value < log.partitions()) continue;
    return absl::InvalidArgumentError(
        Cat(config.path, ": tenant \"", tenant.name, "\" is in partition ", tenant.partition,
            ", the log has the partitions 0 to ", log.partitions() - 1));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status UntilAvailable(const std::string& what, const Pause& pause,
                            const std::function<absl::Status()>& attempt) {
  for (int tries = 0;; ++tries) {
    absl::Status status = attempt();
    if (!absl::IsUnavailable(status)) return status;
    if (tries % kTellEvery == 0) {
      LogWarning("waits", {{"for", what}, {"error", std::string(status.message())}});
    }
    if (pause(kTryEvery)) return absl::CancelledError(Cat("stopped while it waited for ", what));
  }
}

absl::StatusOr<std::unique_ptr<Log>> OpenConfiguredLog(const Config& config,
                                                       std::function<Instant()> clock,
                                                       const Pause& pause) {
  if (config.log.kind == LogConfig::Kind::kEmbedded) return OpenEmbedded(config, std::move(clock));
  std::unique_ptr<Log> log;
  absl::Status status = UntilAvailable("the log", pause, [&] {
    KafkaLogOptions options;
    options.settings = SettingsOf(config);
    options.topic = config.log.topic;
    options.decisions_topic = config.log.decisions;
    options.on_warning = [](const std::string& warning) {
      LogWarning("the log could be safer", {{"why", warning}});
    };
    auto opened = OpenKafkaLog(std::move(options));
    if (!opened.ok()) return opened.status();
    log = *std::move(opened);
    return absl::OkStatus();
  });
  if (status.ok()) status = CheckPartitions(config, *log);
  if (!status.ok()) return status;
  return log;
}

absl::StatusOr<std::unique_ptr<KafkaMembership>> OpenConfiguredGroup(const Config& config) {
  if (config.log.kind == LogConfig::Kind::kEmbedded) return nullptr;
  KafkaMembershipOptions options;
  options.settings = SettingsOf(config);
  options.group = config.log.group;
  options.topic = config.log.topic;
  options.session_timeout = absl::Milliseconds(config.log.session_timeout.ms);
  std::set<Partition> partitions;
  for (const TenantConfig& tenant : config.tenants) partitions.insert(tenant.partition);
  options.partitions.assign(partitions.begin(), partitions.end());
  options.on_notice = [](const std::string& notice) { LogInfo("group", {{"what", notice}}); };
  return KafkaMembership::Open(std::move(options));
}

}  // namespace escalation
