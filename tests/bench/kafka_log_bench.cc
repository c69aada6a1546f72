// The log on a real broker by itself, without the fold. ESCALATION_KAFKA names the folder of the
// broker (ops/kafka-local start --dir).
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "daemon/log/kafka_log.h"
#include "daemon/log/kafka_topics.h"
#include "state/base/check.h"
#include "tests/support/kafka_broker.h"

namespace escalation {
namespace {

constexpr Partition kZero{0};
constexpr int64_t kRecords = 1'000'000;
constexpr size_t kRecordBytes = 250;
constexpr size_t kReadBytes = size_t{4} << 20;
// Few enough that none is refused.
constexpr int64_t kUnderWay = 100'000;

std::string NewLog() {
  const std::string topic = NewTopic("bench.log");
  const auto created = CreateKafkaLog(SharedBroker(), {topic, 1, 1, {}});
  ESCALATION_CHECK(created.ok(), std::string(created.status().message()));
  return topic;
}

std::unique_ptr<Log> Open(const std::string& topic) {
  auto log = OpenKafkaLog({.settings = SharedBroker(), .topic = topic});
  ESCALATION_CHECK(log.ok(), std::string(log.status().message()));
  return *std::move(log);
}

// Of all threads, librdkafka's among them.
double ProcessorSeconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void Report(benchmark::State& state, int64_t records, double processor_seconds) {
  state.SetItemsProcessed(records);
  state.counters["per_processor_second"] = static_cast<double>(records) / processor_seconds;
}

void AppendAll(Log& log, int64_t count) {
  std::atomic<int64_t> acknowledged = 0;
  const std::string value(kRecordBytes, 'x');
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t done = acknowledged; i - done >= kUnderWay; done = acknowledged) {
      acknowledged.wait(done);
    }
    log.Append(kZero, value, [&](const absl::StatusOr<Appended>& appended) {
      ESCALATION_CHECK(appended.ok(), std::string(appended.status().message()));
      ++acknowledged;
      acknowledged.notify_one();
    });
  }
  for (int64_t done = acknowledged; done < count; done = acknowledged) acknowledged.wait(done);
}

void BM_KafkaAppend(benchmark::State& state) {
  const std::unique_ptr<Log> log = Open(NewLog());
  const double before = ProcessorSeconds();
  for (auto _ : state) AppendAll(*log, kRecords);
  Report(state, state.iterations() * kRecords, ProcessorSeconds() - before);
}
BENCHMARK(BM_KafkaAppend)->Unit(benchmark::kMillisecond)->UseRealTime();

// A fold that begins at zero: nothing was read ahead.
void BM_KafkaRead(benchmark::State& state) {
  static const std::string topic = [] {
    const std::string made = NewLog();
    AppendAll(*Open(made), kRecords);
    return made;
  }();
  double processor_seconds = 0;
  for (auto _ : state) {
    const double before = ProcessorSeconds();
    const std::unique_ptr<Log> log = Open(topic);
    for (Offset next{0}; next.value < kRecords;) {
      const auto batch = log->Read(kZero, next, kReadBytes);
      ESCALATION_CHECK(batch.ok(), std::string(batch.status().message()));
      next = batch->records.back().offset + 1;
    }
    processor_seconds += ProcessorSeconds() - before;
  }
  Report(state, state.iterations() * kRecords, processor_seconds);
}
BENCHMARK(BM_KafkaRead)->Unit(benchmark::kMillisecond)->UseRealTime();

// From Append until a reader that waits has the record.
void BM_KafkaAppendUntilRead(benchmark::State& state) {
  const std::string topic = NewLog();
  const std::unique_ptr<Log> writer = Open(topic);
  const std::unique_ptr<Log> reader = Open(topic);
  Offset next{1};
  for (auto _ : state) {
    writer->Append(kZero, std::string(kRecordBytes, 'x'), [](const auto&) {});
    reader->WaitFor(kZero, next, absl::InfiniteDuration());
    const auto batch = reader->Read(kZero, next, kReadBytes);
    ESCALATION_CHECK(batch.ok() && !batch->records.empty(), "no record");
    next = batch->records.back().offset + 1;
  }
}
BENCHMARK(BM_KafkaAppendUntilRead)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace escalation

BENCHMARK_MAIN();
