#include "daemon/publisher.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>
#include <chrono>
#include <optional>
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
constexpr std::chrono::seconds kLookEvery{1};

// Decision.id, without decoding the rest: its first field.
bool ReadId(const std::string& decision, std::string* id) {
  using google::protobuf::internal::WireFormatLite;
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const uint8_t*>(decision.data()),
                                            static_cast<int>(decision.size()));
  constexpr uint32_t kIdTag = WireFormatLite::MakeTag(v1::Decision::kIdFieldNumber,
                                                      WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
  return in.ReadTag() == kIdTag && WireFormatLite::ReadString(&in, id);
}

}  // namespace

Publisher::Publisher(Log* log, const StateReader* state, Partition partition,
                     std::function<Instant()> now)
    : log_(*log), state_(*state), partition_(partition), now_(std::move(now)) {}

void Publisher::Start(std::function<void(absl::Status)> failed) {
  failed_ = std::move(failed);
  thread_ = std::thread([this] { Run(); });
}

void Publisher::SetLease(Lease lease) {
  const std::lock_guard lock(mutex_);
  const Instant now = now_();
  if (!lease_.Holds(now)) lapsed_ = true;
  if (lapsed_ && lease.Holds(now)) {
    awake_ = true;
    changed_.notify_one();
  }
  lease_ = lease;
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
  bool unavailable = false;
  for (;;) {
    bool last = false;
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, kLookEvery, [&] { return (awake_ && !unavailable) || stopping_; });
      awake_ = false;
      last = stopping_;
    }
    const absl::Status status = PublishOnce();
    unavailable = absl::IsUnavailable(status);
    if (!status.ok() && !unavailable) {
      failed_(status);
      return;
    }
    if (last) return;
  }
}

bool Publisher::MayPublish() {
  const std::lock_guard lock(mutex_);
  if (!lease_.Holds(now_())) return false;
  // Another may have published meanwhile.
  if (std::exchange(lapsed_, false)) known_ = false;
  return true;
}

absl::Status Publisher::FindEnd() {
  const absl::StatusOr<uint64_t> through = log_.PublishedThrough(partition_);
  if (!through.ok()) return through.status();
  const absl::StatusOr<uint64_t> trimmed = TrimmedThrough();
  if (!trimmed.ok()) return trimmed.status();
  const std::lock_guard lock(mutex_);
  published_ = std::max(*through, *trimmed);
  marked_ = published_;
  hash_.clear();
  known_ = true;
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> Publisher::TrimmedThrough() const {
  const absl::StatusOr<std::optional<std::string>> bytes = state_.Get(keys::Meta());
  if (!bytes.ok()) return bytes.status();
  v1::PartitionState state;
  if (bytes->has_value() && !state.ParseFromString(**bytes)) {
    return absl::DataLossError(Cat("the state of partition ", partition_, " cannot be decoded"));
  }
  return state.published_through();
}

absl::Status Publisher::PublishOnce() {
  for (;;) {
    if (!MayPublish()) return absl::OkStatus();
    if (!known_) {
      if (absl::Status status = FindEnd(); !status.ok()) return status;
    }
    std::vector<PublishedDecision> batch;
    std::string hash;
    absl::Status decoded;
    const absl::Status scanned = state_.Scan(
        keys::Outbox(published_ + 1), "p", [&](std::string_view key, std::string_view value) {
          const uint64_t seq = keys::ReadU64(key.substr(1));
          v1::OutboxEntry entry;
          std::string id;
          if (!entry.ParseFromArray(value.data(), static_cast<int>(value.size())) ||
              !ReadId(entry.decision(), &id)) {
            decoded = absl::DataLossError(Cat("outbox entry ", seq, " cannot be decoded"));
            return false;
          }
          batch.push_back({seq, std::move(id), std::move(*entry.mutable_decision())});
          hash = std::move(*entry.mutable_chain_hash());
          return batch.size() < kBatchMax;
        });
    if (!scanned.ok()) return scanned;
    if (!decoded.ok()) return decoded;
    if (batch.empty()) return MarkPublished(now_());
    if (absl::Status status = log_.Publish(partition_, batch); !status.ok()) return status;
    hash_ = std::move(hash);
    {
      const std::lock_guard lock(mutex_);
      published_ = batch.back().seq;
    }
    // Also while more waits: whoever folds the log again keeps what is not marked.
    if (absl::Status status = MarkPublished(now_()); !status.ok()) return status;
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
