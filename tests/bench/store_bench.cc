// Store commits, the embedded log's appends and reads, archives.
//
//   cmake --preset bench && cmake --build --preset bench --target store_bench
//   build/bench/tests/bench/store_bench
//
// Figures depend on the disk: they are taken in the directory that TMPDIR names, /tmp by default.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "daemon/log/archive_log.h"
#include "daemon/log/archive_writer.h"
#include "daemon/log/embedded_log.h"
#include "state/base/check.h"
#include "state/partition/keys.h"
#include "state/store/memory_store.h"
#include "state/store/rocksdb_store.h"

namespace escalation {
namespace {

constexpr Partition kZero{0};
constexpr size_t kEventBytes = 300;
constexpr size_t kTicketBytes = 700;

class Directory {
 public:
  Directory() : path_(std::filesystem::temp_directory_path() / "escalation-bench-XXXXXX") {
    ESCALATION_CHECK(::mkdtemp(path_.data()) != nullptr, path_);
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

Instant Now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return Instant{std::chrono::duration_cast<std::chrono::milliseconds>(now).count()};
}

std::unique_ptr<Log> OpenLogIn(const std::string& dir) {
  EmbeddedLogOptions options;
  options.clock = Now;
  absl::StatusOr<std::unique_ptr<Log>> log = OpenEmbeddedLog(dir, std::move(options));
  ESCALATION_CHECK(log.ok(), log.status().ToString());
  return *std::move(log);
}

// Bytes that compress about as well as protobufs with ids do.
std::string Bytes(std::minstd_rand& random, size_t size) {
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>('a' + random() % 16);
  return out;
}

// What folding `events` events of other tickets writes: the ticket, its wake-up twice, a decision.
Turn MakeTurn(std::minstd_rand& random, int64_t events, int64_t tickets) {
  std::map<std::string, std::optional<std::string>> writes;
  for (int64_t i = 0; i < events; ++i) {
    const std::string ticket = "T-" + std::to_string(random() % tickets);
    const Instant due{1'773'144'000'000 + static_cast<int64_t>(random() % 100'000'000)};
    writes[keys::Ticket("default", ticket)] = Bytes(random, kTicketBytes);
    writes[keys::WakeUp(due, "default", ticket)] = "";
    writes[keys::WakeUp(due + Duration::Hours(1), "default", ticket)] = std::nullopt;
    writes[keys::Outbox(random() % 1'000'000)] = Bytes(random, kEventBytes);
  }
  Turn turn;
  for (auto& [key, value] : writes) turn.writes.push_back({key, std::move(value)});
  return turn;
}

void CommitTurns(benchmark::State& state, Store& store) {
  std::minstd_rand random(1);
  std::vector<Turn> turns;
  for (int i = 0; i < 64; ++i) turns.push_back(MakeTurn(random, state.range(0), 100'000));
  size_t next = 0;
  for (auto _ : state) {
    const absl::Status status = store.Commit(turns[next++ % turns.size()]);
    ESCALATION_CHECK(status.ok(), status.ToString());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void BM_MemoryStoreCommit(benchmark::State& state) {
  MemoryStore store;
  CommitTurns(state, store);
}
BENCHMARK(BM_MemoryStoreCommit)->Arg(1)->Arg(100)->Arg(1000);

void BM_RocksdbStoreCommit(benchmark::State& state) {
  const Directory dir;
  auto store = RocksdbStore::Open(dir / "store", {"embedded", "", "", "i", kZero});
  ESCALATION_CHECK(store.ok(), store.status().ToString());
  CommitTurns(state, **store);
}
BENCHMARK(BM_RocksdbStoreCommit)->Arg(1)->Arg(100)->Arg(1000);

// Range: keys of one sorted MultiGet, of 100,000 tickets on disk.
void BM_RocksdbStoreMultiGet(benchmark::State& state) {
  const Directory dir;
  auto store = RocksdbStore::Open(dir / "store", {"embedded", "", "", "i", kZero});
  ESCALATION_CHECK(store.ok(), store.status().ToString());
  std::minstd_rand random(1);
  Turn turn;
  for (int i = 0; i < 100'000; ++i) {
    turn.writes.push_back(
        {keys::Ticket("default", "T-" + std::to_string(i)), Bytes(random, kTicketBytes)});
  }
  ESCALATION_CHECK((*store)->Commit(turn).ok() && (*store)->Flush().ok(), "commit");
  std::vector<std::optional<std::string>> values;
  for (auto _ : state) {
    std::vector<std::string> wanted;
    for (int64_t i = 0; i < state.range(0); ++i) {
      wanted.push_back(keys::Ticket("default", "T-" + std::to_string(random() % 100'000)));
    }
    std::sort(wanted.begin(), wanted.end());
    wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
    const absl::Status status = (*store)->MultiGet(wanted, &values);
    ESCALATION_CHECK(status.ok(), status.ToString());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_RocksdbStoreMultiGet)->Arg(1)->Arg(100);

// Range: appends under way at a time. One means: each waits for its own fsync.
void BM_EmbeddedAppend(benchmark::State& state) {
  const Directory dir;
  const std::unique_ptr<Log> log = OpenLogIn(dir / "log");
  std::minstd_rand random(1);
  const std::string event = Bytes(random, kEventBytes);
  std::mutex mutex;
  std::condition_variable done_one;
  int64_t under_way = 0;
  for (auto _ : state) {
    {
      std::unique_lock lock(mutex);
      done_one.wait(lock, [&] { return under_way < state.range(0); });
      ++under_way;
    }
    log->Append(kZero, event, [&](absl::StatusOr<Appended> done) {
      ESCALATION_CHECK(done.ok(), done.status().ToString());
      const std::lock_guard lock(mutex);
      --under_way;
      done_one.notify_one();
    });
  }
  log->Stop();
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_EmbeddedAppend)->Arg(1)->Arg(16)->Arg(256)->Arg(4096)->UseRealTime();

// A log of 200,000 records.
void Fill(Log& log) {
  std::minstd_rand random(1);
  for (int i = 0; i < 200'000; ++i) log.Append(kZero, Bytes(random, kEventBytes), [](auto) {});
  ESCALATION_CHECK(AppendAndWait(log, kZero, "last").ok(), "append");
}

void ReadAll(benchmark::State& state, const Log& log) {
  int64_t records = 0;
  int64_t bytes = 0;
  for (auto _ : state) {
    for (Offset from{0}; from < *log.End(kZero);) {
      const absl::StatusOr<RecordBatch> batch = log.Read(kZero, from, 1 << 20);
      ESCALATION_CHECK(batch.ok(), batch.status().ToString());
      for (const Record& record : batch->records)
        bytes += static_cast<int64_t>(record.value.size());
      records += static_cast<int64_t>(batch->records.size());
      from = batch->records.back().offset + 1;
    }
  }
  state.SetItemsProcessed(records);
  state.SetBytesProcessed(bytes);
}

void BM_EmbeddedRead(benchmark::State& state) {
  const Directory dir;
  Fill(*OpenLogIn(dir / "log"));
  ReadAll(state, *OpenLogIn(dir / "log"));
}
BENCHMARK(BM_EmbeddedRead)->Unit(benchmark::kMillisecond);

void BM_EmbeddedOpen(benchmark::State& state) {
  const Directory dir;
  Fill(*OpenLogIn(dir / "log"));
  for (auto _ : state) benchmark::DoNotOptimize(OpenLogIn(dir / "log"));
}
BENCHMARK(BM_EmbeddedOpen)->Unit(benchmark::kMillisecond)->UseRealTime();

void BM_ArchiveRead(benchmark::State& state) {
  const Directory dir;
  {
    const std::unique_ptr<Log> log = OpenLogIn(dir / "log");
    Fill(*log);
    const absl::Status status = ArchiveLogTo(*log, dir / "archive", WithDecisions::kYes);
    ESCALATION_CHECK(status.ok(), status.ToString());
  }
  const absl::StatusOr<std::unique_ptr<Log>> archive = OpenArchiveLog(dir / "archive");
  ESCALATION_CHECK(archive.ok(), archive.status().ToString());
  ReadAll(state, **archive);
}
BENCHMARK(BM_ArchiveRead)->Unit(benchmark::kMillisecond);

void BM_ArchiveWrite(benchmark::State& state) {
  const Directory dir;
  const std::unique_ptr<Log> log = OpenLogIn(dir / "log");
  Fill(*log);
  for (auto _ : state) {
    const absl::Status status = ArchiveLogTo(*log, dir / "archive", WithDecisions::kYes);
    ESCALATION_CHECK(status.ok(), status.ToString());
    state.PauseTiming();
    std::filesystem::remove_all(dir / "archive");
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * log->End(kZero)->value);
}
BENCHMARK(BM_ArchiveWrite)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace escalation

BENCHMARK_MAIN();
