#include "daemon/log/kafka_log.h"

#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

#include "daemon/log/kafka_admin.h"
#include "daemon/log/kafka_decisions.h"
#include "daemon/log/kafka_log_partition.h"
#include "daemon/log/kafka_producer.h"
#include "daemon/log/kafka_topics.h"
#include "daemon/log/log_bounds.h"
#include "state/base/sha256.h"
#include "state/base/text.h"

namespace escalation {
namespace {

class KafkaLog final : public Log {
 public:
  explicit KafkaLog(KafkaLogOptions options) : options_(std::move(options)) {}
  ~KafkaLog() override { KafkaLog::Stop(); }

  absl::Status Open();

  const LogIdentity& identity() const override { return identity_; }
  int32_t partitions() const override { return static_cast<int32_t>(partitions_.size()); }
  absl::StatusOr<Offset> Begin(Partition partition) const override;
  absl::StatusOr<Offset> End(Partition partition) const override;
  absl::StatusOr<RecordBatch> Read(Partition partition, Offset from,
                                   size_t bytes_max) const override;
  bool WaitFor(Partition partition, Offset seen, absl::Duration timeout) const override;
  void Append(Partition partition, std::string value, Done done) override;
  void AppendTogether(Partition partition, std::vector<ToAppend> records) override;
  absl::Status Health() const override;
  absl::Status Publish(Partition partition,
                       const std::vector<PublishedDecision>& decisions) override;
  absl::StatusOr<uint64_t> PublishedThrough(Partition partition) const override;
  absl::StatusOr<std::vector<PublishedDecision>> ReadDecisions(Partition partition, uint64_t from,
                                                               size_t count) const override;
  void Stop() override;

 private:
  absl::Status JudgeSettings(const std::string& topic, KafkaTopicRole role);
  // The topic's partitions; a missing topic is told with what to do.
  absl::StatusOr<int32_t> CountPartitions(const std::string& topic) const;
  absl::Status OpenPartitions(int32_t count);
  absl::Status OpenProducers();
  absl::Status CheckPartition(Partition partition) const;
  absl::Status CheckAppend(Partition partition, size_t bytes) const;
  KafkaLogPartition& At(Partition partition) const {
    return *partitions_[static_cast<size_t>(partition.value)];
  }
  // What an acknowledgement means.
  absl::StatusOr<Appended> Take(Partition partition, const absl::StatusOr<KafkaDelivery>& fate);
  absl::Status Break(absl::Status status);

  const KafkaLogOptions options_;
  KafkaLogTopics topics_;
  LogIdentity identity_;
  // As the header has it.
  std::string incarnation_;
  std::unique_ptr<KafkaAdmin> admin_;
  std::vector<std::unique_ptr<KafkaLogPartition>> partitions_;
  std::unique_ptr<KafkaDecisions> decisions_;
  // Their threads call what stands above; empty for kReadOnly.
  std::unique_ptr<KafkaProducer> producer_;
  std::unique_ptr<KafkaProducer> decisions_producer_;
  std::atomic<bool> stopped_ = false;

