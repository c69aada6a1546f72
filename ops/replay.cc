#include "ops/replay.h"

#include <utility>
#include <vector>

#include "daemon/source/event_json.h"
#include "ops/simulation.h"
#include "state/base/text.h"
#include "state/store/memory_store.h"

namespace escalation {
namespace {

constexpr size_t kReadBytesMax = size_t{4} << 20;
constexpr size_t kDecisionsMax = 1'000;

using RecordVisitor = std::function<absl::Status(FoldRecord)>;

absl::Status ReadAll(const Log& log, Partition partition, const RecordVisitor& visit,
                     const ReplayProgress& progress) {
  const absl::StatusOr<Offset> begin = log.Begin(partition);
  if (!begin.ok()) return begin.status();
  const absl::StatusOr<Offset> end = log.End(partition);
  if (!end.ok()) return end.status();
  if (begin->value > 0) {
    return absl::FailedPreconditionError(
        Cat("partition ", partition, ": the log begins at ", *begin,
            ", expected 0: what came before cannot be folded\n"
            "  hint: replay an archive that reaches back to the beginning"));
  }
  for (Offset next = *begin; next < *end;) {
    absl::StatusOr<RecordBatch> batch = log.Read(partition, next, kReadBytesMax);
    if (!batch.ok()) return batch.status();
    for (const Record& record : batch->records) {
      if (record.offset >= *end) return absl::OkStatus();
      FoldRecord decoded{record.offset, record.appended, {}};
      if (!decoded.event.ParseFromString(record.value)) {
        return absl::DataLossError(
            Cat("partition ", partition, ", record ", record.offset, " is not an event"));
      }
      next = record.offset + 1;
      if (absl::Status status = visit(std::move(decoded)); !status.ok()) return status;
    }
    progress(next.value, end->value);
    if (batch->records.empty()) break;
  }
  return absl::OkStatus();
}

absl::Status HandAll(const std::vector<v1::Decision>& decisions, const DecisionVisitor& visit,
                     ReplayCounts* counts) {
  for (const v1::Decision& decision : decisions) {
    ++counts->decisions;
    if (absl::Status status = visit(decision); !status.ok()) return status;
  }
  return absl::OkStatus();
}

// One partition, folded record by record.
class Folder {
 public:
  Folder(const Log& log, Partition partition, const DecisionVisitor& visit) : visit_(visit) {
    options_.partition = partition;
    options_.incarnation = log.identity().incarnation;
  }

  absl::Status Fold(const FoldRecord& record) {
    if (fold_ == nullptr) {
      absl::StatusOr<std::unique_ptr<PartitionFold>> fold = PartitionFold::Open(store_, options_);
      if (!fold.ok()) return fold.status();
      fold_ = *std::move(fold);
    }
    ++counts_.records;
    return fold_->FoldAll(std::span(&record, 1), [this](const FoldResult& result) {
      if (absl::Status status = store_.Commit(result.turn); !status.ok()) return status;
      return HandAll(DecodeDecisions(result), visit_, &counts_);
    });
  }

  const ReplayCounts& counts() const { return counts_; }

 private:
  const DecisionVisitor& visit_;
  FoldOptions options_;
  MemoryStore store_;
  std::unique_ptr<PartitionFold> fold_;
  ReplayCounts counts_;
};

// What belongs to the log as it was, not to what happened.
bool BelongsToTheLog(const v1::Event& event) {
  return event.has_policy_published() || event.has_calendars_published() || event.has_published();
}

}  // namespace

absl::StatusOr<ReplayCounts> ReplayLog(const Log& log, Partition partition,
                                       const DecisionVisitor& visit,
                                       const ReplayProgress& progress) {
  Folder folder(log, partition, visit);
  const absl::Status status = ReadAll(
      log, partition, [&](const FoldRecord& record) { return folder.Fold(record); }, progress);
  if (!status.ok()) return status;
  return folder.counts();
}

absl::StatusOr<ReplayCounts> ReplayUnderPolicy(const Log& log, Partition partition,
                                               const LoadedPolicy& policy,
                                               const DecisionVisitor& visit,
                                               const ReplayProgress& progress) {
  ReplayCounts counts;
  MemoryStore store;
  Simulation simulation(&store, {});
  if (absl::Status status = simulation.Restart(); !status.ok()) return status;
  bool published = false;
  const auto publish = [&](Instant at) {
    published = true;
    v1::Event event;
    event.set_tenant(policy.policy.tenant());
    if (policy.calendars.calendars_size() + policy.calendars.zones_size() > 0) {
      *event.mutable_calendars_published()->mutable_calendars() = policy.calendars;
      simulation.Append(event, at);
    }
    *event.mutable_policy_published()->mutable_policy() = policy.policy;
    simulation.Append(std::move(event), at);
  };
  const absl::Status status = ReadAll(
      log, partition,
      [&](FoldRecord record) {
        if (!published) publish(record.appended);
        if (BelongsToTheLog(record.event)) return absl::OkStatus();
        // Outcomes are about decisions of the log as it was; here they are known by their pages
        // only.
        if (record.event.has_page_outcome()) {
          record.event.mutable_page_outcome()->clear_decision_seq();
        }
        ++counts.records;
        simulation.Append(std::move(record.event), record.appended);
        if (absl::Status folded = simulation.Fold(); !folded.ok()) return folded;
        return HandAll(simulation.TakeDecisions(), visit, &counts);
      },
      progress);
  if (!status.ok()) return status;
  return counts;
}

absl::StatusOr<VerifyCounts> VerifyDecisions(const Log& log, Partition partition,
                                             const ReplayProgress& progress) {
  VerifyCounts counts;
  const absl::StatusOr<uint64_t> through = log.PublishedThrough(partition);
  if (!through.ok()) return through.status();
  counts.published = *through;
  std::vector<PublishedDecision> published;
  size_t next = 0;
  const auto compare = [&](const v1::Decision& decision) -> absl::Status {
    if (decision.seq() > *through) return absl::OkStatus();
    if (next == published.size()) {
      absl::StatusOr<std::vector<PublishedDecision>> read =
          log.ReadDecisions(partition, decision.seq(), kDecisionsMax);
      if (!read.ok()) return read.status();
      published = *std::move(read);
      next = 0;
      if (published.empty()) {
        return absl::DataLossError(Cat("partition ", partition, ": decision ", decision.seq(),
                                       " was published and is not there"));
      }
    }
    const PublishedDecision& was = published[next++];
    if (was.seq == decision.seq() && was.value == decision.SerializeAsString()) {
      return absl::OkStatus();
    }
    v1::Decision old;
    old.ParseFromString(was.value);
    return absl::DataLossError(Cat("partition ", partition, ", decision ", decision.seq(),
                                   ": published\n    ", ToJson(old), "\n  folded now\n    ",
                                   ToJson(decision)));
  };
  absl::StatusOr<ReplayCounts> replayed = ReplayLog(log, partition, compare, progress);
  if (!replayed.ok()) return replayed.status();
  counts.replayed = *replayed;
  if (static_cast<uint64_t>(replayed->decisions) < *through) {
    return absl::DataLossError(Cat("partition ", partition, ": ", *through,
                                   " decisions were published, the log folds to ",
                                   replayed->decisions));
  }
  return counts;
}

}  // namespace escalation
