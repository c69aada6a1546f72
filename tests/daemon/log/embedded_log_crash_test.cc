// The embedded log after the death of its process, on a full disk, and with damaged files.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "daemon/log/embedded_format.h"
#include "daemon/log/embedded_log.h"
#include "daemon/log/embedded_rocks.h"
#include "state/base/text.h"
#include "tests/daemon/log/crash_records.h"
#include "tests/support/child_process.h"
#include "tests/support/temporary_directory.h"

namespace escalation {
namespace {

constexpr Partition kZero{0};

absl::StatusOr<std::unique_ptr<Log>> Open(const std::string& dir, Access access) {
  EmbeddedLogOptions options;
  options.access = access;
  options.clock = [] { return Instant{1'773'144'000'000}; };
  return OpenEmbeddedLog(dir, std::move(options));
}

// What the writer said before it ended.
struct Said {
  // By offset: the record's number in its round.
  std::map<int64_t, int64_t> records;
  uint64_t through = 0;
  int failed_code = 0;
  std::string failed;
  int again_code = 0;

  void Take(const std::string& line) {
    std::istringstream words(line);
    std::string what;
    words >> what;
    if (what == "record") {
      int64_t offset = 0;
      int64_t number = 0;
      words >> offset >> number;
      records[offset] = number;
    } else if (what == "decision") {
      words >> through;
    } else if (what == "failed") {
      words >> failed_code;
      std::getline(words, failed);
    } else if (what == "again") {
      words >> again_code;
    } else {
      ADD_FAILURE() << line;
    }
  }
};

// Runs the writer, kills it after `lines` lines of output and takes everything it said.
Said WriteAndKill(const std::string& dir, int round, int lines) {
  Said said;
  ChildProcess writer({LOG_CRASH_WRITER, dir, std::to_string(round)});
  for (int i = 0; i < lines; ++i) {
    const std::optional<std::string> line = writer.ReadLine();
    if (!line) break;
    said.Take(*line);
  }
  writer.Kill();
  while (const std::optional<std::string> line = writer.ReadLine()) said.Take(*line);
  EXPECT_TRUE(said.failed.empty()) << said.failed;
  return said;
}

// Everything in the log, by offset. Fails on gaps.
std::vector<std::string> AllRecords(const Log& log) {
  std::vector<std::string> values;
  for (;;) {
    const absl::StatusOr<RecordBatch> batch =
        log.Read(kZero, Offset{static_cast<int64_t>(values.size())}, 1 << 20);
    EXPECT_TRUE(batch.ok()) << batch.status();
    if (!batch.ok() || batch->records.empty()) return values;
    for (const Record& record : batch->records) {
      EXPECT_EQ(record.offset.value, static_cast<int64_t>(values.size()));
      values.push_back(record.value);
    }
  }
}

void ExpectAcknowledged(const Log& log, const Said& said, int round) {
  const std::vector<std::string> values = AllRecords(log);
  for (const auto& [offset, number] : said.records) {
    ASSERT_LT(offset, static_cast<int64_t>(values.size())) << "an acknowledged record is lost";
    ASSERT_EQ(values[static_cast<size_t>(offset)], CrashRecord(round, number));
  }
  const absl::StatusOr<std::vector<PublishedDecision>> decisions =
      log.ReadDecisions(kZero, 1, SIZE_MAX);
  ASSERT_TRUE(decisions.ok()) << decisions.status();
  ASSERT_GE(decisions->size(), said.through) << "an acknowledged decision is lost";
  for (const PublishedDecision& decision : *decisions) {
    ASSERT_EQ(decision.value, CrashDecision(decision.seq).value);
    ASSERT_EQ(decision.id, CrashDecision(decision.seq).id);
  }
}

std::vector<std::string> Files(const std::string& dir, const std::string& extension) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    if (entry.path().extension() == extension) files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// The file that holds the newest records after a kill.
std::string LargestWriteAheadLog(const std::string& dir) {
  std::string largest;
  for (const std::string& file : Files(dir + "/db", ".log")) {
    if (largest.empty() || std::filesystem::file_size(file) > std::filesystem::file_size(largest)) {
      largest = file;
    }
  }
  return largest;
}

void FlipByte(const std::string& path, std::uintmax_t position) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(position));
  const char byte = static_cast<char>(file.get());
  file.seekp(static_cast<std::streamoff>(position));
  file.put(static_cast<char>(byte ^ 0x40));
  ASSERT_TRUE(file.good());
}

