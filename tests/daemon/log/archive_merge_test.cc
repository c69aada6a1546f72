#include "daemon/log/archive_merge.h"

#include <gtest/gtest.h>

#include <string>

#include "daemon/log/archive_log.h"
#include "state/base/text.h"
#include "tests/support/temporary_directory.h"

namespace escalation {
namespace {

const LogIdentity kIdentity{"embedded", "", "", "0123456789abcdef0123456789abcdef"};

class ArchiveMergeTest : public testing::Test {
 protected:
  // Records [begin, end) and the decisions of the same numbers, from 1.
  std::string Make(const std::string& name, int begin, int end, const std::string& changed = "",
                   const LogIdentity& identity = kIdentity) {
    auto writer = ArchiveWriter::Create(dir_ / name, identity, 1);
    EXPECT_TRUE(writer.ok()) << writer.status();
    for (int i = begin; i < end; ++i) {
      const Record record{Offset{i}, Instant::Seconds(1'773'144'000 + i),
                          Cat("event ", i, changed)};
      EXPECT_TRUE((*writer)->Append(Partition{0}, record).ok());
      const uint64_t seq = static_cast<uint64_t>(i) + 1;
      EXPECT_TRUE((*writer)->AppendDecision(Partition{0}, {seq, Cat("id", seq), "decision"}).ok());
    }
    EXPECT_TRUE((*writer)->Close().ok());
    return dir_ / name;
  }

  TemporaryDirectory dir_;
};

TEST_F(ArchiveMergeTest, what_overlaps_or_touches_becomes_the_archive_of_all) {
  const std::string all = Make("all", 0, 30);
  const std::string a = Make("a", 0, 12), b = Make("b", 7, 20), c = Make("c", 20, 30);
  const absl::Status status = MergeArchives({c, a, b}, dir_ / "merged");
  ASSERT_TRUE(status.ok()) << status;
  const auto merged = VerifyArchive(dir_ / "merged"), expected = VerifyArchive(all);
  ASSERT_TRUE(merged.ok()) << merged.status();
  EXPECT_EQ(merged->partitions[0].records, 30);
  EXPECT_EQ(merged->partitions[0].records_chain, expected->partitions[0].records_chain);
  EXPECT_EQ(merged->partitions[0].decisions_chain, expected->partitions[0].decisions_chain);
  EXPECT_EQ(merged->identity, kIdentity);
}

TEST_F(ArchiveMergeTest, a_gap_is_named) {
  const absl::Status status = MergeArchives({Make("a", 0, 10), Make("b", 12, 20)}, dir_ / "merged");
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(std::string(status.message()).find("the records from 10 up to before 12 are in none"),
            std::string::npos)
      << status;
  EXPECT_FALSE(VerifyArchive(dir_ / "merged").ok()) << "it was never completed";
}

TEST_F(ArchiveMergeTest, what_differs_is_named) {
  const absl::Status status =
      MergeArchives({Make("a", 0, 10), Make("b", 8, 20, "!")}, dir_ / "merged");
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_NE(std::string(status.message()).find("partition 0, record 8: "), std::string::npos)
      << status;
}

TEST_F(ArchiveMergeTest, archives_of_another_log_or_only_one_are_refused) {
  LogIdentity other = kIdentity;
  other.incarnation[0] = 'f';
  const std::string a = Make("a", 0, 10);
  const absl::Status status = MergeArchives({a, Make("b", 10, 20, "", other)}, dir_ / "merged");
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(std::string(status.message()).find("only archives of one log"), std::string::npos);
  EXPECT_EQ(MergeArchives({a}, dir_ / "m").code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace escalation
