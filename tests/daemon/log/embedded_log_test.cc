// What the embedded log promises beyond every log.
#include "daemon/log/embedded_log.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "state/base/text.h"
#include "state/store/rocksdb_store.h"
#include "tests/daemon/log/log_kinds.h"
#include "tests/support/list_files.h"
#include "tests/support/temporary_directory.h"

namespace escalation {
namespace {

constexpr Partition kZero{0};
constexpr Partition kOne{1};

class EmbeddedLogTest : public testing::Test {
 protected:
  EmbeddedLogOptions Writing(int32_t partitions = 0) {
    EmbeddedLogOptions options;
    options.partitions = partitions;
    options.clock = clock_.AsFunction();
    return options;
  }
  static EmbeddedLogOptions Reading() {
    EmbeddedLogOptions options;
    options.access = Access::kReadOnly;
    return options;
  }
  std::unique_ptr<Log> OpenOk(EmbeddedLogOptions options) {
    absl::StatusOr<std::unique_ptr<Log>> log = OpenEmbeddedLog(dir_ / "log", std::move(options));
    EXPECT_TRUE(log.ok()) << log.status();
    return log.ok() ? *std::move(log) : nullptr;
  }
  absl::Status OpenStatus(EmbeddedLogOptions options) {
    return OpenEmbeddedLog(dir_ / "log", std::move(options)).status();
  }