TEST(EmbeddedLogCrashTest, no_acknowledged_record_is_lost_by_sigkill) {
  const TemporaryDirectory dir;
  size_t records_before = 0;
  for (int round = 0; round < 6; ++round) {
    const Said said = WriteAndKill(dir.path(), round, 300 + round * 1217);
    ASSERT_FALSE(said.records.empty());
    ASSERT_EQ(said.records.begin()->first, static_cast<int64_t>(records_before));
    const absl::StatusOr<std::unique_ptr<Log>> log = Open(dir.path(), Access::kReadWrite);
    ASSERT_TRUE(log.ok()) << log.status();
    ExpectAcknowledged(**log, said, round);
    records_before = AllRecords(**log).size();
  }
}

TEST(EmbeddedLogCrashTest, a_reader_sees_what_a_killed_writer_had_acknowledged) {
  const TemporaryDirectory dir;
  const Said said = WriteAndKill(dir.path(), 0, 500);
  const absl::StatusOr<std::unique_ptr<Log>> log = Open(dir.path(), Access::kReadOnly);
  ASSERT_TRUE(log.ok()) << log.status();
  ExpectAcknowledged(**log, said, 0);
}

TEST(EmbeddedLogCrashTest, readers_beside_a_busy_writer_see_all_that_was_acknowledged) {
  const TemporaryDirectory dir;
  Said said;
  ChildProcess writer({LOG_CRASH_WRITER, dir.path(), "0"});
  for (int i = 0; i < 25; ++i) {
    for (int j = 0; j < 200; ++j) {
      const std::optional<std::string> line = writer.ReadLine();
      ASSERT_TRUE(line.has_value());
      said.Take(*line);
    }
    // The writer goes on meanwhile.
    const absl::StatusOr<std::unique_ptr<Log>> log = Open(dir.path(), Access::kReadOnly);
    ASSERT_TRUE(log.ok()) << log.status();
    ExpectAcknowledged(**log, said, 0);
  }
}

TEST(EmbeddedLogCrashTest, a_torn_last_write_is_cut_off) {
  const TemporaryDirectory dir;
  const Said said = WriteAndKill(dir.path(), 0, 500);
  std::ofstream file(LargestWriteAheadLog(dir.path()), std::ios::app | std::ios::binary);
  // Half of a header, as a write that never finished leaves it.
  file.write("\x12\x34\x56", 3);
  file.close();
  const absl::StatusOr<std::unique_ptr<Log>> log = Open(dir.path(), Access::kReadWrite);
  ASSERT_TRUE(log.ok()) << log.status();
  ExpectAcknowledged(**log, said, 0);
}

