// daemon/log/kafka_topics.h
//
// The topics of a log on Kafka: their names, what they must be set to, and the mark by which a log
// is told from another one of the same name.
//
//   Each log has an incarnation: 16 random bytes, made when the log is created. Every record
//   carries them in the header `log`; the first record of each partition is a tick until the epoch,
//   which does nothing but carry them. A topic that was deleted and made anew, or that somebody
//   else writes to, is recognized by that.
//
//   Input       the name of the log's topic; the settings of a topic
//   Output      names; findings; a created log
//   Errors      as kafka_client.h
//   Threads     stateless; safe everywhere
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/log/kafka_admin.h"

namespace escalation {

// DO NOT CHANGE: stored in every record.
inline constexpr char kIncarnationHeader[] = "log";
inline constexpr size_t kIncarnationBytes = 16;
// Of decisions; seq in decimal digits.
inline constexpr char kDecisionIdHeader[] = "id";
inline constexpr char kDecisionSeqHeader[] = "seq";

// What max.message.bytes has to be for the largest record with key and headers.
inline constexpr int64_t kTopicMessageBytes = int64_t{17} << 20;

struct KafkaLogTopics {
  std::string log;
  std::string decisions;
  std::string dead_letters;
};

// "escalation.log" -> "escalation.decisions", "escalation.dead-letters"; other names get an ending.
KafkaLogTopics TopicsOf(std::string_view log);

// The key of a record: the event's tenant, empty if it has none. Reads the first field, no more.
std::string_view TenantOfEvent(std::string_view event);

struct KafkaFinding {
  enum class Kind {
    kOk,
    // The log works, but less safely than it could.
    kWarning,
    // Records would be lost, or dated by their writers: the log is not opened.
    kRefused,
  };
  Kind kind = Kind::kOk;
  // "escalation.log: retention.ms is 604800000, expected -1 ..."
  std::string text;
};

enum class KafkaTopicRole { kLog, kDecisions, kDeadLetters };

// What is to be said about a topic's settings; the worst first. Empty: nothing.
std::vector<KafkaFinding> JudgeTopic(KafkaTopicRole role, const std::string& topic,
                                     const std::map<std::string, std::string>& settings);

// The incarnation that the first record of a partition carries. kNotFound: the partition is empty.
absl::StatusOr<std::string> ReadIncarnation(const KafkaSettings& settings, const KafkaAdmin& admin,
                                            const std::string& topic, int32_t partition);

struct KafkaLogSpec {
  std::string topic;
  int32_t partitions = 1;
  // -1: the cluster's default.
  int32_t replication = -1;
  // More topic settings, by Kafka's names, for all three topics.
  std::map<std::string, std::string> settings;
};

// Creates what is missing of the three topics and marks the log's empty partitions: what was
// interrupted can be repeated. Returns the incarnation in hexadecimal digits. kFailedPrecondition:
// the topic exists and is not a log, or has other partitions.
absl::StatusOr<std::string> CreateKafkaLog(const KafkaSettings& settings, const KafkaLogSpec& spec);

}  // namespace escalation
