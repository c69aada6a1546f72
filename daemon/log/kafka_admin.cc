#include "daemon/log/kafka_admin.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>

#include "daemon/log/deadline.h"
#include "daemon/log/kafka_list.h"
#include "state/base/text.h"

namespace escalation {
namespace {

using Metadata =
    std::unique_ptr<const rd_kafka_metadata_t, kafka::Destroyer<rd_kafka_metadata_destroy>>;
using Options =
    std::unique_ptr<rd_kafka_AdminOptions_t, kafka::Destroyer<rd_kafka_AdminOptions_destroy>>;
using NewTopic = std::unique_ptr<rd_kafka_NewTopic_t, kafka::Destroyer<rd_kafka_NewTopic_destroy>>;
using OldTopic =
    std::unique_ptr<rd_kafka_DeleteTopic_t, kafka::Destroyer<rd_kafka_DeleteTopic_destroy>>;
using Removal =
    std::unique_ptr<rd_kafka_DeleteRecords_t, kafka::Destroyer<rd_kafka_DeleteRecords_destroy>>;
using Resource =
    std::unique_ptr<rd_kafka_ConfigResource_t, kafka::Destroyer<rd_kafka_ConfigResource_destroy>>;

// Sends a request and waits for its result.
class Request {
 public:
  Request(const KafkaHandle& handle, absl::Duration timeout, rd_kafka_admin_op_t kind)
      : handle_(handle),
        options_(rd_kafka_AdminOptions_new(handle.raw(), kind)),
        queue_(rd_kafka_queue_new(handle.raw())) {
    char text[256];
    const int milliseconds = std::max(kafka::MillisecondsOf(timeout), 1);
    rd_kafka_AdminOptions_set_request_timeout(options_.get(), milliseconds, text, sizeof(text));
    // What a broker has said it will do is done when the call returns, where it can promise that.
    if (kind == RD_KAFKA_ADMIN_OP_CREATETOPICS || kind == RD_KAFKA_ADMIN_OP_DELETETOPICS ||
        kind == RD_KAFKA_ADMIN_OP_DELETERECORDS) {
      rd_kafka_AdminOptions_set_operation_timeout(options_.get(), milliseconds, text, sizeof(text));
    }
  }

  rd_kafka_AdminOptions_t* options() const { return options_.get(); }
  rd_kafka_queue_t* queue() const { return queue_.get(); }

  absl::StatusOr<kafka::Event> Wait(std::string_view what) const {
    kafka::Event event(rd_kafka_queue_poll(queue_.get(), -1));
    if (event == nullptr) return absl::UnavailableError(Cat(handle_.name(), ": ", what));
    if (rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return handle_.StatusOf(rd_kafka_event_error(event.get()), what,
                              rd_kafka_event_error_string(event.get()));
    }
    return event;
  }

 private:
  const KafkaHandle& handle_;
  const Options options_;
  const kafka::Queue queue_;
};

std::string_view OrEmpty(const char* text) { return text == nullptr ? "" : text; }

}  // namespace

absl::StatusOr<std::unique_ptr<KafkaAdmin>> KafkaAdmin::Open(const KafkaSettings& settings,
                                                             absl::Duration timeout) {
  KafkaClientOptions options;
  options.client_id = "escalation-admin";
  options.properties = {{"allow.auto.create.topics", "false"}};
  std::unique_ptr<KafkaAdmin> admin(new KafkaAdmin(timeout));
  options.on_error = [self = admin.get()](const absl::Status& status, bool) {
    const std::lock_guard lock(self->mutex_);
    self->trouble_ = std::string(status.message());
  };
  // A consumer without a group: a producer's look at the metadata may create a topic.
  auto handle = KafkaHandle::Open(KafkaRole::kConsumer, settings, std::move(options));
  if (!handle.ok()) return handle.status();
  admin->handle_ = *std::move(handle);
  return admin;
}

absl::Status KafkaAdmin::NoAnswer(std::string_view what) const {
  rd_kafka_poll(handle_->raw(), 0);
  const std::lock_guard lock(mutex_);
  return absl::UnavailableError(trouble_.empty() ? Cat(handle_->name(), ": ", what)
                                                 : Cat(trouble_, "; ", what));
}

absl::StatusOr<std::string> KafkaAdmin::ClusterId() const {
  char* id = rd_kafka_clusterid(handle_->raw(), kafka::MillisecondsOf(timeout_));
  if (id == nullptr) {
    return NoAnswer("no broker says the cluster's id");
  }
  std::string out = id;
  rd_kafka_mem_free(handle_->raw(), id);
  return out;
}

absl::StatusOr<KafkaTopicInfo> KafkaAdmin::Topic(const std::string& name) const {
  const kafka::Topic topic(rd_kafka_topic_new(handle_->raw(), name.c_str(), nullptr));
  const rd_kafka_metadata_t* raw = nullptr;
  rd_kafka_resp_err_t error = rd_kafka_metadata(handle_->raw(), /*all_topics=*/0, topic.get(), &raw,
                                                kafka::MillisecondsOf(timeout_));
  const Metadata metadata(raw);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    error = metadata->topic_cnt == 1 ? metadata->topics[0].err : RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
  }
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return handle_->StatusOf(error, Cat("topic ", name));
  KafkaTopicInfo info{name, metadata->topics[0].partition_cnt, 0};
  for (int32_t i = 0; i < info.partitions; ++i) {
    const int32_t replicas = metadata->topics[0].partitions[i].replica_cnt;
    info.replication = i == 0 ? replicas : std::min(info.replication, replicas);
  }
  return info;
}

