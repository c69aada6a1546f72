#include "ops/simulation.h"

#include <algorithm>

namespace escalation {
namespace {

constexpr Duration kRetryEvery = Duration::Minutes(1);

}  // namespace

absl::Status Simulation::Restart() {
  fold_.reset();
  FoldOptions options;
  options.incarnation = options_.incarnation;
  absl::StatusOr<std::unique_ptr<PartitionFold>> fold = PartitionFold::Open(store_, options);
  if (!fold.ok()) return fold.status();
  fold_ = *std::move(fold);
  more_ = true;  // The store may have been left in the middle of a record.
  return Fold();
}

void Simulation::Append(v1::Event event, Instant appended) {
  now_ = std::max(now_, appended);
  const Offset offset = first_ + static_cast<int64_t>(records_.size());
  records_.push_back({offset, now_, std::move(event)});
}

absl::Status Simulation::FoldTurn() {
  std::vector<FoldRecord> batch;
  const size_t begin = static_cast<size_t>(fold_->position().value - first_.value);
  for (size_t i = begin; !more_ && i < records_.size() && batch.size() < options_.batch; ++i) {
    batch.push_back(records_[i]);
  }
  absl::StatusOr<FoldResult> result = fold_->Fold(batch);
  if (!result.ok()) return result.status();
  if (absl::Status status = store_.Commit(result->turn); !status.ok()) return status;
  more_ = result->turn.more;
  std::ranges::move(DecodeDecisions(*result), std::back_inserter(decisions_));
  while (options_.forget_records && !records_.empty() && first_ < fold_->position()) {
    records_.pop_front();
    first_ = first_ + 1;
  }
  return absl::OkStatus();
}

absl::Status Simulation::Fold() {
  const Offset end = first_ + static_cast<int64_t>(records_.size());
  while (more_ || fold_->position() < end) {
    if (absl::Status status = FoldTurn(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Simulation::Tick(Instant until, Instant appended) {
  v1::Event event;
  ToProto(until, event.mutable_tick()->mutable_until());
  Append(std::move(event), appended);
  return Fold();
}

absl::Status Simulation::AdvanceTo(Instant end, Edge edge) {
  Instant retry = Instant::Past();
  // As an owner does.
  while (fold_->is_changing()) {
    if (absl::Status status = Tick(now_, now_); !status.ok()) return status;
  }
  while (true) {
    const absl::StatusOr<Instant> due = NextDue(store_);
    if (!due.ok()) return due.status();
    const Instant at = std::max({*due, now_, retry});
    if (*due == Instant::Never() || *due > end || (*due == end && edge == Edge::kBefore)) break;
    if (at > end) break;
    if (absl::Status status = Tick(at, at); !status.ok()) return status;
    const absl::StatusOr<Instant> next = NextDue(store_);
    if (!next.ok()) return next.status();
    retry = *next <= *due ? now_ + kRetryEvery : Instant::Past();
  }
  return absl::OkStatus();
}

std::vector<v1::Decision> Simulation::TakeDecisions() { return std::exchange(decisions_, {}); }

}  // namespace escalation
