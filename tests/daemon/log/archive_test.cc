// Archives: the reading half of a log, and every way in which one can be damaged.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "daemon/log/archive_log.h"
#include "daemon/log/archive_writer.h"
#include "daemon/log/memory_log.h"
#include "daemon/log/open_log.h"
#include "state/base/text.h"
#include "tests/daemon/log/log_kinds.h"
#include "tests/support/temporary_directory.h"

namespace escalation {
namespace {

constexpr Partition kZero{0};
constexpr Partition kOne{1};
constexpr size_t kPlenty = 64 << 20;

// Values that zstd packs a little, of sizes that fill blocks unevenly.
std::string Value(int64_t offset) {
  std::minstd_rand random(static_cast<unsigned>(offset) + 1);
  std::string value = Cat("record ", offset, " ");
  const size_t size = random() % 4000;
  while (value.size() < size) value.push_back(static_cast<char>('a' + random() % 20));
  return value;
}

class ArchiveTest : public testing::Test {
 protected:
  // A log of two partitions; the second one is empty but for a decision.
  void Fill(int records) {
    for (int i = 0; i < records; ++i) {
      clock_.Set(kNoon + Duration::Seconds(i));
      ASSERT_TRUE(AppendAndWait(log_, kZero, Value(i)).ok());
      ASSERT_TRUE(log_.Publish(kZero, {{uint64_t(i) + 1, Cat("id/0/", i, "/0"), Value(-i)}}).ok());
    }
    ASSERT_TRUE(log_.Publish(kOne, {{1, "id/1/0/0", "one"}}).ok());
  }
  void Archive(const std::string& dir) {
    ArchiveOptions options;
    options.segment_bytes = 1'000'000;
    const absl::Status status = ArchiveLogTo(log_, dir, WithDecisions::kYes, options);
    ASSERT_TRUE(status.ok()) << status;
  }

