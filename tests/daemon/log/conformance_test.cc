// What every log that can be written to promises.
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "daemon/log/log.h"
#include "state/base/text.h"
#include "tests/daemon/log/log_kinds.h"
#include "tests/support/temporary_directory.h"

namespace escalation {

namespace {

constexpr Partition kZero{0};
constexpr Partition kOne{1};
constexpr size_t kPlenty = 1 << 20;

class ConformanceTest : public testing::TestWithParam<LogKind> {
 protected:
  void SetUp() override {
    log_ = GetParam().open(dir_ / "log", 2, &clock_);
    ASSERT_NE(log_, nullptr);
  }
  Offset AppendOk(Partition partition, std::string value) {
    absl::StatusOr<Appended> appended = AppendAndWait(*log_, partition, std::move(value));
    EXPECT_TRUE(appended.ok()) << appended.status();
    return appended.ok() ? appended->offset : Offset{-1};
  }
  // The offset of the nth record that a test appends to a partition.
  Offset Nth(int64_t n) const { return Offset{GetParam().first + n}; }
  std::string Values(Partition partition, Offset from, size_t bytes_max) {
    absl::StatusOr<RecordBatch> batch = log_->Read(partition, from, bytes_max);
    if (!batch.ok()) return batch.status().ToString();
    std::string out;
    for (const Record& record : batch->records)
      CatTo(&out, record.offset.value - GetParam().first, "=", record.value, " ");
    return out;
  }