absl::StatusOr<std::map<std::string, std::string>> KafkaAdmin::TopicSettings(
    const std::string& name) const {
  const std::string what = Cat("settings of topic ", name);
  const Request request(*handle_, timeout_, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
  const Resource resource(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name.c_str()));
  rd_kafka_ConfigResource_t* resources[] = {resource.get()};
  rd_kafka_DescribeConfigs(handle_->raw(), resources, 1, request.options(), request.queue());
  const absl::StatusOr<kafka::Event> event = request.Wait(what);
  if (!event.ok()) return event.status();
  size_t count = 0;
  const rd_kafka_ConfigResource_t** answers = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(event->get()), &count);
  if (count != 1) return absl::UnavailableError(Cat(handle_->name(), ": ", what, ": no answer"));
  if (rd_kafka_ConfigResource_error(answers[0]) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return handle_->StatusOf(rd_kafka_ConfigResource_error(answers[0]), what,
                             OrEmpty(rd_kafka_ConfigResource_error_string(answers[0])));
  }
  std::map<std::string, std::string> out;
  const rd_kafka_ConfigEntry_t** entries = rd_kafka_ConfigResource_configs(answers[0], &count);
  for (size_t i = 0; i < count; ++i) {
    out.emplace(rd_kafka_ConfigEntry_name(entries[i]),
                OrEmpty(rd_kafka_ConfigEntry_value(entries[i])));
  }
  return out;
}

absl::StatusOr<KafkaWatermarks> KafkaAdmin::Watermarks(const std::string& topic,
                                                       int32_t partition) const {
  return QueryWatermarks(*handle_, topic, partition, timeout_);
}

absl::StatusOr<int64_t> KafkaAdmin::OffsetAt(const std::string& topic, int32_t partition,
                                             Instant time) const {
  return QueryOffsetAt(*handle_, topic, partition, time.ms, timeout_);
}

absl::Status KafkaAdmin::CreateTopic(const KafkaTopicSpec& spec) const {
  const std::string what = Cat("topic ", spec.name, " cannot be created");
  char text[256] = "";
  const NewTopic topic(rd_kafka_NewTopic_new(spec.name.c_str(), spec.partitions, spec.replication,
                                             text, sizeof(text)));
  if (topic == nullptr) return absl::InvalidArgumentError(Cat(handle_->name(), ": ", text));
  for (const auto& [name, value] : spec.settings) {
    rd_kafka_NewTopic_set_config(topic.get(), name.c_str(), value.c_str());
  }
  const Request request(*handle_, timeout_, RD_KAFKA_ADMIN_OP_CREATETOPICS);
  rd_kafka_NewTopic_t* topics[] = {topic.get()};
  rd_kafka_CreateTopics(handle_->raw(), topics, 1, request.options(), request.queue());
  const absl::StatusOr<kafka::Event> event = request.Wait(what);
  if (!event.ok()) return event.status();
  size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event->get()), &count);
  if (count != 1) return absl::UnavailableError(Cat(handle_->name(), ": ", what, ": no answer"));
  if (rd_kafka_topic_result_error(results[0]) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return handle_->StatusOf(rd_kafka_topic_result_error(results[0]), what,
                             OrEmpty(rd_kafka_topic_result_error_string(results[0])));
  }
  // The controller has it; what brokers tell clients may be a moment behind.
  const auto deadline = DeadlineAfter(timeout_);
  absl::Status seen = Topic(spec.name).status();
  while (absl::IsNotFound(seen) && std::chrono::steady_clock::now() < deadline) {
    seen = Topic(spec.name).status();
  }
  return seen;
}

absl::Status KafkaAdmin::DeleteTopic(const std::string& name) const {
  const std::string what = Cat("topic ", name, " cannot be deleted");
  const OldTopic topic(rd_kafka_DeleteTopic_new(name.c_str()));
  const Request request(*handle_, timeout_, RD_KAFKA_ADMIN_OP_DELETETOPICS);
  rd_kafka_DeleteTopic_t* topics[] = {topic.get()};
  rd_kafka_DeleteTopics(handle_->raw(), topics, 1, request.options(), request.queue());
  const absl::StatusOr<kafka::Event> event = request.Wait(what);
  if (!event.ok()) return event.status();
  size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event->get()), &count);
  if (count != 1) return absl::UnavailableError(Cat(handle_->name(), ": ", what, ": no answer"));
  return handle_->StatusOf(rd_kafka_topic_result_error(results[0]), what,
                           OrEmpty(rd_kafka_topic_result_error_string(results[0])));
}

absl::Status KafkaAdmin::DeleteRecords(const std::string& topic, int32_t partition,
                                       int64_t before) const {
  const std::string what = Cat("records of ", topic, "[", partition, "] cannot be deleted");
  const kafka::List list = kafka::ListOf({{topic, partition, before}});
  const Removal removal(rd_kafka_DeleteRecords_new(list.get()));
  const Request request(*handle_, timeout_, RD_KAFKA_ADMIN_OP_DELETERECORDS);
  rd_kafka_DeleteRecords_t* removals[] = {removal.get()};
  rd_kafka_DeleteRecords(handle_->raw(), removals, 1, request.options(), request.queue());
  const absl::StatusOr<kafka::Event> event = request.Wait(what);
  if (!event.ok()) return event.status();
  const rd_kafka_topic_partition_list_t* answer =
      rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event->get()));
  return handle_->StatusOf(kafka::FirstError(RD_KAFKA_RESP_ERR_NO_ERROR, *answer), what);
}

}  // namespace escalation