  TemporaryDirectory dir_;
  ManualClock clock_{kNoon};
};

TEST_F(EmbeddedLogTest, a_reopened_log_is_the_same_log) {
  std::string incarnation;
  {
    const std::unique_ptr<Log> log = OpenOk(Writing());
    incarnation = log->identity().incarnation;
    ASSERT_TRUE(AppendAndWait(*log, kZero, "a").ok());
    ASSERT_TRUE(log->Publish(kZero, {{1, "id", "decision"}}).ok());
  }
  clock_.Set(kNoon - Duration::Days(1));
  const std::unique_ptr<Log> log = OpenOk(Writing());
  EXPECT_EQ(log->identity(), (LogIdentity{"embedded", "", "", incarnation}));
  EXPECT_EQ(*log->End(kZero), Offset{1});
  EXPECT_EQ(*log->PublishedThrough(kZero), 1u);
  const absl::StatusOr<Appended> second = AppendAndWait(*log, kZero, "b");
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->offset, Offset{1});
  EXPECT_EQ(second->appended, kNoon) << "append times never decrease, also over a restart";
}

TEST_F(EmbeddedLogTest, every_new_log_has_another_incarnation) {
  const std::unique_ptr<Log> one = OpenOk(Writing());
  absl::StatusOr<std::unique_ptr<Log>> two = OpenEmbeddedLog(dir_ / "other", Writing());
  ASSERT_TRUE(two.ok()) << two.status();
  EXPECT_NE(one->identity().incarnation, (*two)->identity().incarnation);
}

TEST_F(EmbeddedLogTest, one_process_writes_and_others_read) {
  const std::unique_ptr<Log> writer = OpenOk(Writing());
  ASSERT_TRUE(AppendAndWait(*writer, kZero, "a").ok());
  const absl::Status second = OpenStatus(Writing());
  EXPECT_TRUE(absl::IsFailedPrecondition(second)) << second;
  EXPECT_NE(std::string(second.message()).find("in use by another process"), std::string::npos);

  const std::vector<std::string> before = ListFiles(dir_.path());
  const std::unique_ptr<Log> reader = OpenOk(Reading());
  EXPECT_EQ(ListFiles(dir_.path()), before) << "a reader leaves no traces";
  EXPECT_EQ(reader->identity(), writer->identity());
  ASSERT_TRUE(AppendAndWait(*writer, kZero, "b").ok());
  EXPECT_EQ(reader->Read(kZero, Offset{0}, 1000)->records.size(), 1u) << "what was there";
  EXPECT_EQ(OpenOk(Reading())->Read(kZero, Offset{0}, 1000)->records.size(), 2u);
  EXPECT_TRUE(absl::IsFailedPrecondition(AppendAndWait(*reader, kZero, "c").status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(reader->Publish(kZero, {{1, "x", "y"}})));
}

TEST_F(EmbeddedLogTest, reading_creates_nothing) {
  EXPECT_TRUE(absl::IsNotFound(OpenStatus(Reading())));
  EXPECT_FALSE(std::filesystem::exists(dir_ / "log"));
}

TEST_F(EmbeddedLogTest, partitions_are_added_but_not_taken_away) {
  {
    const std::unique_ptr<Log> log = OpenOk(Writing(2));
    ASSERT_TRUE(AppendAndWait(*log, kOne, "a").ok());
  }
  EXPECT_EQ(OpenOk(Writing())->partitions(), 2);
  EXPECT_EQ(OpenOk(Writing(4))->partitions(), 4);
  const absl::Status fewer = OpenStatus(Writing(1));
  EXPECT_TRUE(absl::IsFailedPrecondition(fewer)) << fewer;
  EXPECT_NE(std::string(fewer.message()).find("has 4 partitions, configured are 1"),
            std::string::npos)
      << fewer;
  EXPECT_TRUE(absl::IsInvalidArgument(OpenStatus(Writing(-1))));
  const std::unique_ptr<Log> log = OpenOk(Writing(4));
  EXPECT_EQ(*log->End(kOne), Offset{1});
  EXPECT_EQ(*log->End(Partition{3}), Offset{0});
}

TEST_F(EmbeddedLogTest, a_full_queue_refuses_at_once_and_writes_the_rest) {
  EmbeddedLogOptions options = Writing();
  options.queue_bytes_max = 1000;
  std::promise<void> blocked, go_on, first_done;
  bool first = true;
  options.clock = [&] {
    // Holds the writer before its first group.
    if (first) {
      blocked.set_value();
      go_on.get_future().wait();
    }
    first = false;
    return kNoon;
  };
  const std::unique_ptr<Log> log = OpenOk(std::move(options));
  log->Append(kZero, std::string(600, 'a'), [&](absl::StatusOr<Appended> done) {
    EXPECT_TRUE(done.ok()) << done.status();
    first_done.set_value();
  });
  blocked.get_future().wait();
  absl::Status refused;
  log->Append(kZero, std::string(600, 'b'),
              [&](absl::StatusOr<Appended> done) { refused = done.status(); });
  EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
  go_on.set_value();
  first_done.get_future().wait();
  EXPECT_TRUE(AppendAndWait(*log, kZero, std::string(600, 'c')).ok()) << "there is room again";
  EXPECT_EQ(*log->End(kZero), Offset{2});
}

TEST_F(EmbeddedLogTest, what_is_appended_together_is_seen_together) {
  constexpr int kRounds = 100;
  constexpr int kTogether = 50;
  const std::unique_ptr<Log> log = OpenOk(Writing());
  std::vector<std::future<void>> landed;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<Log::ToAppend> records;
    for (int i = 0; i < kTogether; ++i) {
      auto promise = std::make_shared<std::promise<void>>();
      landed.push_back(promise->get_future());
      records.push_back(
          {std::string(100, 'x'), [promise](const absl::StatusOr<Appended>& appended) {
             EXPECT_TRUE(appended.ok()) << appended.status();
             promise->set_value();
           }});
    }
    log->AppendTogether(kZero, std::move(records));
    EXPECT_EQ(log->End(kZero)->value % kTogether, 0);
  }
  for (std::future<void>& one : landed) {
    one.get();
    EXPECT_EQ(log->End(kZero)->value % kTogether, 0);
  }
}

TEST_F(EmbeddedLogTest, what_is_appended_together_is_refused_together) {
  EmbeddedLogOptions options = Writing();
  options.queue_bytes_max = 250;
  const std::unique_ptr<Log> log = OpenOk(std::move(options));
  std::vector<Log::ToAppend> records;
  int refused = 0;
  for (int i = 0; i < 3; ++i) {
    records.push_back({std::string(100, 'x'), [&](const absl::StatusOr<Appended>& appended) {
                         refused += absl::IsResourceExhausted(appended.status());
                       }});
  }
  log->AppendTogether(kZero, std::move(records));
  EXPECT_EQ(refused, 3);
  EXPECT_EQ(*log->End(kZero), Offset{0});
  EXPECT_TRUE(AppendAndWait(*log, kZero, std::string(250, 'x')).ok()) << "nothing is left behind";
}

TEST_F(EmbeddedLogTest, groups_are_bounded) {
  EmbeddedLogOptions options = Writing();
  options.group_records_max = 3;
  options.group_bytes_max = 20;
  const std::unique_ptr<Log> log = OpenOk(std::move(options));
  for (int i = 0; i < 50; ++i) log->Append(kZero, Cat("value ", i), [](auto) {});
  ASSERT_TRUE(AppendAndWait(*log, kZero, std::string(100, 'x')).ok());
  const absl::StatusOr<RecordBatch> batch = log->Read(kZero, Offset{0}, 10'000);
  ASSERT_EQ(batch->records.size(), 51u);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(batch->records[i].value, Cat("value ", i));
}

TEST_F(EmbeddedLogTest, a_creation_that_was_interrupted_is_begun_again) {
  std::filesystem::create_directories(dir_ / "log/db.creating");
  std::ofstream(dir_ / "log/db.creating/CURRENT") << "half";
  EXPECT_NE(OpenOk(Writing()), nullptr);
  EXPECT_FALSE(std::filesystem::exists(dir_ / "log/db.creating"));
}

TEST_F(EmbeddedLogTest, what_is_not_a_log_is_refused) {
  std::ofstream(dir_ / "log") << "a file";
  EXPECT_FALSE(OpenStatus(Writing()).ok());
  std::filesystem::remove(dir_ / "log");
  // A store in the place of a log.
  { ASSERT_TRUE(RocksdbStore::Open(dir_ / "log/db", {"embedded", "", "", "i", kZero}).ok()); }
  const absl::Status status = OpenStatus(Writing());
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_NE(std::string(status.message()).find("not a log that escalationd wrote"),
            std::string::npos)
      << status;
}

TEST_F(EmbeddedLogTest, writing_needs_a_clock) {
  EXPECT_TRUE(absl::IsInvalidArgument(OpenStatus(EmbeddedLogOptions())));
}

}  // namespace
}  // namespace escalation
