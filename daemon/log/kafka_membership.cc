#include "daemon/log/kafka_membership.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "daemon/log/kafka_list.h"
#include "state/base/text.h"

namespace escalation {
namespace {

// How soon the others learn that a member has left: they ask so often.
constexpr absl::Duration kHeartbeat = absl::Milliseconds(500);
constexpr absl::Duration kPoll = absl::Milliseconds(100);
// How long Leave waits for the others to be told.
constexpr std::chrono::milliseconds kLeaveMax{1'000};

// Of the steady clock: the wall clock may be set.
absl::Time SteadyNow() {
  return absl::UnixEpoch() + absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

KafkaClientOptions ClientOptions(const KafkaMembershipOptions& options) {
  const auto milliseconds = [](absl::Duration length) {
    return std::to_string(absl::ToInt64Milliseconds(length));
  };
  KafkaClientOptions out;
  out.client_id = Cat(options.group, "-member");
  out.properties = {
      {"group.id", options.group},
      {"session.timeout.ms", milliseconds(options.session_timeout)},
      {"heartbeat.interval.ms", milliseconds(kHeartbeat)},
      // Must not be less than the session's.
      {"max.poll.interval.ms", milliseconds(options.session_timeout)},
      {"partition.assignment.strategy", "range"},
      {"enable.auto.commit", "false"},
      {"allow.auto.create.topics", "false"},
  };
  out.configure = [](rd_kafka_conf_t* conf) {
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_REBALANCE);
  };
  return out;
}

}  // namespace

KafkaMembership::KafkaMembership(KafkaMembershipOptions options) : options_(std::move(options)) {}

absl::StatusOr<std::unique_ptr<KafkaMembership>> KafkaMembership::Open(
    KafkaMembershipOptions options) {
  std::unique_ptr<KafkaMembership> member(new KafkaMembership(std::move(options)));
  auto handle = KafkaHandle::Open(KafkaRole::kConsumer, member->options_.settings,
                                  ClientOptions(member->options_));
  if (!handle.ok()) return handle.status();
  member->handle_ = *std::move(handle);
  rd_kafka_poll_set_consumer(member->handle_->raw());
  return member;
}

absl::Status KafkaMembership::Join() {
  const kafka::List topics =
      kafka::ListOf({{options_.topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_OFFSET_INVALID}});
  const rd_kafka_resp_err_t error = rd_kafka_subscribe(handle_->raw(), topics.get());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return handle_->StatusOf(error, Cat("group ", options_.group));
  }
  const std::lock_guard lock(mutex_);
  for (const Partition partition : options_.partitions) progress_[partition] = SteadyNow();
  thread_ = std::thread([this] { Run(); });
  return absl::OkStatus();
}

KafkaMembership::~KafkaMembership() {
  Leave();
  if (thread_.joinable()) thread_.join();
}

void KafkaMembership::Leave() {
  std::unique_lock lock(mutex_);
  leaving_ = true;
  claims_.clear();
  changed_.notify_all();
  changed_.wait_for(lock, kLeaveMax, [this] { return left_ || !thread_.joinable(); });
}

void KafkaMembership::Run() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (leaving_) break;
      if (!MakesProgress()) {
        changed_.wait_for(lock, absl::ToChronoMilliseconds(kPoll));
        continue;
      }
    }
    Serve();
  }
  // Tells the coordinator, and serves what that brings.
  rd_kafka_consumer_close(handle_->raw());
  const std::lock_guard lock(mutex_);
  left_ = true;
  changed_.notify_all();
}

void KafkaMembership::Serve() {
  const kafka::Queue queue(rd_kafka_queue_get_consumer(handle_->raw()));
  const kafka::Event event(rd_kafka_queue_poll(queue.get(), kafka::MillisecondsOf(kPoll)));
  if (event == nullptr) return;
  if (rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_REBALANCE) return Rebalance(event.get());
  if (rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_FETCH &&
      rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_ERROR) {
    return;
  }
  const rd_kafka_resp_err_t error = rd_kafka_event_error(event.get());
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  Notice(std::string(
      handle_
          ->StatusOf(error, Cat("group ", options_.group), rd_kafka_event_error_string(event.get()))
          .message()));
}

void KafkaMembership::Rebalance(rd_kafka_event_t* event) {
  rd_kafka_t* const client = handle_->raw();
  if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    Revoked(rd_kafka_assignment_lost(client) != 0);
    rd_kafka_assign(client, nullptr);
    return;
  }
  std::vector<Partition> partitions;
  const rd_kafka_topic_partition_list_t* const list = rd_kafka_event_topic_partition_list(event);
  for (int i = 0; list != nullptr && i < list->cnt; ++i) {
    partitions.push_back(Partition{list->elems[i].partition});
  }
  Assigned(partitions);
  // Nothing is read by the group.
  const kafka::List nothing = kafka::ListOf({});
  rd_kafka_assign(client, nothing.get());
}

void KafkaMembership::Assigned(const std::vector<Partition>& partitions) {
  std::string names;
  {
    const std::lock_guard lock(mutex_);
    joined_ = true;
    agreeing_since_ = absl::InfiniteFuture();
    std::map<Partition, uint64_t> claims;
    for (const Partition partition : partitions) {
      // One that stays is no new claim.
      const auto before = claims_.find(partition);
      claims[partition] = before == claims_.end() ? ++last_claim_ : before->second;
      CatTo(&names, names.empty() ? "" : ", ", partition);
    }
    if (!leaving_) claims_ = std::move(claims);
  }
  Notice(Cat("group ", options_.group, ": this instance should lead ",
             names.empty() ? "no partition" : Cat("partition ", names)));
}

void KafkaMembership::Revoked(bool lost) {
  {
    const std::lock_guard lock(mutex_);
    agreeing_since_ = std::min(agreeing_since_, SteadyNow());
    if (lost) claims_.clear();
  }
  if (lost) Notice(Cat("group ", options_.group, ": has moved on without this instance"));
}

bool KafkaMembership::MakesProgress() const {
  const absl::Time now = SteadyNow();
  return std::all_of(progress_.begin(), progress_.end(), [&](const auto& loop) {
    return now < loop.second + options_.progress_timeout;
  });
}

uint64_t KafkaMembership::ClaimOf(Partition partition) const {
  const std::lock_guard lock(mutex_);
  if (SteadyNow() > agreeing_since_ + options_.session_timeout) return 0;
  const auto claim = claims_.find(partition);
  return claim == claims_.end() ? 0 : claim->second;
}

void KafkaMembership::Progress(Partition partition) {
  const std::lock_guard lock(mutex_);
  progress_[partition] = SteadyNow();
}

std::string KafkaMembership::Trouble() const {
  const std::lock_guard lock(mutex_);
  if (!joined_) return Cat("group ", options_.group, ": not joined yet");
  if (SteadyNow() > agreeing_since_ + options_.session_timeout) {
    return Cat("group ", options_.group, ": its members do not agree");
  }
  return "";
}

void KafkaMembership::Notice(const std::string& text) const {
  if (options_.on_notice) options_.on_notice(text);
}

}  // namespace escalation
