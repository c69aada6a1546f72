#include "ops/replay.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "daemon/source/event_json.h"
#include "ops/spilling_store.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr size_t kReadBytesMax = size_t{4} << 20;
constexpr size_t kBatchMax = 1'000;
constexpr size_t kDecisionsMax = 1'000;

// One partition that is folded batch by batch.
class Folder {
 public:
  // The decisions are bytes as they are published.
  using Visitor = std::function<absl::Status(const FoldResult&)>;

  Folder(const Log& log, Partition partition) {
    options_.partition = partition;
    options_.incarnation = log.identity().incarnation;
  }

  absl::Status Fold(std::span<const FoldRecord> records, const Visitor& visit) {
    if (fold_ == nullptr) {
      absl::StatusOr<std::unique_ptr<PartitionFold>> fold = PartitionFold::Open(store_, options_);
      if (!fold.ok()) return fold.status();
      fold_ = *std::move(fold);
    }
    counts_.records += static_cast<int64_t>(records.size());
    return fold_->FoldAll(records, [&](const FoldResult& result) {
      if (absl::Status status = store_.Commit(result.turn); !status.ok()) return status;
      counts_.decisions += static_cast<int64_t>(result.decisions.size());
      return visit(result);
    });
  }

  const ReplayCounts& counts() const { return counts_; }
  const StateReader& state() const { return store_; }

 private:
  FoldOptions options_;
  SpillingStore store_;
  std::unique_ptr<PartitionFold> fold_;
  ReplayCounts counts_;
};

absl::Status CheckBegin(Partition partition, Offset begin) {
  if (begin.value == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      Cat("partition ", partition, ": the log begins at ", begin,
          ", expected 0: what came before cannot be folded\n"
          "  hint: replay an archive that reaches back to the beginning"));
}

// Hands over the records of one read, in batches.
class Batches {
 public:
  Batches(Partition partition, const BatchVisitor& visit) : partition_(partition), visit_(visit) {}

  absl::Status Add(const Record& record) {
    FoldRecord decoded{record.offset, record.appended, {}};
    if (!decoded.event.ParseFromString(record.value)) {
      return absl::DataLossError(
          Cat("partition ", partition_, ", record ", record.offset, " is not an event"));
    }
    if (decoded.event.has_published() || batch_.size() == kBatchMax) {
      if (absl::Status status = Hand(); !status.ok()) return status;
    }
    batch_.push_back(std::move(decoded));
    return absl::OkStatus();
  }

  absl::Status Hand() {
    const absl::Status status = batch_.empty() ? absl::OkStatus() : visit_(batch_);
    batch_.clear();
    return status;
  }

 private:
  const Partition partition_;
  const BatchVisitor& visit_;
  std::vector<FoldRecord> batch_;
};

// The decisions stream, compared one by one with what is decided now.
class Comparison {
 public:
  Comparison(const Log& log, Partition partition, uint64_t through)
      : log_(log), partition_(partition), through_(through) {}

  absl::Status Compare(const std::string& value) {
    if (++seq_ > through_) return absl::OkStatus();
    if (next_ == published_.size()) {
      if (absl::Status status = ReadMore(); !status.ok()) return status;
    }
    // What was trimmed from the stream is the beginning of it.
    if (trimmed_ + 1 == static_cast<int64_t>(seq_) && published_[next_].seq > seq_) {
      ++trimmed_;
      return absl::OkStatus();
    }
    const PublishedDecision& was = published_[next_++];
    if (was.seq == seq_ && was.value == value) return absl::OkStatus();
    return Difference(was, value);
  }

  int64_t trimmed() const { return trimmed_; }

 private:
  absl::Status ReadMore() {
    absl::StatusOr<std::vector<PublishedDecision>> read =
        log_.ReadDecisions(partition_, seq_, kDecisionsMax);
    if (!read.ok()) return read.status();
    published_ = *std::move(read);
    next_ = 0;
    if (!published_.empty()) return absl::OkStatus();
    return absl::DataLossError(
        Cat("partition ", partition_, ": decision ", seq_, " was published and is not there"));
  }

  absl::Status Difference(const PublishedDecision& was, const std::string& value) const {
    v1::Decision old, now;
    old.ParseFromString(was.value);
    now.ParseFromString(value);
    const std::string ticket =
        now.ticket_id().empty() ? "about no ticket" : Cat("about ticket ", now.ticket_id());
    return absl::DataLossError(Cat("partition ", partition_, ", decision ", seq_,
                                   ": published\n    ", ToJson(old), "\n  folded now\n    ",
                                   ToJson(now), "\n  decided by record ", now.cause().offset(),
                                   ", ", ticket));
  }

