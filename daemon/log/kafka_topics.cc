#include "daemon/log/kafka_topics.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>

#include "daemon/log/durable_file.h"
#include "daemon/log/kafka_producer.h"
#include "daemon/log/kafka_reader.h"
#include "escalation/v1/event.pb.h"
#include "state/base/sha256.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr absl::Duration kAnswerMax = absl::Seconds(15);

std::optional<int64_t> NumberOf(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

absl::StatusOr<std::string> NewIncarnation() {
  char bytes[kIncarnationBytes];
  if (::getrandom(bytes, sizeof(bytes), 0) != static_cast<ssize_t>(sizeof(bytes))) {
    return FromErrno(errno, "getrandom", "no random bytes for a new log's identity");
  }
  return std::string(bytes, sizeof(bytes));
}

// The first record of a partition: nothing is due before the epoch.
std::string FirstRecord() {
  v1::Event event;
  event.mutable_tick()->mutable_until()->set_seconds(0);
  return event.SerializeAsString();
}

absl::Status CreateMissing(const KafkaAdmin& admin, const std::string& topic, KafkaTopicRole role,
                           const KafkaLogSpec& spec) {
  KafkaTopicSpec wanted{topic, spec.partitions, spec.replication, {}};
  wanted.settings = {{"retention.ms", "-1"},
                     {"retention.bytes", "-1"},
                     {"cleanup.policy", "delete"},
                     {"message.timestamp.type", "LogAppendTime"},
                     {"max.message.bytes", std::to_string(kTopicMessageBytes)}};
  for (const auto& [name, value] : spec.settings) wanted.settings[name] = value;
  for (const KafkaFinding& finding : JudgeTopic(role, topic, wanted.settings)) {
    if (finding.kind == KafkaFinding::Kind::kRefused) {
      return absl::InvalidArgumentError(finding.text);
    }
  }
  const absl::Status created = admin.CreateTopic(wanted);
  if (!created.ok() && !absl::IsAlreadyExists(created)) return created;
  const absl::StatusOr<KafkaTopicInfo> info = admin.Topic(topic);
  if (!info.ok()) return info.status();
  if (info->partitions == spec.partitions) return absl::OkStatus();
  return absl::FailedPreconditionError(
      Cat("topic ", topic, " has ", info->partitions, " partitions, expected ", spec.partitions));
}

absl::Status Mark(KafkaProducer& producer, const std::string& topic, int32_t partition,
                  const std::string& incarnation) {
  KafkaRecord record;
  record.topic = topic;
  record.partition = partition;
  record.value = FirstRecord();
  record.headers = {{kIncarnationHeader, incarnation}};
  return ProduceAndWait(producer, std::move(record)).status();
}

// Of each partition, "" where there is no record yet.
absl::StatusOr<std::vector<std::string>> ReadIncarnations(const KafkaSettings& settings,
                                                          const KafkaAdmin& admin,
                                                          const KafkaLogSpec& spec) {
  std::vector<std::string> out;
  for (int32_t i = 0; i < spec.partitions; ++i) {
    absl::StatusOr<std::string> found = ReadIncarnation(settings, admin, spec.topic, i);
    if (!found.ok() && !absl::IsNotFound(found.status())) return found.status();
    out.push_back(found.ok() ? *std::move(found) : "");
  }
  return out;
}

}  // namespace

KafkaLogTopics TopicsOf(std::string_view log) {
  constexpr std::string_view kEnding = ".log";
  std::string_view stem = log;
  if (stem.size() > kEnding.size() && stem.substr(stem.size() - kEnding.size()) == kEnding) {
    stem.remove_suffix(kEnding.size());
  }
  return {std::string(log), Cat(stem, ".decisions"), Cat(stem, ".dead-letters")};
}

std::string_view TenantOfEvent(std::string_view event) {
  // Field 1, length-delimited, shorter than 128 bytes.
  if (event.size() < 2 || event[0] != '\x0a') return {};
  const auto size = static_cast<unsigned char>(event[1]);
  if (size > kTenantBytesMax || event.size() < size_t{2} + size) return {};
  return event.substr(2, size);
}

