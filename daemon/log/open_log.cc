#include "daemon/log/open_log.h"

#include <cstdlib>
#include <string_view>
#include <utility>

#include "daemon/log/archive_log.h"
#include "daemon/log/kafka_log.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr size_t kTopicBytesMax = 249;

// True, and the rest in *rest, if `uri` starts with `scheme`.
bool Takes(std::string_view uri, std::string_view scheme, std::string* rest) {
  if (uri.substr(0, scheme.size()) != scheme) return false;
  *rest = std::string(uri.substr(scheme.size()));
  return true;
}

constexpr std::string_view kKafkaScheme = "kafka://";

// As Kafka allows them.
bool IsTopic(std::string_view name) {
  return IsId(name, kTopicBytesMax) && name.find(':') == std::string_view::npos && name != "." &&
         name != "..";
}

}  // namespace

absl::StatusOr<KafkaPlace> ParseKafkaUri(const std::string& uri) {
  std::string rest;
  const size_t slash = Takes(uri, kKafkaScheme, &rest) ? rest.find('/') : std::string::npos;
  if (slash == std::string::npos || slash == 0 || !IsTopic(rest.substr(slash + 1))) {
    return absl::InvalidArgumentError(
        Cat("\"", uri, "\" names no log on Kafka, expected kafka://HOST:PORT,HOST:PORT/TOPIC"));
  }
  KafkaPlace place;
  const char* file = std::getenv(kKafkaSettingsVariable);  // NOLINT: nobody sets variables here.
  if (file != nullptr && *file != '\0') {
    absl::StatusOr<KafkaSettings> settings = ReadKafkaSettings(file);
    if (!settings.ok()) return absl::InvalidArgumentError(std::string(settings.status().message()));
    place.settings = *std::move(settings);
  }
  place.settings.brokers = rest.substr(0, slash);
  place.topic = rest.substr(slash + 1);
  absl::Status status = CheckKafkaSettings(uri, place.settings);
  if (status.ok()) return place;
  if (file != nullptr) return status;
  return absl::InvalidArgumentError(
      Cat(std::string(status.message()), ", in the file that ", kKafkaSettingsVariable, " names"));
}

absl::StatusOr<std::unique_ptr<Log>> OpenLog(const std::string& uri, EmbeddedLogOptions options) {
  std::string rest;
  if (Takes(uri, kKafkaScheme, &rest)) {
    absl::StatusOr<KafkaPlace> place = ParseKafkaUri(uri);
    if (!place.ok()) return place.status();
    KafkaLogOptions kafka;
    kafka.settings = std::move(place->settings);
    kafka.topic = std::move(place->topic);
    kafka.access = options.access;
    return OpenKafkaLog(std::move(kafka));
  }
  const bool embedded = Takes(uri, "embedded:", &rest);
  if (!embedded && !Takes(uri, "archive:", &rest)) {
    return absl::InvalidArgumentError(Cat("\"", uri,
                                          "\" names no log, expected embedded:DIR, archive:DIR or "
                                          "kafka://BROKERS/TOPIC"));
  }
  if (rest.empty()) return absl::InvalidArgumentError(Cat("\"", uri, "\" names no directory"));
  if (embedded) return OpenEmbeddedLog(rest, std::move(options));
  if (options.access == Access::kReadWrite) {
    return absl::FailedPreconditionError(Cat(uri, ": an archive can be read only"));
  }
  return OpenArchiveLog(rest);
}

}  // namespace escalation