  TemporaryDirectory dir_;
  ManualClock clock_{kNoon};
  MemoryLog log_{"0123456789abcdef0123456789abcdef", 2, clock_.AsFunction()};
};

// Everything as text, or the status of the first read that failed.
std::string Contents(const Log& log, size_t bytes_max) {
  std::string out = Cat(log.identity().kind, " ", log.identity().incarnation, "\n");
  for (int32_t i = 0; i < log.partitions(); ++i) {
    const Partition partition{i};
    Offset from = *log.Begin(partition);
    CatTo(&out, "partition ", i, " ", from, " ", *log.End(partition), "\n");
    while (from < *log.End(partition)) {
      const absl::StatusOr<RecordBatch> batch = log.Read(partition, from, bytes_max);
      if (!batch.ok()) return batch.status().ToString();
      if (batch->records.empty()) return "a read gave nothing before the end";
      for (const Record& record : batch->records) {
        CatTo(&out, record.offset, " ", record.appended, " ", record.value, "\n");
      }
      from = batch->records.back().offset + 1;
    }
    const absl::StatusOr<std::vector<PublishedDecision>> decisions =
        log.ReadDecisions(partition, 1, SIZE_MAX);
    if (!decisions.ok()) return decisions.status().ToString();
    for (const PublishedDecision& decision : *decisions) {
      CatTo(&out, decision.seq, " ", decision.id, " ", decision.value, "\n");
    }
  }
  return out;
}

TEST_F(ArchiveTest, an_archive_reads_like_the_log_it_was_made_of) {
  Fill(1500);
  Archive(dir_ / "archive");
  const absl::StatusOr<std::unique_ptr<Log>> archive = OpenArchiveLog(dir_ / "archive");
  ASSERT_TRUE(archive.ok()) << archive.status();
  const std::string expected = Contents(log_, kPlenty);
  EXPECT_TRUE(Contents(**archive, kPlenty) == expected);
  EXPECT_TRUE(Contents(**archive, 10'000) == expected);
  EXPECT_EQ((*archive)->identity(), log_.identity());
  EXPECT_EQ(*(*archive)->PublishedThrough(kZero), 1500u);
  EXPECT_EQ(*(*archive)->PublishedThrough(kOne), 1u);
  EXPECT_GT(std::distance(std::filesystem::directory_iterator(dir_ / "archive/partition-0"),
                          std::filesystem::directory_iterator()),
            3)
      << "one file does not test the seams";
}

TEST_F(ArchiveTest, reads_start_anywhere_and_are_bounded) {
  Fill(1500);
  Archive(dir_ / "archive");
  const absl::StatusOr<std::unique_ptr<Log>> archive = OpenArchiveLog(dir_ / "archive");
  ASSERT_TRUE(archive.ok()) << archive.status();
  for (int64_t from = 0; from < 1500; from += 77) {
    const absl::StatusOr<RecordBatch> batch = (*archive)->Read(kZero, Offset{from}, 1);
    ASSERT_TRUE(batch.ok()) << batch.status();
    ASSERT_EQ(batch->records.size(), 1u);
    EXPECT_EQ(batch->records[0].offset, Offset{from});
    EXPECT_EQ(batch->records[0].value, Value(from));
    EXPECT_EQ(batch->end, Offset{1500});
    const auto decisions = (*archive)->ReadDecisions(kZero, static_cast<uint64_t>(from) + 1, 2);
    ASSERT_EQ(decisions->size(), from == 1499 ? 1u : 2u);
    EXPECT_EQ((*decisions)[0].value, Value(-from));
  }
  EXPECT_TRUE((*archive)->Read(kZero, Offset{1500}, kPlenty)->records.empty());
  EXPECT_TRUE(absl::IsOutOfRange((*archive)->Read(kZero, Offset{1501}, kPlenty).status()));
  EXPECT_TRUE(absl::IsInvalidArgument((*archive)->Read(Partition{2}, Offset{0}, 1).status()));
}

TEST_F(ArchiveTest, an_archive_is_never_changed) {
  Fill(3);
  Archive(dir_ / "archive");
  const absl::StatusOr<std::unique_ptr<Log>> archive = OpenArchiveLog(dir_ / "archive");
  ASSERT_TRUE(archive.ok()) << archive.status();
  EXPECT_TRUE(absl::IsFailedPrecondition(AppendAndWait(**archive, kZero, "x").status()));
  EXPECT_TRUE(absl::IsFailedPrecondition((*archive)->Publish(kZero, {{4, "x", "y"}})));
  EXPECT_TRUE((*archive)->WaitFor(kZero, Offset{2}, absl::ZeroDuration()));
  EXPECT_FALSE((*archive)->WaitFor(kZero, Offset{3}, absl::ZeroDuration()));
  EXPECT_TRUE(absl::IsFailedPrecondition(ArchiveLogTo(log_, dir_ / "archive", WithDecisions::kNo)));
}

TEST_F(ArchiveTest, an_empty_log_has_an_archive_too) {
  Archive(dir_ / "archive");
  const absl::StatusOr<std::unique_ptr<Log>> archive = OpenArchiveLog(dir_ / "archive");
  ASSERT_TRUE(archive.ok()) << archive.status();
  EXPECT_EQ(*(*archive)->End(kZero), Offset{0});
  EXPECT_TRUE((*archive)->Read(kZero, Offset{0}, 1)->records.empty());
  EXPECT_TRUE(VerifyArchive(dir_ / "archive").ok());
}

TEST_F(ArchiveTest, offsets_with_gaps_keep_their_places) {
  absl::StatusOr<std::unique_ptr<ArchiveWriter>> writer =
      ArchiveWriter::Create(dir_ / "archive", {"kafka", "c", "t", "i"}, 1);
  ASSERT_TRUE(writer.ok()) << writer.status();
  for (const int64_t offset : {100, 101, 107, 300}) {
    ASSERT_TRUE((*writer)->Append(kZero, {Offset{offset}, kNoon, Value(offset)}).ok());
  }
  EXPECT_TRUE(absl::IsFailedPrecondition((*writer)->Append(kZero, {Offset{300}, kNoon, ""})));
  EXPECT_TRUE(absl::IsFailedPrecondition(
      (*writer)->Append(kZero, {Offset{301}, kNoon - Duration::Seconds(1), ""})));
  ASSERT_TRUE((*writer)->AppendDecision(kZero, {7, "seven", "x"}).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition((*writer)->AppendDecision(kZero, {9, "nine", "x"})));
  ASSERT_TRUE((*writer)->Close().ok());
  const absl::StatusOr<std::unique_ptr<Log>> archive = OpenArchiveLog(dir_ / "archive");
  ASSERT_TRUE(archive.ok()) << archive.status();
  EXPECT_EQ(*(*archive)->Begin(kZero), Offset{100});
  EXPECT_EQ(*(*archive)->End(kZero), Offset{301});
  EXPECT_EQ((*archive)->Read(kZero, Offset{102}, 1)->records[0].offset, Offset{107});
  EXPECT_EQ((*archive)->Read(kZero, Offset{108}, kPlenty)->records.size(), 1u);
  EXPECT_TRUE(absl::IsOutOfRange((*archive)->Read(kZero, Offset{99}, 1).status()));
}

TEST_F(ArchiveTest, verify_tells_what_is_there) {
  Fill(1500);
  Archive(dir_ / "archive");
  const absl::StatusOr<ArchiveSummary> summary = VerifyArchive(dir_ / "archive");
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->identity, log_.identity());
  ASSERT_EQ(summary->partitions.size(), 2u);
  EXPECT_EQ(summary->partitions[0].records, 1500);
  EXPECT_EQ(summary->partitions[0].decisions, 1500);
  EXPECT_EQ(summary->partitions[0].end, Offset{1500});
  EXPECT_EQ(summary->partitions[0].records_chain.size(), 64u);
  EXPECT_EQ(summary->partitions[1].records, 0);
  EXPECT_EQ(summary->partitions[1].records_chain, "");
}

TEST_F(ArchiveTest, equal_logs_have_equal_chains_however_they_are_cut) {
  Fill(600);
  Archive(dir_ / "small files");
  ASSERT_TRUE(ArchiveLogTo(log_, dir_ / "one file", WithDecisions::kYes).ok());
  EXPECT_EQ(VerifyArchive(dir_ / "small files")->partitions[0].records_chain,
            VerifyArchive(dir_ / "one file")->partitions[0].records_chain);
}

TEST_F(ArchiveTest, a_flipped_bit_anywhere_is_found) {
  Fill(1000);
  Archive(dir_ / "archive");
  const std::string expected = Contents(log_, kPlenty);
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir_ / "archive")) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::minstd_rand random(seed + 1);
    random.discard(3);
    const std::filesystem::path path = files[random() % files.size()];
    std::string bytes;
    {
      std::ifstream in(path, std::ios::binary);
      bytes.assign(std::istreambuf_iterator<char>(in), {});
    }
    // Every third flip hits a head or foot, where blocks are described.
    const size_t size = bytes.size();
    const size_t reach = std::min<size_t>(size, 150);
    size_t position = random() % size;
    if (seed % 3 == 0)
      position = random() % 2 == 0 ? random() % reach : size - 1 - random() % reach;
    std::string flipped = bytes;
    flipped[position] = static_cast<char>(flipped[position] ^ (1 << random() % 8));
    std::ofstream(path, std::ios::binary) << flipped;

