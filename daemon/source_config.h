// daemon/source_config.h
//
// A source as the config file describes it.
//
//   Threads     values
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/api/hook_signature.h"
#include "daemon/log/kafka_settings.h"
#include "daemon/source/event_decoder.h"
#include "daemon/source/source_reader.h"
#include "state/base/ids.h"
#include "state/base/instant.h"

namespace escalation {

struct KafkaSourceConfig {
  KafkaSettings settings;
  // At least one.
  std::vector<std::string> topics;
  SourceStart start = SourceStart::kBeginning;
  // Default: "escalationd.NAME".
  std::string group;
  Duration mark_every = Duration::Seconds(1);
};

struct SourceConfig {
  // Origin.source of its events, and what the policy's promises about time name.
  std::string name;
  std::string tenant;
  // Of the tenant.
  Partition partition;
  DecoderOptions decoder;
  // Either this or `hook`.
  std::optional<KafkaSourceConfig> kafka;
  // POST /v1/hooks/NAME.
  std::optional<HookVerification> hook;
};

}  // namespace escalation
