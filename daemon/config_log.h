// daemon/config_log.h
//
// The log of the config file: which one, and how it is reached. Used by config.cc only.
//
//   Input       "log" of the config's top
//   Output      LogConfig, complete with defaults
//   Invariants  1. the text of a secret never enters a message
//               2. what a client of the cluster would refuse is a problem here, as far as it can be
//                  known without the cluster
//   Time        none
//   Errors      in the walk's Problems
//   Threads     reads files that hold secrets; nothing is shared
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "daemon/config.h"
#include "state/policy/yaml_reader.h"

namespace escalation {

// Relative paths start at `folder`.
void WalkLog(YamlMap& top, const std::string& folder, Config* config);
// Kafka's rule for names of topics.
inline constexpr size_t kTopicBytesMax = 249;
bool IsTopic(std::string_view name);
// How a cluster is reached: brokers, settings, settings_file, allow_plaintext.
void WalkCluster(YamlMap& map, const std::string& folder, KafkaSettings* settings);
// The same where a log on Kafka is the default: its cluster, if `map` says nothing of one.
void WalkClusterBeside(YamlMap& map, const std::string& folder, const LogConfig& log,
                       KafkaSettings* settings);
// Whether escalationd itself writes this topic of that cluster.
bool IsOwnTopic(const LogConfig& log, const KafkaSettings& cluster, std::string_view topic);

}  // namespace escalation
