// The reading half of EmbeddedRocks.
#include <memory>

#include "daemon/log/embedded_format.h"
#include "daemon/log/embedded_rocks.h"
#include "rocksdb/table_properties.h"
#include "state/base/text.h"

namespace escalation::embedded {
namespace {

std::string_view View(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

absl::Status Gap(std::string_view where, std::string_view what, uint64_t expected) {
  return absl::DataLossError(Cat(where, ": ", what, " ", expected,
                                 " is missing\n  hint: restore the log from a copy or an archive"));
}

}  // namespace

absl::StatusOr<std::optional<Record>> EmbeddedRocks::LastRecord(Partition partition) const {
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(rocksdb::ReadOptions(), records_));
  const std::string first = RecordKey(partition, Offset{0});
  it->SeekForPrev(RecordKey(partition, Offset{INT64_MAX}));
  if (!it->status().ok()) return FromRocksdb(it->status(), name_);
  if (!it->Valid() || View(it->key()) < first) return std::optional<Record>();
  absl::StatusOr<Record> record = ParseRecord(name_, View(it->key()), View(it->value()));
  if (!record.ok()) return record.status();
  return std::optional<Record>(*std::move(record));
}

absl::StatusOr<uint64_t> EmbeddedRocks::LastDecision(Partition partition) const {
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(rocksdb::ReadOptions(), decisions_));
  const std::string first = DecisionKey(partition, 0);
  it->SeekForPrev(DecisionKey(partition, UINT64_MAX));
  if (!it->status().ok()) return FromRocksdb(it->status(), name_);
  if (!it->Valid() || View(it->key()) < first) return uint64_t{0};
  return NumberOf(View(it->key())).value_or(0);
}

absl::StatusOr<uint64_t> EmbeddedRocks::CountEntries(rocksdb::ColumnFamilyHandle* family) const {
  rocksdb::TablePropertiesCollection tables;
  if (rocksdb::Status status = db_->GetPropertiesOfAllTables(family, &tables); !status.ok()) {
    return FromRocksdb(status, name_);
  }
  uint64_t entries = 0;
  for (const auto& [file, properties] : tables) entries += properties->num_entries;
  for (const std::string& property : {rocksdb::DB::Properties::kNumEntriesActiveMemTable,
                                      rocksdb::DB::Properties::kNumEntriesImmMemTables}) {
    uint64_t in_memory = 0;
    if (!db_->GetIntProperty(family, property, &in_memory)) {
      return absl::InternalError(Cat(name_, ": RocksDB does not know ", property));
    }
    entries += in_memory;
  }
  return entries;
}

absl::StatusOr<EmbeddedRocks::Counts> EmbeddedRocks::Count() const {
  absl::StatusOr<uint64_t> records = CountEntries(records_);
  if (!records.ok()) return records.status();
  absl::StatusOr<uint64_t> decisions = CountEntries(decisions_);
  if (!decisions.ok()) return decisions.status();
  return Counts{*records, *decisions};
}

absl::StatusOr<std::vector<Record>> EmbeddedRocks::ReadRecords(Partition partition, Offset from,
                                                               Offset end, size_t bytes_max) const {
  std::vector<Record> records;
  if (from >= end) return records;
  const std::string bound = RecordKey(partition, end);
  const rocksdb::Slice bound_slice(bound);
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  options.iterate_upper_bound = &bound_slice;
  options.readahead_size = 256 << 10;
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options, records_));
  size_t bytes = 0;
  Offset expected = from;
  for (it->Seek(RecordKey(partition, from)); it->Valid() && expected < end; it->Next()) {
    absl::StatusOr<Record> record = ParseRecord(name_, View(it->key()), View(it->value()));
    if (!record.ok()) return record.status();
    if (record->offset != expected) break;
    if (!records.empty() && bytes + record->value.size() > bytes_max) return records;
    bytes += record->value.size();
    expected = expected + 1;
    records.push_back(*std::move(record));
  }
  if (!it->status().ok()) return FromRocksdb(it->status(), name_);
  if (expected < end) return Gap(name_, "record", static_cast<uint64_t>(expected.value));
  return records;
}

absl::StatusOr<std::vector<PublishedDecision>> EmbeddedRocks::ReadDecisions(Partition partition,
                                                                            uint64_t from,
                                                                            uint64_t through,
                                                                            size_t count) const {
  std::vector<PublishedDecision> decisions;
  if (from > through || count == 0) return decisions;
  const uint64_t last = count > through - from ? through : from + count - 1;
  const std::string bound = DecisionKey(partition, last + 1);
  const rocksdb::Slice bound_slice(bound);
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  options.iterate_upper_bound = &bound_slice;
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options, decisions_));
  uint64_t expected = from;
  for (it->Seek(DecisionKey(partition, from)); it->Valid(); it->Next()) {
    absl::StatusOr<PublishedDecision> decision =
        ParseDecision(name_, View(it->key()), View(it->value()));
    if (!decision.ok()) return decision.status();
    if (decision->seq != expected) break;
    ++expected;
    decisions.push_back(*std::move(decision));
  }
  if (!it->status().ok()) return FromRocksdb(it->status(), name_);
  if (expected <= last) return Gap(name_, "decision", expected);
  return decisions;
}

}  // namespace escalation::embedded
