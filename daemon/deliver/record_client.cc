#include "daemon/deliver/record_client.h"

#include <utility>

#include "state/base/text.h"

namespace escalation {
namespace {

HttpReply Unanswered(HttpReply::Kind kind, std::string error) {
  HttpReply reply;
  reply.kind = kind;
  reply.error = std::move(error);
  return reply;
}

HttpReply ReplyOf(const absl::Status& status) {
  using Kind = HttpReply::Kind;
  HttpReply reply;
  reply.error = std::string(status.message());
  switch (status.code()) {
    case absl::StatusCode::kOk:
      reply.status = 200;
      return reply;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kPermissionDenied:
      reply.kind = Kind::kRefused;
      return reply;
    case absl::StatusCode::kResourceExhausted:
      reply.kind = Kind::kUnreachable;
      return reply;
    case absl::StatusCode::kFailedPrecondition:
      reply.kind = Kind::kStopped;
      return reply;
    default:
      reply.kind = Kind::kTimeout;
      return reply;
  }
}

KafkaProducerOptions OptionsOf(Duration timeout) {
  KafkaProducerOptions options;
  options.client_id = "escalationd-pages";
  // A page waits for nobody.
  options.linger = absl::ZeroDuration();
  options.record_timeout = absl::Milliseconds(timeout.ms);
  options.records_per_request_max = 1;
  return options;
}

}  // namespace

RecordClient::RecordClient(Open open) : open_(std::move(open)) {}

RecordClient::~RecordClient() {
  for (const Cluster& cluster : clusters_) cluster.producer->Stop(absl::ZeroDuration());
}

std::shared_ptr<KafkaProducer> RecordClient::Find(const std::vector<Cluster>& clusters,
                                                  const KafkaSettings& settings, Duration timeout) {
  for (const Cluster& cluster : clusters) {
    if (cluster.timeout == timeout && SameConnection(*cluster.settings, settings)) {
      return cluster.producer;
    }
  }
  return nullptr;
}

absl::Status RecordClient::SetRoutes(const std::vector<DeliveryRoute>& routes) {
  std::vector<Cluster> before;
  {
    const std::lock_guard lock(mutex_);
    before = clusters_;
  }
  std::vector<Cluster> after;
  for (const DeliveryRoute& route : routes) {
    if (route.topic.cluster == nullptr || route.shadow) continue;
    const KafkaSettings& settings = *route.topic.cluster;
    if (Find(after, settings, route.timeout) != nullptr) continue;
    std::shared_ptr<KafkaProducer> producer = Find(before, settings, route.timeout);
    if (producer == nullptr) {
      auto opened = open_(settings, OptionsOf(route.timeout));
      if (!opened.ok()) {
        return absl::Status(opened.status().code(), Cat("route ", route.name, ": ",
                                                        std::string(opened.status().message())));
      }
      producer = *std::move(opened);
    }
    after.push_back({route.topic.cluster, route.timeout, std::move(producer)});
  }
  {
    const std::lock_guard lock(mutex_);
    clusters_ = after;
  }
  for (const Cluster& cluster : before) {
    if (Find(after, *cluster.settings, cluster.timeout) != nullptr) continue;
    cluster.producer->Stop(absl::ZeroDuration());
  }
  return absl::OkStatus();
}

void RecordClient::Send(HttpCall call, Done done) {
  const KafkaSettings& settings = *call.record->cluster;
  std::shared_ptr<KafkaProducer> producer;
  {
    const std::lock_guard lock(mutex_);
    producer = Find(clusters_, settings, call.timeout);
  }
  if (producer == nullptr) {
    return done(Unanswered(HttpReply::Kind::kUnreachable,
                           Cat("no route names kafka://", settings.brokers, " any more")));
  }
  KafkaRecord record;
  record.topic = std::move(call.record->topic);
  record.key = std::move(call.record->key);
  record.value = std::move(call.body);
  for (auto& [name, value] : call.headers) record.headers.push_back({name, std::move(value)});
  // Not owned by what the producer keeps: it must not be its own last owner.
  const KafkaProducer* const asked = producer.get();
  producer->Produce(std::move(record), [done = std::move(done), asked](const auto& delivery) {
    HttpReply reply = ReplyOf(delivery.status());
    if (reply.kind == HttpReply::Kind::kTimeout) {
      const absl::Status health = asked->Health();
      if (!health.ok()) CatTo(&reply.error, ": ", std::string(health.message()));
    }
    done(std::move(reply));
  });
}

}  // namespace escalation
