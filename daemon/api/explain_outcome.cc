#include "daemon/api/explain_outcome.h"

#include <algorithm>

#include "daemon/log/log.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr size_t kReadBytes = 1 << 20;

}  // namespace

absl::StatusOr<std::optional<v1::PageOutcome>> FindOutcome(const PartitionView& partition,
                                                           Offset decided_by,
                                                           const std::string& key) {
  const absl::StatusOr<Offset> begin = partition.log->Begin(partition.partition);
  if (!begin.ok()) return begin.status();
  const absl::StatusOr<Offset> end = partition.log->End(partition.partition);
  if (!end.ok()) return end.status();
  Offset from = std::max(decided_by, *begin);
  // That it is in a digest holds until its outcome follows.
  std::optional<v1::PageOutcome> found;
  if (from >= *end) return found;
  for (int read = 0; read < kOutcomeRecordsMax;) {
    const auto batch = partition.log->Read(partition.partition, from, kReadBytes);
    if (!batch.ok()) return batch.status();
    if (batch->records.empty()) break;
    for (const Record& record : batch->records) {
      v1::Event event;
      if (!event.ParseFromString(record.value)) {
        return absl::DataLossError(Cat("record ", record.offset, " is not an event"));
      }
      const v1::PageOutcome& outcome = event.page_outcome();
      if (outcome.operation() != v1::PageOutcome::TRIGGER || outcome.key() != key) continue;
      found = outcome;
      if (outcome.outcome() != v1::PageOutcome::DIGESTED) return found;
    }
    read += static_cast<int>(batch->records.size());
    from = batch->records.back().offset + 1;
  }
  return found;
}

std::string OutcomeText(const v1::PageOutcome& outcome) {
  // "ROUTE", or "ROUTE#DIGEST"
  const size_t mark = outcome.destination().find('#');
  std::string where = outcome.destination().substr(0, mark);
  if (mark != std::string::npos) {
    CatTo(&where, " in the digest ", outcome.destination().substr(mark + 1));
  }
  std::string text;
  if (outcome.outcome() == v1::PageOutcome::DELIVERED) {
    text = Cat("delivered to ", where);
  } else if (outcome.outcome() == v1::PageOutcome::DIGESTED) {
    text = Cat("about to leave to ", where);
  } else {
    text = outcome.outcome() == v1::PageOutcome::SUPPRESSED ? "not sent" : "could not be delivered";
    if (!where.empty()) CatTo(&text, ", but may have arrived at ", where);
  }
  if (!outcome.reason().empty()) CatTo(&text, ": ", outcome.reason());
  return text;
}

}  // namespace escalation