  mutable std::mutex mutex_;
  absl::Status health_;  // Guarded by mutex_.
};

absl::Status KafkaLog::Open() {
  topics_ = TopicsOf(options_.topic);
  if (!options_.decisions_topic.empty()) topics_.decisions = options_.decisions_topic;
  auto admin = KafkaAdmin::Open(options_.settings);
  if (!admin.ok()) return admin.status();
  admin_ = *std::move(admin);
  absl::StatusOr<std::string> cluster = admin_->ClusterId();
  if (!cluster.ok()) return cluster.status();
  const absl::StatusOr<int32_t> count = CountPartitions(topics_.log);
  if (!count.ok()) return count.status();
  const absl::StatusOr<int32_t> streams = CountPartitions(topics_.decisions);
  if (!streams.ok()) return streams.status();
  if (*streams < *count) {
    return absl::FailedPreconditionError(Cat(topics_.decisions, ": has ", *streams,
                                             " partitions, expected ", *count, " as ",
                                             topics_.log));
  }
  if (absl::Status status = JudgeSettings(topics_.log, KafkaTopicRole::kLog); !status.ok()) {
    return status;
  }
  if (absl::Status status = JudgeSettings(topics_.decisions, KafkaTopicRole::kDecisions);
      !status.ok()) {
    return status;
  }
  if (absl::Status status = OpenPartitions(*count); !status.ok()) return status;
  identity_ = {"kafka", *std::move(cluster), topics_.log, ToHex(incarnation_)};
  return OpenProducers();
}

absl::StatusOr<int32_t> KafkaLog::CountPartitions(const std::string& topic) const {
  const absl::StatusOr<KafkaTopicInfo> info = admin_->Topic(topic);
  if (info.ok()) return info->partitions;
  if (!absl::IsNotFound(info.status())) return info.status();
  return absl::NotFoundError(Cat("kafka://", options_.settings.brokers, ": there is no topic ",
                                 topic,
                                 "\n  hint: escalationctl log create makes the log's topics"));
}

absl::Status KafkaLog::JudgeSettings(const std::string& topic, KafkaTopicRole role) {
  const auto settings = admin_->TopicSettings(topic);
  if (absl::IsPermissionDenied(settings.status())) {
    if (options_.on_warning) {
      options_.on_warning(Cat(topic, ": its settings may not be read, so they are not checked"));
    }
    return absl::OkStatus();
  }
  if (!settings.ok()) return settings.status();
  for (const KafkaFinding& finding : JudgeTopic(role, topic, *settings)) {
    if (finding.kind == KafkaFinding::Kind::kRefused) {
      return absl::FailedPreconditionError(finding.text);
    }
    if (options_.on_warning) options_.on_warning(finding.text);
  }
  return absl::OkStatus();
}

absl::Status KafkaLog::OpenPartitions(int32_t count) {
  for (int32_t i = 0; i < count; ++i) {
    const auto found = ReadIncarnation(options_.settings, *admin_, topics_.log, i);
    if (absl::IsNotFound(found.status())) {
      return absl::FailedPreconditionError(
          Cat(topics_.log, "[", i,
              "]: is empty, expected a log\n  hint: escalationctl log create "
              "makes it one; if it was one, its records are lost"));
    }
    if (!found.ok()) return found.status();
    if (i > 0 && *found != incarnation_) {
      return absl::FailedPreconditionError(Cat(topics_.log, "[", i, "]: is of log ", ToHex(*found),
                                               ", expected ", ToHex(incarnation_),
                                               " as partition 0"));
    }
    incarnation_ = *found;
  }
  for (int32_t i = 0; i < count; ++i) {
    const auto marks = admin_->Watermarks(topics_.log, i);
    if (!marks.ok()) return marks.status();
    partitions_.push_back(std::make_unique<KafkaLogPartition>(
        options_.settings, admin_.get(),
        KafkaLogPartition::Options{topics_.log, Partition{i}, incarnation_,
                                   options_.prefetch_bytes},
        Offset{marks->end}));
  }
  return absl::OkStatus();
}

absl::Status KafkaLog::OpenProducers() {
  if (options_.access == Access::kReadWrite) {
    auto producer = KafkaProducer::Open(
        options_.settings, {.client_id = "escalation-log", .bytes_max = options_.queue_bytes_max});
    if (!producer.ok()) return producer.status();
    producer_ = *std::move(producer);
    producer = KafkaProducer::Open(options_.settings, {.client_id = "escalation-decisions"});
    if (!producer.ok()) return producer.status();
    decisions_producer_ = *std::move(producer);
  }
  decisions_ =
      std::make_unique<KafkaDecisions>(options_.settings, admin_.get(), decisions_producer_.get(),
                                       topics_.decisions, identity_.incarnation, partitions());
  return absl::OkStatus();
}

absl::Status KafkaLog::CheckPartition(Partition partition) const {
  return escalation::CheckPartition(topics_.log, partition, partitions());
}

absl::StatusOr<Offset> KafkaLog::Begin(Partition partition) const {
  if (absl::Status status = CheckPartition(partition); !status.ok()) return status;
  return At(partition).Begin();
}

absl::StatusOr<Offset> KafkaLog::End(Partition partition) const {
  if (absl::Status status = CheckPartition(partition); !status.ok()) return status;
  return At(partition).End();
}

absl::StatusOr<RecordBatch> KafkaLog::Read(Partition partition, Offset from,
                                           size_t bytes_max) const {
  if (absl::Status status = CheckPartition(partition); !status.ok()) return status;
  return At(partition).Read(from, bytes_max);
}

bool KafkaLog::WaitFor(Partition partition, Offset seen, absl::Duration timeout) const {
  if (!CheckPartition(partition).ok()) return false;
  return At(partition).WaitFor(seen, timeout);
}

absl::Status KafkaLog::CheckAppend(Partition partition, size_t bytes) const {
  if (absl::Status status = CheckPartition(partition); !status.ok()) return status;
  if (absl::Status status = CheckRecordSize(topics_.log, bytes); !status.ok()) return status;
  if (producer_ == nullptr || stopped_) {
    return absl::FailedPreconditionError(
        Cat(topics_.log, stopped_ ? ": stopped" : ": opened for reading only"));
  }
  return Health();
}

void KafkaLog::Append(Partition partition, std::string value, Done done) {
  std::vector<ToAppend> records;
  records.push_back({std::move(value), std::move(done)});
  AppendTogether(partition, std::move(records));
}

void KafkaLog::AppendTogether(Partition partition, std::vector<ToAppend> records) {
  std::vector<KafkaProducer::ToProduce> accepted;
  accepted.reserve(records.size());
  // What is refused, and what stands behind it.
  std::vector<Done> overtaken;
  absl::Status refused;
  for (auto& [value, done] : records) {
    if (refused.ok()) refused = CheckAppend(partition, value.size());
    if (!refused.ok()) {
      overtaken.push_back(std::move(done));
      continue;
    }
    KafkaRecord record;
    record.topic = topics_.log;
    record.partition = partition.value;
    if (const std::string_view tenant = TenantOfEvent(value); !tenant.empty()) record.key = tenant;
    record.value = std::move(value);
    record.headers = {{kIncarnationHeader, incarnation_}};
    accepted.push_back({std::move(record), [this, partition, done = std::move(done)](
                                               const absl::StatusOr<KafkaDelivery>& fate) {
                          done(Take(partition, fate));
                        }});
  }
  if (!accepted.empty()) producer_->ProduceTogether(std::move(accepted));
  for (const Done& done : overtaken) done(refused);
}

absl::StatusOr<Appended> KafkaLog::Take(Partition partition,
                                        const absl::StatusOr<KafkaDelivery>& fate) {
  if (absl::IsNotFound(fate.status()) || absl::IsPermissionDenied(fate.status()) ||
      absl::IsUnauthenticated(fate.status())) {
    // Somebody took the topic or our right to write away: nothing of ours is wrong.
    return absl::UnavailableError(std::string(fate.status().message()));
  }
  if (!fate.ok()) return fate.status();
  const std::string name = Cat(topics_.log, "[", partition, "]");
  if (fate->offset < 0) {
    return absl::UnavailableError(
        Cat(name, ": the record is in the log, but the broker did not say where"));
  }
  if (!At(partition).Acknowledged(Offset{fate->offset})) {
    return Break(absl::DataLossError(
        Cat(name, ": a record was acknowledged at offset ", fate->offset,
            ", behind others that had more\n  hint: the topic was truncated or made anew")));
  }
  if (fate->timestamp_type != KafkaTimestamp::kLogAppendTime) {
    return Break(absl::FailedPreconditionError(
        Cat(name, ": offset ", fate->offset,
            " was not dated by the broker, expected message.timestamp.type=LogAppendTime")));
  }
  return Appended{Offset{fate->offset}, fate->timestamp};
}

absl::Status KafkaLog::Break(absl::Status status) {
  const std::lock_guard lock(mutex_);
  if (health_.ok()) health_ = status;
  return status;
}

absl::Status KafkaLog::Health() const {
  const std::lock_guard lock(mutex_);
  return health_;
}

absl::Status KafkaLog::Publish(Partition partition,
                               const std::vector<PublishedDecision>& decisions) {
  if (absl::Status status = CheckAppend(partition, 0); !status.ok()) return status;
  return decisions_->Publish(partition, decisions);
}

absl::StatusOr<uint64_t> KafkaLog::PublishedThrough(Partition partition) const {
  if (absl::Status status = CheckPartition(partition); !status.ok()) return status;
  return decisions_->PublishedThrough(partition);
}

absl::StatusOr<std::vector<PublishedDecision>> KafkaLog::ReadDecisions(Partition partition,
                                                                       uint64_t from,
                                                                       size_t count) const {
  if (absl::Status status = CheckPartition(partition); !status.ok()) return status;
  return decisions_->ReadDecisions(partition, from, count);
}

void KafkaLog::Stop() {
  if (stopped_.exchange(true)) return;
  if (decisions_ != nullptr) decisions_->Stop();
  if (producer_ != nullptr) producer_->Stop(options_.stop_max);
  if (decisions_producer_ != nullptr) decisions_producer_->Stop(absl::ZeroDuration());
  for (const auto& partition : partitions_) partition->Stop();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Log>> OpenKafkaLog(KafkaLogOptions options) {
  auto log = std::make_unique<KafkaLog>(std::move(options));
  if (absl::Status status = log->Open(); !status.ok()) return status;
  return log;
}

}  // namespace escalation
