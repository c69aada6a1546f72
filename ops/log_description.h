// ops/log_description.h
//
// What there is to be told of a log: whose it is, how far its partitions reach, how its topics are
// set.
//
//   Input       an open log; the cluster, where it is on Kafka
//   Output      a description as data, and as text
//   Errors      as Log
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/log/kafka_settings.h"
#include "daemon/log/kafka_topics.h"
#include "daemon/log/log.h"

namespace escalation {

struct TopicDescription {
  std::string name;
  int32_t partitions = 0;
  int32_t replication = 0;
  std::vector<KafkaFinding> findings;
};

struct PartitionDescription {
  Offset begin;
  Offset end;
  uint64_t published_through = 0;
};

struct LogDescription {
  LogIdentity identity;
  std::vector<PartitionDescription> partitions;
  // Empty but for Kafka.
  std::vector<TopicDescription> topics;
};

absl::StatusOr<LogDescription> DescribeLog(const Log& log);
// The topics of a log on Kafka; those that are missing are findings.
absl::StatusOr<std::vector<TopicDescription>> DescribeTopics(const KafkaSettings& settings,
                                                             const std::string& topic);

nlohmann::ordered_json ToJson(const LogDescription& description);
void PrintText(const LogDescription& description, std::ostream& out);

// What a reading of a whole partition found.
struct PartitionCheck {
  int64_t records = 0;
  int64_t decisions = 0;
  Instant first;
  Instant last;
};

// Reads all records and decisions of a partition. kDataLoss, kFailedPrecondition: the first one
// that is wrong, with its offset or seq.
absl::StatusOr<PartitionCheck> CheckLogPartition(const Log& log, Partition partition);

}  // namespace escalation