std::vector<KafkaFinding> JudgeTopic(KafkaTopicRole role, const std::string& topic,
                                     const std::map<std::string, std::string>& settings) {
  std::vector<KafkaFinding> out;
  const auto value = [&settings](const char* name) {
    const auto found = settings.find(name);
    return found == settings.end() ? std::string() : found->second;
  };
  const auto add = [&](KafkaFinding::Kind kind, const char* name, std::string_view expectation) {
    out.push_back({kind, Cat(topic, ": ", name, " is ", value(name), ", expected ", expectation)});
  };
  using Kind = KafkaFinding::Kind;
  if (value("cleanup.policy").find("compact") != std::string::npos) {
    add(Kind::kRefused, "cleanup.policy", "delete: compaction removes records of the history");
  }
  const std::string timestamps = value("message.timestamp.type");
  if (role == KafkaTopicRole::kLog && !timestamps.empty() && timestamps != "LogAppendTime") {
    add(Kind::kRefused, "message.timestamp.type",
        "LogAppendTime: the log's time is the broker's, not the writers'");
  }
  for (const char* name : {"retention.ms", "retention.bytes"}) {
    const std::optional<int64_t> kept = NumberOf(value(name));
    if (kept && *kept >= 0) {
      add(Kind::kWarning, name,
          role == KafkaTopicRole::kLog
              ? "-1: without its beginning the log folds only from an archive or a store"
              : "-1: what is older is lost");
    }
  }
  const std::optional<int64_t> bytes = NumberOf(value("max.message.bytes"));
  if (bytes && *bytes < kTopicMessageBytes) {
    add(Kind::kWarning, "max.message.bytes",
        Cat("at least ", kTopicMessageBytes, ": larger records are refused"));
  }
  if (value("unclean.leader.election.enable") == "true") {
    add(Kind::kWarning, "unclean.leader.election.enable",
        "false: an unclean election loses acknowledged records");
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const KafkaFinding& a, const KafkaFinding& b) { return a.kind > b.kind; });
  return out;
}

absl::StatusOr<std::string> ReadIncarnation(const KafkaSettings& settings, const KafkaAdmin& admin,
                                            const std::string& topic, int32_t partition) {
  const absl::StatusOr<KafkaWatermarks> marks = admin.Watermarks(topic, partition);
  if (!marks.ok()) return marks.status();
  const std::string name = Cat(topic, "[", partition, "]");
  if (marks->begin >= marks->end) return absl::NotFoundError(Cat(name, ": no record"));
  KafkaReaderOptions options;
  options.client_id = "escalation-log-identity";
  options.topic = topic;
  options.partition = partition;
  options.prefetch_bytes = 1 << 16;
  const auto reader = WaitingKafkaReader::Open(settings, std::move(options));
  if (!reader.ok()) return reader.status();
  if (absl::Status status = (*reader)->Start(marks->begin); !status.ok()) return status;
  const auto messages = (*reader)->Next(1, kAnswerMax);
  if (!messages.ok()) return messages.status();
  const KafkaMessage& first = messages->front();
  const std::optional<std::string_view> found = first.header(kIncarnationHeader);
  if (found && found->size() == kIncarnationBytes) return std::string(*found);
  return absl::FailedPreconditionError(
      Cat(name, ": offset ", first.offset(),
          " was not written by escalationd, expected the record of a log with its incarnation\n"
          "  hint: escalationctl log create makes a log in a topic of its own"));
}

absl::StatusOr<std::string> CreateKafkaLog(const KafkaSettings& settings,
                                           const KafkaLogSpec& spec) {
  const auto admin = KafkaAdmin::Open(settings);
  if (!admin.ok()) return admin.status();
  const KafkaLogTopics topics = TopicsOf(spec.topic);
  const std::pair<std::string, KafkaTopicRole> wanted[] = {
      {topics.log, KafkaTopicRole::kLog},
      {topics.decisions, KafkaTopicRole::kDecisions},
      {topics.dead_letters, KafkaTopicRole::kDeadLetters}};
  for (const auto& [topic, role] : wanted) {
    if (absl::Status status = CreateMissing(**admin, topic, role, spec); !status.ok()) {
      return status;
    }
  }
  absl::StatusOr<std::vector<std::string>> found = ReadIncarnations(settings, **admin, spec);
  if (!found.ok()) return found.status();
  std::string incarnation;
  for (const std::string& one : *found) {
    if (!one.empty() && !incarnation.empty() && one != incarnation) {
      return absl::FailedPreconditionError(Cat(spec.topic, ": its partitions are of logs ",
                                               ToHex(incarnation), " and ", ToHex(one),
                                               ", expected one log"));
    }
    if (!one.empty()) incarnation = one;
  }
  if (incarnation.empty()) {
    absl::StatusOr<std::string> created = NewIncarnation();
    if (!created.ok()) return created.status();
    incarnation = *std::move(created);
  }
  const auto producer = KafkaProducer::Open(settings, {.client_id = "escalation-log-create"});
  if (!producer.ok()) return producer.status();
  for (int32_t i = 0; i < spec.partitions; ++i) {
    if (!(*found)[static_cast<size_t>(i)].empty()) continue;
    if (absl::Status status = Mark(**producer, spec.topic, i, incarnation); !status.ok()) {
      return status;
    }
  }
  return ToHex(incarnation);
}

}  // namespace escalation
