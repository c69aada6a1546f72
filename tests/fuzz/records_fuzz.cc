// Lines of JSON as a log: what the gate lets through never stops the fold, and any batch size gives
// the same bytes. A line is an event; the log takes it when it was written, else when it occurred.

#include "daemon/source/event_check.h"
#include "daemon/source/event_json.h"
#include "state/base/check.h"
#include "state/base/sha256.h"
#include "state/policy/policy_loader.h"
#include "tests/fuzz/byte_source.h"
#include "tests/fuzz/folding.h"

using namespace escalation;

namespace {

constexpr Instant kBegin{1'772'450'000'000};
constexpr int kRecordsMax = 200;

// A tenant under a policy with every metric and every kind of escalation.
const MemoryStore& Beginning() {
  static const MemoryStore* const store = [] {
    Folding folding;
    const auto loaded =
        LoadPolicyFile(ESCALATION_SOURCE_DIR "/tests/state/partition/random_history.yaml");
    ESCALATION_CHECK(loaded.ok() && folding.Open().ok(), "");
    v1::Event event;
    event.set_tenant("default");
    *event.mutable_calendars_published()->mutable_calendars() = loaded->calendars;
    ESCALATION_CHECK(folding.Append(event, kBegin).ok(), "");
    *event.mutable_policy_published()->mutable_policy() = loaded->policy;
    ESCALATION_CHECK(folding.Append(event, kBegin).ok(), "");
    return folding.store().Clone().release();
  }();
  return *store;
}

// Bodies whose content may rightly stop a fold: other behaviour, other decisions.
bool MayStop(const v1::Event& event) {
  return event.has_semantics_raised() || event.has_published();
}

std::vector<FoldRecord> Records(ByteSource* source) {
  std::vector<FoldRecord> records;
  Instant now = kBegin;
  while (!source->empty() && records.size() < kRecordsMax) {
    absl::StatusOr<v1::Event> event = EventFromJson(source->Line());
    if (!event.ok() || !ValidateEvent(*event, Trust::kHistory).ok()) continue;
    if (!event->has_tick()) event->set_tenant("default");
    if (event->has_written_at() || event->has_occurred_at()) {
      now = std::max(
          now, FromProto(event->has_written_at() ? event->written_at() : event->occurred_at()));
    }
    records.push_back({Offset{2 + static_cast<int64_t>(records.size())}, now, *std::move(event)});
  }
  return records;
}

std::string Decided(const Folding& folding) {
  std::string bytes;
  for (const v1::Decision& decision : folding.decisions()) {
    bytes += decision.SerializeAsString();
  }
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ByteSource source(data, size);
  const std::vector<FoldRecord> records = Records(&source);
  Folding one_by_one(Beginning().Clone());
  ESCALATION_CHECK(one_by_one.Open().ok(), "");
  for (const FoldRecord& record : records) {
    const absl::Status status = one_by_one.Fold(std::span(&record, 1));
    if (!status.ok() && MayStop(record.event)) return 0;
    ESCALATION_CHECK(status.ok(), status.ToString() + "\n" + ToJson(record.event));
  }
  Folding together(Beginning().Clone());
  ESCALATION_CHECK(together.Open().ok() && together.Fold(records).ok(), "");
  ESCALATION_CHECK(Decided(one_by_one) == Decided(together), "batches change decisions");
  ESCALATION_CHECK(*StateDigest(one_by_one.store()) == *StateDigest(together.store()),
                   "batches change the state");
  return 0;
}
