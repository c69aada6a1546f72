#include "daemon/log/kafka_client.h"

#include <librdkafka/rdkafka.h>

#include "state/base/text.h"

namespace escalation {
namespace {

constexpr size_t kErrorBytesMax = 512;

absl::StatusCode CodeOf(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      return absl::StatusCode::kNotFound;
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
      return absl::StatusCode::kOutOfRange;
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
    case RD_KAFKA_RESP_ERR__CONFLICT:
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
      return absl::StatusCode::kInvalidArgument;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return absl::StatusCode::kPermissionDenied;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR__SSL:
      return absl::StatusCode::kUnauthenticated;
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
      return absl::StatusCode::kAborted;
    case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS:
      return absl::StatusCode::kAlreadyExists;
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
      return absl::StatusCode::kDataLoss;
    case RD_KAFKA_RESP_ERR__DESTROY:
      return absl::StatusCode::kFailedPrecondition;
    default:
      return absl::StatusCode::kUnavailable;
  }
}

// The kind of connection and what our guarantees rest on; `options` come after it.
std::map<std::string, std::string> PropertiesOf(const KafkaSettings& settings,
                                                const KafkaClientOptions& options) {
  std::map<std::string, std::string> out = {
      {"socket.keepalive.enable", "true"},
      // After a broker came back, nobody waits long for a client to notice.
      {"reconnect.backoff.ms", "50"},
      {"reconnect.backoff.max.ms", "1000"},
  };
  for (const auto& [name, value] : settings.properties) out[name] = value.Reveal();
  for (const auto& [name, value] : options.properties) out[name] = value;
  out["bootstrap.servers"] = settings.brokers;
  out["client.id"] = options.client_id;
  return out;
}

}  // namespace

// What librdkafka calls. Its opaque is the handle.
struct KafkaCallbacks {
  static void OnLog(const rd_kafka_t* client, int level, const char* facility, const char* text) {
    const auto* handle = static_cast<const KafkaHandle*>(rd_kafka_opaque(client));
    if (handle == nullptr || !handle->settings_.on_log) return;
    using Level = KafkaLogLine::Level;
    // Levels of syslog.
    const Level own = level <= 3   ? Level::kError
                      : level <= 4 ? Level::kWarning
                      : level <= 6 ? Level::kInfo
                                   : Level::kDebug;
    handle->settings_.on_log({own, facility, WithoutSecrets(handle->settings_, text)});
  }

  static void OnError(rd_kafka_t* client, int error, const char* reason, void* opaque) {
    const auto* handle = static_cast<const KafkaHandle*>(opaque);
    if (!handle->options_.on_error) return;
    const bool fatal = error == RD_KAFKA_RESP_ERR__FATAL;
    if (!fatal) {
      handle->options_.on_error(handle->StatusOf(error, "", reason), false);
      return;
    }
    char text[kErrorBytesMax] = "";
    const rd_kafka_resp_err_t cause = rd_kafka_fatal_error(client, text, sizeof(text));
    handle->options_.on_error(handle->StatusOf(cause, "fatal error", text), true);
  }

  static void OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
    static_cast<const KafkaHandle*>(opaque)->options_.on_delivery(*message);
  }
};

absl::Status KafkaStatus(int error, std::string_view where, std::string_view detail) {
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
  const auto code = static_cast<rd_kafka_resp_err_t>(error);
  std::string text = Cat(where, ": ", rd_kafka_err2str(code));
  if (!detail.empty()) CatTo(&text, " (", detail, ")");
  return absl::Status(CodeOf(code), text);
}

KafkaHandle::KafkaHandle(const KafkaSettings& settings, KafkaClientOptions options)
    : settings_(settings), options_(std::move(options)), name_(Cat("kafka://", settings.brokers)) {}

KafkaHandle::~KafkaHandle() {
  if (handle_ != nullptr) rd_kafka_destroy(handle_);
}

absl::StatusOr<std::unique_ptr<KafkaHandle>> KafkaHandle::Open(KafkaRole role,
                                                               const KafkaSettings& settings,
                                                               KafkaClientOptions options) {
  if (absl::Status status = CheckKafkaSettings("kafka", settings); !status.ok()) return status;
  std::unique_ptr<KafkaHandle> handle(new KafkaHandle(settings, std::move(options)));
  char text[kErrorBytesMax] = "";
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  const auto refuse = [&] {
    rd_kafka_conf_destroy(conf);
    return absl::InvalidArgumentError(
        Cat(handle->name_, ": ", WithoutSecrets(handle->settings_, text)));
  };
  for (const auto& [name, value] : PropertiesOf(handle->settings_, handle->options_)) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), text, sizeof(text)) !=
        RD_KAFKA_CONF_OK) {
      return refuse();
    }
  }
  rd_kafka_conf_set_opaque(conf, handle.get());
  rd_kafka_conf_set_log_cb(conf, &KafkaCallbacks::OnLog);
  rd_kafka_conf_set_error_cb(conf, &KafkaCallbacks::OnError);
  if (handle->options_.on_delivery) {
    rd_kafka_conf_set_dr_msg_cb(conf, &KafkaCallbacks::OnDelivery);
  }
  if (handle->options_.configure) handle->options_.configure(conf);
  // Takes the conf unless it fails.
  handle->handle_ =
      rd_kafka_new(role == KafkaRole::kProducer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER, conf, text,
                   sizeof(text));
  if (handle->handle_ == nullptr) return refuse();
  return handle;
}

absl::Status KafkaHandle::StatusOf(int error, std::string_view what,
                                   std::string_view detail) const {
  const std::string where = what.empty() ? name_ : Cat(name_, ": ", what);
  return KafkaStatus(error, where, WithoutSecrets(settings_, std::string(detail)));
}

std::string ToText(const KafkaPosition& position) {
  return Cat(position.topic, "[", position.partition, "]@", position.offset);
}

}  // namespace escalation
