// What an audit costs: verifying a log against what was published, and folding it under another
// policy, which folds it twice.
//
// Figures are CPU time of the whole process, so a rate is one of one core and of one partition. The
// archive is written before, in the same process, whose peak memory counts from there.

#include <benchmark/benchmark.h>

#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "daemon/log/archive_log.h"
#include "daemon/log/archive_writer.h"
#include "ops/diff_command.h"
#include "ops/replay.h"
#include "state/base/check.h"
#include "state/store/memory_store.h"
#include "tests/bench/bench_directory.h"
#include "tests/bench/history.h"

namespace escalation {
namespace {

constexpr Partition kZero{0};
// As many tickets are open at the same time, whatever the length of the log.
constexpr int64_t kTogether = 20'000;
constexpr int kSteps = 6;

void Check(const absl::Status& status) {
  ESCALATION_CHECK(status.ok(), std::string(status.message()));
}

// Linux counts it for the whole life of the process; 5 begins anew.
void ForgetPeak() { std::ofstream("/proc/self/clear_refs") << "5"; }

double PeakMebibytes() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) / 1024;
  }
  return 0;
}

// Tickets are opened, talked about, closed and at last forgotten. What was decided is published.
class Writer {
 public:
  explicit Writer(const std::string& dir)
      : archive_(ArchiveWriter::Create(dir, {"embedded", "", "", kBenchIncarnation}, 1)),
        store_(),
        fold_(&store_, kTogether + 1) {
    Check(archive_.status());
    // A log of this length takes months.
    history_.SetStep(Duration::Seconds(1));
    fold_.on_record = [] {};
  }

  int64_t Write(int64_t events) {
    for (int64_t first = 0; count_ < events; first += kTogether) {
      for (int64_t i = 0; i < kTogether; ++i) Say([&] { history_.Open(first + i); });
      for (int step = 0; step < kSteps; ++step) {
        for (int64_t i = 0; i < kTogether; ++i) Say([&] { history_.Talk(first + i, step); });
      }
      for (int64_t i = 0; i < kTogether; ++i) Say([&] { history_.Close(first + i); });
      history_.Tick(history_.now());
      Flush();
    }
    Check((*archive_)->Close());
    return count_;
  }

 private:
  template <typename Event>
  void Say(const Event& event) {
    event();
    if (history_.waiting() >= 256) Flush();
  }

  void Flush() {
    const std::vector<Message> messages = history_.Take();
    for (const Message& message : messages) {
      Check((*archive_)->Append(kZero, {message.offset, message.appended, message.bytes}));
    }
    count_ += static_cast<int64_t>(messages.size());
    fold_.Fold(messages);
    history_.Published(fold_.fold().seq(), fold_.fold().decisions_hash());
  }

  absl::StatusOr<std::unique_ptr<ArchiveWriter>> archive_;
  BenchHistory history_;
  MemoryStore store_;
  BenchFold fold_;
  int64_t count_ = 0;
};

void Report(benchmark::State& state, int64_t records) {
  state.SetItemsProcessed(records);
  state.counters["peak_mib"] = PeakMebibytes();
}

void Verify(benchmark::State& state) {
  const BenchDirectory directory;
  const int64_t records = Writer(directory / "log").Write(state.range(0));
  const auto log = OpenArchiveLog(directory / "log");
  Check(log.status());
  ForgetPeak();
  for (auto _ : state) {
    const auto counts = VerifyDecisions(**log, kZero, [](int64_t, int64_t) {});
    Check(counts.status());
    ESCALATION_CHECK(counts->replayed.records == records && counts->hashes > 0, "not all");
  }
  Report(state, records);
}

// Against the policy of the log itself: every decision is compared, none differs.
void Diff(benchmark::State& state) {
  const BenchDirectory directory;
  const int64_t records = Writer(directory / "log").Write(state.range(0));
  const auto log = OpenArchiveLog(directory / "log");
  Check(log.status());
  const auto first = (*log)->Read(kZero, Offset{0}, 1 << 20);
  Check(first.status());
  WhatIfChange change;
  for (const Record& record : first->records) {
    v1::Event event;
    ESCALATION_CHECK(event.ParseFromString(record.value), "not an event");
    if (event.has_policy_published()) change.policy.policy = event.policy_published().policy();
    if (event.has_calendars_published()) {
      change.policy.calendars = event.calendars_published().calendars();
    }
    change.policy.policy.set_tenant(event.tenant());
    if (event.has_policy_published()) break;
  }
  ForgetPeak();
  std::ostringstream nowhere;
  ProgressBar progress(nowhere, 0);
  for (auto _ : state) {
    auto diff = CompareFoldings(**log, {kZero}, change, progress);
    Check(diff.status());
    ESCALATION_CHECK(diff->Summary().decisions_added == 0, "the same policy changes nothing");
  }
  Report(state, records);
}

BENCHMARK(Verify)
    ->ArgName("events")
    ->Arg(1'000'000)
    ->Arg(10'000'000)
    ->Iterations(1)
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kSecond);
BENCHMARK(Diff)
    ->ArgName("events")
    ->Arg(1'000'000)
    ->Arg(10'000'000)
    ->Iterations(1)
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kSecond);

}  // namespace
}  // namespace escalation

BENCHMARK_MAIN();
