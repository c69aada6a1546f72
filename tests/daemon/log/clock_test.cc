// What the logs that are dated by this machine promise of their clock; and which logs these are.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "daemon/log/embedded_log.h"
#include "daemon/log/log.h"
#include "daemon/log/memory_log.h"
#include "tests/daemon/log/log_kinds.h"
#include "tests/support/temporary_directory.h"

namespace escalation {

std::vector<LogKind> WritableLogs() {
  return {
      {"memory", 0,
       [](const std::string&, int32_t partitions, ManualClock* clock) -> std::unique_ptr<Log> {
         return std::make_unique<MemoryLog>("0123456789abcdef0123456789abcdef", partitions,
                                            clock->AsFunction());
       }},
      {"embedded", 0,
       [](const std::string& dir, int32_t partitions, ManualClock* clock) -> std::unique_ptr<Log> {
         EmbeddedLogOptions options;
         options.partitions = partitions;
         options.clock = clock->AsFunction();
         absl::StatusOr<std::unique_ptr<Log>> log = OpenEmbeddedLog(dir, std::move(options));
         EXPECT_TRUE(log.ok()) << log.status();
         return log.ok() ? *std::move(log) : nullptr;
       }},
  };
}

namespace {

constexpr Partition kZero{0};
constexpr size_t kPlenty = 1 << 20;

class ClockTest : public testing::TestWithParam<LogKind> {
 protected:
  void SetUp() override {
    log_ = GetParam().open(dir_ / "log", 1, &clock_);
    ASSERT_NE(log_, nullptr);
  }
  Offset AppendOk(Partition partition, std::string value) {
    absl::StatusOr<Appended> appended = AppendAndWait(*log_, partition, std::move(value));
    EXPECT_TRUE(appended.ok()) << appended.status();
    return appended.ok() ? appended->offset : Offset{-1};
  }

  TemporaryDirectory dir_;
  ManualClock clock_{kNoon};
  std::unique_ptr<Log> log_;
};

TEST_P(ClockTest, append_times_never_decrease) {
  AppendOk(kZero, "a");
  clock_.Set(kNoon - Duration::Hours(1));
  const absl::StatusOr<Appended> second = AppendAndWait(*log_, kZero, "b");
  clock_.Set(kNoon + Duration::Seconds(5));
  AppendOk(kZero, "c");
  const absl::StatusOr<RecordBatch> batch = log_->Read(kZero, Offset{0}, kPlenty);
  ASSERT_EQ(batch->records.size(), 3u);
  EXPECT_EQ(batch->records[0].appended, kNoon);
  EXPECT_EQ(batch->records[1].appended, kNoon);
  EXPECT_EQ(second->appended, kNoon);
  EXPECT_EQ(batch->records[2].appended, kNoon + Duration::Seconds(5));
}

TEST_P(ClockTest, a_clock_outside_the_accepted_years_dates_nothing) {
  clock_.Set(Instant{0});
  EXPECT_TRUE(absl::IsUnavailable(AppendAndWait(*log_, kZero, "a").status()));
  clock_.Set(kInstantMax);
  EXPECT_TRUE(absl::IsUnavailable(AppendAndWait(*log_, kZero, "a").status()));
  clock_.Set(kNoon);
  EXPECT_EQ(AppendOk(kZero, "a"), Offset{0});
}

INSTANTIATE_TEST_SUITE_P(Logs, ClockTest, testing::ValuesIn(WritableLogs()),
                         [](const auto& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace escalation