TEST(EmbeddedLogCrashTest, damage_anywhere_in_the_write_ahead_log_is_found) {
  const TemporaryDirectory dir;
  WriteAndKill(dir / "whole", 0, 2000);
  const std::uintmax_t size = std::filesystem::file_size(LargestWriteAheadLog(dir / "whole"));
  // The last position is not in the last block: a damaged length there looks like a torn write.
  ASSERT_GT(size, 12u * 33'000u);
  for (int i = 0; i < 12; ++i) {
    const std::string copy = dir / Cat("copy", i);
    std::filesystem::copy(dir / "whole", copy, std::filesystem::copy_options::recursive);
    const std::uintmax_t position = size * static_cast<std::uintmax_t>(i) / 12 + i % 3;
    FlipByte(LargestWriteAheadLog(copy), position);
    const absl::Status status = Open(copy, Access::kReadWrite).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << "byte " << position << ": " << status;
    std::filesystem::remove_all(copy);
  }
}

TEST(EmbeddedLogCrashTest, a_log_that_lost_its_end_is_refused) {
  // At most 500 records were under way and not acknowledged: less than the part that is cut off.
  for (const int kept_percent : {0, 30, 60}) {
    const TemporaryDirectory dir;
    WriteAndKill(dir.path(), 0, 2000);
    const std::string newest = LargestWriteAheadLog(dir.path());
    std::filesystem::resize_file(newest, std::filesystem::file_size(newest) * kept_percent / 100);
    const absl::Status status = Open(dir.path(), Access::kReadWrite).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_NE(std::string(status.message()).find("the log has lost its end"), std::string::npos)
        << status;
  }
}

// As where a write-ahead log file vanished and a later one is still there: every checksum fits.
TEST(EmbeddedLogCrashTest, a_log_with_a_hole_is_refused) {
  const TemporaryDirectory dir;
  Offset end{0};
  {
    const auto log = Open(dir.path(), Access::kReadWrite);
    ASSERT_TRUE(log.ok()) << log.status();
    for (const char* value : {"one", "two", "three"}) {
      ASSERT_TRUE(AppendAndWait(**log, kZero, value).ok());
      end = end + 1;
    }
  }
  {
    auto rocks = embedded::EmbeddedRocks::Open(dir.path() + embedded::kDatabaseFolder);
    ASSERT_TRUE(rocks.ok()) << rocks.status();
    Record later;
    later.offset = end + 5;
    later.value = "much later";
    ASSERT_TRUE((*rocks)->WriteRecords({{kZero, later}}).ok());
  }
  for (const Access access : {Access::kReadWrite, Access::kReadOnly}) {
    const absl::Status status = Open(dir.path(), access).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_NE(std::string(status.message()).find("the log has gaps: it holds 4 records"),
              std::string::npos)
        << status;
  }
}

TEST(EmbeddedLogCrashTest, a_damaged_table_is_found) {
  const TemporaryDirectory dir;
  WriteAndKill(dir.path(), 0, 1000);
  // Opening moves what was recovered into tables.
  ASSERT_TRUE(Open(dir.path(), Access::kReadWrite).ok());
  const std::vector<std::string> tables = Files(dir / "db", ".sst");
  ASSERT_FALSE(tables.empty());
  std::string largest = tables[0];
  for (const std::string& table : tables) {
    if (std::filesystem::file_size(table) > std::filesystem::file_size(largest)) largest = table;
  }
  FlipByte(largest, std::filesystem::file_size(largest) / 3);
  const absl::StatusOr<std::unique_ptr<Log>> log = Open(dir.path(), Access::kReadOnly);
  absl::Status status = log.status();
  Offset from{0};
  while (status.ok()) {
    const absl::StatusOr<RecordBatch> batch = (*log)->Read(kZero, from, 1 << 20);
    status = batch.status();
    if (!status.ok()) break;
    ASSERT_FALSE(batch->records.empty()) << "the damage was not found";
    from = batch->records.back().offset + 1;
  }
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
}

TEST(EmbeddedLogCrashTest, a_missing_table_is_found) {
  const TemporaryDirectory dir;
  WriteAndKill(dir.path(), 0, 1000);
  ASSERT_TRUE(Open(dir.path(), Access::kReadWrite).ok());
  const std::vector<std::string> tables = Files(dir / "db", ".sst");
  ASSERT_FALSE(tables.empty());
  std::filesystem::remove(tables.back());
  const absl::Status status = Open(dir.path(), Access::kReadWrite).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
}

// Writes on a disk that fails at some point, and checks what every failure has in common.
Said WriteUntilFailure(const std::string& dir, const std::string& failure) {
  Said said;
  ChildProcess writer({LOG_CRASH_WRITER, dir, "0", failure});
  while (const std::optional<std::string> line = writer.ReadLine()) said.Take(*line);
  EXPECT_EQ(writer.Wait(), 0) << "it ends by itself, not by an abort";
  EXPECT_FALSE(said.records.empty());
  EXPECT_NE(said.failed.find(dir), std::string::npos) << said.failed;
  EXPECT_EQ(said.again_code, said.failed_code) << "not tried again";

  const absl::StatusOr<std::unique_ptr<Log>> log = Open(dir, Access::kReadWrite);
  EXPECT_TRUE(log.ok()) << log.status();
  if (!log.ok()) return said;
  ExpectAcknowledged(**log, said, 0);
  EXPECT_TRUE(AppendAndWait(**log, kZero, "the disk is well again").ok());
  return said;
}

TEST(EmbeddedLogCrashTest, a_full_disk_stops_the_log_and_loses_nothing) {
  for (const char* failure : {"space:1000000", "space:1234567", "space:3000001"}) {
    const TemporaryDirectory dir;
    const Said said = WriteUntilFailure(dir.path(), failure);
    EXPECT_EQ(said.failed_code, static_cast<int>(absl::StatusCode::kResourceExhausted));
    EXPECT_NE(said.failed.find("no room left to write"), std::string::npos) << said.failed;
  }
}

TEST(EmbeddedLogCrashTest, a_failed_fsync_is_not_tried_again_and_loses_nothing) {
  for (const char* failure : {"sync:60", "sync:133", "sync:250"}) {
    const TemporaryDirectory dir;
    const Said said = WriteUntilFailure(dir.path(), failure);
    EXPECT_EQ(said.failed_code, static_cast<int>(absl::StatusCode::kDataLoss));
    EXPECT_NE(said.failed.find("the disk failed"), std::string::npos) << said.failed;
  }
}

}  // namespace
}  // namespace escalation
