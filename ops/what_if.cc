#include "ops/what_if.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "ops/altered_history.h"
#include "ops/spilling_store.h"

namespace escalation {
namespace {

// An owner's tick comes a settling time after its due moment; one that is later by this was kept
// from coming.
constexpr Duration kOverdue = Duration::Minutes(1);
constexpr Duration kSettle = Duration::Seconds(2);

// One of the two foldings.
class Side {
 public:
  Side(Partition partition, const std::string& incarnation) {
    options_.partition = partition;
    options_.incarnation = incarnation;
  }

  absl::Status Open() {
    absl::StatusOr<std::unique_ptr<PartitionFold>> fold = PartitionFold::Open(store_, options_);
    if (!fold.ok()) return fold.status();
    fold_ = *std::move(fold);
    return absl::OkStatus();
  }

  absl::Status Fold(std::span<const FoldRecord> records) {
    return fold_->FoldAll(records, [this](const FoldResult& result) {
      std::ranges::move(DecodeDecisions(result), std::back_inserter(decisions_));
      due_from_ = std::min(due_from_, FirstWakeUpOf(result.turn));
      return store_.Commit(result.turn);
    });
  }

  // The next record under an offset of its own, for a log of another length.
  absl::Status FoldNext(v1::Event event, Instant appended) {
    const FoldRecord record{fold_->position(), appended, std::move(event)};
    return Fold(std::span(&record, 1));
  }

  absl::Status Tick(Instant until, Instant appended) {
    v1::Event event;
    ToProto(until, event.mutable_tick()->mutable_until());
    return FoldNext(std::move(event), appended);
  }

  // As a publisher does, so that the state does not keep what was decided.
  absl::Status Publish(Instant appended) {
    if (fold_->seq() == fold_->published_through()) return absl::OkStatus();
    v1::Event event;
    event.mutable_published()->set_through_seq(fold_->seq());
    event.mutable_published()->set_decisions_hash(fold_->decisions_hash());
    return FoldNext(std::move(event), appended);
  }

  // The earliest due moment up to `limit`; Never: none. Searched from where it is known to begin,
  // since before that lie the wake-ups that were removed.
  absl::StatusOr<Instant> DueUntil(Instant limit) {
    if (due_from_ > limit) return Instant::Never();
    const absl::StatusOr<Instant> due = NextDue(store_, due_from_);
    if (!due.ok()) return due;
    due_from_ = *due;
    return *due <= limit ? *due : Instant::Never();
  }
  Offset position() const { return fold_->position(); }
  std::vector<v1::Decision> TakeDecisions() { return std::exchange(decisions_, {}); }

 private:
  FoldOptions options_;
  SpillingStore store_;
  std::unique_ptr<PartitionFold> fold_;
  std::vector<v1::Decision> decisions_;
  // Nothing is due before.
  Instant due_from_ = Instant::Past();
};

class WhatIf {
 public:
  WhatIf(const Log& log, Partition partition, const WhatIfChange& change,
         const WhatIfVisitor& visit)
      : altered_(change),
        visit_(visit),
        before_(partition, log.identity().incarnation),
        after_(partition, log.identity().incarnation) {}

  absl::Status Open() {
    if (absl::Status status = before_.Open(); !status.ok()) return status;
    return after_.Open();
  }

  // Records that are at most kOverdue apart are folded together.
  absl::Status Add(std::span<FoldRecord> records) {
    while (!records.empty()) {
      const Instant end = records.front().appended + kOverdue;
      size_t count = 1;
      while (count < records.size() && records[count].appended < end) ++count;
      if (absl::Status status = AddTogether(records.first(count)); !status.ok()) return status;
      records = records.subspan(count);
    }
    return absl::OkStatus();
  }

  absl::Status Finish() {
    if (counts_.records == 0) return absl::OkStatus();
    if (absl::Status status = before_.Tick(appended_, appended_); !status.ok()) return status;
    if (absl::Status status = after_.Tick(appended_, appended_); !status.ok()) return status;
    return Hand();
  }

  const WhatIfCounts& counts() const { return counts_; }

 private:
  absl::Status AddTogether(std::span<FoldRecord> records) {
    if (counts_.records == 0) {
      appended_ = records.front().appended;
      for (v1::Event& event : altered_.Beginning()) {
        absl::Status status = after_.FoldNext(std::move(event), appended_);
        if (!status.ok()) return status;
      }
    }
    counts_.records += static_cast<int64_t>(records.size());
    if (absl::Status status = CatchUp(records.front().appended); !status.ok()) return status;
    if (absl::Status status = before_.Fold(records); !status.ok()) return status;
    std::vector<FoldRecord> altered;
    for (FoldRecord& record : records) {
      appended_ = std::max(appended_, record.appended);
      if (!record.event.tenant().empty()) counts_.tenants.insert(record.event.tenant());
      if (!altered_.Keep(&record.event)) continue;
      const Offset offset = after_.position() + static_cast<int64_t>(altered.size());
      altered.push_back({offset, record.appended, std::move(record.event)});
    }
    if (absl::Status status = after_.Fold(altered); !status.ok()) return status;
    if (absl::Status status = after_.Publish(appended_); !status.ok()) return status;
    return Hand();
  }

  // Ticks for what only the change made due.
  absl::Status CatchUp(Instant now) {
    const Instant limit = now - kOverdue;
    while (true) {
      const absl::StatusOr<Instant> due = after_.DueUntil(limit);
      if (!due.ok()) return due.status();
      if (*due == Instant::Never()) return absl::OkStatus();
      const absl::StatusOr<Instant> was_due = before_.DueUntil(limit);
      if (!was_due.ok()) return was_due.status();
      if (*was_due != Instant::Never()) return absl::OkStatus();
      appended_ = std::max(appended_, *due + kSettle);
      if (absl::Status status = after_.Tick(appended_, appended_); !status.ok()) return status;
      const absl::StatusOr<Instant> next = after_.DueUntil(limit);
      if (!next.ok()) return next.status();
      if (*next <= *due) return absl::OkStatus();  // A silent source holds it back.
    }
  }

  absl::Status Hand() {
    const std::vector<v1::Decision> before = before_.TakeDecisions();
    const std::vector<v1::Decision> after = after_.TakeDecisions();
    return visit_({before, after});
  }

  AlteredHistory altered_;
  const WhatIfVisitor& visit_;
  Side before_;
  Side after_;
  Instant appended_;
  WhatIfCounts counts_;
};

}  // namespace

absl::StatusOr<WhatIfCounts> ReplayWhatIf(const Log& log, Partition partition,
                                          const WhatIfChange& change, const WhatIfVisitor& visit,
                                          const ReplayProgress& progress) {
  WhatIf what_if(log, partition, change, visit);
  if (absl::Status status = what_if.Open(); !status.ok()) return status;
  absl::Status status = ReadAllRecords(
      log, partition, [&](std::span<FoldRecord> records) { return what_if.Add(records); },
      progress);
  if (status.ok()) status = what_if.Finish();
  if (!status.ok()) return status;
  return what_if.counts();
}

}  // namespace escalation