  TemporaryDirectory dir_;
  ManualClock clock_{kNoon};
  std::unique_ptr<Log> log_;
};

TEST_P(ConformanceTest, a_new_log_is_empty_and_has_an_incarnation) {
  EXPECT_EQ(log_->identity().kind, GetParam().name);
  EXPECT_EQ(log_->identity().incarnation.size(), 32u);
  EXPECT_EQ(log_->partitions(), 2);
  EXPECT_EQ(*log_->Begin(kZero), Offset{0});
  EXPECT_EQ(*log_->End(kZero), Nth(0));
  EXPECT_EQ(*log_->PublishedThrough(kZero), 0u);
  EXPECT_EQ(Values(kZero, Nth(0), kPlenty), "");
  EXPECT_TRUE(log_->ReadDecisions(kZero, 1, 10)->empty());
}

TEST_P(ConformanceTest, offsets_are_dense_and_of_each_partition) {
  EXPECT_EQ(AppendOk(kZero, "a"), Nth(0));
  EXPECT_EQ(AppendOk(kZero, "b"), Nth(1));
  EXPECT_EQ(AppendOk(kOne, "c"), Nth(0));
  EXPECT_EQ(Values(kZero, Nth(0), kPlenty), "0=a 1=b ");
  EXPECT_EQ(Values(kOne, Nth(0), kPlenty), "0=c ");
  EXPECT_EQ(*log_->End(kZero), Nth(2));
  EXPECT_EQ(log_->Read(kOne, Nth(0), kPlenty)->end, Nth(1));
}

TEST_P(ConformanceTest, reading_is_bounded_but_gives_at_least_one) {
  for (const char* value : {"0123456789", "0123456789", "0123456789"}) AppendOk(kZero, value);
  EXPECT_EQ(log_->Read(kZero, Nth(0), 1)->records.size(), 1u);
  EXPECT_EQ(log_->Read(kZero, Nth(0), 20)->records.size(), 2u);
  EXPECT_EQ(log_->Read(kZero, Nth(1), kPlenty)->records.size(), 2u);
  EXPECT_EQ(log_->Read(kZero, Nth(1), 0)->end, Nth(3));
}

TEST_P(ConformanceTest, positions_outside_the_log_are_out_of_range) {
  AppendOk(kZero, "a");
  EXPECT_EQ(Values(kZero, Nth(1), kPlenty), "");
  EXPECT_TRUE(absl::IsOutOfRange(log_->Read(kZero, Nth(2), kPlenty).status()));
  EXPECT_TRUE(absl::IsOutOfRange(log_->Read(kZero, Offset{-1}, kPlenty).status()));
}

TEST_P(ConformanceTest, partitions_outside_the_log_are_refused) {
  for (const Partition partition : {Partition{2}, Partition{-1}}) {
    EXPECT_TRUE(absl::IsInvalidArgument(log_->Begin(partition).status()));
    EXPECT_TRUE(absl::IsInvalidArgument(log_->End(partition).status()));
    EXPECT_TRUE(absl::IsInvalidArgument(log_->Read(partition, Offset{0}, 1).status()));
    EXPECT_TRUE(absl::IsInvalidArgument(AppendAndWait(*log_, partition, "a").status()));
    EXPECT_TRUE(absl::IsInvalidArgument(log_->Publish(partition, {{1, "x", "y"}})));
    EXPECT_TRUE(absl::IsInvalidArgument(log_->PublishedThrough(partition).status()));
    EXPECT_TRUE(absl::IsInvalidArgument(log_->ReadDecisions(partition, 1, 1).status()));
    EXPECT_FALSE(log_->WaitFor(partition, Offset{0}, absl::InfiniteDuration()));
  }
}

TEST_P(ConformanceTest, empty_binary_and_large_values_come_back) {
  const std::string binary("\0\xff\n\0", 4);
  const std::string large(kRecordBytesMax, 'x');
  AppendOk(kZero, "");
  AppendOk(kZero, binary);
  AppendOk(kZero, large);
  const absl::StatusOr<RecordBatch> batch = log_->Read(kZero, Nth(0), 2 * kRecordBytesMax);
  ASSERT_EQ(batch->records.size(), 3u);
  EXPECT_EQ(batch->records[0].value, "");
  EXPECT_EQ(batch->records[1].value, binary);
  EXPECT_TRUE(batch->records[2].value == large);
}

TEST_P(ConformanceTest, a_record_above_the_limit_is_refused) {
  const absl::Status status =
      AppendAndWait(*log_, kZero, std::string(kRecordBytesMax + 1, 'x')).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_EQ(*log_->End(kZero), Nth(0));
}

TEST_P(ConformanceTest, acknowledgements_come_in_order_and_mean_visible) {
  constexpr int kRecords = 3000;
  std::vector<int64_t> offsets;  // Of one thread at a time: `done` runs on one.
  for (int i = 0; i < kRecords; ++i) {
    log_->Append(kZero, Cat("v", i), [&](absl::StatusOr<Appended> appended) {
      offsets.push_back(appended.ok() ? appended->offset.value : -1);
    });
  }
  // Acknowledged after all of them.
  ASSERT_EQ(AppendOk(kZero, Cat("v", kRecords)), Nth(kRecords));
  ASSERT_EQ(offsets.size(), size_t{kRecords});
  for (int i = 0; i < kRecords; ++i) ASSERT_EQ(offsets[i], Nth(i).value);
  EXPECT_EQ(*log_->End(kZero), Nth(kRecords + 1));
  Offset from = Nth(0);
  while (from < Nth(kRecords + 1)) {
    const absl::StatusOr<RecordBatch> batch = log_->Read(kZero, from, 1000);
    ASSERT_TRUE(batch.ok()) << batch.status();
    for (const Record& record : batch->records) {
      ASSERT_EQ(record.offset, from);
      ASSERT_EQ(record.value, Cat("v", from.value - Nth(0).value));
      from = from + 1;
    }
  }
}

TEST_P(ConformanceTest, appends_of_many_threads_are_all_taken_once) {
  constexpr int kThreads = 4;
  constexpr int kEach = 200;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        EXPECT_TRUE(AppendAndWait(*log_, kZero, Cat(t, ".", i)).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<int> next(kThreads, 0);
  const absl::StatusOr<RecordBatch> batch = log_->Read(kZero, Nth(0), kPlenty);
  ASSERT_EQ(batch->records.size(), size_t{kThreads * kEach});
  for (const Record& record : batch->records) {
    const int thread = record.value[0] - '0';
    EXPECT_EQ(record.value, Cat(thread, ".", next[thread]++));
  }
}

TEST_P(ConformanceTest, a_waiting_reader_is_woken_by_an_append) {
  std::thread writer([&] { AppendOk(kZero, "a"); });
  EXPECT_TRUE(log_->WaitFor(kZero, Nth(0), absl::InfiniteDuration()));
  writer.join();
  EXPECT_TRUE(log_->WaitFor(kZero, Nth(0), absl::ZeroDuration()));
  EXPECT_FALSE(log_->WaitFor(kZero, Nth(1), absl::ZeroDuration()));
  EXPECT_FALSE(log_->WaitFor(kZero, Nth(1), absl::Milliseconds(1)));
}

TEST_P(ConformanceTest, stop_wakes_readers_and_refuses_writers) {
  AppendOk(kZero, "a");
  std::thread stopper([&] { log_->Stop(); });
  EXPECT_FALSE(log_->WaitFor(kZero, Nth(1), absl::InfiniteDuration()));
  stopper.join();
  EXPECT_TRUE(absl::IsFailedPrecondition(AppendAndWait(*log_, kZero, "b").status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(log_->Publish(kZero, {{1, "x", "y"}})));
  EXPECT_EQ(Values(kZero, Nth(0), kPlenty), "0=a ");
  log_->Stop();
}

TEST_P(ConformanceTest, stop_writes_what_was_taken) {
  int acknowledged = 0;
  for (int i = 0; i < 100; ++i) {
    log_->Append(kZero, "a", [&](absl::StatusOr<Appended> appended) {
      if (appended.ok()) ++acknowledged;
    });
  }
  log_->Stop();
  EXPECT_EQ(acknowledged, 100);
  EXPECT_EQ(*log_->End(kZero), Nth(100));
}

TEST_P(ConformanceTest, decisions_continue_the_stream_and_repeats_are_harmless) {
  const std::string& log = log_->identity().incarnation;
  const PublishedDecision two = {2, Cat(log, "/0/0/1"), "two"};
  const std::vector<PublishedDecision> first = {{1, Cat(log, "/0/0/0"), "one"}, two};
  const std::vector<PublishedDecision> second = {two, {3, Cat(log, "/0/1/0"), ""}};
  ASSERT_TRUE(log_->Publish(kZero, first).ok());
  ASSERT_TRUE(log_->Publish(kZero, first).ok());
  ASSERT_TRUE(log_->Publish(kZero, second).ok());
  ASSERT_TRUE(log_->Publish(kZero, {}).ok());
  EXPECT_EQ(*log_->PublishedThrough(kZero), 3u);
  EXPECT_EQ(*log_->PublishedThrough(kOne), 0u);
  const absl::StatusOr<std::vector<PublishedDecision>> all = log_->ReadDecisions(kZero, 0, 10);
  ASSERT_EQ(all->size(), 3u);
  EXPECT_EQ((*all)[1].seq, 2u);
  EXPECT_EQ((*all)[1].id, Cat(log, "/0/0/1"));
  EXPECT_EQ((*all)[1].value, "two");
  EXPECT_EQ((*all)[2].value, "");
  EXPECT_EQ(log_->ReadDecisions(kZero, 2, 1)->size(), 1u);
  EXPECT_EQ(log_->ReadDecisions(kZero, 4, 1)->size(), 0u);
  EXPECT_EQ(log_->ReadDecisions(kZero, 1, SIZE_MAX)->size(), 3u);
}

TEST_P(ConformanceTest, decisions_with_gaps_are_refused) {
  EXPECT_TRUE(absl::IsFailedPrecondition(log_->Publish(kZero, {{2, "b", "b"}})));
  EXPECT_TRUE(absl::IsFailedPrecondition(log_->Publish(kZero, {{0, "z", "z"}})));
  EXPECT_TRUE(absl::IsFailedPrecondition(log_->Publish(kZero, {{1, "a", "a"}, {3, "c", "c"}})));
  EXPECT_EQ(*log_->PublishedThrough(kZero), 0u);
}

INSTANTIATE_TEST_SUITE_P(Logs, ConformanceTest, testing::ValuesIn(WritableLogs()),
                         [](const auto& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace escalation
