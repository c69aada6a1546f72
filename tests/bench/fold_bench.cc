// How fast a partition folds: from a log into the store, and what a restart, a storm of timers and
// a new calendar cost.
//
// Figures are CPU time of the whole process, RocksDB's background work included, so a rate is one
// of one core. Each benchmark runs once: what it prepares costs more than what it measures.

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "daemon/log/archive_log.h"
#include "daemon/log/archive_writer.h"
#include "daemon/pipeline.h"
#include "state/base/check.h"
#include "state/store/memory_store.h"
#include "tests/bench/bench_directory.h"
#include "tests/bench/history.h"

namespace escalation {
namespace {

constexpr Partition kZero{0};

void Check(const absl::Status& status) {
  ESCALATION_CHECK(status.ok(), std::string(status.message()));
}

double MillisecondsSince(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
      .count();
}

// Who talks when: `together` tickets have their conversation at the same time, one event each in
// turn; with as many as there are tickets, each ticket is touched, left, and found cold again.
template <typename Visit>
void Conversations(int64_t tickets, int64_t together, int64_t events, const Visit& visit) {
  constexpr int kSteps = 6;
  int64_t done = 0;
  for (int64_t first = 0; done < events; first += together) {
    for (int step = 0; step < kSteps && done < events; ++step) {
      for (int64_t i = 0; i < together && done < events; ++i, ++done) {
        visit((first + i) * 7919 % tickets, step);
      }
    }
  }
}

// The log of the conversations, as a daemon would have written it: what was decided is published a
// little later, and that is a record, too. Folds into `store`, which ends up ahead of the log.
int64_t WriteArchive(const std::string& dir, int64_t tickets, int64_t together, int64_t events,
                     BenchHistory* history, BenchFold* fold) {
  constexpr int64_t kPublishedEvery = 256;
  auto archive =
      ArchiveWriter::Create(dir, {"embedded", "", "", kBenchIncarnation}, /*partitions=*/1);
  Check(archive.status());
  int64_t count = 0;
  const auto write = [&] {
    const std::vector<Message> messages = history->Take();
    for (const Message& message : messages) {
      Check((*archive)->Append(kZero, {message.offset, message.appended, message.bytes}));
    }
    count += static_cast<int64_t>(messages.size());
    fold->Fold(messages);
  };
  Conversations(tickets, together, events, [&](int64_t ticket, int step) {
    history->Talk(ticket, step);
    if (history->waiting() < kPublishedEvery) return;
    const uint64_t seq = fold->fold().seq();
    const std::string hash = fold->fold().decisions_hash();
    write();
    history->Published(seq, hash);
  });
  write();
  Check((*archive)->Close());
  return count;
}

RocksdbStoreOptions WithCache(int64_t mebibytes) {
  RocksdbStoreOptions options;
  options.block_cache_bytes = static_cast<size_t>(mebibytes) << 20;
  return options;
}

// Reads, decodes, folds and commits a log on disk, by a fold that has opened the tickets before.
// Arguments: open tickets; how many of them talk at the same time; decoded tickets that are kept;
// cache of the store in MiB.
void Rebuild(benchmark::State& state) {
  constexpr int64_t kEvents = 1'200'000;
  const auto tickets_max = static_cast<size_t>(state.range(2));
  const RocksdbStoreOptions options = WithCache(state.range(3));
  const BenchDirectory directory;
  auto store = OpenBenchStore(directory / "store", options);
  BenchFold fold(store.get(), tickets_max);
  BenchHistory history = OpenTickets(state.range(0), store.get(), &fold);
  Check(store->CheckpointTo(directory / "ahead"));
  int64_t records = 0;
  {
    auto ahead = OpenBenchStore(directory / "ahead", options);
    BenchFold live(ahead.get(), tickets_max);
    records =
        WriteArchive(directory / "log", state.range(0), state.range(1), kEvents, &history, &live);
  }
  std::filesystem::remove_all(directory / "ahead");
  const auto log = OpenArchiveLog(directory / "log");
  Check(log.status());
  std::vector<Message> messages;
  const auto begin = std::chrono::steady_clock::now();
  for (auto _ : state) {
    for (bool end = false; !end;) {
      auto batch = (*log)->Read(kZero, fold.fold().position(), Pipeline::kBatchBytesMax);
      Check(batch.status());
      end = batch->records.empty() || batch->records.back().offset.value + 1 >= batch->end.value;
      messages.clear();
      for (Record& record : batch->records) {
        messages.push_back({record.offset, record.appended, std::move(record.value)});
      }
      fold.Fold(messages, end ? TurnEnd::kNow : TurnEnd::kWhenFull);
    }
    Check(store->Flush());
  }
  state.counters["wall_per_s"] = static_cast<double>(records) * 1'000 / MillisecondsSince(begin);
  state.SetItemsProcessed(records);
}
BENCHMARK(Rebuild)
    ->ArgNames({"tickets", "together", "kept", "cache_mib"})
    ->Args({200'000, 64, 250'000, 64})
    ->Args({200'000, 200'000, 250'000, 64})
    ->Args({5'000'000, 64, 50'000, 128})
    ->Args({5'000'000, 100'000, 50'000, 128})
    ->Iterations(1)
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMillisecond);

// Decode and fold without a disk.
void FoldInMemory(benchmark::State& state) {
  MemoryStore store;
  BenchFold fold(&store, static_cast<size_t>(state.range(0)) + 1);
  BenchHistory history = OpenTickets(state.range(0), &store, &fold);
  Conversations(state.range(0), 64, 6 * state.range(0),
                [&](int64_t ticket, int step) { history.Talk(ticket, step); });
  const std::vector<Message> messages = history.Take();
  for (auto _ : state) fold.Fold(messages);
  state.SetItemsProcessed(static_cast<int64_t>(messages.size()));
}
BENCHMARK(FoldInMemory)->Arg(20'000)->Iterations(1)->Unit(benchmark::kMillisecond);

uint64_t BytesIn(const std::string& dir) {
  uint64_t bytes = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(dir)) {
    if (file.is_regular_file()) bytes += file.file_size();
  }
  return bytes;
}

// From a flushed store to the first due moment known; bytes on disk after a compaction.
void Reopen(benchmark::State& state) {
  const BenchDirectory directory;
  {
    auto store = OpenBenchStore(directory / "store");
    BenchFold fold(store.get(), 1'000);
    OpenTickets(state.range(0), store.get(), &fold);
    Check(store->Compact());
  }
  for (auto _ : state) {
    auto store = OpenBenchStore(directory / "store");
    const BenchFold fold(store.get(), 1'000);
    const auto due = NextDue(*store);
    ESCALATION_CHECK(due.ok() && *due != Instant::Never(), "nothing is due");
    benchmark::DoNotOptimize(fold.fold().position());
  }
  state.counters["bytes_per_ticket"] =
      static_cast<double>(BytesIn(directory / "store")) / static_cast<double>(state.range(0));
}
BENCHMARK(Reopen)->Arg(200'000)->Arg(1'000'000)->Iterations(3)->UseRealTime()->Unit(
    benchmark::kMillisecond);

// `records` fold every open ticket. The longest record is how long another event has to wait.
void FanOut(benchmark::State& state, Duration step,
            const std::function<void(BenchHistory*, BenchFold*)>& records) {
  const BenchDirectory directory;
  auto store = OpenBenchStore(directory / "store");
  BenchFold fold(store.get(), static_cast<size_t>(state.range(0)) + 1);
  BenchHistory history = OpenTickets(state.range(0), store.get(), &fold, step);
  double longest = 0;
  auto begin = std::chrono::steady_clock::now();
  fold.on_record = [&] {
    longest = std::max(longest, MillisecondsSince(begin));
    begin = std::chrono::steady_clock::now();
  };
  for (auto _ : state) {
    begin = std::chrono::steady_clock::now();
    records(&history, &fold);
  }
  state.counters["longest_record_ms"] = longest;
  begin = std::chrono::steady_clock::now();
  Check(NextDue(*store).status());
  state.counters["next_due_ms"] = MillisecondsSince(begin);
  state.SetItemsProcessed(state.range(0));
}

// All tickets were opened in the same millisecond, so their first warning is due in the same one:
// 75 % of four hours, with a lunch break in between. One tick fires as many as a daemon's does.
void TimerStorm(benchmark::State& state) {
  FanOut(state, Duration{0}, [](BenchHistory* history, BenchFold* fold) {
    const Instant until = history->now() + Duration::Hours(4);
    do {
      history->Tick(until, Pipeline::kTickTicketsMax);
      fold->Fold(history->Take());
    } while (fold->fold().tick_was_cut());
  });
}
BENCHMARK(TimerStorm)
    ->Arg(100'000)
    ->Arg(1'000'000)
    ->Iterations(1)
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMillisecond);

// Three running clocks a ticket count by a new calendar.
void Rearm(benchmark::State& state) {
  FanOut(state, Duration{20}, [](BenchHistory* history, BenchFold* fold) {
    history->ChangeCalendars();
    fold->Fold(history->Take());
    while (fold->fold().is_changing()) {
      history->Tick(history->now(), Pipeline::kTickTicketsMax);
      fold->Fold(history->Take());
    }
  });
}
BENCHMARK(Rearm)->Arg(33'334)->Iterations(1)->MeasureProcessCPUTime()->Unit(
    benchmark::kMillisecond);

double ResidentMebibytes() {
  std::ifstream file("/proc/self/statm");
  int64_t size = 0, resident = 0;
  file >> size >> resident;
  return static_cast<double>(resident * sysconf(_SC_PAGESIZE)) / (1 << 20);
}

// Years of a support organization: so many tickets a day are opened, talked about, closed and, 30
// days later, forgotten, with a tick an hour. Memory and disk after a fifth of the time and after
// all of it: what is bounded does not grow.
void Years(benchmark::State& state) {
  constexpr int64_t kTogether = 50, kEventsATicket = 8;
  const Duration day = Duration::Days(1);
  const int64_t days = state.range(0) * 365, tickets_a_day = state.range(1);
  const BenchDirectory directory;
  auto store = OpenBenchStore(directory / "store");
  BenchFold fold(store.get(), 20'000);
  BenchHistory history;
  history.SetStep(Duration{day.ms / (tickets_a_day * kEventsATicket)});
  int64_t records = 0, ticket = 0;
  Instant ticked = history.now();
  const auto flush = [&] {
    const uint64_t seq = fold.fold().seq();
    const std::string hash = fold.fold().decisions_hash();
    if (seq > fold.fold().published_through()) history.Published(seq, hash);
    const std::vector<Message> messages = history.Take();
    records += static_cast<int64_t>(messages.size());
    fold.Fold(messages);
  };
  const auto converse = [&] {
    for (int64_t i = 0; i < kTogether; ++i) history.Open(ticket + i);
    for (int step = 0; step < kEventsATicket - 2; ++step) {
      for (int64_t i = 0; i < kTogether; ++i) history.Talk(ticket + i, step);
    }
    for (int64_t i = 0; i < kTogether; ++i) history.Close(ticket + i);
    ticket += kTogether;
    flush();
  };
  for (auto _ : state) {
    for (int64_t i = 0; i < days * tickets_a_day; i += kTogether) {
      converse();
      if (history.now() - ticked > Duration::Hours(1)) {
        ticked = history.now();
        history.Tick(ticked);
        flush();
      }
      if (i * 5 / (days * tickets_a_day) == 1 && state.counters.count("first_mib") == 0) {
        state.counters["first_mib"] = ResidentMebibytes();
        state.counters["first_disk_mib"] = static_cast<double>(BytesIn(directory / "store") >> 20);
      }
    }
    Check(store->Flush());
  }
  state.counters["last_mib"] = ResidentMebibytes();
  state.counters["last_disk_mib"] = static_cast<double>(BytesIn(directory / "store") >> 20);
  state.SetItemsProcessed(records);
}
BENCHMARK(Years)
    ->ArgNames({"years", "tickets_a_day"})
    ->Args({5, 200})
    ->Args({70, 400})
    ->Iterations(1)
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace escalation

BENCHMARK_MAIN();
