#include "ops/log_description.h"

#include <algorithm>

#include "daemon/log/kafka_admin.h"
#include "escalation/v1/decision.pb.h"
#include "escalation/v1/event.pb.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr size_t kReadBytes = size_t{4} << 20;
constexpr size_t kDecisionsAtOnce = 10'000;

std::string_view WordOf(KafkaFinding::Kind kind) {
  switch (kind) {
    case KafkaFinding::Kind::kOk:
      return "ok";
    case KafkaFinding::Kind::kWarning:
      return "warning";
    case KafkaFinding::Kind::kRefused:
      return "refused";
  }
  return "";
}

absl::Status CheckRecords(const Log& log, Partition partition, PartitionCheck* out) {
  const absl::StatusOr<Offset> begin = log.Begin(partition);
  if (!begin.ok()) return begin.status();
  const absl::StatusOr<Offset> end = log.End(partition);
  if (!end.ok()) return end.status();
  v1::Event event;
  for (Offset next = *begin; next < *end;) {
    const absl::StatusOr<RecordBatch> batch = log.Read(partition, next, kReadBytes);
    if (!batch.ok()) return batch.status();
    for (const Record& record : batch->records) {
      const std::string where = Cat("partition ", partition, ", offset ", record.offset);
      if (record.offset != next) {
        return absl::DataLossError(Cat(where, ": follows ", next.value - 1, ", expected ", next));
      }
      if (!event.ParseFromString(record.value)) {
        return absl::DataLossError(Cat(where, ": ", record.value.size(), " bytes are no event"));
      }
      if (event.body_case() == v1::Event::BODY_NOT_SET) {
        return absl::DataLossError(
            Cat(where,
                ": an event that this program does not know, expected one of its own\n  hint: "
                "a newer escalationd wrote it"));
      }
      if (out->records > 0 && record.appended < out->last) {
        return absl::DataLossError(
            Cat(where, ": appended at ", record.appended, ", expected ", out->last, " or later"));
      }
      if (out->records++ == 0) out->first = record.appended;
      out->last = record.appended;
      next = record.offset + 1;
    }
  }
  return absl::OkStatus();
}

absl::Status CheckDecisions(const Log& log, Partition partition, PartitionCheck* out) {
  v1::Decision decision;
  for (uint64_t next = 1;;) {
    const auto decisions = log.ReadDecisions(partition, next, kDecisionsAtOnce);
    if (!decisions.ok()) return decisions.status();
    if (decisions->empty()) return absl::OkStatus();
    for (const PublishedDecision& published : *decisions) {
      const std::string where = Cat("partition ", partition, ", decision ", published.seq);
      if (published.seq != next) {
        return absl::DataLossError(Cat(where, ": follows ", next - 1, ", expected ", next));
      }
      if (!decision.ParseFromString(published.value) || decision.seq() != published.seq ||
          decision.id() != published.id) {
        return absl::DataLossError(Cat(where, ": ", published.value.size(),
                                       " bytes are not the decision that id ", published.id,
                                       " names"));
      }
      ++out->decisions;
      ++next;
    }
  }
}

}  // namespace

absl::StatusOr<LogDescription> DescribeLog(const Log& log) {
  LogDescription out;
  out.identity = log.identity();
  for (int32_t i = 0; i < log.partitions(); ++i) {
    const absl::StatusOr<Offset> begin = log.Begin(Partition{i});
    if (!begin.ok()) return begin.status();
    const absl::StatusOr<Offset> end = log.End(Partition{i});
    if (!end.ok()) return end.status();
    const absl::StatusOr<uint64_t> through = log.PublishedThrough(Partition{i});
    if (!through.ok()) return through.status();
    out.partitions.push_back({*begin, *end, *through});
  }
  return out;
}

