#include "daemon/api/explain_decisions.h"

#include <algorithm>
#include <map>
#include <set>

#include "daemon/log/log.h"
#include "state/base/text.h"
#include "state/partition/keys.h"
#include "state/ticket/entry_list.h"

namespace escalation {
namespace {

constexpr size_t kReadAtOnce = 1'000;
// Around one place that the ticket's state names: what the same record decided about the ticket
// stands close together.
constexpr uint64_t kAroundPlace = 100;
constexpr size_t kPlacesMax = 80;

class Finder {
 public:
  Finder(const PartitionView& partition, const std::string& tenant, const std::string& ticket_id)
      : partition_(partition), tenant_(tenant), ticket_id_(ticket_id) {}

  absl::Status Find(const v1::TicketState& ticket) {
    if (absl::Status status = ReadOutbox(); !status.ok()) return status;
    const absl::StatusOr<uint64_t> through = partition_.log->PublishedThrough(partition_.partition);
    if (!through.ok()) return through.status();
    through_ = *through;
    if (through_ <= kDecisionsReadMax) {
      if (absl::Status status = Read(1, through_); !status.ok()) return status;
    } else {
      cut_ = true;
      const absl::StatusOr<std::set<uint64_t>> places = Places(ticket);
      if (!places.ok()) return places.status();
      for (const uint64_t place : *places) {
        const uint64_t from = place > kAroundPlace ? place - kAroundPlace : 1;
        if (absl::Status status = Read(from, place + kAroundPlace); !status.ok()) return status;
      }
      const uint64_t left = kDecisionsReadMax > read_ ? kDecisionsReadMax - read_ : 0;
      if (absl::Status status = Read(through_ - left + 1, through_); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  // Of the record at `offset`, in whatever ticket.
  absl::Status FindOf(Offset offset, size_t limit) {
    offset_ = offset.value;
    if (absl::Status status = ReadOutbox(); !status.ok()) return status;
    const absl::StatusOr<uint64_t> through = partition_.log->PublishedThrough(partition_.partition);
    if (!through.ok()) return through.status();
    through_ = *through;
    const absl::StatusOr<uint64_t> first = FirstOf(offset.value);
    if (!first.ok()) return first.status();
    const uint64_t from = *first > kAroundPlace ? *first - kAroundPlace : 1;
    const uint64_t last = std::min(through_, from + limit - 1);
    cut_ = last < through_;
    if (cut_) found_.clear();
    return Read(from, last);
  }

  FoundDecisions Take() {
    FoundDecisions out;
    for (auto& [seq, decision] : found_) out.decisions.push_back(std::move(decision));
    out.cut = cut_;
    out.read = read_;
    return out;
  }

 private:
  absl::Status Keep(const std::string& value) {
    v1::Decision decision;
    if (!decision.ParseFromString(value)) return absl::DataLossError("a decision is damaged");
    const bool wanted =
        offset_ >= 0 ? decision.cause().offset() == offset_ : decision.ticket_id() == ticket_id_;
    if (decision.tenant() != tenant_ || !wanted) return absl::OkStatus();
    found_.emplace(decision.seq(), std::move(decision));
    return absl::OkStatus();
  }

  // [from, last]
  absl::Status Read(uint64_t from, uint64_t last) {
    while (from <= last) {
      const size_t count = static_cast<size_t>(std::min<uint64_t>(last - from + 1, kReadAtOnce));
      const auto batch = partition_.log->ReadDecisions(partition_.partition, from, count);
      if (!batch.ok()) return batch.status();
      if (batch->empty()) return absl::OkStatus();
      for (const PublishedDecision& decision : *batch) {
        ++read_;
        if (absl::Status status = Keep(decision.value); !status.ok()) return status;
      }
      from = batch->back().seq + 1;
    }
    return absl::OkStatus();
  }

  // The first decision whose record is at `offset` or later: records and decisions rise together.
  absl::StatusOr<uint64_t> FirstOf(int64_t offset) {
    uint64_t low = 1;
    uint64_t high = through_ + 1;
    while (low < high) {
      const uint64_t middle = low + (high - low) / 2;
      const auto one = partition_.log->ReadDecisions(partition_.partition, middle, 1);
      if (!one.ok()) return one.status();
      v1::Decision decision;
      if (!one->empty() && !decision.ParseFromString(one->front().value)) {
        return absl::DataLossError("a decision is damaged");
      }
      if (one->empty() || decision.cause().offset() >= offset) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  absl::StatusOr<std::set<uint64_t>> Places(const v1::TicketState& ticket) {
    std::set<uint64_t> places;
    for (const v1::EscalationState& run : ticket.escalations()) {
      for (const v1::PageState& page : run.pages()) {
        if (page.seq() != 0 && places.size() < kPlacesMax) places.insert(page.seq());
      }
    }
    const std::optional<std::vector<v1::Entry>> entries = DecodeEntries(ticket);
    if (!entries) return absl::DataLossError("the ticket's kept events are damaged");
    for (auto entry = entries->rbegin(); entry != entries->rend(); ++entry) {
      if (places.size() >= kPlacesMax) break;
      const absl::StatusOr<uint64_t> place = FirstOf(entry->offset());
      if (!place.ok()) return place.status();
      places.insert(*place);
    }
    return places;
  }

  // Decided, and perhaps not in the stream yet. Before the stream is asked for its end: what leaves
  // the outbox in between is found there.
  absl::Status ReadOutbox() {
    absl::Status decoded;
    uint64_t scanned_max = 2 * kDecisionsReadMax;
    const absl::Status scanned =
        partition_.state->Scan(keys::Outbox(1), "p", [&](std::string_view, std::string_view value) {
          v1::OutboxEntry entry;
          if (!entry.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
            decoded = absl::DataLossError("an outbox entry is damaged");
          } else {
            decoded = Keep(entry.decision());
          }
          return decoded.ok() && --scanned_max > 0;
        });
    return scanned.ok() ? decoded : scanned;
  }

  const PartitionView& partition_;
  const std::string& tenant_;
  const std::string ticket_id_;
  // Of the record whose decisions are wanted; negative: those of the ticket.
  int64_t offset_ = -1;
  uint64_t through_ = 0;
  uint64_t read_ = 0;
  bool cut_ = false;
  std::map<uint64_t, v1::Decision> found_;
};

}  // namespace

absl::StatusOr<FoundDecisions> FindDecisions(const PartitionView& partition,
                                             const std::string& tenant,
                                             const std::string& ticket_id,
                                             const v1::TicketState& ticket) {
  Finder finder(partition, tenant, ticket_id);
  if (absl::Status status = finder.Find(ticket); !status.ok()) return status;
  return finder.Take();
}

absl::StatusOr<FoundDecisions> FindDecisionsOf(const PartitionView& partition,
                                               const std::string& tenant, Offset offset,
                                               size_t limit) {
  Finder finder(partition, tenant, "");
  if (absl::Status status = finder.FindOf(offset, limit); !status.ok()) return status;
  return finder.Take();
}

}  // namespace escalation
