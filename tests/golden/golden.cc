#include "tests/golden/golden.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "daemon/log/archive_writer.h"
#include "state/base/check.h"
#include "state/base/sha256.h"
#include "state/base/text.h"
#include "state/store/memory_store.h"
#include "tests/state/partition/random_history.h"

namespace escalation::golden {
namespace {

constexpr size_t kReadBytesMax = size_t{1} << 20;

// One partition that is folded as records come.
class Partition0 {
 public:
  explicit Partition0(const std::string& incarnation) {
    auto fold = PartitionFold::Open(store_, {Partition{0}, incarnation, 100'000});
    ESCALATION_CHECK(fold.ok(), fold.status().ToString());
    fold_ = *std::move(fold);
  }

  absl::Status Fold(std::span<const FoldRecord> records, const DecisionVisitor& visit) {
    return fold_->FoldAll(records, [&](const FoldResult& result) {
      if (absl::Status status = store_.Commit(result.turn); !status.ok()) return status;
      for (const v1::Decision& decision : DecodeDecisions(result)) visit(decision);
      return absl::OkStatus();
    });
  }

  const PartitionFold& fold() const { return *fold_; }
  std::string StateDigest() const { return ToHex(*escalation::StateDigest(store_)); }

 private:
  MemoryStore store_;
  std::unique_ptr<PartitionFold> fold_;
};

}  // namespace

absl::StatusOr<Folded> Fold(std::span<const FoldRecord> records, const std::string& incarnation,
                            size_t batch, const DecisionVisitor& visit) {
  Partition0 partition(incarnation);
  Folded folded;
  std::string chain;
  for (size_t at = 0; at < records.size(); at += batch) {
    const absl::Status status =
        partition.Fold(records.subspan(at, std::min(batch, records.size() - at)),
                       [&](const v1::Decision& decision) {
                         ++folded.decisions;
                         chain = ChainHash(chain, decision.SerializeAsString());
                         visit(decision);
                       });
    if (!status.ok()) return status;
  }
  ESCALATION_CHECK(chain == partition.fold().decisions_hash(), "the fold's own chain");
  folded.records = static_cast<int64_t>(records.size());
  folded.chain = ToHex(chain);
  folded.state_digest = partition.StateDigest();
  return folded;
}

absl::StatusOr<std::vector<FoldRecord>> ReadRecords(const Log& log) {
  std::vector<FoldRecord> records;
  const absl::StatusOr<Offset> end = log.End(Partition{0});
  if (!end.ok()) return end.status();
  for (Offset next; next < *end;) {
    const absl::StatusOr<RecordBatch> batch = log.Read(Partition{0}, next, kReadBytesMax);
    if (!batch.ok()) return batch.status();
    for (const Record& record : batch->records) {
      FoldRecord decoded{record.offset, record.appended, {}};
      if (!decoded.event.ParseFromString(record.value)) {
        return absl::DataLossError(Cat("record ", record.offset, " is no event"));
      }
      records.push_back(std::move(decoded));
      next = record.offset + 1;
    }
  }
  return records;
}

absl::StatusOr<Folded> Write(const std::string& dir, std::span<const FoldRecord> records,
                             const std::string& incarnation) {
  const LogIdentity identity{"embedded", "", "", incarnation};
  auto writer = ArchiveWriter::Create(dir, identity, 1);
  if (!writer.ok()) return writer.status();
  for (const FoldRecord& record : records) {
    const absl::Status status = (*writer)->Append(
        Partition{0}, {record.offset, record.appended, record.event.SerializeAsString()});
    if (!status.ok()) return status;
  }
  absl::Status written;
  auto folded = Fold(records, incarnation, 1, [&](const v1::Decision& decision) {
    if (!written.ok()) return;
    written = (*writer)->AppendDecision(
        Partition{0}, {decision.seq(), decision.id(), decision.SerializeAsString()});
  });
  if (!folded.ok()) return folded.status();
  if (!written.ok()) return written;
  if (absl::Status status = (*writer)->Close(); !status.ok()) return status;
  return folded;
}

std::vector<FoldRecord> RandomRecords(uint64_t seed, int count) {
  testing::RandomHistory history(seed);
  Partition0 partition("random");
  std::vector<FoldRecord> records;
  for (int i = 0; i < count; ++i) {
    records.push_back(history.Next());
    std::vector<v1::Decision> decisions;
    const absl::Status status =
        partition.Fold(std::span(&records.back(), 1),
                       [&](const v1::Decision& decision) { decisions.push_back(decision); });
    ESCALATION_CHECK(status.ok(), status.ToString());
    history.Saw(decisions);
  }
  return records;
}

std::string Summary(const Folded& folded) {
  return Cat("records ", folded.records, "\ndecisions ", folded.decisions, "\nchain ", folded.chain,
             "\n");
}

}  // namespace escalation::golden
