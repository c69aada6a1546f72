#include "tests/bench/history.h"

#include <algorithm>
#include <utility>

#include "state/base/check.h"
#include "state/base/text.h"
#include "state/policy/policy_loader.h"

namespace escalation {
namespace {

constexpr const char* kPolicy = R"(
policy: bench
tenant: default
revision: 1
severities: [low, high]
default_severity: low
default_plan: gold
time: {max_lateness: 30d, forget_after: 30d}
calendars:
  office:
    zone: Europe/Berlin
    hours: {mon-fri: ["09:00-12:00", "13:00-17:00"]}
plans:
  gold:
    calendar: office
    targets:
      - {name: first, metric: first_response, within: 4h, warn_at: [75%]}
      - {name: next, metric: next_response, within: 4h}
      - {name: work, metric: agent_work, within: 3bd}
      - {name: solve, metric: resolution, within: 5bd, pause: [pending]}
escalations: {}
routes: {}
)";

// As many as a daemon's batch of the log holds.
constexpr size_t kRecordsMax = 1'024;
const Instant kBegin = Instant::Seconds(1'772'440'000);

void Check(const absl::Status& status) {
  ESCALATION_CHECK(status.ok(), std::string(status.message()));
}

}  // namespace

BenchHistory::BenchHistory() : now_(kBegin) {
  const auto loaded = LoadPolicyText("bench.yaml", kPolicy);
  Check(loaded.status());
  calendars_ = loaded->calendars;
  v1::Event event;
  event.set_tenant("default");
  *event.mutable_calendars_published()->mutable_calendars() = calendars_;
  Add(event);
  *event.mutable_policy_published()->mutable_policy() = loaded->policy;
  Add(event);
}

void BenchHistory::Open(int64_t ticket) {
  v1::Event event = Of(ticket, v1::Actor::CUSTOMER);
  event.mutable_opened()->set_account(Cat("account-", ticket % 1'000));
  event.mutable_opened()->set_subject("The export of last month's invoices fails");
  event.mutable_opened()->set_severity(ticket % 5 == 0 ? "high" : "low");
  Add(event);
}

void BenchHistory::Talk(int64_t ticket, int step) {
  const bool customer = step == 1 || step == 3;
  v1::Event event = Of(ticket, customer ? v1::Actor::CUSTOMER : v1::Actor::AGENT);
  if (step == 0) {
    event.mutable_assigned()->set_assignee("maria");
  } else if (step == 5) {
    event.mutable_status_changed()->set_status(v1::StatusChanged::PENDING);
  } else {
    event.mutable_message_added()->set_visibility(v1::MessageAdded::PUBLIC);
    event.mutable_message_added()->set_length(240);
  }
  Add(event);
}

void BenchHistory::Close(int64_t ticket) {
  v1::Event event = Of(ticket, v1::Actor::AGENT);
  event.mutable_status_changed()->set_status(v1::StatusChanged::CLOSED);
  Add(event);
}

void BenchHistory::Tick(Instant until, int tickets_max) {
  v1::Event tick;
  tick.mutable_tick()->set_tickets_max(tickets_max);
  ToProto(until, tick.mutable_tick()->mutable_until());
  now_ = std::max(now_, until);
  Add(tick);
}

void BenchHistory::Published(uint64_t through_seq, const std::string& hash) {
  v1::Event event;
  event.mutable_published()->set_through_seq(through_seq);
  event.mutable_published()->set_decisions_hash(hash);
  Add(event);
}

void BenchHistory::ChangeCalendars() {
  v1::Event event;
  event.set_tenant("default");
  calendars_.set_revision(calendars_.revision() + 1);
  for (v1::CalendarDefinition& calendar : *calendars_.mutable_calendars()) {
    for (v1::Shifts& day : *calendar.mutable_week()) {
      for (v1::Shift& shift : *day.mutable_shifts()) shift.set_end_s(shift.end_s() - 1'800);
    }
  }
  *event.mutable_calendars_published()->mutable_calendars() = calendars_;
  Add(event);
}

v1::Event BenchHistory::Of(int64_t ticket, v1::Actor::Kind kind) {
  v1::Event event;
  event.set_tenant("default");
  event.set_id(Cat("e", size_));
  event.set_ticket_id(Cat("T-", ticket));
  event.mutable_actor()->set_id("u17");
  event.mutable_actor()->set_kind(kind);
  event.mutable_origin()->set_source("kafka");
  event.mutable_origin()->set_positioned(true);
  event.mutable_origin()->set_offset(size_);
  ToProto(now_, event.mutable_occurred_at());
  return event;
}

void BenchHistory::Add(const v1::Event& event) {
  now_ = now_ + step_;
  messages_.push_back({Offset{size_++}, now_, event.SerializeAsString()});
}

BenchFold::BenchFold(Store* store, size_t tickets_max) : store_(*store), records_(kRecordsMax) {
  auto fold = PartitionFold::Open(*store, {Partition{0}, kBenchIncarnation, tickets_max});
  Check(fold.status());
  fold_ = *std::move(fold);
}

void BenchFold::Fold(const std::vector<Message>& messages, TurnEnd end) {
  for (size_t at = 0; at < messages.size();) {
    const size_t batch = std::min(messages.size() - at, records_.size());
    for (size_t i = 0; i < batch; ++i) {
      const Message& message = messages[at + i];
      records_[i].offset = message.offset;
      records_[i].appended = message.appended;
      ESCALATION_CHECK(records_[i].event.ParseFromString(message.bytes), "not an event");
    }
    at += batch;
    const bool last = at == messages.size();
    Check(fold_->FoldAll(
        std::span<const FoldRecord>(records_).first(batch),
        [this](const FoldResult& result) { return store_.Commit(result.turn); },
        last ? end : TurnEnd::kWhenFull));
    if (on_record) on_record();
  }
}

std::unique_ptr<RocksdbStore> OpenBenchStore(const std::string& dir,
                                             const RocksdbStoreOptions& options) {
  auto store =
      RocksdbStore::Open(dir, {"embedded", "", "", kBenchIncarnation, Partition{0}}, options);
  Check(store.status());
  return *std::move(store);
}

BenchHistory OpenTickets(int64_t tickets, Store* store, BenchFold* fold, Duration step) {
  constexpr size_t kBatch = 4'096;
  BenchHistory history;
  history.SetStep(step);
  for (int64_t ticket = 0; ticket < tickets; ++ticket) {
    history.Open(ticket);
    if (history.waiting() < kBatch && ticket + 1 < tickets) continue;
    fold->Fold(history.Take());
    // As the publisher would have it; else the outbox would grow for ever.
    history.Published(fold->fold().seq(), fold->fold().decisions_hash());
  }
  fold->Fold(history.Take());
  Check(store->Flush());
  return history;
}

}  // namespace escalation
