// How fast a partition folds: decode and fold in memory, with the RocksDB store, reopening, and a
// storm of timers.
//
// The mix is that of a support organization: for each ticket an opening, an assignment, two
// customer messages, two replies, a status change; four clocks a ticket. Rates are events a second
// on one core.

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "state/base/check.h"
#include "state/base/text.h"
#include "state/partition/partition.h"
#include "state/policy/policy_loader.h"
#include "state/store/memory_store.h"
#include "state/store/rocksdb_store.h"

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

const Instant kBegin = Instant::Seconds(1'772'440'000);

struct Message {
  Offset offset;
  Instant appended;
  std::string bytes;
};

class History {
 public:
  History() {
    const auto loaded = LoadPolicyText("bench.yaml", kPolicy);
    ESCALATION_CHECK(loaded.ok(), std::string(loaded.status().message()));
    v1::Event event;
    event.set_tenant("default");
    *event.mutable_calendars_published()->mutable_calendars() = loaded->calendars;
    Add(event);
    *event.mutable_policy_published()->mutable_policy() = loaded->policy;
    Add(event);
  }

  void Open(int64_t ticket) {
    v1::Event event = Of(ticket, v1::Actor::CUSTOMER);
    event.mutable_opened()->set_account(Cat("account-", ticket % 1'000));
    event.mutable_opened()->set_subject("The export of last month's invoices fails");
    event.mutable_opened()->set_severity(ticket % 5 == 0 ? "high" : "low");
    Add(event);
  }
  void Talk(int64_t ticket) {
    v1::Event assigned = Of(ticket, v1::Actor::AGENT);
    assigned.mutable_assigned()->set_assignee("maria");
    Add(assigned);
    for (int i = 0; i < 2; ++i) {
      for (const auto kind : {v1::Actor::CUSTOMER, v1::Actor::AGENT}) {
        v1::Event message = Of(ticket, kind);
        message.mutable_message_added()->set_visibility(v1::MessageAdded::PUBLIC);
        message.mutable_message_added()->set_length(240);
        Add(message);
      }
    }
    v1::Event status = Of(ticket, v1::Actor::AGENT);
    status.mutable_status_changed()->set_status(v1::StatusChanged::PENDING);
    Add(status);
  }
  void Tick(Instant until) {
    v1::Event tick;
    ToProto(until, tick.mutable_tick()->mutable_until());
    now_ = std::max(now_, until);
    Add(tick);
  }

  const std::vector<Message>& messages() const { return messages_; }
  Instant now() const { return now_; }

 private:
  v1::Event Of(int64_t ticket, v1::Actor::Kind kind) {
    v1::Event event;
    event.set_tenant("default");
    event.set_id(Cat("e", messages_.size()));
    event.set_ticket_id(Cat("T-", ticket));
    event.mutable_actor()->set_id("u17");
    event.mutable_actor()->set_kind(kind);
    event.mutable_origin()->set_source("kafka");
    event.mutable_origin()->set_positioned(true);
    event.mutable_origin()->set_offset(static_cast<int64_t>(messages_.size()));
    ToProto(now_, event.mutable_occurred_at());
    return event;
  }
  void Add(const v1::Event& event) {
    now_ = now_ + Duration{20};
    messages_.push_back(
        {Offset{static_cast<int64_t>(messages_.size())}, now_, event.SerializeAsString()});
  }

  std::vector<Message> messages_;
  Instant now_ = kBegin;
};

// Decode, fold and commit everything from `from` on, as the loop of a partition does.
void FoldAll(const std::vector<Message>& messages, size_t from, PartitionFold* fold, Store* store) {
  constexpr size_t kBatch = 2'000;
  std::vector<FoldRecord> records(kBatch);
  for (size_t at = from; at < messages.size(); at += kBatch) {
    const size_t count = std::min(messages.size() - at, kBatch);
    for (size_t i = 0; i < count; ++i) {
      FoldRecord& record = records[i];
      record.offset = messages[at + i].offset;
      record.appended = messages[at + i].appended;
      ESCALATION_CHECK(record.event.ParseFromString(messages[at + i].bytes), "not an event");
    }
    std::span<const FoldRecord> rest = std::span<const FoldRecord>(records).first(count);
    bool more = false;
    while (more || !rest.empty()) {
      auto result = fold->Fold(more ? std::span<const FoldRecord>() : rest);
      ESCALATION_CHECK(result.ok(), std::string(result.status().message()));
      const absl::Status committed = store->Commit(result->turn);
      ESCALATION_CHECK(committed.ok(), std::string(committed.message()));
      rest = rest.subspan(result->records);
      more = result->turn.more;
    }
  }
}

std::unique_ptr<PartitionFold> OpenFold(const Store& store, size_t tickets_max) {
  auto fold =
      PartitionFold::Open(store, {Partition{0}, "0123456789abcdef0123456789abcdef", tickets_max});
  ESCALATION_CHECK(fold.ok(), std::string(fold.status().message()));
  return *std::move(fold);
}

class Directory {
 public:
  Directory() : path_(std::filesystem::temp_directory_path() / Cat("escalation-bench-", getpid())) {
    std::filesystem::remove_all(path_);
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  std::unique_ptr<RocksdbStore> Open() const {
    auto store = RocksdbStore::Open(
        path_.string(), {"embedded", "", "", "0123456789abcdef0123456789abcdef", Partition{0}});
    ESCALATION_CHECK(store.ok(), std::string(store.status().message()));
    return *std::move(store);
  }

 private:
  const std::filesystem::path path_;
};

// Tickets that are open before the measured part; each then gets a conversation of six events.
History Conversations(int64_t tickets, size_t* measured_from) {
  History history;
  for (int64_t ticket = 0; ticket < tickets; ++ticket) history.Open(ticket);
  *measured_from = history.messages().size();
  for (int64_t ticket = 0; ticket < tickets; ++ticket) history.Talk(ticket * 7919 % tickets);
  return history;
}

void FoldInMemory(benchmark::State& state) {
  size_t from = 0;
  const History history = Conversations(state.range(0), &from);
  const std::vector<Message> opening(history.messages().begin(),
                                     history.messages().begin() + static_cast<int64_t>(from));
  for (auto _ : state) {
    state.PauseTiming();
    MemoryStore store;
    auto fold = OpenFold(store, static_cast<size_t>(state.range(0)) + 1);
    FoldAll(opening, 0, fold.get(), &store);
    state.ResumeTiming();
    FoldAll(history.messages(), from, fold.get(), &store);
  }
  state.SetItemsProcessed(state.iterations() *
                          static_cast<int64_t>(history.messages().size() - from));
}
BENCHMARK(FoldInMemory)->Arg(20'000)->Unit(benchmark::kMillisecond);

void FoldWithStore(benchmark::State& state) {
  size_t from = 0;
  const History history = Conversations(state.range(0), &from);
  const std::vector<Message> opening(history.messages().begin(),
                                     history.messages().begin() + static_cast<int64_t>(from));
  for (auto _ : state) {
    state.PauseTiming();
    {
      const Directory directory;
      auto store = directory.Open();
      auto fold = OpenFold(*store, static_cast<size_t>(state.range(1)));
      FoldAll(opening, 0, fold.get(), store.get());
      state.ResumeTiming();
      FoldAll(history.messages(), from, fold.get(), store.get());
      state.PauseTiming();
      fold.reset();
    }
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() *
                          static_cast<int64_t>(history.messages().size() - from));
}
// Open tickets, decoded tickets that are kept.
BENCHMARK(FoldWithStore)
    ->Args({200'000, 250'000})
    ->Args({200'000, 20'000})
    ->Unit(benchmark::kMillisecond);

// From a flushed store to the first due moment known.
void Reopen(benchmark::State& state) {
  const Directory directory;
  {
    History history;
    for (int64_t ticket = 0; ticket < state.range(0); ++ticket) history.Open(ticket);
    auto store = directory.Open();
    FoldAll(history.messages(), 0, OpenFold(*store, 1'000).get(), store.get());
    ESCALATION_CHECK(store->Flush().ok(), "flush");
  }
  for (auto _ : state) {
    auto store = directory.Open();
    auto fold = OpenFold(*store, 1'000);
    const auto due = NextDue(*store);
    ESCALATION_CHECK(due.ok() && *due != Instant::Never(), "nothing is due");
    benchmark::DoNotOptimize(fold->position());
  }
}
BENCHMARK(Reopen)->Arg(200'000)->Unit(benchmark::kMillisecond);

// Every open ticket has a warning and breaches at the same moment.
void TimerStorm(benchmark::State& state) {
  History history;
  for (int64_t ticket = 0; ticket < state.range(0); ++ticket) history.Open(ticket);
  const size_t from = history.messages().size();
  const std::vector<Message> opening = history.messages();
  history.Tick(history.now() + Duration::Days(30));
  for (auto _ : state) {
    state.PauseTiming();
    {
      const Directory directory;
      auto store = directory.Open();
      auto fold = OpenFold(*store, static_cast<size_t>(state.range(0)) + 1);
      FoldAll(opening, 0, fold.get(), store.get());
      state.ResumeTiming();
      FoldAll(history.messages(), from, fold.get(), store.get());
      state.PauseTiming();
      fold.reset();
    }
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(TimerStorm)->Arg(100'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace escalation

BENCHMARK_MAIN();