  const Log& log_;
  const Partition partition_;
  const uint64_t through_;
  uint64_t seq_ = 0;
  int64_t trimmed_ = 0;
  std::vector<PublishedDecision> published_;
  size_t next_ = 0;
};

}  // namespace

absl::Status ReadAllRecords(const Log& log, Partition partition, const BatchVisitor& visit,
                            const ReplayProgress& progress) {
  const absl::StatusOr<Offset> begin = log.Begin(partition);
  if (!begin.ok()) return begin.status();
  const absl::StatusOr<Offset> end = log.End(partition);
  if (!end.ok()) return end.status();
  if (absl::Status status = CheckBegin(partition, *begin); !status.ok()) return status;
  Batches batches(partition, visit);
  for (Offset next = *begin; next < *end;) {
    absl::StatusOr<RecordBatch> read = log.Read(partition, next, kReadBytesMax);
    if (!read.ok()) return read.status();
    if (read->records.empty()) break;
    for (const Record& record : read->records) {
      next = record.offset + 1;
      if (record.offset >= *end) break;
      if (absl::Status status = batches.Add(record); !status.ok()) return status;
    }
    if (absl::Status status = batches.Hand(); !status.ok()) return status;
    progress(std::min(next, *end).value, end->value);
  }
  return absl::OkStatus();
}

absl::StatusOr<ReplayCounts> ReplayBatches(const Log& log, Partition partition,
                                           const FoldedVisitor& visit,
                                           const ReplayProgress& progress) {
  Folder folder(log, partition);
  const absl::Status status = ReadAllRecords(
      log, partition,
      [&](std::span<FoldRecord> records) {
        std::vector<v1::Decision> decisions;
        const absl::Status folded = folder.Fold(records, [&](const FoldResult& result) {
          std::ranges::move(DecodeDecisions(result), std::back_inserter(decisions));
          return absl::OkStatus();
        });
        return folded.ok() ? visit({records, decisions, folder.state()}) : folded;
      },
      progress);
  if (!status.ok()) return status;
  return folder.counts();
}

absl::StatusOr<ReplayCounts> ReplayLog(const Log& log, Partition partition,
                                       const DecisionVisitor& visit,
                                       const ReplayProgress& progress) {
  return ReplayBatches(
      log, partition,
      [&](const FoldedBatch& batch) {
        for (const v1::Decision& decision : batch.decisions) {
          if (absl::Status status = visit(decision); !status.ok()) return status;
        }
        return absl::OkStatus();
      },
      progress);
}

absl::StatusOr<VerifyCounts> VerifyDecisions(const Log& log, Partition partition,
                                             const ReplayProgress& progress) {
  VerifyCounts counts;
  const absl::StatusOr<uint64_t> through = log.PublishedThrough(partition);
  if (!through.ok()) return through.status();
  counts.published = *through;
  Comparison comparison(log, partition, *through);
  Folder folder(log, partition);
  const auto compare = [&](const FoldResult& result) {
    for (const std::string& decision : result.decisions) {
      if (absl::Status status = comparison.Compare(decision); !status.ok()) return status;
    }
    return absl::OkStatus();
  };
  const absl::Status status = ReadAllRecords(
      log, partition,
      [&](std::span<FoldRecord> records) -> absl::Status {
        const absl::Status folded = folder.Fold(records, compare);
        if (!folded.ok() && records.front().event.has_published() && absl::IsDataLoss(folded)) {
          return absl::DataLossError(Cat("partition ", partition, ", record ",
                                         records.front().offset, ": ",
                                         std::string(folded.message())));
        }
        if (!folded.ok()) return folded;
        counts.hashes += std::ranges::count_if(records, [](const FoldRecord& record) {
          return !record.event.published().decisions_hash().empty();
        });
        return absl::OkStatus();
      },
      progress);
  if (!status.ok()) return status;
  counts.replayed = folder.counts();
  counts.trimmed = comparison.trimmed();
  if (static_cast<uint64_t>(counts.replayed.decisions) < *through) {
    return absl::DataLossError(Cat("partition ", partition, ": ", *through,
                                   " decisions were published, the log folds to ",
                                   counts.replayed.decisions));
  }
  return counts;
}

}  // namespace escalation