absl::StatusOr<std::vector<TopicDescription>> DescribeTopics(const KafkaSettings& settings,
                                                             const std::string& topic) {
  const auto admin = KafkaAdmin::Open(settings);
  if (!admin.ok()) return admin.status();
  const KafkaLogTopics topics = TopicsOf(topic);
  const std::pair<std::string, KafkaTopicRole> roles[] = {
      {topics.log, KafkaTopicRole::kLog},
      {topics.decisions, KafkaTopicRole::kDecisions},
      {topics.dead_letters, KafkaTopicRole::kDeadLetters}};
  std::vector<TopicDescription> out;
  for (const auto& [name, role] : roles) {
    TopicDescription description;
    description.name = name;
    const absl::StatusOr<KafkaTopicInfo> info = (*admin)->Topic(name);
    if (absl::IsNotFound(info.status())) {
      description.findings = {{KafkaFinding::Kind::kRefused,
                               Cat(name,
                                   ": is missing, expected a topic\n  hint: escalationctl "
                                   "log create makes it")}};
    } else if (!info.ok()) {
      return info.status();
    } else {
      description.partitions = info->partitions;
      description.replication = info->replication;
      const auto set = (*admin)->TopicSettings(name);
      if (!set.ok()) return set.status();
      description.findings = JudgeTopic(role, name, *set);
      if (info->replication == 1) {
        description.findings.push_back(
            {KafkaFinding::Kind::kWarning,
             Cat(name, ": one replica, expected 3: a lost disk loses the log")});
      }
    }
    out.push_back(std::move(description));
  }
  return out;
}

nlohmann::ordered_json ToJson(const LogDescription& description) {
  nlohmann::ordered_json out;
  out["kind"] = description.identity.kind;
  out["cluster"] = description.identity.cluster;
  out["topic"] = description.identity.topic;
  out["incarnation"] = description.identity.incarnation;
  out["partitions"] = nlohmann::ordered_json::array();
  for (const PartitionDescription& partition : description.partitions) {
    out["partitions"].push_back({{"begin", partition.begin.value},
                                 {"end", partition.end.value},
                                 {"published_through", partition.published_through}});
  }
  out["topics"] = nlohmann::ordered_json::array();
  for (const TopicDescription& topic : description.topics) {
    nlohmann::ordered_json findings = nlohmann::ordered_json::array();
    for (const KafkaFinding& finding : topic.findings) {
      findings.push_back({{"kind", WordOf(finding.kind)}, {"text", finding.text}});
    }
    out["topics"].push_back({{"name", topic.name},
                             {"partitions", topic.partitions},
                             {"replication", topic.replication},
                             {"findings", std::move(findings)}});
  }
  return out;
}

void PrintText(const LogDescription& description, std::ostream& out) {
  out << "log " << description.identity.incarnation << ", " << description.identity.kind;
  if (!description.identity.topic.empty()) {
    out << ", topic " << description.identity.topic << " of cluster "
        << description.identity.cluster;
  }
  out << "\n";
  for (size_t i = 0; i < description.partitions.size(); ++i) {
    const PartitionDescription& partition = description.partitions[i];
    out << "partition " << i << ": records " << partition.begin.value << " up to before "
        << partition.end.value << ", decisions up to " << partition.published_through << "\n";
  }
  for (const TopicDescription& topic : description.topics) {
    out << "topic " << topic.name << ": " << topic.partitions << " partitions, "
        << topic.replication << " replicas"
        << (topic.findings.empty() ? ", all as it should be" : "") << "\n";
    for (const KafkaFinding& finding : topic.findings) {
      out << "  " << WordOf(finding.kind) << ": " << finding.text << "\n";
    }
  }
}

absl::StatusOr<PartitionCheck> CheckLogPartition(const Log& log, Partition partition) {
  PartitionCheck out;
  if (absl::Status status = CheckRecords(log, partition, &out); !status.ok()) return status;
  if (absl::Status status = CheckDecisions(log, partition, &out); !status.ok()) return status;
  return out;
}

}  // namespace escalation