    const absl::Status status = VerifyArchive(dir_ / "archive").status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << path << " byte " << position << ": " << status;
    EXPECT_NE(std::string(status.message()).find(dir_.path()), std::string::npos) << status;
    // A reader finds it too, or was not touched by it; it never gives other data.
    const absl::StatusOr<std::unique_ptr<Log>> archive = OpenArchiveLog(dir_ / "archive");
    if (archive.ok()) {
      const std::string contents = Contents(**archive, kPlenty);
      EXPECT_TRUE(contents == expected || contents.rfind("DATA_LOSS", 0) == 0)
          << path << " byte " << position;
    } else {
      EXPECT_TRUE(absl::IsDataLoss(archive.status())) << archive.status();
    }
    std::ofstream(path, std::ios::binary) << bytes;
  }
  EXPECT_TRUE(VerifyArchive(dir_ / "archive").ok());
}

TEST_F(ArchiveTest, the_message_names_file_block_and_byte) {
  Fill(1000);
  Archive(dir_ / "archive");
  const std::string file = dir_ / "archive/partition-0/00000000000000000000.segment";
  std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
  out.seekp(500);
  out.put('\0');
  out.close();
  EXPECT_EQ(std::string(VerifyArchive(dir_ / "archive").status().message()),
            file + ": block 0 at byte 85: its hash does not match its bytes; it begins with 0");
}

