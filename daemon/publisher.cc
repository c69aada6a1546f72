#include "daemon/publisher.h"

#include <chrono>
#include <utility>
#include <vector>

#include "escalation/v1/event.pb.h"
#include "escalation/v1/state.pb.h"
#include "state/base/text.h"
#include "state/partition/keys.h"

namespace escalation {
namespace {

constexpr size_t kBatchMax = 1'000;
// A Published record is written for so many decisions, or after so long: it costs one record, and
// bounds the outbox.
constexpr uint64_t kMarkDecisions = 1'000;
constexpr Duration kMarkEvery = Duration::Seconds(5);

}  // namespace

Publisher::Publisher(Log* log, const StateReader* state, Partition partition,
                     std::function<Instant()> now)
    : log_(*log), state_(*state), partition_(partition), now_(std::move(now)) {}

void Publisher::Start(std::function<void(absl::Status)> failed) {
  failed_ = std::move(failed);
  thread_ = std::thread([this] { Run(); });
}

void Publisher::Wake() {
  const std::lock_guard lock(mutex_);
  awake_ = true;
  changed_.notify_one();
}

void Publisher::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

uint64_t Publisher::published_through() const {
  const std::lock_guard lock(mutex_);
  return published_;
}

void Publisher::Run() {
  for (;;) {
    bool last = false;
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, std::chrono::seconds(1), [this] { return awake_ || stopping_; });
      awake_ = false;
      last = stopping_;
    }
    const absl::Status status = PublishOnce();
    if (!status.ok() && !absl::IsUnavailable(status)) {
      failed_(status);
      return;
    }
    if (last) return;
  }
}

absl::Status Publisher::PublishOnce() {
  if (!known_) {
    const absl::StatusOr<uint64_t> through = log_.PublishedThrough(partition_);
    if (!through.ok()) return through.status();
    const std::lock_guard lock(mutex_);
    published_ = *through;
    marked_ = *through;
    known_ = true;
  }
  for (;;) {
    std::vector<PublishedDecision> batch;
    std::string hash;
    absl::Status decoded;
    const absl::Status scanned = state_.Scan(
        keys::Outbox(published_ + 1), "p", [&](std::string_view key, std::string_view value) {
          v1::OutboxEntry entry;
          v1::Decision decision;
          if (!entry.ParseFromArray(value.data(), static_cast<int>(value.size())) ||
              !decision.ParseFromString(entry.decision())) {
            decoded = absl::DataLossError(
                Cat("outbox entry ", keys::ReadU64(key.substr(1)), " cannot be decoded"));
            return false;
          }
          batch.push_back({decision.seq(), decision.id(), std::move(*entry.mutable_decision())});
          hash = std::move(*entry.mutable_chain_hash());
          return batch.size() < kBatchMax;
        });
    if (!scanned.ok()) return scanned;
    if (!decoded.ok()) return decoded;
    if (batch.empty()) return MarkPublished(now_());
    if (absl::Status status = log_.Publish(partition_, batch); !status.ok()) return status;
    hash_ = std::move(hash);
    const std::lock_guard lock(mutex_);
    published_ = batch.back().seq;
  }
}

absl::Status Publisher::MarkPublished(Instant now) {
  if (published_ == marked_ || hash_.empty()) return absl::OkStatus();
  if (published_ - marked_ < kMarkDecisions && now < marked_at_ + kMarkEvery)
    return absl::OkStatus();
  v1::Event event;
  ToProto(now, event.mutable_written_at());
  event.mutable_published()->set_through_seq(published_);
  event.mutable_published()->set_decisions_hash(hash_);
  // Lost: a later one says the same and more.
  log_.Append(partition_, event.SerializeAsString(), [](const absl::StatusOr<Appended>&) {});
  marked_ = published_;
  marked_at_ = now;
  return absl::OkStatus();
}

}  // namespace escalation
