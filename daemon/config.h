// daemon/config.h
//
// The daemon's config file (YAML): everything that differs between installations. Nothing here may
// change state or decisions; promises stand in the policy.
//
//   Input       one file; environment variables as ${NAME} or ${NAME:default} in its values;
//               files that hold secrets; the policy files that it names
//   Output      Config, complete with defaults, paths relative to the config file resolved
//   Invariants  1. a file with any problem gives nothing: a reload keeps the old config
//               2. every route that a tenant's policy pages is configured
//               3. secrets are held as Secret and appear in no message
//   Time        none
//   Errors      kInvalidArgument; the message has a line "FILE:LINE:COLUMN: ..." for each
//               problem, also for those of the policy files
//   Threads     values
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/api/api_gate.h"
#include "daemon/deliver/delivery.h"
#include "daemon/guard_config.h"
#include "daemon/log/kafka_settings.h"
#include "daemon/logging.h"
#include "daemon/source_config.h"
#include "state/base/ids.h"
#include "state/base/instant.h"
#include "state/policy/policy_loader.h"
#include "state/policy/problems.h"

namespace escalation {

inline constexpr size_t kSecretBytesMax = 4096;

struct LogConfig {
  enum class Kind { kEmbedded, kKafka };
  Kind kind = Kind::kEmbedded;
  // Embedded. Default: "log" inside the state directory.
  std::string dir;
  // Kafka: what follows. The names of the settings are librdkafka's.
  KafkaSettings kafka;
  std::string topic = "escalation.log";
  // Default: as `escalationctl log create` names them.
  std::string decisions;
  std::string dead_letters;
  // By which instances of one log agree on who leads. Default: the topic's name and ".owners".
  std::string group;
  // After so long without a sign of life an instance is replaced.
  Duration session_timeout = Duration::Seconds(6);

  friend bool operator==(const LogConfig& a, const LogConfig& b);
};

struct ListenAddress {
  // A name or address; IPv6 without brackets.
  std::string host = "127.0.0.1";
  // 0: any free port.
  uint16_t port = 8320;
};

// "127.0.0.1:8320", "[::1]:8320"
std::string ToText(const ListenAddress& listen);

struct ApiConfig {
  // A path, as resolved, for callers of the same machine and user; empty: none.
  std::string socket;
  // Names unique; none: whoever reaches the address may do everything. May change on reload.
  std::vector<ApiToken> tokens;
};

struct LoggingConfig {
  LogLevel level = LogLevel::kInfo;  // May change on reload.
  LogFormat format = LogFormat::kAuto;
};

struct TenantConfig {
  // [A-Za-z0-9._:-]{1,32}
  std::string name;
  Partition partition;
  // As resolved.
  std::string policy_path;
  // May change on reload: the difference to the log is reported, a person publishes it.
  LoadedPolicy policy;
};

struct DeliveryConfig {
  // Loopback, link-local and private networks as destinations.
  bool allow_private_addresses = false;
  Duration backoff_initial = Duration::Seconds(1);
  Duration backoff_max = Duration::Minutes(5);
  // After this long a page has failed, and its fallback route is paged.
  Duration give_up_after = Duration::Hours(1);
  // What would wait longer than this for its provider's budget is told together.
  Duration digest_after = Duration::Minutes(2);
};

// Unless a field says otherwise, a change of it takes a restart.
struct Config {
  // The file it was read from.
  std::string path;
  // Default: the host's name.
  std::string instance;
  std::string state_dir = "/var/lib/escalationd";
  LogConfig log;
  ListenAddress listen;
  ApiConfig api;
  LoggingConfig logging;
  // How long after a due moment its tick is appended. May change on reload.
  Duration settle = Duration::Seconds(2);
  // At least one; names unique.
  std::vector<TenantConfig> tenants;
  // Names unique. May change on reload. VictorOps routes have a budget of 150 requests a minute
  // unless the file says otherwise, webhooks none.
  std::vector<DeliveryRoute> routes;
  // May change on reload.
  DeliveryConfig delivery;
  HeartbeatConfig heartbeat;
  BreakGlassConfig break_glass;
  // Names unique.
  std::vector<SourceConfig> sources;
  // Over everything that the file and the files that it names say of them.
  std::string sources_hash;
  // Tickets kept decoded in memory, some 6.5 KB each.
  int64_t tickets_max = 20'000;
  // What a person should know although nothing is wrong, such as a route that no policy pages.
  std::vector<std::string> notices;

  const DeliveryRoute* FindRoute(std::string_view name) const;
  const TenantConfig* FindTenant(std::string_view name) const;
};

// `positions`, if set, gets where the parts of the file stand.
absl::StatusOr<Config> LoadConfig(const std::string& path, Positions* positions = nullptr);

// Names of the fields that differ between the two and need a restart; for a reload's message.
std::vector<std::string> RestartFields(const Config& before, const Config& after);

}  // namespace escalation