TEST_F(ArchiveTest, cut_missing_and_foreign_files_are_found) {
  Fill(1000);
  Archive(dir_ / "archive");
  const std::string file = dir_ / "archive/partition-0/00000000000000000000.segment";
  const std::uintmax_t size = std::filesystem::file_size(file);
  const std::string whole = dir_ / "whole";
  std::filesystem::copy_file(file, whole);
  for (const std::uintmax_t left : {size - 1, size / 2, std::uintmax_t{60}, std::uintmax_t{0}}) {
    std::filesystem::resize_file(file, left);
    EXPECT_TRUE(absl::IsDataLoss(VerifyArchive(dir_ / "archive").status())) << left;
    std::filesystem::remove(file);
    std::filesystem::copy_file(whole, file);
  }
  std::ofstream(file, std::ios::app) << "x";
  EXPECT_TRUE(absl::IsDataLoss(VerifyArchive(dir_ / "archive").status()));
  std::filesystem::remove(file);
  EXPECT_TRUE(absl::IsDataLoss(VerifyArchive(dir_ / "archive").status()));
  std::filesystem::copy_file(whole, file);
  EXPECT_TRUE(VerifyArchive(dir_ / "archive").ok());
  std::ofstream(dir_ / "archive/partition-0/stray") << "x";
  EXPECT_TRUE(absl::IsDataLoss(VerifyArchive(dir_ / "archive").status()));
}

TEST_F(ArchiveTest, files_of_another_archive_are_found) {
  Fill(1000);
  Archive(dir_ / "archive");
  MemoryLog other("ffffffffffffffffffffffffffffffff", 2, clock_.AsFunction());
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(AppendAndWait(other, kZero, Value(i + 1)).ok());
  ArchiveOptions options;
  options.segment_bytes = 1'000'000;
  ASSERT_TRUE(ArchiveLogTo(other, dir_ / "other", WithDecisions::kYes, options).ok());
  const std::string name = "/partition-0/00000000000000000000.segment";
  std::filesystem::copy_file(dir_ / ("other" + name), dir_ / ("archive" + name),
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_TRUE(absl::IsDataLoss(VerifyArchive(dir_ / "archive").status()));
}

TEST_F(ArchiveTest, an_archive_that_was_not_completed_is_none) {
  {
    absl::StatusOr<std::unique_ptr<ArchiveWriter>> writer =
        ArchiveWriter::Create(dir_ / "archive", log_.identity(), 1);
    ASSERT_TRUE(writer.ok()) << writer.status();
    ASSERT_TRUE((*writer)->Append(kZero, {Offset{0}, kNoon, "a"}).ok());
  }
  EXPECT_TRUE(absl::IsNotFound(OpenArchiveLog(dir_ / "archive").status()));
  EXPECT_TRUE(absl::IsNotFound(VerifyArchive(dir_ / "archive").status()));
  EXPECT_TRUE(absl::IsNotFound(VerifyArchive(dir_ / "nothing").status()));
}

TEST_F(ArchiveTest, a_uri_opens_the_log_it_names) {
  Fill(2);
  Archive(dir_ / "archive");
  EmbeddedLogOptions reading;
  reading.access = Access::kReadOnly;
  EXPECT_TRUE(OpenLog(Cat("archive:", dir_ / "archive"), reading).ok());
  EmbeddedLogOptions writing;
  writing.clock = clock_.AsFunction();
  EXPECT_TRUE(OpenLog(Cat("embedded:", dir_ / "log"), writing).ok());
  EXPECT_TRUE(
      absl::IsFailedPrecondition(OpenLog(Cat("archive:", dir_ / "archive"), writing).status()));
  for (const char* uri : {"kafka://broker", "kafka:///topic", "kafka://broker/", "kafka://b/a b"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(OpenLog(uri, reading).status())) << uri;
  }
  const absl::Status plaintext = OpenLog("kafka://broker/topic", reading).status();
  EXPECT_TRUE(absl::IsInvalidArgument(plaintext)) << plaintext;
  EXPECT_NE(plaintext.message().find("allow_plaintext"), std::string::npos) << plaintext;
  EXPECT_TRUE(absl::IsInvalidArgument(OpenLog("embedded:", reading).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(OpenLog("/var/lib/log", reading).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(OpenLog("", reading).status()));
}

}  // namespace
}  // namespace escalation
