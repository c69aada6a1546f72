// daemon/log/kafka_admin.h
//
// What is asked of a cluster besides records: its id, topics, their settings and extents.
//
//   Input       settings; names of topics
//   Output      what the brokers say now
//   Time        each call waits at most the time-out of the client
//   Errors      as kafka_client.h; kUnavailable: no answer in time
//   Threads     all methods from any thread
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "daemon/log/kafka_client.h"
#include "daemon/log/kafka_offsets.h"

namespace escalation {

struct KafkaTopicSpec {
  std::string name;
  int32_t partitions = 1;
  // -1: the cluster's default.
  int32_t replication = -1;
  // Kafka's names of topic settings.
  std::map<std::string, std::string> settings;
};

struct KafkaTopicInfo {
  std::string name;
  int32_t partitions = 0;
  // The smallest number of replicas of any partition.
  int32_t replication = 0;
};

class KafkaAdmin {
 public:
  static absl::StatusOr<std::unique_ptr<KafkaAdmin>> Open(
      const KafkaSettings& settings, absl::Duration timeout = absl::Seconds(15));

  absl::StatusOr<std::string> ClusterId() const;
  // kNotFound: no such topic. Never creates one.
  absl::StatusOr<KafkaTopicInfo> Topic(const std::string& name) const;
  // As they are in force, whether set for the topic or the cluster's default.
  absl::StatusOr<std::map<std::string, std::string>> TopicSettings(const std::string& name) const;
  absl::StatusOr<KafkaWatermarks> Watermarks(const std::string& topic, int32_t partition) const;
  // The first offset whose timestamp is at or after `time`; -1: none.
  absl::StatusOr<int64_t> OffsetAt(const std::string& topic, int32_t partition, Instant time) const;

  // Returns once the topic can be written to. kAlreadyExists.
  absl::Status CreateTopic(const KafkaTopicSpec& spec) const;
  // Returns once the topic is gone for this client.
  absl::Status DeleteTopic(const std::string& name) const;
  // Removes the records before an offset, as retention does.
  absl::Status DeleteRecords(const std::string& topic, int32_t partition, int64_t before) const;

 private:
  explicit KafkaAdmin(absl::Duration timeout) : timeout_(timeout) {}
  // What is wrong with the connection, to be added to "no answer".
  absl::Status NoAnswer(std::string_view what) const;

  const absl::Duration timeout_;
  mutable std::mutex mutex_;
  mutable std::string trouble_;  // Guarded by mutex_.
  // Last: it tells of troubles until it is gone.
  std::unique_ptr<KafkaHandle> handle_;
};

}  // namespace escalation
